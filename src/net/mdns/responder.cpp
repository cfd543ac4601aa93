#include "net/mdns/responder.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include <fmt/format.h>

namespace lumen::net::mdns {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kHostTtlS = 120, kOtherTtlS = 4500, kLegacyTtlS = 10;
constexpr int kProbes = 3, kAnnouncements = 2;
constexpr Duration kProbeInterval = 250ms, kAnnounceInterval = 1s, kTieBreakPause = 1s;
constexpr unsigned kManyConflicts = 15;
constexpr Duration kPauseAfterMany = 5s;
constexpr Duration kGap = 1s, kGapAgainstProbes = 250ms;
constexpr std::size_t kMaxPending = 32, kMaxQuestions = 64, kMaxLabelBytes = 63;

const DnsName& list_of_services() {
  static const auto kName = DnsName::of("_services._dns-sd._udp.local");
  return kName;
}

// "box", "box #2": cut so that the number stays whole.
std::string numbered(const std::string& base, const char* separator, unsigned number) {
  if (number == 1) return base.substr(0, kMaxLabelBytes);
  const auto suffix = fmt::format("{}{}", separator, number);
  return base.substr(0, kMaxLabelBytes - suffix.size()) + suffix;
}

DnsName label_under(const std::string& label, const DnsName& parent) {
  DnsName name;
  name.append(label);
  return name.under(parent);
}

bool is_same(const DnsRecord& a, const DnsRecord& b) {
  return a.type == b.type && a.name == b.name && a.data == b.data;
}

}  // namespace

Responder::Responder(Params params) : params_{std::move(params)}, random_{params_.seed} { name_records(); }

void Responder::name_records() {
  instance_ = label_under(numbered(params_.name, " #", instance_number_), params_.service);
  host_ = label_under(numbered(params_.host, "-", host_number_), DnsName::of("local"));
}

Duration Responder::random_between(std::chrono::milliseconds low, std::chrono::milliseconds high) {
  return std::chrono::milliseconds{
      std::uniform_int_distribution<std::int64_t>{low.count(), high.count()}(random_)};
}

// ---- claiming the names.

void Responder::set_interfaces(LocalInterfaces interfaces, Timestamp now) {
  const bool same = interfaces.multicast == interfaces_.multicast;
  interfaces_ = std::move(interfaces);
  if (same) return;
  std::erase_if(multicast_at_,
                [this](const auto& entry) { return interfaces_.find(entry.first) == nullptr; });
  if (!interfaces_.multicast.empty()) return begin_probing(now + random_between(0ms, 250ms));
  phase_ = Phase::idle;
  next_step_ = Timestamp::max();
  pending_.clear();
}

void Responder::begin_probing(Timestamp at) {
  phase_ = Phase::probing;
  steps_ = 0;
  next_step_ = at;
  pending_.clear();
}

Timestamp Responder::next_time() const {
  auto next = next_step_;
  for (const auto& pending : pending_) next = std::min(next, pending.due);
  return next;
}

void Responder::advance(Timestamp now) {
  if (next_step_ <= now) step(now);
  std::vector<Pending> due;
  std::erase_if(pending_, [&](const Pending& pending) {
    if (pending.due > now) return false;
    due.push_back(pending);
    return true;
  });
  for (const auto& pending : due) {
    if (const auto* interface = interfaces_.find(pending.interface)) {
      multicast(*interface, pending.kinds, pending.gap, now);
    }
  }
}

void Responder::step(Timestamp now) {
  if (phase_ == Phase::probing && steps_ < kProbes) {
    probe();
    ++steps_;
    next_step_ = now + kProbeInterval;
    return;
  }
  if (phase_ == Phase::probing) {
    phase_ = Phase::announcing;
    steps_ = 0;
  }
  for (const auto& interface : interfaces_.multicast) multicast(interface, available(interface), 0s, now);
  next_step_ = now + kAnnounceInterval;
  if (++steps_ < kAnnouncements) return;
  phase_ = Phase::running;
  next_step_ = Timestamp::max();
  conflicts_ = 0;
}

