#include "lumen1/control/host_dialogue.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "lumen1/text.hpp"

namespace lumen::lumen1::control {
namespace {

std::uint32_t whole_seconds(Duration duration) {
  return static_cast<std::uint32_t>(std::chrono::ceil<std::chrono::seconds>(duration).count());
}

std::string either(std::string_view text, std::string_view otherwise) {
  return std::string{text.empty() ? otherwise : text};
}

std::uint64_t clock_ns(Timestamp now) { return static_cast<std::uint64_t>(to_ns(now)); }

}  // namespace

HostDialogue::HostDialogue(HostDialogueParams params, const DeviceBook& book, PairingDesk& desk,
                           Timestamp now)
    : params_{std::move(params)},
      book_{book},
      desk_{desk},
      allowance_{now},
      patience_ends_{now + params_.hello_patience} {
  // As the client will read it, for pairing is bound to it.
  params_.host_name = to_plain_text(params_.host_name.empty() ? "Host" : params_.host_name, kMaxNameBytes);
}

HostDialogue::~HostDialogue() { abandon_pairing(); }

std::vector<HostEvent> HostDialogue::take_events() { return std::exchange(events_, {}); }
std::vector<std::byte> HostDialogue::take_output() { return std::exchange(output_, {}); }

// --- the stream

void HostDialogue::receive(ByteView bytes, Timestamp now) {
  advance(now);
  take_frames(bytes, now);
  if (!over_ && reader_.is_broken()) break_off("a frame of an impossible length");
}

void HostDialogue::take_frames(ByteView bytes, Timestamp now) {
  while (!over_) {
    const auto frame = reader_.next(bytes);
    if (!frame) return;
    if (!allowance_.spend(now)) return end(ByeReason::flood, {}, true);
    const auto message = decode_client_message(*frame);
    if (const auto* known = std::get_if<ClientMessage>(&message)) {
      handle_message(*known, now);
    } else if (std::get<Unreadable>(message) == Unreadable::malformed) {
      break_off(fmt::format("a malformed message of type {:#x}", frame->type));
    }
  }
}

void HostDialogue::handle_message(const ClientMessage& message, Timestamp now) {
  const bool is_free =
      std::holds_alternative<ClientHello>(message) || std::holds_alternative<ClientBye>(message);
  if (!hello_ && !is_free) return break_off("a message before the hello");
  std::visit([&](const auto& each) { handle(each, now); }, message);
}

// The output buffer takes every message that is made here: the values of a message that are not ours came
// through its decoder, and the owner's are checked by answer().
bool HostDialogue::send(const HostMessage& message) { return append(output_, message); }

void HostDialogue::break_off(std::string_view what) { end(ByeReason::protocol_error, what, true); }

void HostDialogue::bye(ByeReason reason, std::string_view text) { end(reason, text, true); }

void HostDialogue::end(ByeReason reason, std::string_view text, bool tell_client) {
  if (over_) return;
  const auto shown = either(text, text_of(reason));
  if (tell_client) send(HostBye{reason, shown, std::string{remedy_of(reason)}});
  abandon_pairing();
  requests_.clear();
  over_ = true;
  events_.emplace_back(ClientGone{reason, shown});
}

// --- hello

void HostDialogue::handle(const ClientHello& hello, Timestamp now) {
  if (hello_) return break_off("a second hello");
  if (hello.max_version < params_.min_version) return end(ByeReason::version_too_old, {}, true);
  if (hello.min_version > params_.max_version) return end(ByeReason::version_too_new, {}, true);
  hello_ = hello;
  version_ = std::min(hello.max_version, params_.max_version);
  const auto* device = book_.find(params_.client);
  if (device != nullptr && !device->enabled) return end(ByeReason::device_disabled, {}, true);
  if (device != nullptr) permissions_ = device->permissions;
  patience_ends_ = now + params_.pairing_patience;
  events_.emplace_back(HelloCame{hello.device_name, hello.program, is_paired()});
  send(HostHello{.version = version_,
                 .features = hello.features & params_.features,
                 .name = params_.host_name,
                 .program = params_.program,
                 .id = params_.host_id,
                 .paired = is_paired(),
                 .permissions = permissions(),
                 .takes_code = desk_.offer(now).has_value(),
                 .takes_asking = params_.takes_asking,
                 .clock_ns = clock_ns(now)});
}

void HostDialogue::handle(const Ping& ping, Timestamp now) {
  send(Pong{ping.sent_ns, clock_ns(now), clock_ns(now)});
}

void HostDialogue::handle(const ClientBye& bye, Timestamp) { end(bye.reason, {}, false); }

// --- pairing

std::optional<Applicant> HostDialogue::applicant(std::string_view exporter_label) const {
  Applicant who{.binding = {.client = params_.client,
                            .host = params_.host,
                            .client_name = hello_->device_name,
                            .host_name = params_.host_name,
                            .version = version_},
                .address = params_.address};
  if (!params_.exporter || !params_.exporter(exporter_label, who.binding.exporter.bytes()))
    return std::nullopt;
  return who;
}

// One attempt at a time on a connection: a client that begins a second one has lost count. A device that is
// paired already may prove itself and us anew: it has forgotten this host, or could not store it.
bool HostDialogue::may_begin_pairing() {
  if (pairing_ != Pairing::none) {
    break_off("a second attempt to pair while the first one is going on");
    return false;
  }
  return true;
}

void HostDialogue::refuse_pairing(const DeskRefusal& refusal) {
  abandon_pairing();
  send(PairingRefused{refusal.reason, whole_seconds(refusal.retry_after),
                      std::string{text_of(refusal.reason)}, std::string{remedy_of(refusal.reason)}});
}

void HostDialogue::abandon_pairing() {
  if (pairing_ != Pairing::none) desk_.abandon(attempt_);
  pairing_ = Pairing::none;
  tag_.reset();
}

void HostDialogue::handle(const PairWithCode& pair, Timestamp now) {
  if (!may_begin_pairing()) return;
  const auto who = applicant(kCodeExporter);
  if (!who) return refuse_pairing({PairingRefusal::failed});
  const auto answer = desk_.begin_code(*who, pair.share, now);
  if (const auto* refusal = std::get_if<DeskRefusal>(&answer)) return refuse_pairing(*refusal);
  const auto& begun = std::get<PairingDesk::CodeBegun>(answer);
  pairing_ = Pairing::code;
  attempt_ = begun.id;
  attempt_ends_ = begun.expires;
  send(PairShare{begun.share});
}

void HostDialogue::handle(const PairConfirm& confirm, Timestamp now) {
  if (pairing_ == Pairing::none) return;  // crossed our refusal
  if (pairing_ != Pairing::code) return break_off("a confirmation that nobody waits for");
  const auto answer = desk_.finish_code(attempt_, confirm.tag, now);
  if (const auto* refusal = std::get_if<DeskRefusal>(&answer)) return refuse_pairing(*refusal);
  const auto& proven = std::get<PairingDesk::CodeProven>(answer);
  tag_ = proven.tag;
  store(proven.permissions);
}

void HostDialogue::handle(const AskApproval&, Timestamp now) {
  if (!may_begin_pairing()) return;
  if (!params_.takes_asking) return refuse_pairing({PairingRefusal::approval_off});
  const auto who = applicant(kApprovalExporter);
  if (!who) return refuse_pairing({PairingRefusal::failed});
  const auto answer = desk_.ask(*who, now);
  if (const auto* refusal = std::get_if<DeskRefusal>(&answer)) return refuse_pairing(*refusal);
  const auto& begun = std::get<PairingDesk::AskingBegun>(answer);
  pairing_ = Pairing::asked;
  attempt_ = begun.id;
  attempt_ends_ = begun.expires;
  send(ApprovalCommitment{begun.commitment});
}

void HostDialogue::handle(const ApprovalNonce& nonce, Timestamp now) {
  if (pairing_ == Pairing::none) return;  // crossed our refusal
  if (pairing_ != Pairing::asked) return break_off("a nonce that nobody waits for");
  const auto answer = desk_.reveal(attempt_, nonce.nonce, now);
  if (const auto* refusal = std::get_if<DeskRefusal>(&answer)) return refuse_pairing(*refusal);
  const auto& revealed = std::get<PairingDesk::Revealed>(answer);
  pairing_ = Pairing::waiting;
  attempt_ends_ = revealed.expires;
  send(ApprovalPending{revealed.nonce, whole_seconds(revealed.expires - now)});
}

void HostDialogue::follow_desk(Timestamp now) {
  if (pairing_ != Pairing::waiting) return;
  const auto decision = desk_.decision(attempt_, now);
  switch (decision.verdict) {
    using enum PairingDesk::Verdict;
    case waiting:
      return;
    case approved:
      return store(decision.permissions);
    case denied:
      return refuse_pairing({PairingRefusal::denied});
    case expired:
      return refuse_pairing({PairingRefusal::expired});
  }
}

void HostDialogue::store(Permissions permissions) {
  desk_.abandon(attempt_);
  pairing_ = Pairing::storing;
  events_.emplace_back(StoreDevice{params_.client, hello_->device_name, permissions});
}

void HostDialogue::stored(bool in_book_and_on_disk) {
  if (over_ || pairing_ != Pairing::storing) return;
  const auto* device = book_.find(params_.client);
  if (!in_book_and_on_disk || device == nullptr || !device->enabled) {
    return refuse_pairing({PairingRefusal::not_stored});
  }
  permissions_ = device->permissions;
  if (tag_)
    send(PairDone{*tag_, permissions()});
  else
    send(Approved{permissions()});
  abandon_pairing();
}

void HostDialogue::book_changed() {
  if (over_ || !is_paired()) return;
  const auto* device = book_.find(params_.client);
  if (device == nullptr) return end(ByeReason::unpaired, {}, true);
  if (!device->enabled) return end(ByeReason::device_disabled, {}, true);
  if (device->permissions == permissions()) return;
  permissions_ = device->permissions;
  send(PermissionsChanged{permissions()});
  events_.emplace_back(PermissionsNow{permissions()});
}

// --- requests

void HostDialogue::refuse_now(RequestId id, RefusalReason reason, std::string_view text) {
  send(Refused{id, reason, either(text, text_of(reason)), std::string{remedy_of(reason)}});
}

bool HostDialogue::has_all_sessions() const {
  const auto opening =
      std::ranges::count_if(requests_, [](const auto& entry) { return entry.second.kind == Kind::open; });
  return sessions_.size() + static_cast<std::size_t>(opening) >= params_.max_sessions;
}

bool HostDialogue::accept(RequestId id, Kind kind, std::optional<SessionId> session) {
  if (requests_.contains(id)) {
    break_off("the number of a request that is not answered yet");
    return false;
  }
  std::optional<RefusalReason> refusal;
  if (!is_paired())
    refusal = RefusalReason::not_paired;
  else if (requests_.size() >= params_.max_requests)
    refusal = RefusalReason::too_many_requests;
  else if (session && !sessions_.contains(*session))
    refusal = RefusalReason::no_such_session;
  else if ((kind == Kind::open || kind == Kind::end) && !permissions().has(Permission::view))
    refusal = RefusalReason::not_permitted;
  else if (kind == Kind::open && has_all_sessions())
    refusal = RefusalReason::busy;
  if (refusal) {
    refuse_now(id, *refusal);
    return false;
  }
  requests_.emplace(id, Request{.kind = kind, .session = session.value_or(SessionId{})});
  return true;
}

void HostDialogue::handle(const ListApps& list, Timestamp) {
  if (accept(list.request, Kind::apps)) events_.emplace_back(WantsApps{list.request});
}

void HostDialogue::handle(const Open& open, Timestamp) {
  if (!accept(open.request, Kind::open)) return;
  requests_[open.request].wish = open.wish;
  events_.emplace_back(WantsOpen{open});
}

void HostDialogue::handle(const Change& change, Timestamp) {
  if (!accept(change.request, Kind::change, change.session)) return;
  auto& request = requests_[change.request];
  request.wish = with_change(sessions_[change.session], change);
  events_.emplace_back(WantsChange{change, request.wish});
}

void HostDialogue::handle(const Pause& pause, Timestamp) {
  if (!accept(pause.request, Kind::pause, pause.session)) return;
  events_.emplace_back(WantsPause{pause.request, pause.session});
}

void HostDialogue::handle(const Resume& resume, Timestamp) {
  if (!accept(resume.request, Kind::resume, resume.session)) return;
  events_.emplace_back(WantsResume{resume.request, resume.session});
}

void HostDialogue::handle(const Close& close, Timestamp) {
  if (!accept(close.request, Kind::close, close.session)) return;
  events_.emplace_back(WantsClose{close.request, close.session, close.end_application});
}

void HostDialogue::handle(const EndApplication& end, Timestamp) {
  if (accept(end.request, Kind::end)) events_.emplace_back(WantsEnd{end.request, end.app});
}

// --- the clipboard

// Words may cross the news that it is not permitted any more: those are left unheard.
bool HostDialogue::shares_clipboard(SessionId session) const {
  return !over_ && is_paired() && permissions().has(Permission::clipboard) && sessions_.contains(session);
}

void HostDialogue::handle(const SessionClipboardPart& part, Timestamp) {
  if (shares_clipboard(part.session)) events_.emplace_back(ClipboardCame{part.session, part.part});
}

void HostDialogue::handle(const SessionClipboardTaken& taken, Timestamp) {
  if (shares_clipboard(taken.session)) events_.emplace_back(ClipboardCame{taken.session, taken.taken});
}

void HostDialogue::clipboard(SessionId session, const ClipboardPart& part) {
  if (shares_clipboard(session)) send(SessionClipboardPart{session, part});
}

void HostDialogue::clipboard(SessionId session, const ClipboardTaken& taken) {
  if (shares_clipboard(session)) send(SessionClipboardTaken{session, taken});
}

void HostDialogue::clipboard_state(SessionId session, ClipboardUse use, std::string_view reason) {
  if (!over_ && sessions_.contains(session)) send(ClipboardState{session, use, std::string{reason}});
}

// --- answers

const HostDialogue::Request* HostDialogue::pending(RequestId id, std::initializer_list<Kind> kinds) const {
  const auto found = requests_.find(id);
  if (found == requests_.end() || std::ranges::find(kinds, found->second.kind) == kinds.end()) return nullptr;
  return &found->second;
}

bool HostDialogue::answer(RequestId id, const HostMessage& message) {
  return send(message) && requests_.erase(id) > 0;
}

bool HostDialogue::apps(RequestId request, std::vector<App> apps) {
  return pending(request, {Kind::apps}) != nullptr && answer(request, Apps{request, std::move(apps)});
}

bool HostDialogue::opened(RequestId request, SessionId session, std::uint32_t open_count,
                          const Stream& stream) {
  const auto* open = pending(request, {Kind::open});
  if (open == nullptr) return false;
  auto wish = open->wish;
  if (!answer(request, Opened{request, session, open_count, stream})) return false;
  sessions_.insert_or_assign(session, std::move(wish));
  return true;
}

bool HostDialogue::changed(RequestId request, const Stream& stream) {
  const auto* change = pending(request, {Kind::change});
  if (change == nullptr) return false;
  const auto session = change->session;
  auto wish = change->wish;
  if (!answer(request, Changed{request, session, stream})) return false;
  sessions_[session] = std::move(wish);
  return true;
}

bool HostDialogue::done(RequestId request) {
  const auto* asked = pending(request, {Kind::pause, Kind::resume, Kind::close, Kind::end});
  if (asked == nullptr) return false;
  const auto closed = asked->kind == Kind::close ? std::optional{asked->session} : std::nullopt;
  answer(request, Done{request});
  if (closed) forget_session(*closed);
  return true;
}

bool HostDialogue::refuse(RequestId request, RefusalReason reason, std::string_view text) {
  if (requests_.erase(request) == 0) return false;
  refuse_now(request, reason, text);
  return true;
}

// What waits for it needs an answer no less: to close what is closed is done.
void HostDialogue::forget_session(SessionId session) {
  sessions_.erase(session);
  std::erase_if(requests_, [&](const auto& entry) {
    const auto& [id, request] = entry;
    const bool of_none =
        request.kind == Kind::apps || request.kind == Kind::open || request.kind == Kind::end;
    if (of_none || request.session != session) return false;
    if (request.kind == Kind::close)
      send(Done{id});
    else
      refuse_now(id, RefusalReason::no_such_session);
    return true;
  });
}

void HostDialogue::session_ended(SessionId session, EndReason reason, std::string_view text) {
  if (over_ || !sessions_.contains(session)) return;
  send(SessionEnded{session, reason, either(text, text_of(reason))});
  forget_session(session);
}

bool HostDialogue::pointer_look(SessionId session, const PointerPiece& piece) {
  return !over_ && sessions_.contains(session) && send(PointerLook{session, piece});
}

// --- time

void HostDialogue::advance(Timestamp now) {
  if (over_) return;
  follow_desk(now);
  const bool is_late = (pairing_ == Pairing::code || pairing_ == Pairing::asked) && now >= attempt_ends_;
  if (is_late) refuse_pairing({PairingRefusal::timed_out});
  if (!is_paired() && now >= patience_ends_) end(ByeReason::timed_out, {}, true);
}

std::optional<Timestamp> HostDialogue::next_deadline() const {
  if (over_ || is_paired()) return std::nullopt;
  const bool has_attempt = pairing_ != Pairing::none && pairing_ != Pairing::storing;
  return has_attempt ? std::min(attempt_ends_, patience_ends_) : patience_ends_;
}

}  // namespace lumen::lumen1::control
