#include "gamestream/http/pairing_host.hpp"

#include <algorithm>
#include <utility>

#include "gamestream/http/paired_clients.hpp"
#include "gamestream/http/text.hpp"

namespace lumen::gamestream {
namespace {

constexpr std::size_t kMaxFailureAddresses = 1024;

tl::unexpected<Error> no_such_prompt() {
  return fail(ErrorCode::invalid_argument, "gamestream.no-such-prompt",
              "that client no longer waits for a PIN", "Begin pairing again on the client");
}

Answer with_hex(std::string_view element, ByteView bytes) {
  XmlWriter xml{200};
  xml.number("paired", 1);
  xml.text(element, crypto::to_hex(bytes));
  return xml_answer(std::move(xml));
}

Answer ended_answer(AttemptEnd how) {
  if (how == AttemptEnd::denied) return pair_refusal(403, "The host's owner refused to pair");
  return pair_refusal(200);
}

std::vector<std::byte> joined(ByteView a, ByteView b) {
  std::vector<std::byte> bytes{a.begin(), a.end()};
  bytes.insert(bytes.end(), b.begin(), b.end());
  return bytes;
}

}  // namespace

PairingHost::PairingHost(const crypto::Identity& identity, PairingLimits limits, bool enabled)
    : identity_{identity}, limits_{limits}, enabled_{enabled} {}

void PairingHost::on_request(PairRequest request, ReplyId reply, Timestamp now) {
  advance(now);
  const auto attempt = find(request.remote, request.unique_id);
  if (const auto* unusable = std::get_if<Unusable>(&request.phase)) {
    if (attempt != attempts_.end()) end(attempt, AttemptEnd::failed, now);
    answer(reply, pair_refusal(400, unusable->reason));
  } else if (auto* first = std::get_if<GetHostCertificate>(&request.phase)) {
    auto phase = std::move(*first);
    begin(std::move(phase), std::move(request), reply, now);
  } else if (attempt == attempts_.end()) {
    answer(reply, pair_refusal(400, "No pairing is in progress"));
  } else {
    go_on(attempt, request.phase, reply, now);
  }
}

void PairingHost::begin(GetHostCertificate phase, PairRequest request, ReplyId reply, Timestamp now) {
  if (!enabled_) return answer(reply, pair_refusal(403, "This host does not pair at present"));
  const auto older = find(request.remote, request.unique_id);
  if (older != attempts_.end()) end(older, AttemptEnd::replaced, now);
  if (phase.client == identity_.certificate()) {
    return answer(reply, pair_refusal(400, "The client sent the host's own certificate"));
  }
  if (is_backed_off(request.remote, now)) {
    return answer(reply, pair_refusal(403, "Too many failed attempts to pair. Try again in ten minutes"));
  }
  const bool address_busy = std::ranges::any_of(
      attempts_, [&](const auto& each) { return each.second.prompt.remote == request.remote; });
  if (address_busy || attempts_.size() >= limits_.max_attempts) return answer(reply, pair_busy());

  PairingPrompt prompt{.id = AttemptId{++last_id_},
                       .remote = request.remote,
                       .device_name = std::move(request.device_name),
                       .client = phase.client.fingerprint(),
                       .expires = now + limits_.pin_entry};
  events_.emplace_back(PromptOpened{prompt});
  attempts_.emplace(prompt.id, Attempt{.prompt = prompt,
                                       .unique_id = std::move(request.unique_id),
                                       .client = std::move(phase.client),
                                       .salt = phase.salt,
                                       .waiting = reply});
}

Status PairingHost::enter_pin(AttemptId id, std::string_view pin, std::string_view name, Timestamp now) {
  advance(now);
  const auto found = attempts_.find(id);
  if (found == attempts_.end() || found->second.state != State::wait_pin) return no_such_prompt();
  if (!is_pin(pin)) {
    return fail(ErrorCode::invalid_argument, "gamestream.pin", "a PIN has four digits",
                "Type the four digits that the client shows");
  }
  auto& attempt = found->second;
  LUMEN_TRY(attempt.key, pairing_key(attempt.salt, pin));
  attempt.name = display_name(name, kMaxClientNameBytes);
  if (attempt.name.empty()) attempt.name = attempt.prompt.device_name;
  attempt.state = State::got_certificate;
  attempt.prompt.expires = now + limits_.between_phases;
  answer(attempt.waiting, with_hex("plaincert", as_view(identity_.certificate().pem())));
  return {};
}

void PairingHost::go_on(Attempts::iterator attempt, const PairingPhase& phase, ReplyId reply, Timestamp now) {
  auto& state = attempt->second.state;
  Result<Answer> next = fail(ErrorCode::malformed, "gamestream.pairing-order", "");
  if (const auto* two = std::get_if<ClientChallenge>(&phase);
      two != nullptr && state == State::got_certificate) {
    next = challenge(attempt->second, *two);
    state = State::challenged;
  } else if (const auto* three = std::get_if<ClientHash>(&phase);
             three != nullptr && state == State::challenged) {
    next = respond(attempt->second, *three);
    state = State::responded;
  } else if (const auto* four = std::get_if<ClientSecret>(&phase);
             four != nullptr && state == State::responded) {
    return conclude(attempt, *four, reply, now);
  }
  if (next) {
    attempt->second.prompt.expires = now + limits_.between_phases;
    return answer(reply, *std::move(next));
  }
  const bool order = next.error().code == ErrorCode::malformed;
  end(attempt, AttemptEnd::failed, now);
  answer(reply, order ? pair_refusal(400, "This phase of pairing is out of order")
                      : pair_refusal(500, "The host cannot pair at present"));
}

Result<Answer> PairingHost::challenge(Attempt& attempt, const ClientChallenge& phase) {
  LUMEN_TRY(auto client_challenge, crypto::decrypt_aes_128_ecb(attempt.key.view(), phase.encrypted));
  LUMEN_CHECK_OK(crypto::fill_random(attempt.secret.bytes()));
  LUMEN_CHECK_OK(crypto::fill_random(attempt.challenge.bytes()));
  LUMEN_TRY(const auto hash,
            pairing_hash(client_challenge, identity_.certificate().signature(), attempt.secret.view()));
  auto plain = joined(hash, attempt.challenge.view());
  LUMEN_TRY(const auto response, crypto::encrypt_aes_128_ecb(attempt.key.view(), plain));
  crypto::wipe(plain);
  crypto::wipe(client_challenge);
  return with_hex("challengeresponse", response);
}

Result<Answer> PairingHost::respond(Attempt& attempt, const ClientHash& phase) {
  LUMEN_TRY(auto claimed, crypto::decrypt_aes_128_ecb(attempt.key.view(), phase.encrypted));
  attempt.claimed = crypto::SecretBytes<crypto::kSha256Bytes>{claimed};
  crypto::wipe(claimed);
  LUMEN_TRY(const auto signature, identity_.sign(attempt.secret.view()));
  return with_hex("pairingsecret", joined(attempt.secret.view(), signature));
}

Result<bool> PairingHost::is_proven(const Attempt& attempt, const ClientSecret& phase) const {
  LUMEN_TRY(const auto hash,
            pairing_hash(attempt.challenge.view(), attempt.client.signature(), phase.secret));
  const bool same_hash = crypto::equal_in_constant_time(hash, attempt.claimed.view());
  const bool signed_by_client = attempt.client.verify(phase.secret, phase.signature);
  return same_hash && signed_by_client;
}

void PairingHost::conclude(Attempts::iterator attempt, const ClientSecret& phase, ReplyId reply,
                           Timestamp now) {
  const auto proven = is_proven(attempt->second, phase);
  if (!proven || !*proven) {
    answer(reply, pair_refusal(200));
    return end(attempt, AttemptEnd::failed, now);
  }
  auto& [id, done] = *attempt;
  events_.emplace_back(ClientProven{id, reply, done.client, done.name});
  end(attempt, AttemptEnd::proven, now);
}

void PairingHost::on_unpair(const IpAddress& remote, std::string_view unique_id, Timestamp now) {
  advance(now);
  const auto attempt = find(remote, unique_id);
  if (attempt != attempts_.end()) end(attempt, AttemptEnd::abandoned, now);
}

void PairingHost::on_closed(ReplyId reply, Timestamp now) {
  advance(now);
  const auto attempt = std::ranges::find_if(attempts_, [&](const auto& each) {
    return each.second.state == State::wait_pin && each.second.waiting == reply;
  });
  if (attempt == attempts_.end()) return;
  events_.emplace_back(AttemptEnded{attempt->first, AttemptEnd::abandoned});
  attempts_.erase(attempt);
}

Status PairingHost::deny(AttemptId id, Timestamp now) {
  advance(now);
  const auto attempt = attempts_.find(id);
  if (attempt == attempts_.end() || attempt->second.state != State::wait_pin) return no_such_prompt();
  end(attempt, AttemptEnd::denied, now);
  return {};
}

void PairingHost::advance(Timestamp now) {
  for (auto attempt = attempts_.begin(); attempt != attempts_.end();) {
    const auto current = attempt++;
    if (now >= current->second.prompt.expires) end(current, AttemptEnd::timed_out, now);
  }
}

std::optional<Timestamp> PairingHost::next_deadline() const {
  std::optional<Timestamp> next;
  for (const auto& [id, attempt] : attempts_) {
    if (!next || attempt.prompt.expires < *next) next = attempt.prompt.expires;
  }
  return next;
}

std::vector<PairingPrompt> PairingHost::prompts() const {
  std::vector<PairingPrompt> open;
  for (const auto& [id, attempt] : attempts_) {
    if (attempt.state == State::wait_pin) open.push_back(attempt.prompt);
  }
  return open;
}

std::vector<PairingEvent> PairingHost::take_events() { return std::exchange(events_, {}); }

PairingHost::Attempts::iterator PairingHost::find(const IpAddress& remote, std::string_view unique_id) {
  return std::ranges::find_if(attempts_, [&](const auto& each) {
    return each.second.prompt.remote == remote && each.second.unique_id == unique_id;
  });
}

// An attempt that has had its PIN and comes to nothing is a PIN that may have been tried, whatever ended it.
void PairingHost::end(Attempts::iterator attempt, AttemptEnd how, Timestamp now) {
  const bool had_pin = attempt->second.state != State::wait_pin;
  if (!had_pin) answer(attempt->second.waiting, ended_answer(how));
  if (how == AttemptEnd::denied || how == AttemptEnd::failed || (had_pin && how != AttemptEnd::proven)) {
    note_failure(attempt->second.prompt.remote, now);
  }
  events_.emplace_back(AttemptEnded{attempt->first, how});
  attempts_.erase(attempt);
}

void PairingHost::answer(ReplyId reply, Answer answer) {
  events_.emplace_back(PairingAnswer{reply, std::move(answer)});
}

void PairingHost::note_failure(const IpAddress& remote, Timestamp now) {
  if (!failures_.contains(remote) && failures_.size() >= kMaxFailureAddresses) {
    failures_.erase(
        std::ranges::min_element(failures_, {}, [](const auto& each) { return each.second.back(); }));
  }
  auto& times = failures_[remote];
  times.push_back(now);
  if (times.size() > limits_.max_failures) times.erase(times.begin());
}

bool PairingHost::is_backed_off(const IpAddress& remote, Timestamp now) {
  std::erase_if(failures_,
                [&](const auto& each) { return now - each.second.back() >= limits_.failure_window; });
  const auto found = failures_.find(remote);
  if (found == failures_.end()) return false;
  const auto recent = std::ranges::count_if(
      found->second, [&](Timestamp time) { return now - time < limits_.failure_window; });
  return static_cast<std::size_t>(recent) >= limits_.max_failures;
}

}  // namespace lumen::gamestream