// Not with the QU bit: a unicast answer reaches only one of those who share the port on this machine.
void Responder::probe() {
  for (const auto& interface : interfaces_.multicast) {
    DnsMessage message{.questions = {{instance_, DnsType::any}, {host_, DnsType::any}}};
    append(message.authorities, interface, kSrv | kTxt | kA | kAaaa);
    for (auto& record : message.authorities) record.flushes_cache = false;
    outgoing_.push_back({interface.index, std::nullopt, encode_dns(message)});
  }
}

// An address of this machine, whichever interface has it, is no other host's.
bool Responder::conflicts(const DnsRecord& record) const {
  if (record.ttl_s == 0) return false;
  const bool is_address = record.type == DnsType::a || record.type == DnsType::aaaa;
  if (is_address && record.name == host_) return !interfaces_.owns(record.data);
  if (!(record.name == instance_)) return false;
  if (record.type == DnsType::srv) return record.data != make_srv_data({params_.port, host_});
  return record.type == DnsType::txt && record.data != std::string(1, '\0');
}

void Responder::on_response(const DnsMessage& message, Timestamp now) {
  bool instance = false, host = false;
  for (const auto* records : {&message.answers, &message.additionals}) {
    for (const auto& record : *records) {
      if (!conflicts(record)) continue;
      (record.name == instance_ ? instance : host) = true;
    }
  }
  if (instance || host) give_way(instance, host, now);
}

// While probing: the other one was first. Later: whoever answers the new probes keeps the name (RFC 6762, 9).
void Responder::give_way(bool instance, bool host, Timestamp now) {
  if (phase_ == Phase::idle) return;
  ++conflicts_;
  if (phase_ == Phase::probing) {
    if (instance) ++instance_number_;
    if (host) ++host_number_;
    name_records();
  }
  begin_probing(now + (conflicts_ < kManyConflicts ? random_between(0ms, 250ms) : kPauseAfterMany));
}

// Two that probe at the same time: the greater set of records wins (RFC 6762, 8.2).
bool Responder::loses_against(const LocalInterface& interface, const std::vector<DnsRecord>& claimed,
                              const DnsName& name) const {
  using Key = std::pair<std::uint16_t, std::string>;
  const auto keys_of = [&name](const std::vector<DnsRecord>& records) {
    std::vector<Key> keys;
    for (const auto& record : records) {
      if (record.name == name) keys.emplace_back(static_cast<std::uint16_t>(record.type), record.data);
    }
    std::ranges::sort(keys);
    return keys;
  };
  const auto theirs = keys_of(claimed);
  const bool own =
      std::ranges::all_of(theirs, [this](const Key& key) { return interfaces_.owns(key.second); });
  if (own) return false;  // also when there are none
  std::vector<DnsRecord> records;
  append(records, interface, kSrv | kTxt | kA | kAaaa);
  return keys_of(records) < theirs;
}

// ---- answering.

void Responder::on_datagram(unsigned interface, const Endpoint& from, ByteView bytes, Timestamp now) {
  if (interfaces_.find(interface) == nullptr) return;
  const auto message = decode_dns(bytes);
  if (!message) return;
  if (!message->is_response) return on_query(interface, from, *message, now);
  if (from.port() == params_.mdns_port) on_response(*message, now);
}

void Responder::on_query(unsigned index, const Endpoint& from, const DnsMessage& query, Timestamp now) {
  const auto& interface = *interfaces_.find(index);
  const bool is_probe = !query.authorities.empty();
  if (phase_ == Phase::probing && is_probe) {
    if (loses_against(interface, query.authorities, instance_) ||
        loses_against(interface, query.authorities, host_)) {
      begin_probing(now + kTieBreakPause);
    }
  }
  if (!is_established() || query.questions.size() > kMaxQuestions) return;
  const auto known_kinds = known(interface, query.answers);
  // The rest of what a querier knows already comes in further datagrams.
  for (auto& pending : pending_) {
    if (!query.questions.empty() || pending.interface != index || !(pending.from == from)) continue;
    pending.kinds &= ~known_kinds;
    if (query.is_truncated) pending.due = now + random_between(400ms, 500ms);
  }
  Kinds to_all = 0, to_one = 0;
  for (const auto& question : query.questions) {
    (question.wants_unicast ? to_one : to_all) |= asked(interface, question);
  }
  if (from.port() != params_.mdns_port) {
    return answer_legacy(interface, from, query, (to_one | to_all) & ~known_kinds);
  }
  to_one &= ~to_all & ~known_kinds;
  to_all &= ~known_kinds;
  // What the others have not heard for long is for everyone; so is a defence.
  const auto fresh = is_probe ? 0U : multicast_lately(index, to_one, now);
  to_all |= to_one & ~fresh;
  answer_unicast(interface, from, to_one & fresh);
  Pending pending{.interface = index,
                  .from = from,
                  .due = now,
                  .kinds = to_all,
                  .gap = is_probe ? kGapAgainstProbes : kGap};
  if (query.is_truncated) {
    pending.due += random_between(400ms, 500ms);
  } else if ((to_all & (kPointer | kListing)) != 0) {
    pending.due += random_between(20ms, 120ms);
  }
  defer(pending);
}

