#include "net/mdns/findings.hpp"

#include <algorithm>
#include <utility>

#include "net/mdns/interfaces.hpp"

namespace lumen::net::mdns {
namespace {

constexpr std::size_t kMaxInstances = 128, kMaxAddresses = 512, kMaxQuestions = 32;

// Names go to terminals.
std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

// IPv4, then IPv6 that leads anywhere, then what only leads along one link.
std::pair<int, std::string> rank(const Endpoint& endpoint) {
  auto bytes = address_bytes(endpoint);
  const int kind = bytes.size() == 4 ? 0 : bytes.starts_with("\xfe\x80") ? 2 : 1;
  return {kind, std::move(bytes)};
}

}  // namespace

Findings::Instance* Findings::find(const DnsName& name) {
  const auto found = std::ranges::find(instances_, name, &Instance::name);
  return found == instances_.end() ? nullptr : &*found;
}

void Findings::add(const DnsMessage& response, unsigned interface) {
  const auto each = [&response](auto use) {
    for (const auto* records : {&response.answers, &response.additionals}) {
      for (const auto& record : *records) use(record);
    }
  };
  // Pointers, what they point to, where that is: in whichever order they stand.
  each([this](const DnsRecord& record) {
    if (record.type == DnsType::ptr && record.name == service_) add_instance(record);
  });
  each([this](const DnsRecord& record) { add_srv(record); });
  each([this, interface](const DnsRecord& record) { add_address(record, interface); });
}

void Findings::add_instance(const DnsRecord& pointer) {
  const auto name = ptr_target(pointer);
  if (!name || name->labels().empty() || !(name->parent() == service_)) return;
  if (pointer.ttl_s == 0) {
    std::erase_if(instances_, [&](const Instance& instance) { return instance.name == *name; });
  } else if (auto* const known = find(*name)) {
    known->ttl_s = pointer.ttl_s;
  } else if (instances_.size() < kMaxInstances) {
    instances_.push_back({.name = *name, .ttl_s = pointer.ttl_s});
  }
}

void Findings::add_srv(const DnsRecord& record) {
  auto srv = srv_data(record);
  auto* const instance = srv ? find(record.name) : nullptr;
  if (instance == nullptr) return;
  if (record.ttl_s == 0) {
    instance->srv.reset();
  } else if (srv->port != 0) {
    instance->srv = std::move(srv);
  }
}

void Findings::add_address(const DnsRecord& record, unsigned interface) {
  const bool fits = (record.type == DnsType::a && record.data.size() == 4) ||
                    (record.type == DnsType::aaaa && record.data.size() == 16);
  if (!fits || !is_wanted(record.name)) return;
  const Address address{record.name, record.data, interface};
  std::erase(addresses_, address);
  if (record.ttl_s != 0 && addresses_.size() < kMaxAddresses) addresses_.push_back(address);
}

bool Findings::is_wanted(const DnsName& host) const {
  return std::ranges::any_of(instances_,
                             [&](const Instance& one) { return one.srv && one.srv->target == host; });
}

bool Findings::has_address(const DnsName& host) const {
  return std::ranges::any_of(addresses_, [&](const Address& address) { return address.host == host; });
}

DnsMessage Findings::query() const {
  DnsMessage message{.questions = {{service_, DnsType::ptr}}};
  for (const auto& instance : instances_) {
    if (!instance.srv || !has_address(instance.srv->target)) continue;
    if (message.answers.size() == kMaxQuestions) break;
    message.answers.push_back({service_, DnsType::ptr, false, instance.ttl_s, instance.name.wire()});
  }
  return message;
}

std::optional<DnsMessage> Findings::follow_up() const {
  DnsMessage message;
  for (const auto& instance : instances_) {
    if (message.questions.size() >= kMaxQuestions) break;
    if (!instance.srv) {
      message.questions.push_back({instance.name, DnsType::srv});
    } else if (!has_address(instance.srv->target)) {
      message.questions.push_back({instance.srv->target, DnsType::a});
      message.questions.push_back({instance.srv->target, DnsType::aaaa});
    }
  }
  if (message.questions.empty()) return std::nullopt;
  return message;
}

std::vector<FoundHost> Findings::hosts() const {
  std::vector<FoundHost> hosts;
  for (const auto& instance : instances_) {
    if (!instance.srv) continue;
    FoundHost host{.name = printable(instance.name.labels().front()),
                   .host = printable(instance.srv->target.to_text()),
                   .port = instance.srv->port};
    for (const auto& address : addresses_) {
      if (!(address.host == instance.srv->target)) continue;
      const auto endpoint = endpoint_of(address.bytes, host.port, address.interface);
      // The same address through two interfaces is one, unless it is link-local.
      if (std::ranges::find(host.addresses, endpoint) == host.addresses.end()) {
        host.addresses.push_back(endpoint);
      }
    }
    std::ranges::sort(host.addresses, {}, rank);
    if (!host.addresses.empty()) hosts.push_back(std::move(host));
  }
  std::ranges::sort(hosts, {}, &FoundHost::name);
  return hosts;
}

}  // namespace lumen::net::mdns
