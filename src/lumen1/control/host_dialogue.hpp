// lumen1/control: the host's end of one control connection. Bytes of the client's stream and time in, bytes
// and events out; no sockets, no clock.
//
//   hello ─► not paired: pairing, and nothing else ─► paired: applications and streams ─► bye
//
// The owner, after every call: acts on take_events(), answers those that are requests, sends take_output(),
// and once is_over() closes the connection when that is sent. What the owner does not answer stays pending.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/units.hpp"
#include "lumen1/control/agreement.hpp"
#include "lumen1/control/device_book.hpp"
#include "lumen1/control/message_allowance.hpp"
#include "lumen1/control/messages.hpp"
#include "lumen1/control/pairing_desk.hpp"

namespace lumen::lumen1::control {

struct HostDialogueParams {
  crypto::Fingerprint host{}, client{};  // of both certificates, as TLS has proven them
  std::string address;                   // the client's, without port
  Exporter exporter;
  std::string host_name, program;
  HostId host_id{};
  Features features = 0;
  bool takes_asking = true;  // devices may ask for approval
  std::uint16_t min_version = kMinVersion, max_version = kMaxVersion;
  std::size_t max_requests = 16, max_sessions = 16;
  Duration hello_patience = std::chrono::seconds{10};
  Duration pairing_patience = std::chrono::minutes{5};  // from hello to being paired
};

// --- events

struct HelloCame {
  std::string device_name, program;
  bool paired = false;
};
// The device has shown that it may be paired: add it to the book, write that to disk, then call stored().
struct StoreDevice {
  crypto::Fingerprint fingerprint{};
  std::string name;
  Permissions permissions;
};
// Requests, each to be answered once: apps(), opened(), changed(), done() or refuse(). Those of a device that
// is not paired, of sessions that are not this connection's, and opens without Permission::view do not get
// here. What can be agreed upon says agree(wish, …, permissions()).
struct WantsApps {
  RequestId request = 0;
};
struct WantsOpen {
  Open open;
};
struct WantsChange {
  Change change;
  StreamWish wish;  // of the session, with the change in it
};
struct WantsPause {
  RequestId request = 0;
  SessionId session = 0;
};
struct WantsResume {
  RequestId request = 0;
  SessionId session = 0;
};
struct WantsClose {
  RequestId request = 0;
  SessionId session = 0;
  bool end_application = false;
};
struct WantsEnd {  // of all this device's sessions of that application; done() also where there is none
  RequestId request = 0;
  std::uint32_t app = 0;
};
// They hold from now on, for what runs too.
struct PermissionsNow {
  Permissions permissions;
};
// Of a session of this connection, while that is permitted.
struct ClipboardCame {
  SessionId session = 0;
  std::variant<ClipboardPart, ClipboardTaken> what;
};
// The last one. The sessions of this connection are the owner's to end.
struct ClientGone {
  ByeReason reason{};
  std::string text;  // for the log
};
using HostEvent = std::variant<HelloCame, StoreDevice, WantsApps, WantsOpen, WantsChange, WantsPause,
                               WantsResume, WantsClose, WantsEnd, PermissionsNow, ClipboardCame, ClientGone>;

class HostDialogue {
 public:
  // `book` and `desk` outlive this.
  HostDialogue(HostDialogueParams params, const DeviceBook& book, PairingDesk& desk, Timestamp now);
  HostDialogue(const HostDialogue&) = delete;
  HostDialogue& operator=(const HostDialogue&) = delete;
  ~HostDialogue();  // leaves nothing at the desk

  void receive(ByteView bytes, Timestamp now);
  // Time-outs, and what the desk decided. Call at next_deadline() and after approve() and deny().
  void advance(Timestamp now);
  std::optional<Timestamp> next_deadline() const;
  std::vector<HostEvent> take_events();
  std::vector<std::byte> take_output();
  bool is_over() const { return over_; }

  // Whether the device is paired and enabled, and what it may do now.
  bool is_paired() const { return permissions_.has_value(); }
  Permissions permissions() const { return permissions_.value_or(Permissions{}); }