void Responder::defer(const Pending& pending) {
  if (pending.kinds == 0) return;
  const auto same = std::ranges::find_if(pending_, [&](const Pending& other) {
    return other.interface == pending.interface && other.from == pending.from && other.gap == pending.gap;
  });
  if (same != pending_.end()) {
    same->kinds |= pending.kinds;
    same->due = std::min(same->due, pending.due);
  } else if (pending_.size() < kMaxPending) {
    pending_.push_back(pending);
  }
}

Responder::Kinds Responder::available(const LocalInterface& interface) const {
  return kPointer | kListing | kSrv | kTxt | (interface.has_ipv4() ? kA : 0U) |
         (interface.has_ipv6() ? kAaaa : 0U);
}

Responder::Kinds Responder::asked(const LocalInterface& interface, const DnsQuestion& question) const {
  const bool any = question.type == DnsType::any;
  if (question.name == params_.service) return any || question.type == DnsType::ptr ? kPointer : 0U;
  if (question.name == list_of_services()) return any || question.type == DnsType::ptr ? kListing : 0U;
  if (question.name == instance_) {
    if (any) return kSrv | kTxt;
    if (question.type == DnsType::srv) return kSrv;
    return question.type == DnsType::txt ? kTxt : kInstanceNsec;
  }
  if (!(question.name == host_)) return 0;
  const auto addresses = available(interface) & (kA | kAaaa);
  const auto wanted = question.type == DnsType::a ? kA : question.type == DnsType::aaaa ? kAaaa : 0U;
  const auto there = any ? addresses : addresses & wanted;
  return there != 0 ? there : kHostNsec;
}

Responder::Kinds Responder::known(const LocalInterface& interface,
                                  const std::vector<DnsRecord>& answers) const {
  Kinds known_kinds = 0;
  for (Kinds kind = 1; kind < 1U << kKindCount && !answers.empty(); kind <<= 1U) {
    std::vector<DnsRecord> records;
    append(records, interface, kind);
    const bool all = !records.empty() && std::ranges::all_of(records, [&](const DnsRecord& record) {
      return std::ranges::any_of(answers, [&](const DnsRecord& answer) {
        return answer.ttl_s >= record.ttl_s / 2 && is_same(answer, record);
      });
    });
    if (all) known_kinds |= kind;
  }
  return known_kinds;
}

// What the querier will want next.
Responder::Kinds Responder::along_with(const LocalInterface& interface, Kinds answers) const {
  Kinds more = 0;
  if ((answers & kPointer) != 0) more |= kSrv | kTxt | kA | kAaaa;
  if ((answers & (kSrv | kA | kAaaa)) != 0) more |= kA | kAaaa;
  return more & available(interface) & ~answers;
}

