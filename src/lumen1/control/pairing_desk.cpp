#include "lumen1/control/pairing_desk.hpp"

#include <algorithm>
#include <span>

namespace lumen::lumen1::control {
namespace {

template <class T>
void erase_expired(T& entries, Timestamp now) {
  std::erase_if(entries, [now](const auto& entry) { return now >= entry.second.expires; });
}

void wipe_text(std::string& text) { crypto::wipe(std::as_writable_bytes(std::span{text})); }

}  // namespace

PairingDesk::PairingDesk(const PairingLimits& limits)
    : limits_{limits},
      code_limiter_{limits.code_address, limits.code_together},
      asking_limiter_{limits.asking_address, limits.asking_together} {}
PairingDesk::~PairingDesk() { end_code(CodeEnd::withdrawn); }

void PairingDesk::tell(DeskEvent event) {
  if (events_.size() >= kMaxEvents) events_.erase(events_.begin());
  events_.push_back(std::move(event));
}

std::vector<DeskEvent> PairingDesk::take_events() { return std::exchange(events_, {}); }

// --- by code

Result<CodeOffer> PairingDesk::offer_code(CodeKind kind, Permissions permissions, Timestamp now) {
  LUMEN_TRY(auto code, make_code(kind));
  end_code(CodeEnd::withdrawn);
  code_ = Code{.offer = {.code = std::move(code),
                         .permissions = permissions,
                         .expires = now + limits_.code_lifetime,
                         .attempts_left = limits_.max_attempts},
               .generation = ++generation_};
  return code_->offer;
}

void PairingDesk::withdraw_code() { end_code(CodeEnd::withdrawn); }

std::optional<CodeOffer> PairingDesk::offer(Timestamp now) const {
  if (!code_ || now >= code_->offer.expires) return std::nullopt;
  return code_->offer;
}

void PairingDesk::end_code(CodeEnd end) {
  if (!code_) return;
  wipe_text(code_->offer.code);
  tell(CodeEnded{end, code_->last_address});
  code_.reset();
}

// The last attempt at it may still be the right one.
void PairingDesk::end_code_if_void() {
  if (!code_ || code_->offer.attempts_left > 0) return;
  const auto is_about_it = [&](const auto& entry) { return entry.second.generation == code_->generation; };
  if (std::ranges::none_of(attempts_, is_about_it)) end_code(CodeEnd::guessed_at);
}

DeskAnswer<PairingDesk::CodeBegun> PairingDesk::begin_code(const Applicant& applicant,
                                                           const crypto::CpaceShare& share, Timestamp now) {
  advance(now);
  if (const auto wait = code_limiter_.wait(applicant.address, now); wait > Duration::zero()) {
    return DeskRefusal{PairingRefusal::slow_down, wait};
  }
  if (!code_ || code_->offer.attempts_left == 0) return DeskRefusal{PairingRefusal::no_code};
  code_limiter_.attempt(applicant.address, now);
  --code_->offer.attempts_left;
  code_->last_address = applicant.address;
  auto run = start_cpace(crypto::CpaceRole::responder, code_->offer.code, applicant.binding);
  if (!run || !receive_share(*run, crypto::CpaceRole::responder, share, applicant.binding)) {
    end_code_if_void();
    return DeskRefusal{PairingRefusal::failed};
  }
  const CodeBegun begun{.id = next_id(), .share = run->share(), .expires = now + limits_.code_answer};
  attempts_.emplace(begun.id, CodeAttempt{.run = *std::move(run),
                                          .generation = code_->generation,
                                          .address = applicant.address,
                                          .expires = begun.expires});
  return begun;
}

DeskAnswer<PairingDesk::CodeProven> PairingDesk::finish_code(AttemptId id, const crypto::CpaceTag& tag,
                                                             Timestamp now) {
  advance(now);
  auto node = attempts_.extract(id);
  if (node.empty()) return DeskRefusal{PairingRefusal::timed_out};
  auto& attempt = node.mapped();
  // Before the tag is looked at: whether it was right is told to nobody who cannot use it.
  if (!code_ || code_->generation != attempt.generation) return DeskRefusal{PairingRefusal::no_code};
  const auto own_tag = attempt.run.tag();
  if (!attempt.run.confirm(tag) || !own_tag) {
    end_code_if_void();
    return DeskRefusal{PairingRefusal::failed};
  }
  const CodeProven proven{*own_tag, code_->offer.permissions};
  code_limiter_.succeeded(attempt.address);
  end_code(CodeEnd::used);
  return proven;
}

// --- by approval

bool PairingDesk::is_shown(const Asking& asking, Timestamp now) {
  return asking.revealed && asking.verdict == Verdict::waiting && now < asking.device.expires;
}

bool PairingDesk::has_room_for(const Applicant& applicant, Timestamp now) const {
  std::size_t all = 0, of_address = 0;
  for (const auto& [id, asking] : askings_) {
    if (asking.verdict != Verdict::waiting || now >= asking.device.expires) continue;
    ++all;
    if (asking.device.address == applicant.address) ++of_address;
  }
  return all < limits_.max_pending && of_address < limits_.max_pending_of_address;
}

DeskAnswer<PairingDesk::AskingBegun> PairingDesk::ask(const Applicant& applicant, Timestamp now) {
  advance(now);
  if (const auto wait = asking_limiter_.wait(applicant.address, now); wait > Duration::zero()) {
    return DeskRefusal{PairingRefusal::slow_down, wait};
  }
  // A device that asks anew has given up what it asked before.
  for (auto& [id, asking] : askings_) {
    if (asking.device.fingerprint == applicant.binding.client) decide(asking, Verdict::expired);
  }
  if (!has_room_for(applicant, now)) return DeskRefusal{PairingRefusal::too_many};
  asking_limiter_.attempt(applicant.address, now);
  Asking asking{.device = {.id = next_id(),
                           .name = applicant.binding.client_name,
                           .address = applicant.address,
                           .fingerprint = applicant.binding.client,
                           .expires = now + limits_.code_answer},
                .applicant = applicant};
  const bool is_random = crypto::fill_random(asking.nonce).has_value();
  const auto commitment = commitment_of(asking.nonce, applicant.binding);
  if (!is_random || !commitment) return DeskRefusal{PairingRefusal::failed};
  const AskingBegun begun{asking.device.id, *commitment, asking.device.expires};
  askings_.emplace(begun.id, std::move(asking));
  return begun;
}

DeskAnswer<PairingDesk::Revealed> PairingDesk::reveal(AttemptId id, const Nonce& client_nonce,
                                                      Timestamp now) {
  advance(now);
  const auto found = askings_.find(id);
  if (found == askings_.end() || found->second.verdict != Verdict::waiting) {
    return DeskRefusal{PairingRefusal::timed_out};
  }
  auto& asking = found->second;
  auto words = words_of(asking.nonce, client_nonce, asking.applicant.binding);
  if (asking.revealed || !words) return DeskRefusal{PairingRefusal::failed};
  asking.revealed = true;
  asking.device.words = *std::move(words);
  asking.device.expires = now + limits_.approval_lifetime;
  tell(DeviceAsks{asking.device});
  return Revealed{asking.nonce, asking.device.expires};
}

PairingDesk::Decision PairingDesk::decision(AttemptId id, Timestamp now) const {
  const auto found = askings_.find(id);
  if (found == askings_.end()) return {Verdict::expired, {}};
  const auto& asking = found->second;
  if (asking.verdict == Verdict::waiting && now >= asking.device.expires) return {Verdict::expired, {}};
  return {asking.verdict, asking.permissions};
}

std::vector<PendingDevice> PairingDesk::pending(Timestamp now) const {
  std::vector<PendingDevice> devices;
  for (const auto& [id, asking] : askings_) {
    if (is_shown(asking, now)) devices.push_back(asking.device);
  }
  return devices;
}

void PairingDesk::decide(Asking& asking, Verdict verdict) {
  if (asking.verdict != Verdict::waiting) return;
  asking.verdict = verdict;
  if (asking.revealed) tell(AskingEnded{asking.device.id});
}

Result<PairingDesk::Asking*> PairingDesk::require_shown(AttemptId id, Timestamp now) {
  const auto found = askings_.find(id);
  if (found == askings_.end() || !is_shown(found->second, now)) {
    return fail(ErrorCode::invalid_argument, "pairing.no-such-asking", "no such device waits for approval",
                "Look at the list of waiting devices; it may have given up or waited too long");
  }
  return &found->second;
}

Status PairingDesk::approve(AttemptId id, Permissions permissions, Timestamp now) {
  LUMEN_TRY(auto* const asking, require_shown(id, now));
  asking->permissions = permissions;
  asking_limiter_.succeeded(asking->device.address);
  decide(*asking, Verdict::approved);
  return {};
}

Status PairingDesk::deny(AttemptId id, Timestamp now) {
  LUMEN_TRY(auto* const asking, require_shown(id, now));
  decide(*asking, Verdict::denied);
  return {};
}

// --- both

void PairingDesk::abandon(AttemptId id) {
  if (attempts_.erase(id) > 0) end_code_if_void();
  const auto found = askings_.find(id);
  if (found == askings_.end()) return;
  decide(found->second, Verdict::expired);
  askings_.erase(found);
}

void PairingDesk::advance(Timestamp now) {
  erase_expired(attempts_, now);
  if (code_ && now >= code_->offer.expires) end_code(CodeEnd::expired);
  end_code_if_void();
  for (auto& [id, asking] : askings_) {
    if (now >= asking.device.expires) decide(asking, Verdict::expired);
  }
}

std::optional<Timestamp> PairingDesk::next_deadline() const {
  std::optional<Timestamp> next;
  const auto consider = [&next](Timestamp time) { next = next ? std::min(*next, time) : time; };
  if (code_) consider(code_->offer.expires);
  for (const auto& [id, attempt] : attempts_) consider(attempt.expires);
  for (const auto& [id, asking] : askings_) {
    if (asking.verdict == Verdict::waiting) consider(asking.device.expires);
  }
  return next;
}

}  // namespace lumen::lumen1::control
