// lumen/net/mdns, internal: what a browse has heard so far, and what is still to be asked. No I/O and no
// clock. Hostile answers fill it to its bounds and no further.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/mdns/browser.hpp"
#include "net/mdns/dns_message.hpp"

namespace lumen::net::mdns {

class Findings {
 public:
  explicit Findings(DnsName service) : service_{std::move(service)} {}

  // `interface` is where it came in.
  void add(const DnsMessage& response, unsigned interface);
  // For the instances of the service, saying which are known.
  DnsMessage query() const;
  // For what is missing of those known; nullopt: nothing.
  std::optional<DnsMessage> follow_up() const;
  std::vector<FoundHost> hosts() const;

 private:
  struct Instance {
    DnsName name;
    std::uint32_t ttl_s = 0;
    std::optional<SrvData> srv;
  };
  struct Address {
    DnsName host;
    std::string bytes;
    unsigned interface = 0;
    bool operator==(const Address&) const = default;
  };
  Instance* find(const DnsName& name);
  void add_instance(const DnsRecord& pointer);
  void add_srv(const DnsRecord& record);
  void add_address(const DnsRecord& record, unsigned interface);
  bool is_wanted(const DnsName& host) const;
  bool has_address(const DnsName& host) const;

  DnsName service_;
  std::vector<Instance> instances_;
  std::vector<Address> addresses_;
};

}  // namespace lumen::net::mdns
