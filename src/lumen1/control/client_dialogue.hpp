// lumen1/control: the client's end of one control connection. Bytes of the host's stream and time in, bytes
// and events out; no sockets, no clock.
//
// The owner, after every call: acts on take_events(), sends take_output(), and once is_over() closes the
// connection when that is sent. Whether the host is the one that was paired with is TLS's to decide, by its
// certificate, before there is a dialogue.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "flow/clock_offset.hpp"
#include "lumen1/control/message_allowance.hpp"
#include "lumen1/control/messages.hpp"
#include "lumen1/control/pairing_exchange.hpp"

namespace lumen::lumen1::control {

struct ClientDialogueParams {
  crypto::Fingerprint client{}, host{};  // of both certificates, as TLS has proven them
  Exporter exporter;
  std::string device_name, program;
  Features features = 0;
  std::uint16_t min_version = kMinVersion, max_version = kMaxVersion;
  Duration hello_patience = std::chrono::seconds{10};
  Duration pairing_patience = std::chrono::seconds{15};  // for each answer that nobody has to think about
  Duration request_patience = std::chrono::seconds{60};  // an application may take long to start
  Duration ping_interval = std::chrono::seconds{2};      // the first few come at ten times the rate
};

// --- events

struct HostReady {  // the first one
  HostHello hello;
};
struct CompareWords {  // the host's owner sees the same, or somebody is in between
  std::string words;   // "amber-kettle"
  Duration expires_after{};
};
// Store the host's fingerprint: it is the right one.
struct PairedNow {
  Permissions permissions;
};
struct PairingFailed {  // another attempt may be made after retry_after
  PairingRefusal reason{};
  std::string text, remedy;
  Duration retry_after{};
};
// The last one.
struct HostGone {
  ByeReason reason{};
  std::string text, remedy;
};
using ClientEvent = std::variant<HostReady, CompareWords, PairedNow, PairingFailed, Apps, Opened, Changed,
                                 Done, Refused, SessionEnded, PermissionsChanged, SessionClipboardPart,
                                 SessionClipboardTaken, ClipboardState, PointerLook, HostGone>;

class ClientDialogue {
 public:
  ClientDialogue(ClientDialogueParams params, Timestamp now);  // its hello is output already
  ClientDialogue(const ClientDialogue&) = delete;
  ClientDialogue& operator=(const ClientDialogue&) = delete;
  ~ClientDialogue() = default;

  void receive(ByteView bytes, Timestamp now);
  void advance(Timestamp now);  // time-outs and pings; call at next_deadline()
  std::optional<Timestamp> next_deadline() const;
  std::vector<ClientEvent> take_events();
  std::vector<std::byte> take_output();
  bool is_over() const { return over_; }

  const std::optional<HostHello>& host() const { return host_; }  // once it said hello
  Permissions permissions() const { return permissions_; }        // of this device, now
  const ClockOffset& clock() const { return clock_; }             // the host's clock against ours

  // --- pairing; each ends in PairedNow or PairingFailed. `control.not-ready` before HostReady and while
  // another attempt is going on; `pairing.code` when `typed` cannot be a code, which costs no attempt.
  Status pair_with_code(std::string_view typed, Timestamp now);
  Status ask_approval(Timestamp now);

  // --- requests; each is answered by one event with its number. Before HostReady they fail with
  // `control.not-ready`, with a value that may not travel with `control.message`.
  Result<RequestId> list_apps(Timestamp now);
  Result<RequestId> open(std::uint32_t app, std::uint8_t display, const StreamWish& wish, Timestamp now);
  Result<RequestId> change(Change change, Timestamp now);  // its request is filled in
  Result<RequestId> pause(SessionId session, Timestamp now);
  Result<RequestId> resume(SessionId session, Timestamp now);
  Result<RequestId> close(SessionId session, bool end_application, Timestamp now);
  Result<RequestId> end_application(std::uint32_t app, Timestamp now);
  // Of a session that is open; sent at once, unless the connection is over.
  void clipboard(SessionId session, const ClipboardPart& part);
  void clipboard(SessionId session, const ClipboardTaken& taken);
  void bye();

 private:
  enum class Pairing : std::uint8_t { none, share_sent, tag_sent, asked, nonce_sent, waiting };
  enum class Kind : std::uint8_t { apps, open, change, done };
  struct Request {
    Kind kind{};
    Timestamp expires{};
  };

  void handle_message(const HostMessage& message, Timestamp now);
  void handle(const HostHello& hello, Timestamp now);
  void handle(const Pong& pong, Timestamp now);
  void handle(const PairShare& share, Timestamp now);
  void handle(const PairDone& done, Timestamp now);
  void handle(const ApprovalCommitment& commitment, Timestamp now);
  void handle(const ApprovalPending& pending, Timestamp now);
  void handle(const Approved& approved, Timestamp now);
  void handle(const PairingRefused& refused, Timestamp now);
  void handle(const Apps& apps, Timestamp now);
  void handle(const Opened& opened, Timestamp now);
  void handle(const Changed& changed, Timestamp now);
  void handle(const Done& done, Timestamp now);
  void handle(const Refused& refused, Timestamp now);
  void handle(const SessionEnded& ended, Timestamp now);
  void handle(const PermissionsChanged& changed, Timestamp now);
  void handle(const SessionClipboardPart& part, Timestamp now);
  void handle(const SessionClipboardTaken& taken, Timestamp now);
  void handle(const ClipboardState& state, Timestamp now);
  void handle(const PointerLook& look, Timestamp now);
  void handle(const HostBye& bye, Timestamp now);

  void take_frames(ByteView bytes, Timestamp now);
  Status require_ready() const;
  Status require_no_pairing() const;
  Result<PairingBinding> binding(std::string_view exporter_label) const;
  void expect(Pairing next, Timestamp deadline);
  void paired(Permissions permissions);
  void fail_pairing(PairingRefusal reason, std::string_view text = {}, std::string_view remedy = {},
                    Duration retry_after = {});
  void unproven();
  template <class Message>
  Result<RequestId> ask(Message message, Kind kind, Timestamp now);
  bool answers(RequestId request, std::optional<Kind> kind);
  void give_up(RequestId request);
  void expire_requests(Timestamp now);
  void ping(Timestamp now);
  bool send(const ClientMessage& message);
  void break_off(std::string_view what);
  void end(ByeReason reason, std::string_view text, std::string_view remedy, bool tell_host);

  ClientDialogueParams params_;
  FrameReader reader_;
  MessageAllowance allowance_;
  std::optional<HostHello> host_;
  Permissions permissions_;
  ClockOffset clock_;
  Pairing pairing_ = Pairing::none;
  std::optional<crypto::Cpace> run_;
  Nonce nonce_{};
  Commitment commitment_{};
  Timestamp started_{}, pairing_ends_{}, next_ping_{};
  std::set<std::uint64_t> pings_;  // not answered yet
  int pings_sent_ = 0;
  std::map<RequestId, Request> requests_;
  std::set<RequestId> given_up_;  // expired; a late Opened of theirs is closed again
  RequestId last_request_ = 0;
  std::vector<ClientEvent> events_;
  std::vector<std::byte> output_;
  bool over_ = false;
};

}  // namespace lumen::lumen1::control