void Responder::append(std::vector<DnsRecord>& out, const LocalInterface& interface, Kinds kinds) const {
  if ((kinds & kPointer) != 0) {
    out.push_back({params_.service, DnsType::ptr, false, kOtherTtlS, instance_.wire()});
  }
  if ((kinds & kListing) != 0) {
    out.push_back({list_of_services(), DnsType::ptr, false, kOtherTtlS, params_.service.wire()});
  }
  if ((kinds & kSrv) != 0) {
    out.push_back({instance_, DnsType::srv, true, kHostTtlS, make_srv_data({params_.port, host_})});
  }
  if ((kinds & kTxt) != 0) out.push_back({instance_, DnsType::txt, true, kOtherTtlS, std::string(1, '\0')});
  for (const auto& address : interface.addresses) {
    const bool is_v4 = address.bytes.size() == 4;
    if ((kinds & (is_v4 ? kA : kAaaa)) == 0) continue;
    out.push_back({host_, is_v4 ? DnsType::a : DnsType::aaaa, true, kHostTtlS, address.bytes});
  }
  if ((kinds & kInstanceNsec) != 0) {
    out.push_back({instance_, DnsType::nsec, true, kOtherTtlS,
                   make_nsec_data(instance_, {DnsType::txt, DnsType::srv})});
  }
  if ((kinds & kHostNsec) != 0) {
    std::vector<DnsType> types;
    if (interface.has_ipv4()) types.push_back(DnsType::a);
    if (interface.has_ipv6()) types.push_back(DnsType::aaaa);
    out.push_back({host_, DnsType::nsec, true, kHostTtlS, make_nsec_data(host_, types)});
  }
}

void Responder::multicast(const LocalInterface& interface, Kinds kinds, Duration gap, Timestamp now) {
  auto& times = multicast_at_[interface.index];
  for (std::size_t i = 0; i < kKindCount; ++i) {
    const auto kind = 1U << i;
    if ((kinds & kind) != 0 && times.at(i) && now - *times.at(i) < gap) kinds &= ~kind;
  }
  if (kinds == 0) return;
  const auto more = along_with(interface, kinds);
  DnsMessage message{.is_response = true};
  append(message.answers, interface, kinds);
  append(message.additionals, interface, more);
  outgoing_.push_back({interface.index, std::nullopt, encode_dns(message)});
  for (std::size_t i = 0; i < kKindCount; ++i) {
    if (((kinds | more) & 1U << i) != 0) times.at(i) = now;
  }
}

// Those that all have heard within a quarter of their life.
Responder::Kinds Responder::multicast_lately(unsigned interface, Kinds kinds, Timestamp now) const {
  const auto found = multicast_at_.find(interface);
  if (found == multicast_at_.end()) return 0;
  Kinds lately = 0;
  for (std::size_t i = 0; i < kKindCount; ++i) {
    const auto kind = 1U << i;
    const bool of_host = (kind & (kSrv | kA | kAaaa | kHostNsec)) != 0;
    const Duration quarter = std::chrono::seconds{(of_host ? kHostTtlS : kOtherTtlS) / 4};
    const auto& at = found->second.at(i);
    if ((kinds & kind) != 0 && at && now - *at < quarter) lately |= kind;
  }
  return lately;
}

void Responder::answer_unicast(const LocalInterface& interface, const Endpoint& to, Kinds kinds) {
  if (kinds == 0) return;
  DnsMessage message{.is_response = true};
  append(message.answers, interface, kinds);
  append(message.additionals, interface, along_with(interface, kinds));
  outgoing_.push_back({interface.index, to, encode_dns(message)});
}

// A plain DNS client: it knows nothing of caches to flush, and asks again soon (RFC 6762, 6.7).
void Responder::answer_legacy(const LocalInterface& interface, const Endpoint& to, const DnsMessage& query,
                              Kinds kinds) {
  if (kinds == 0) return;
  DnsMessage message{.id = query.id, .is_response = true, .questions = query.questions};
  for (auto& question : message.questions) question.wants_unicast = false;
  append(message.answers, interface, kinds);
  append(message.additionals, interface, along_with(interface, kinds));
  for (auto* records : {&message.answers, &message.additionals}) {
    for (auto& record : *records) {
      record.flushes_cache = false;
      record.ttl_s = std::min(record.ttl_s, kLegacyTtlS);
    }
  }
  outgoing_.push_back({interface.index, to, encode_dns(message)});
}

// The addresses stay true, and others may offer the same kind of service.
std::vector<Responder::Outgoing> Responder::goodbye() {
  outgoing_.clear();
  if (is_established()) {
    for (const auto& interface : interfaces_.multicast) {
      DnsMessage message{.is_response = true};
      append(message.answers, interface, kPointer | kSrv | kTxt);
      for (auto& record : message.answers) record.ttl_s = 0;
      outgoing_.push_back({interface.index, std::nullopt, encode_dns(message)});
    }
  }
  phase_ = Phase::idle;
  next_step_ = Timestamp::max();
  pending_.clear();
  return take_outgoing();
}

}  // namespace lumen::net::mdns
