#include "host/gamestream/pairing_desk.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace lumen::host {
namespace {

Timestamp now() { return SteadyTime{}.now(); }

std::chrono::sys_seconds today() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

const char* to_text(gamestream::AttemptEnd end) {
  switch (end) {
    case gamestream::AttemptEnd::proven:
      return "paired";
    case gamestream::AttemptEnd::denied:
      return "denied";
    case gamestream::AttemptEnd::timed_out:
      return "timed out";
    case gamestream::AttemptEnd::replaced:
      return "the client began anew";
    case gamestream::AttemptEnd::abandoned:
      return "given up by the client: if you typed a PIN, it was a wrong one";
    case gamestream::AttemptEnd::failed:
      break;
  }
  return "failed: the PIN was wrong, or the client did not keep to the protocol";
}

}  // namespace

PairingDesk::PairingDesk(StateStore& store, EventLoop& loop, Logger& log)
    : store_{store}, loop_{loop}, log_{log}, pairing_{store.identity()} {}

PairingDesk::~PairingDesk() {
  loop_.cancel(timer_);
  for (const auto& [id, reply] : waiting_) reply(gamestream::pair_refusal(503, "The host is stopping"));
}

PairingDesk::ReplyId PairingDesk::on_request(gamestream::PairRequest request, Reply reply) {
  const ReplyId id{++last_reply_};
  waiting_.emplace(id, std::move(reply));
  pairing_.on_request(std::move(request), id, now());
  settle();
  return id;
}

void PairingDesk::on_unpair(const gamestream::UnpairRequest& request) {
  pairing_.on_unpair(request.remote, request.unique_id, now());
  settle();
}

void PairingDesk::closed(ReplyId reply) {
  if (waiting_.erase(reply) == 0) return;
  pairing_.on_closed(reply, now());
  settle();
}

Result<gamestream::AttemptId> PairingDesk::choose(std::uint64_t prompt) const {
  const auto all = pairing_.prompts();
  if (prompt != 0) return gamestream::AttemptId{prompt};
  if (all.empty()) {
    return fail(ErrorCode::unavailable, "gamestream.no-such-prompt", "no client waits for its PIN",
                "Choose this host in Moonlight first; it shows a PIN");
  }
  if (all.size() > 1) {
    return fail(ErrorCode::invalid_argument, "gamestream.which-prompt", "several clients wait for their PINs",
                "Say which: lumen-host pair --client NUMBER PIN");
  }
  return all.front().id;
}

// As the client calls itself, or by what else tells it from others.
std::string PairingDesk::name_for(gamestream::AttemptId id) const {
  for (const auto& prompt : pairing_.prompts()) {
    if (prompt.id != id) continue;
    return prompt.device_name.empty() ? "Moonlight at " + prompt.remote.text() : prompt.device_name;
  }
  return {};
}

Status PairingDesk::enter_pin(std::uint64_t prompt, std::string_view pin, std::string_view name) {
  LUMEN_TRY(const auto id, choose(prompt));
  const auto entered = pairing_.enter_pin(id, pin, name.empty() ? name_for(id) : std::string{name}, now());
  settle();
  return entered;
}

Status PairingDesk::deny(std::uint64_t prompt) {
  LUMEN_TRY(const auto id, choose(prompt));
  const auto denied = pairing_.deny(id, now());
  settle();
  return denied;
}

void PairingDesk::settle() {
  for (auto events = pairing_.take_events(); !events.empty(); events = pairing_.take_events()) {
    for (const auto& event : events) {
      std::visit([this](const auto& known) { handle(known); }, event);
    }
  }
  loop_.cancel(timer_);
  if (const auto next = pairing_.next_deadline()) {
    timer_ = loop_.call_at(*next, [this] {
      pairing_.advance(now());
      settle();
    });
  }
}

void PairingDesk::handle(const gamestream::PromptOpened& event) {
  const auto& prompt = event.prompt;
  log_.warn("{} at {} wants to pair. If that is you: lumen-host pair PIN (prompt {})",
            prompt.device_name.empty() ? "a client" : prompt.device_name, prompt.remote.text(),
            static_cast<std::uint64_t>(prompt.id));
}

void PairingDesk::handle(const gamestream::PairingAnswer& event) { answer(event.reply, event.answer); }

void PairingDesk::handle(const gamestream::ClientProven& event) {
  const auto stored = store_.change_clients([&event](gamestream::PairedClients& clients) {
    return clients.add(event.certificate, event.name, today());
  });
  if (stored) {
    log_.info("{} is paired", event.name);
    keep(event.id, {true, fmt::format("{} is paired", event.name)});
    answer(event.reply, gamestream::pair_success());
  } else {
    log_.error("{} is not paired: {}", event.name, describe(stored.error()));
    keep(event.id, {false, describe(stored.error())});
    answer(event.reply, gamestream::pair_refusal(500, "The host cannot store the pairing"));
  }
}

void PairingDesk::handle(const gamestream::AttemptEnded& event) {
  log_.info("pairing (prompt {}): {}", static_cast<std::uint64_t>(event.id), to_text(event.end));
  if (event.end != gamestream::AttemptEnd::proven) keep(event.id, {false, to_text(event.end)});
}

void PairingDesk::keep(gamestream::AttemptId id, Outcome outcome) {
  outcomes_.insert_or_assign(id, std::move(outcome));
  while (outcomes_.size() > kKeptOutcomes) outcomes_.erase(outcomes_.begin());
}

std::optional<PairingDesk::Outcome> PairingDesk::outcome(std::uint64_t prompt) const {
  const auto found = outcomes_.find(gamestream::AttemptId{prompt});
  if (found == outcomes_.end()) return std::nullopt;
  return found->second;
}

void PairingDesk::answer(ReplyId id, const gamestream::Answer& answer) {
  const auto waiting = waiting_.extract(id);
  if (waiting) waiting.mapped()(answer);
}

}  // namespace lumen::host
