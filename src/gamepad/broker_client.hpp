// lumen/gamepad: a session's pads, as devices that the broker makes. Connects when the first pad comes, and
// again when the broker went away or was not there: then the pads that there are come back.
//
// A client that leaves may return: its pads stay for a while, unpressed, for whoever claims them by arriving
// anew. No pad goes on shaking when its device has gone. Owner: the loop's thread.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "gamepad/feedback_memory.hpp"
#include "link/broker_messages.hpp"
#include "media/pad.hpp"

namespace lumen::gamepad {

// Where a broker may listen, best first: $LUMEN_INPUTD_SOCKET alone if set; else the user's, then the
// system's.
std::vector<std::string> broker_sockets();

struct BrokerClientParams {
  std::vector<std::string> sockets;  // to try, in this order
  std::function<void(const PadFeedback&)> on_feedback;
  Duration retry = std::chrono::seconds{2};
  Duration keep = std::chrono::seconds{60};  // pads of a client that left
};

class BrokerClient {
 public:
  // `loop` and `log` outlive the client.
  BrokerClient(BrokerClientParams params, EventLoop& loop, Logger& log);
  ~BrokerClient();
  BrokerClient(const BrokerClient&) = delete;
  BrokerClient& operator=(const BrokerClient&) = delete;

  // Never blocks. Without a broker it is dropped, which is logged once with what to do about it.
  void take(const PadEvent& event);
  void release();      // nothing stays pressed
  void client_left();  // pads that are not claimed within `keep` go
  bool connected() const { return static_cast<bool>(socket_); }

 private:
  struct Pad {
    PadArrival arrival;
    PadState state;
    bool claimed = true;
  };
  void connect();
  Status try_connect(const std::string& path);
  void on_ready();
  void on_closed();
  void stop_effects(std::uint8_t slot);
  void retry_later();
  void send(const link::ToBroker& message);
  void drop_unclaimed();

  BrokerClientParams params_;
  EventLoop& loop_;
  Logger& log_;
  UniqueFd socket_;
  std::array<std::optional<Pad>, kMaxPads> pads_;
  std::array<FeedbackMemory, kMaxPads> heard_;
  bool told_ = false;  // that there is no broker
  EventLoop::TimerId retry_ = 0, keep_ = 0;
};

}  // namespace lumen::gamepad
