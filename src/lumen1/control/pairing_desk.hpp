// lumen1/control: where a host pairs new devices: one code at a time that it shows, and the devices that wait
// for somebody to approve them. One desk serves all connections of a host; HostDialogue speaks with it for
// each. No sockets, no clock.
//
// An attempt at the code is counted when the host answers it with its share, for from then on the other end
// knows whether its guess was right. After max_attempts the code is void; the right one uses it up. The host
// proves that it knows the code only after the client has. An attempt that its client leaves stays counted.
//
// Owner: one thread. Outlives the dialogues that use it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "lumen1/control/attempt_limiter.hpp"
#include "lumen1/control/pairing_code.hpp"
#include "lumen1/control/pairing_exchange.hpp"

namespace lumen::lumen1::control {

enum class AttemptId : std::uint64_t {};  // never used twice

struct PairingLimits {
  Duration code_lifetime = std::chrono::minutes{2};
  int max_attempts = 3;                             // at one code
  Duration code_answer = std::chrono::seconds{10};  // share → tag; commitment → nonce
  Duration approval_lifetime = std::chrono::minutes{2};
  std::size_t max_pending = 8, max_pending_of_address = 2;
  AttemptLimiter::Steps code_address{};
  AttemptLimiter::Steps code_together{
      .free = 20, .longest = std::chrono::minutes{1}, .forgotten = std::chrono::minutes{10}};
  AttemptLimiter::Steps asking_address{.free = 5, .first = std::chrono::seconds{5}};
  // Who stands between two ends and tries for equal words gets a few dozen of 65536 chances while they last.
  AttemptLimiter::Steps asking_together{.free = 16,
                                        .first = std::chrono::seconds{5},
                                        .longest = std::chrono::minutes{1},
                                        .forgotten = std::chrono::minutes{10}};
};

struct CodeOffer {
  std::string code;
  Permissions permissions;  // that the device gets
  Timestamp expires{};
  int attempts_left = 0;
};

// Who asks: its name as it says, its address as the host sees it ("192.0.2.7", "2001:db8::7").
struct Applicant {
  PairingBinding binding;
  std::string address;
};

struct PendingDevice {
  AttemptId id{};
  std::string name, address;
  crypto::Fingerprint fingerprint{};
  std::string words;  // to be compared with those on the device's screen
  Timestamp expires{};
};

// For whoever shows them.
enum class CodeEnd : std::uint8_t { used, expired, guessed_at, withdrawn };
struct CodeEnded {
  CodeEnd end{};
  std::string address;  // of the last attempt, if there was one
};
struct DeviceAsks {
  PendingDevice device;
};
struct AskingEnded {  // approved, denied, expired or gone: no more to be shown
  AttemptId id{};
};
using DeskEvent = std::variant<CodeEnded, DeviceAsks, AskingEnded>;

struct DeskRefusal {
  PairingRefusal reason{};
  Duration retry_after{};
};
template <class T>
using DeskAnswer = std::variant<T, DeskRefusal>;

class PairingDesk {
 public:
  static constexpr std::size_t kMaxEvents = 64;  // older ones are dropped

  explicit PairingDesk(const PairingLimits& limits = {});
  PairingDesk(const PairingDesk&) = delete;
  PairingDesk& operator=(const PairingDesk&) = delete;
  ~PairingDesk();

  // --- for the host's owner

  // A new code to be shown; the one before is withdrawn. `crypto.random` when there is no randomness.
  Result<CodeOffer> offer_code(CodeKind kind, Permissions permissions, Timestamp now);
  void withdraw_code();
  std::optional<CodeOffer> offer(Timestamp now) const;      // nothing: none is shown
  std::vector<PendingDevice> pending(Timestamp now) const;  // oldest first
  // `pairing.no-such-asking` when it is gone. Then advance() of every dialogue lets the device know.
  Status approve(AttemptId id, Permissions permissions, Timestamp now);
  Status deny(AttemptId id, Timestamp now);
  std::vector<DeskEvent> take_events();
  // Ends what has expired. Call at next_deadline().
  void advance(Timestamp now);
  std::optional<Timestamp> next_deadline() const;

  // --- for HostDialogue

  struct CodeBegun {
    AttemptId id{};
    crypto::CpaceShare share{};
    Timestamp expires{};  // the tag must be there
  };
  struct CodeProven {
    crypto::CpaceTag tag{};  // to be sent once the device is stored
    Permissions permissions;
  };
  struct AskingBegun {
    AttemptId id{};
    Commitment commitment{};
    Timestamp expires{};  // the nonce must be there
  };
  struct Revealed {
    Nonce nonce{};
    Timestamp expires{};
  };
  enum class Verdict : std::uint8_t { waiting, approved, denied, expired };
  struct Decision {
    Verdict verdict{};
    Permissions permissions;  // when approved
  };
  DeskAnswer<CodeBegun> begin_code(const Applicant& applicant, const crypto::CpaceShare& share,
                                   Timestamp now);
  DeskAnswer<CodeProven> finish_code(AttemptId id, const crypto::CpaceTag& tag, Timestamp now);
  DeskAnswer<AskingBegun> ask(const Applicant& applicant, Timestamp now);
  DeskAnswer<Revealed> reveal(AttemptId id, const Nonce& client_nonce, Timestamp now);
  Decision decision(AttemptId id, Timestamp now) const;
  // The attempt's connection is over, or it has what it wanted. Unknown ids are nothing.
  void abandon(AttemptId id);

 private:
  struct Code {
    CodeOffer offer;
    std::uint64_t generation = 0;
    std::string last_address;
  };
  struct CodeAttempt {
    crypto::Cpace run;
    std::uint64_t generation = 0;  // of the code that it is about
    std::string address;
    Timestamp expires{};
  };
  struct Asking {
    PendingDevice device;
    Applicant applicant;
    Nonce nonce{};
    bool revealed = false;
    Verdict verdict = Verdict::waiting;
    Permissions permissions;
  };
  using Askings = std::map<AttemptId, Asking>;
  void end_code(CodeEnd end);
  void end_code_if_void();
  void decide(Asking& asking, Verdict verdict);
  static bool is_shown(const Asking& asking, Timestamp now);
  Result<Asking*> require_shown(AttemptId id, Timestamp now);
  bool has_room_for(const Applicant& applicant, Timestamp now) const;
  AttemptId next_id() { return AttemptId{++last_id_}; }
  void tell(DeskEvent event);

  PairingLimits limits_;
  AttemptLimiter code_limiter_, asking_limiter_;
  std::optional<Code> code_;
  std::map<AttemptId, CodeAttempt> attempts_;
  Askings askings_;
  std::vector<DeskEvent> events_;
  std::uint64_t last_id_ = 0, generation_ = 0;
};

}  // namespace lumen::lumen1::control
