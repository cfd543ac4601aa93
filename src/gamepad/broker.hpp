// lumen/gamepad: the broker of pads: what lumen-inputd is. Session processes connect, say which pads there
// are and what they do, and hear what applications make them do; the devices are the broker's.
//
// Handing out the devices' descriptors instead would take the broker off the way, but whoever holds one can
// destroy its device and make another of it, a keyboard for instance: /dev/uinput and /dev/uhid cannot be
// held to one kind. So the broker keeps them, and each byte that it writes to them is its own encoders'.
//
// A client is served when it has the broker's own user, is root, or is in the group that the socket belongs
// to. It has kMaxPads pads at most, and what it sends beyond kMessagesPerSecond waits. Its pads go with it.
// No user has more than kMaxClientsPerUser, so that others find room; how often pads may come and how many
// devices there may be is counted by user as well, over all of its clients, also those that have gone.
// Owner: the loop's thread.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "gamepad/allowance.hpp"
#include "gamepad/pad_device.hpp"

namespace lumen::gamepad {

class BrokerSession;
class LivePad;

struct BrokerLimits {
  // How long a client may not read what it is told, before it counts as stuck.
  Duration patience = std::chrono::seconds{30};
  // A driver that is still greeting its device lets go of it only when that has answered. So a device stays
  // at least that long.
  Duration shortest_life = std::chrono::seconds{3};
  std::size_t devices = 256, devices_per_user = 64;  // with those of pads that have gone
};

// Whose pad it is, from one connection to the next: a user's, and the identity that was asked for.
struct PadOwner {
  uid_t user = 0;
  std::uint64_t identity = 0;
  bool operator==(const PadOwner&) const = default;
};

class Broker {
 public:
  static constexpr std::size_t kMaxClients = 32, kMaxClientsPerUser = 8;
  static constexpr double kMessagesPerSecond = 4000;
  // Of one user. All pads of a client may come, and all of them again when its connection broke.
  static constexpr double kArrivalsPerSecond = 1;
  static constexpr std::size_t kArrivalsAtOnce = 2 * kMaxPads;

  // `listener`: a listening SOCK_SEQPACKET socket, non-blocking. `loop` and `log` outlive the broker.
  Broker(UniqueFd listener, MakePadDevice make, EventLoop& loop, Logger& log,
         const BrokerLimits& limits = {});
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  Status start();
  std::size_t clients() const { return sessions_.size(); }
  std::size_t departing() const { return departing_.size(); }

 private:
  friend class BrokerSession;
  void accept_some();
  void admit(UniqueFd socket);
  void stop_accepting_for_a_while();
  void warn(std::string_view text);  // of what a client may cause as often as it likes: once a second
  void gone(std::uint64_t session);  // from inside its calls
  // `pads.too-often`, `pads.too-many`: a user's pad may not come now.
  Status allow_pad(uid_t user);
  std::size_t devices_of(std::optional<uid_t> user) const;  // nullopt: of all
  void depart(std::unique_ptr<LivePad> pad, const PadOwner& owner);
  void bury();
  bool may_go(const LivePad& pad) const;
  void drop_ended(const BrokerSession& but);
  std::uint64_t free_identity(const PadOwner& owner, PadModel model);

  UniqueFd listener_;
  MakePadDevice make_;
  EventLoop& loop_;
  Logger& log_;
  BrokerLimits limits_;
  std::uint64_t last_session_ = 0;
  std::map<std::uint64_t, std::unique_ptr<BrokerSession>> sessions_;
  struct Departing {
    std::unique_ptr<LivePad> pad;
    PadOwner owner;
  };
  std::vector<Departing> departing_;
  std::map<uid_t, Allowance> arrivals_;  // of users that have used some of it
  EventLoop::TimerId bury_ = 0, accept_again_ = 0;
  std::optional<Timestamp> warned_;
  std::size_t unsaid_ = 0;                                      // warnings since then
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what was posted
};

// Who is at the other end of a connected UNIX socket; nullopt: nobody can say.
struct Peer {
  uid_t user = 0;
  std::vector<gid_t> groups;
};
std::optional<Peer> peer_of(int socket);
struct SocketOwner {
  gid_t group = 0;
  bool group_may = false;  // write to it, that is connect
};
bool may_use(const Peer& peer, uid_t own_user, const SocketOwner& socket);

// Listens at `path`, for this user alone; what was left there by a broker that is gone is replaced.
// `inputd.socket` with a remedy.
Result<UniqueFd> listen_at(const std::string& path);
// What the service manager gave this process (LISTEN_PID, LISTEN_FDS); none: it was not started that way.
std::optional<UniqueFd> take_activation_socket();

}  // namespace lumen::gamepad
