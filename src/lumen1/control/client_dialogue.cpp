#include "lumen1/control/client_dialogue.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "lumen1/control/pairing_code.hpp"
#include "lumen1/text.hpp"

namespace lumen::lumen1::control {
namespace {

constexpr std::size_t kMaxRequests = 16, kMaxGivenUp = 256, kMaxPings = 16;
constexpr int kQuickPings = 5;
constexpr std::uint32_t kMaxSecondsToWait = 3600;

template <class... Ts>
tl::unexpected<Error> not_ready(Ts&&... what) {
  return fail(ErrorCode::unavailable, "control.not-ready", std::forward<Ts>(what)...);
}

}  // namespace

ClientDialogue::ClientDialogue(ClientDialogueParams params, Timestamp now)
    : params_{std::move(params)}, allowance_{now}, started_{now} {
  if (params_.device_name.empty()) params_.device_name = "Device";
  send(ClientHello{.min_version = params_.min_version,
                   .max_version = params_.max_version,
                   .features = params_.features,
                   .device_name = params_.device_name,
                   .program = params_.program});
}

std::vector<ClientEvent> ClientDialogue::take_events() { return std::exchange(events_, {}); }
std::vector<std::byte> ClientDialogue::take_output() { return std::exchange(output_, {}); }

// --- the stream

void ClientDialogue::receive(ByteView bytes, Timestamp now) {
  advance(now);
  take_frames(bytes, now);
  if (!over_ && reader_.is_broken()) break_off("a frame of an impossible length");
}

void ClientDialogue::take_frames(ByteView bytes, Timestamp now) {
  while (!over_) {
    const auto frame = reader_.next(bytes);
    if (!frame) return;
    if (!allowance_.spend(now)) return end(ByeReason::flood, {}, {}, true);
    const auto message = decode_host_message(*frame);
    if (const auto* known = std::get_if<HostMessage>(&message)) {
      handle_message(*known, now);
    } else if (std::get<Unreadable>(message) == Unreadable::malformed) {
      break_off(fmt::format("a malformed message of type {:#x}", frame->type));
    }
  }
}

void ClientDialogue::handle_message(const HostMessage& message, Timestamp now) {
  const bool is_free = std::holds_alternative<HostHello>(message) || std::holds_alternative<HostBye>(message);
  if (!host_ && !is_free) return break_off("a message before the hello");
  std::visit([&](const auto& each) { handle(each, now); }, message);
}

bool ClientDialogue::send(const ClientMessage& message) { return append(output_, message); }

void ClientDialogue::break_off(std::string_view what) {
  end(ByeReason::protocol_error, what, remedy_of(ByeReason::protocol_error), true);
}

void ClientDialogue::bye() { end(ByeReason::done, {}, {}, true); }

void ClientDialogue::end(ByeReason reason, std::string_view text, std::string_view remedy, bool tell_host) {
  if (over_) return;
  if (tell_host) send(ClientBye{reason});
  run_.reset();
  pairing_ = Pairing::none;
  requests_.clear();
  over_ = true;
  events_.emplace_back(HostGone{reason, std::string{text.empty() ? text_of(reason) : text},
                                std::string{remedy.empty() ? remedy_of(reason) : remedy}});
}

// --- hello and bye

void ClientDialogue::handle(const HostHello& hello, Timestamp now) {
  if (host_) return break_off("a second hello");
  if (hello.version < params_.min_version || hello.version > params_.max_version) {
    return break_off("a version that was not offered");
  }
  host_ = hello;
  host_->features &= params_.features;
  permissions_ = hello.permissions;
  next_ping_ = now;
  events_.emplace_back(HostReady{*host_});
  advance(now);
}

void ClientDialogue::handle(const HostBye& bye, Timestamp) { end(bye.reason, bye.text, bye.remedy, false); }

// --- the host's clock

void ClientDialogue::ping(Timestamp now) {
  const auto sent_ns = static_cast<std::uint64_t>(to_ns(now));
  pings_.insert(sent_ns);
  if (pings_.size() > kMaxPings) pings_.erase(pings_.begin());
  send(Ping{sent_ns});
  ++pings_sent_;
  next_ping_ = now + (pings_sent_ < kQuickPings ? params_.ping_interval / 10 : params_.ping_interval);
}

void ClientDialogue::handle(const Pong& pong, Timestamp now) {
  if (pings_.erase(pong.sent_ns) == 0) return;  // lost count of, or made up
  clock_.add({.sent = from_ns(static_cast<std::int64_t>(pong.sent_ns)),
              .received = now,
              .remote_received_ns = pong.received_ns,
              .remote_answered_ns = pong.answered_ns});
}

// --- pairing

Status ClientDialogue::require_ready() const {
  if (over_) return not_ready("the connection is over", "Connect again");
  if (!host_) return not_ready("the host has not answered yet", "Wait for it");
  return {};
}

Status ClientDialogue::require_no_pairing() const {
  LUMEN_CHECK_OK(require_ready());
  if (pairing_ != Pairing::none) {
    return not_ready("another attempt to pair is going on", "Wait for its end, or connect again");
  }
  return {};
}

Result<PairingBinding> ClientDialogue::binding(std::string_view exporter_label) const {
  PairingBinding bound{.client = params_.client,
                       .host = params_.host,
                       .client_name = to_plain_text(params_.device_name, kMaxNameBytes),
                       .host_name = host_->name,
                       .version = host_->version};
  if (!params_.exporter || !params_.exporter(exporter_label, bound.exporter.bytes())) {
    return fail(ErrorCode::internal, "control.exporter", "the connection gave no secret to pair with");
  }
  return bound;
}

void ClientDialogue::expect(Pairing next, Timestamp deadline) {
  pairing_ = next;
  pairing_ends_ = deadline;
}

Status ClientDialogue::pair_with_code(std::string_view typed, Timestamp now) {
  LUMEN_CHECK_OK(require_no_pairing());
  const auto code = read_code(typed);
  if (!code) {
    return fail(ErrorCode::invalid_argument, "pairing.code",
                std::string{text_of(PairingRefusal::code_malformed)},
                std::string{remedy_of(PairingRefusal::code_malformed)});
  }
  LUMEN_TRY(const auto bound, binding(kCodeExporter));
  LUMEN_TRY(auto run, start_cpace(crypto::CpaceRole::initiator, *code, bound));
  send(PairWithCode{run.share()});
  run_ = std::move(run);
  expect(Pairing::share_sent, now + params_.pairing_patience);
  return {};
}

void ClientDialogue::handle(const PairShare& share, Timestamp now) {
  if (pairing_ != Pairing::share_sent) return break_off("a share that nobody waits for");
  const auto bound = binding(kCodeExporter);
  if (!bound || !receive_share(*run_, crypto::CpaceRole::initiator, share.share, *bound)) return unproven();
  const auto tag = run_->tag();
  if (!tag) return unproven();
  send(PairConfirm{*tag});
  expect(Pairing::tag_sent, now + params_.pairing_patience);
}

void ClientDialogue::handle(const PairDone& done, Timestamp) {
  if (pairing_ != Pairing::tag_sent) return break_off("a confirmation that nobody waits for");
  if (!run_->confirm(done.tag)) return unproven();
  paired(done.permissions);
}

Status ClientDialogue::ask_approval(Timestamp now) {
  LUMEN_CHECK_OK(require_no_pairing());
  send(AskApproval{});
  expect(Pairing::asked, now + params_.pairing_patience);
  return {};
}

void ClientDialogue::handle(const ApprovalCommitment& commitment, Timestamp now) {
  if (pairing_ != Pairing::asked) return break_off("a commitment that nobody waits for");
  if (!crypto::fill_random(nonce_)) return break_off("no random numbers");
  commitment_ = commitment.commitment;
  send(ApprovalNonce{nonce_});
  expect(Pairing::nonce_sent, now + params_.pairing_patience);
}

void ClientDialogue::handle(const ApprovalPending& pending, Timestamp now) {
  if (pairing_ != Pairing::nonce_sent) return break_off("a nonce that nobody waits for");
  const auto bound = binding(kApprovalExporter);
  if (!bound) return unproven();
  const auto commitment = commitment_of(pending.nonce, *bound);
  const auto words = words_of(pending.nonce, nonce_, *bound);
  if (!commitment || !words || !crypto::equal_in_constant_time(*commitment, commitment_)) return unproven();
  const Duration left = std::chrono::seconds{std::min(pending.expires_after_s, kMaxSecondsToWait)};
  expect(Pairing::waiting, now + left + params_.pairing_patience);
  events_.emplace_back(CompareWords{*words, left});
}

void ClientDialogue::handle(const Approved& approved, Timestamp) {
  if (pairing_ != Pairing::waiting) return break_off("an approval that nobody waits for");
  paired(approved.permissions);
}

void ClientDialogue::handle(const PairingRefused& refused, Timestamp) {
  if (pairing_ == Pairing::none) return break_off("a refusal of nothing");
  fail_pairing(refused.reason, refused.text, refused.remedy,
               std::chrono::seconds{std::min(refused.retry_after_s, kMaxSecondsToWait)});
}

void ClientDialogue::paired(Permissions permissions) {
  run_.reset();
  pairing_ = Pairing::none;
  host_->paired = true;
  host_->permissions = permissions_ = permissions;
  events_.emplace_back(PairedNow{permissions});
}

void ClientDialogue::fail_pairing(PairingRefusal reason, std::string_view text, std::string_view remedy,
                                  Duration retry_after) {
  run_.reset();
  pairing_ = Pairing::none;
  events_.emplace_back(PairingFailed{reason, std::string{text.empty() ? text_of(reason) : text},
                                     std::string{remedy.empty() ? remedy_of(reason) : remedy}, retry_after});
}

// Whoever is there cannot be what it claims to be: nothing more is said to it.
void ClientDialogue::unproven() {
  fail_pairing(PairingRefusal::failed, text_of(ByeReason::host_unproven),
               remedy_of(ByeReason::host_unproven));
  end(ByeReason::host_unproven, {}, {}, true);
}

// --- requests

template <class Message>
Result<RequestId> ClientDialogue::ask(Message message, Kind kind, Timestamp now) {
  LUMEN_CHECK_OK(require_ready());
  if (requests_.size() >= kMaxRequests) {
    return fail(ErrorCode::resource_exhausted, "control.too-many-requests",
                std::string{text_of(RefusalReason::too_many_requests)}, "Wait for the answers");
  }
  message.request = last_request_ + 1;
  if (!send(message)) {
    return fail(ErrorCode::invalid_argument, "control.message", "a value is out of its range");
  }
  requests_.emplace(++last_request_, Request{kind, now + params_.request_patience});
  return last_request_;
}

Result<RequestId> ClientDialogue::list_apps(Timestamp now) { return ask(ListApps{}, Kind::apps, now); }
Result<RequestId> ClientDialogue::open(std::uint32_t app, std::uint8_t display, const StreamWish& wish,
                                       Timestamp now) {
  return ask(Open{.app = app, .display = display, .wish = wish}, Kind::open, now);
}
Result<RequestId> ClientDialogue::change(Change change, Timestamp now) {
  return ask(std::move(change), Kind::change, now);
}
Result<RequestId> ClientDialogue::pause(SessionId session, Timestamp now) {
  return ask(Pause{.session = session}, Kind::done, now);
}
Result<RequestId> ClientDialogue::resume(SessionId session, Timestamp now) {
  return ask(Resume{.session = session}, Kind::done, now);
}
Result<RequestId> ClientDialogue::close(SessionId session, bool end_application, Timestamp now) {
  return ask(Close{.session = session, .end_application = end_application}, Kind::done, now);
}
Result<RequestId> ClientDialogue::end_application(std::uint32_t app, Timestamp now) {
  return ask(EndApplication{.app = app}, Kind::done, now);
}

void ClientDialogue::give_up(RequestId request) {
  given_up_.insert(request);
  if (given_up_.size() > kMaxGivenUp) given_up_.erase(given_up_.begin());
}

// Whether it is the answer to something. Late answers are nothing to anybody.
bool ClientDialogue::answers(RequestId request, std::optional<Kind> kind) {
  if (given_up_.erase(request) > 0) return false;
  const auto found = requests_.find(request);
  if (found == requests_.end() || (kind && found->second.kind != *kind)) {
    break_off("an answer to what was not asked");
    return false;
  }
  requests_.erase(found);
  return true;
}

void ClientDialogue::handle(const Apps& apps, Timestamp) {
  if (answers(apps.request, Kind::apps)) events_.emplace_back(apps);
}

void ClientDialogue::handle(const Opened& opened, Timestamp) {
  if (answers(opened.request, Kind::open)) {
    events_.emplace_back(opened);
  } else if (!over_) {  // nobody waits for that session any more
    send(Close{.request = ++last_request_, .session = opened.session});
    give_up(last_request_);
  }
}

void ClientDialogue::handle(const Changed& changed, Timestamp) {
  if (answers(changed.request, Kind::change)) events_.emplace_back(changed);
}

void ClientDialogue::handle(const Done& done, Timestamp) {
  if (answers(done.request, Kind::done)) events_.emplace_back(done);
}

void ClientDialogue::handle(const Refused& refused, Timestamp) {
  if (answers(refused.request, std::nullopt)) events_.emplace_back(refused);
}

void ClientDialogue::handle(const SessionEnded& ended, Timestamp) { events_.emplace_back(ended); }

void ClientDialogue::handle(const PermissionsChanged& changed, Timestamp) {
  permissions_ = changed.permissions;
  events_.emplace_back(changed);
}

// --- the clipboard

void ClientDialogue::handle(const SessionClipboardPart& part, Timestamp) { events_.emplace_back(part); }
void ClientDialogue::handle(const SessionClipboardTaken& taken, Timestamp) { events_.emplace_back(taken); }
void ClientDialogue::handle(const ClipboardState& state, Timestamp) { events_.emplace_back(state); }

void ClientDialogue::clipboard(SessionId session, const ClipboardPart& part) {
  if (require_ready()) send(SessionClipboardPart{session, part});
}

void ClientDialogue::clipboard(SessionId session, const ClipboardTaken& taken) {
  if (require_ready()) send(SessionClipboardTaken{session, taken});
}

void ClientDialogue::handle(const PointerLook& look, Timestamp) { events_.emplace_back(look); }

// --- time

void ClientDialogue::expire_requests(Timestamp now) {
  std::erase_if(requests_, [&](const auto& entry) {
    const auto& [id, request] = entry;
    if (now < request.expires) return false;
    constexpr auto kReason = RefusalReason::timed_out;
    events_.emplace_back(
        Refused{id, kReason, std::string{text_of(kReason)}, std::string{remedy_of(kReason)}});
    give_up(id);
    return true;
  });
}

void ClientDialogue::advance(Timestamp now) {
  if (over_) return;
  if (!host_) {
    if (now >= started_ + params_.hello_patience) end(ByeReason::timed_out, {}, {}, true);
    return;
  }
  if (pairing_ != Pairing::none && now >= pairing_ends_) {
    fail_pairing(PairingRefusal::timed_out);
    return end(ByeReason::timed_out, {}, {}, true);
  }
  expire_requests(now);
  if (now >= next_ping_) ping(now);
}

std::optional<Timestamp> ClientDialogue::next_deadline() const {
  if (over_) return std::nullopt;
  if (!host_) return started_ + params_.hello_patience;
  auto next = next_ping_;
  if (pairing_ != Pairing::none) next = std::min(next, pairing_ends_);
  for (const auto& [id, request] : requests_) next = std::min(next, request.expires);
  return next;
}

}  // namespace lumen::lumen1::control