  // --- answers. False, and nothing is sent, when no such request of that kind is pending.
  bool apps(RequestId request, std::vector<App> apps);
  // The session may be one that this connection has opened before.
  bool opened(RequestId request, SessionId session, std::uint32_t open_count, const Stream& stream);
  bool changed(RequestId request, const Stream& stream);
  bool done(RequestId request);  // Pause, Resume, Close, EndApplication
  // `text` says what happened here, if there is more to say than the reason does.
  bool refuse(RequestId request, RefusalReason reason, std::string_view text = {});
  // After StoreDevice.
  void stored(bool in_book_and_on_disk);

  // --- at any time
  void session_ended(SessionId session, EndReason reason, std::string_view text = {});
  // Of a session of this connection; a part or an answer only while that is permitted. Else nothing is sent.
  void clipboard(SessionId session, const ClipboardPart& part);
  void clipboard(SessionId session, const ClipboardTaken& taken);
  void clipboard_state(SessionId session, ClipboardUse use, std::string_view reason = {});
  // False: not sent; no such session of this connection's, or over.
  bool pointer_look(SessionId session, const PointerPiece& piece);
  // The book has changed: new permissions are told, a device that was removed or disabled is sent away.
  void book_changed();
  void bye(ByeReason reason, std::string_view text = {});

 private:
  enum class Kind : std::uint8_t { apps, open, change, pause, resume, close, end };
  struct Request {
    Kind kind{};
    SessionId session = 0;
    StreamWish wish;  // open, change
  };
  enum class Pairing : std::uint8_t { none, code, asked, waiting, storing };

  void handle(const ClientHello& hello, Timestamp now);
  void handle(const Ping& ping, Timestamp now);
  void handle(const PairWithCode& pair, Timestamp now);
  void handle(const PairConfirm& confirm, Timestamp now);
  void handle(const AskApproval& ask, Timestamp now);
  void handle(const ApprovalNonce& nonce, Timestamp now);
  void handle(const ListApps& list, Timestamp now);
  void handle(const Open& open, Timestamp now);
  void handle(const Change& change, Timestamp now);
  void handle(const Pause& pause, Timestamp now);
  void handle(const Resume& resume, Timestamp now);
  void handle(const Close& close, Timestamp now);
  void handle(const EndApplication& end, Timestamp now);
  void handle(const ClientBye& bye, Timestamp now);
  void handle(const SessionClipboardPart& part, Timestamp now);
  void handle(const SessionClipboardTaken& taken, Timestamp now);
  void handle_message(const ClientMessage& message, Timestamp now);

  void take_frames(ByteView bytes, Timestamp now);
  bool has_all_sessions() const;
  bool shares_clipboard(SessionId session) const;
  bool accept(RequestId id, Kind kind, std::optional<SessionId> session = std::nullopt);
  const Request* pending(RequestId id, std::initializer_list<Kind> kinds) const;
  bool answer(RequestId id, const HostMessage& message);
  void forget_session(SessionId session);
  void refuse_now(RequestId id, RefusalReason reason, std::string_view text = {});
  std::optional<Applicant> applicant(std::string_view exporter_label) const;
  bool may_begin_pairing();
  void refuse_pairing(const DeskRefusal& refusal);
  void store(Permissions permissions);
  void follow_desk(Timestamp now);
  void abandon_pairing();
  bool send(const HostMessage& message);
  void break_off(std::string_view what);
  void end(ByeReason reason, std::string_view text, bool tell_client);

  HostDialogueParams params_;
  const DeviceBook& book_;
  PairingDesk& desk_;
  FrameReader reader_;
  MessageAllowance allowance_;
  std::optional<ClientHello> hello_;
  std::uint16_t version_ = 0;
  std::optional<Permissions> permissions_;  // of a device that is paired and enabled
  Pairing pairing_ = Pairing::none;
  AttemptId attempt_{};
  std::optional<crypto::CpaceTag> tag_;  // ours, held back until the device is stored; by code only
  Timestamp patience_ends_{};            // for hello, then for pairing
  Timestamp attempt_ends_{};             // for what the client has to send next, or somebody to decide
  std::map<RequestId, Request> requests_;
  std::map<SessionId, StreamWish> sessions_;
  std::vector<HostEvent> events_;
  std::vector<std::byte> output_;
  bool over_ = false;
};

}  // namespace lumen::lumen1::control
