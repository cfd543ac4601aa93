// gamestream/http: who may launch, resume and cancel what, and which launches wait for their RTSP connection
// (GameStream part 1, 9). Each client has its own running application and its own slots; none sees or ends
// another's. Decides and remembers; starting and ending things is the host's.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "base/units.hpp"
#include "gamestream/http/launch_request.hpp"
#include "gamestream/http/server_info.hpp"

namespace lumen::gamestream {

enum class LaunchId : std::uint64_t {};

struct LaunchPolicy {
  Duration pending = std::chrono::seconds{30};  // from launch to stream; 10 s at the least, as clients retry
  bool refuse_plain_rtsp = false;               // encryption is mandatory
  std::size_t max_clients = 16;                 // with an application at the same time
};

// A launch whose client is to connect by RTSP with `request.key`.
struct PendingLaunch {
  LaunchId id{};
  LaunchRequest request;
  Timestamp expires{};
  bool starts_app = false;  // the application is to be started; otherwise it runs
};

// Now start the application if `starts_app`, make RTSP ready, and answer launch_success(); or abort() and
// launch_refusal().
struct Admitted {
  LaunchId id{};
  std::uint32_t app_id = 0;
  bool starts_app = false;
  std::optional<LaunchId> replaced;  // the same client's pending launch that this one displaces
};
struct Refused {
  Answer answer;
};

// Owner: one thread.
class LaunchBook {
 public:
  explicit LaunchBook(LaunchPolicy policy = {});

  // Refuses with 400 (another application of the same client runs; the key was used before), 403 (plain RTSP
  // where that is not allowed), 404 (`apps` has no such), 503 (nothing to resume; too many clients), without
  // any effect. A launch of the application that runs already joins it, as a resume does.
  std::variant<Admitted, Refused> admit(const LaunchRequest& request, const AppList& apps, Timestamp now);
  // It could not be started: as if it had not been, but for the key, which stays used. When it was the one to
  // start the application, nothing runs any more; the launches that had joined are dropped and named.
  std::vector<LaunchId> abort(LaunchId id);
  // The client's stream has begun: the launch is no longer pending, the application runs on. False: it was
  // not pending any more.
  bool start(LaunchId id);
  // Drops pending launches that have expired and says which. Their applications run on and are resumable.
  std::vector<LaunchId> expire(Timestamp now);
  std::optional<Timestamp> next_deadline() const;

  // For the RTSP connection of `remote`: its own pending launches first, then all others (10.5). The pointers
  // live until the next change.
  std::vector<const PendingLaunch*> candidates(const IpAddress& remote) const;
  const PendingLaunch* find(LaunchId id) const;

  // What the client could resume; 0: nothing. This is `currentgame`.
  std::uint32_t current_app(const crypto::Fingerprint& client) const;
  // Forgets what the client has running and pending, and says what is to be ended: its application (0: none)
  // and pending launches. For /cancel, for an application that ended of itself, and for a client that was
  // removed. Has taken effect on current_app() when it returns.
  struct Ended {
    std::uint32_t app_id = 0;
    std::vector<LaunchId> launches;
  };
  Ended end(crypto::Fingerprint client);

 private:
  using KeyDigest = crypto::Sha256;
  struct Running {
    std::uint32_t app_id = 0;
    std::optional<LaunchId> starter;  // the launch that is starting it; nullopt: it runs for certain
  };
  void settle(LaunchId id);
  std::optional<Answer> refusal(const LaunchRequest& request, const AppList& apps,
                                const KeyDigest& digest) const;
  bool is_used(const LaunchRequest& request, const KeyDigest& digest) const;
  void note_key(const crypto::Fingerprint& client, const KeyDigest& digest);

  LaunchPolicy policy_;
  std::uint64_t last_id_ = 0;
  std::vector<PendingLaunch> pending_;
  std::map<crypto::Fingerprint, Running> running_;
  // Oldest first; for as many clients as were ever authorised.
  std::map<crypto::Fingerprint, std::deque<KeyDigest>> used_;
};

}  // namespace lumen::gamestream
