// client/shell: what the screens ask of a protocol, and what they hear from it. One implementation for each
// protocol; src/client/gamestream/game_backend.hpp is GameStream's.
//
// Contract:
//  - Owner of all calls and of poll(): the main thread. None blocks; work is done on threads of the backend.
//  - The caller chooses request numbers and never uses one twice. Each request ends by exactly one of its
//  last
//    events, or by Failed; after cancel() nothing more of it may come, or whatever was on its way.
//  - A new request other than discover() may end a discovery that runs, with its last HostsFound.
//  - list_apps() and start() of a host that does not know this client fail with the id `client.not-paired`,
//    upon which the screens begin to pair; where nobody answers, with `client.no-answer`.
//  - Texts come from other machines: they are at most kMaxPeerText bytes, and shown as they are.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "client/shell/client_stream.hpp"

namespace lumen::client {

using RequestId = std::uint64_t;
inline constexpr std::string_view kNotPaired = "client.not-paired";
// Nobody there speaks the backend's protocol; perhaps another one.
inline constexpr std::string_view kNoAnswer = "client.no-answer";
inline constexpr std::size_t kMaxPeerText = 256;

enum class Protocol : std::uint8_t { lumen1, gamestream };

// A host as one protocol knows it.
struct HostEntry {
  std::string id;             // the backend's: opaque, stable while the program runs
  std::string name, address;  // for people
  Protocol protocol = Protocol::gamestream;
  bool reachable = false;  // it answers now
  bool paired = false;     // and still takes this client, if it is reachable
  bool operator==(const HostEntry&) const = default;
};

struct AppEntry {
  std::string id, title;
  bool running = false;  // for this client
  bool operator==(const AppEntry&) const = default;
};

struct StreamRequest {
  std::string host_id;
  std::string app;  // its id, or what a person calls it; empty: what runs, else the desktop
  Mode mode;
  std::optional<Codec> codec;      // none: the best that both know
  std::uint32_t bitrate_kbps = 0;  // 0: from the mode
  bool sound = true;
  bool microphone = false;
  bool pointer_drawn = true;
};

// discover(): all that are known until now, again and again; `complete` is the last one.
struct HostsFound {
  RequestId request = 0;
  std::vector<HostEntry> hosts;
  bool complete = false;
};
// list_apps(): the last one.
struct AppsFound {
  RequestId request = 0;
  std::vector<AppEntry> apps;
};
// pair(): what a person has to do now; then Paired, the last one.
struct TypeAtHost {  // these digits
  RequestId request = 0;
  std::string pin;
};
struct AskForPin {  // that the host shows; answer() it. Again after a wrong one.
  RequestId request = 0;
  bool was_wrong = false;
};
struct CompareWords {  // with those that the host shows, where somebody is to allow it; answer() it by "yes"
  RequestId request = 0;
  std::string words;
};
struct Paired {
  RequestId request = 0;
};
// start(): how far it is; then StreamStarted, the last one.
struct Progress {
  RequestId request = 0;
  std::string what;  // "Starting Desktop"
};
struct StreamStarted {
  RequestId request = 0;
  std::unique_ptr<ClientStream> stream;
};
// forget(), end_app(): the last one.
struct Done {
  RequestId request = 0;
};
struct Failed {
  RequestId request = 0;
  Error error;
};

using BackendEvent = std::variant<HostsFound, AppsFound, TypeAtHost, AskForPin, CompareWords, Paired,
                                  Progress, StreamStarted, Done, Failed>;

class Backend {
 public:
  virtual ~Backend() = default;
  virtual Protocol protocol() const = 0;

  // The host at an address that a person wrote; nobody is asked. Fails with why it is no address.
  virtual Result<HostEntry> host_at(std::string_view address) const = 0;

  // Those on the network, those that are paired, and those at `addresses`.
  virtual void discover(RequestId request, std::vector<std::string> addresses) = 0;
  virtual void list_apps(RequestId request, const std::string& host_id) = 0;
  virtual void pair(RequestId request, const std::string& host_id) = 0;
  virtual void answer(RequestId request, const std::string& pin) = 0;
  virtual void start(RequestId request, const StreamRequest& wanted) = 0;
  virtual void end_app(RequestId request, const std::string& host_id) = 0;
  virtual void forget(RequestId request, const std::string& host_id) = 0;
  virtual void cancel(RequestId request) = 0;

  virtual std::optional<BackendEvent> poll() = 0;
};

}  // namespace lumen::client
