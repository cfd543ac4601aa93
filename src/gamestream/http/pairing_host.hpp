// gamestream/http: the host's end of pairing (GameStream part 1, 7). Requests and PINs in, answers and events
// out; no sockets, no clock.
//
//   phase 1 ─► wait_pin ─PIN─► got_certificate ─phase 2─► challenged ─phase 3─► responded ─phase 4─► proven
//
// Each phase is taken in exactly the state before it; anything else, a second try included, ends the attempt,
// because whoever could repeat phases 2 and 3 could try PINs at leisure. An attempt belongs to one address,
// one uniqueid and one certificate, has a name of its own for the prompt, and expires.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/units.hpp"
#include "crypto/identity.hpp"
#include "gamestream/http/answer.hpp"
#include "gamestream/http/pair_request.hpp"

namespace lumen::gamestream {

// The server's name for a request that waits for its answer; never used twice.
enum class ReplyId : std::uint64_t {};
enum class AttemptId : std::uint64_t {};

struct PairingLimits {  // 7.8
  Duration pin_entry = std::chrono::minutes{3};
  Duration between_phases = std::chrono::seconds{15};
  std::size_t max_attempts = 4;  // at once; one of them per address
  std::size_t max_failures = 5;  // per address within failure_window; then no prompt opens
  Duration failure_window = std::chrono::minutes{10};
};

// What a person needs to see in order to choose the right one.
struct PairingPrompt {
  AttemptId id{};
  IpAddress remote;
  std::string device_name;  // "" when the client has none
  crypto::Fingerprint client{};
  Timestamp expires{};
};

enum class AttemptEnd : std::uint8_t {
  proven,     // both sides know each other; the certificate was handed out in ClientProven
  denied,     // by deny()
  timed_out,  // no PIN, or the client went silent
  replaced,   // the client began anew
  abandoned,  // by /unpair, or the client hung up
  failed,     // wrong order, wrong PIN or malformed
};

struct PromptOpened {
  PairingPrompt prompt;
};
// An answer to send now: to the request just given, or to one that waited.
struct PairingAnswer {
  ReplyId reply{};
  Answer answer;
};
// The host stores `certificate` under `name` durably, and only then answers `reply` with pair_success(); with
// pair_refusal(500) when it cannot.
struct ClientProven {
  AttemptId id{};
  ReplyId reply{};
  crypto::Certificate certificate;
  std::string name;
};
// Once for each attempt; its prompt is to close if it is still open.
struct AttemptEnded {
  AttemptId id{};
  AttemptEnd end{};
};
using PairingEvent = std::variant<PromptOpened, PairingAnswer, ClientProven, AttemptEnded>;

// Owner: one thread. After every call the owner takes the events and acts on them in order.
class PairingHost {
 public:
  // `identity` outlives this. While not enabled every phase 1 is answered with 403.
  explicit PairingHost(const crypto::Identity& identity, PairingLimits limits = {}, bool enabled = true);
  PairingHost(const PairingHost&) = delete;
  PairingHost& operator=(const PairingHost&) = delete;

  // Exactly one PairingAnswer or ClientProven follows for `reply`, for phase 1 only once a person has acted
  // or time has passed: keep the connection.
  void on_request(PairRequest request, ReplyId reply, Timestamp now);
  // Ends the pending attempt of that client only.
  void on_unpair(const IpAddress& remote, std::string_view unique_id, Timestamp now);
  // The client hung up before `reply` was answered; it will not be.
  void on_closed(ReplyId reply, Timestamp now);

  // The PIN that the client shows, typed by the host's owner, and a name for the client ("" for its own).
  // `gamestream.pin` when it is not four digits (the prompt stays open), `gamestream.no-such-prompt` when
  // that prompt is gone or has had its PIN. The caller wipes its text.
  Status enter_pin(AttemptId id, std::string_view pin, std::string_view name, Timestamp now);
  Status deny(AttemptId id, Timestamp now);
  void set_enabled(bool enabled) { enabled_ = enabled; }

  // Ends what has expired. Call at next_deadline().
  void advance(Timestamp now);
  std::optional<Timestamp> next_deadline() const;
  // Those that wait for a PIN, oldest first.
  std::vector<PairingPrompt> prompts() const;
  std::vector<PairingEvent> take_events();

 private:
  enum class State : std::uint8_t { wait_pin, got_certificate, challenged, responded };
  struct Attempt {
    PairingPrompt prompt;
    std::string unique_id;
    crypto::Certificate client;
    PairingBlock salt{};
    State state = State::wait_pin;
    ReplyId waiting{};  // phase 1's, while in wait_pin
    std::string name;
    PairingKey key;
    crypto::SecretBytes<kPairingBlockBytes> secret, challenge;  // Sh and Ch
    crypto::SecretBytes<crypto::kSha256Bytes> claimed;          // the client's hash, from phase 3
  };
  using Attempts = std::map<AttemptId, Attempt>;

  void begin(GetHostCertificate phase, PairRequest request, ReplyId reply, Timestamp now);
  void go_on(Attempts::iterator attempt, const PairingPhase& phase, ReplyId reply, Timestamp now);
  Result<Answer> challenge(Attempt& attempt, const ClientChallenge& phase);
  Result<Answer> respond(Attempt& attempt, const ClientHash& phase);
  Result<bool> is_proven(const Attempt& attempt, const ClientSecret& phase) const;
  void conclude(Attempts::iterator attempt, const ClientSecret& phase, ReplyId reply, Timestamp now);

  Attempts::iterator find(const IpAddress& remote, std::string_view unique_id);
  void end(Attempts::iterator attempt, AttemptEnd how, Timestamp now);
  void answer(ReplyId reply, Answer answer);
  void note_failure(const IpAddress& remote, Timestamp now);
  bool is_backed_off(const IpAddress& remote, Timestamp now);

  const crypto::Identity& identity_;
  PairingLimits limits_;
  bool enabled_;
  Attempts attempts_;
  std::uint64_t last_id_ = 0;
  std::map<IpAddress, std::vector<Timestamp>> failures_;  // of those within the window, oldest first
  std::vector<PairingEvent> events_;
};

}  // namespace lumen::gamestream
