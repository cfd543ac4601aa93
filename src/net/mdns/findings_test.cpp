#include "net/mdns/findings.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace lumen::net::mdns {
namespace {

const DnsName kService = DnsName::of("_nvstream._tcp.local");
const DnsName kHost = DnsName::of("box.local");

DnsName instance(const std::string& label) {
  DnsName name;
  name.append(label);
  return name.under(kService);
}
DnsRecord pointer_to(const DnsName& name, std::uint32_t ttl_s = 4500) {
  return {kService, DnsType::ptr, false, ttl_s, name.wire()};
}
DnsRecord srv_of(const DnsName& name, std::uint16_t port = 47989, const DnsName& host = kHost) {
  return {name, DnsType::srv, true, 120, make_srv_data({port, host})};
}
const DnsRecord kAddress{kHost, DnsType::a, true, 120, "\x0a\x01\x02\x03"};

TEST(Findings, gathers_a_host_from_one_answer_in_any_order) {
  const auto box = instance("box");
  Findings findings{kService};
  const DnsRecord link_local{kHost, DnsType::aaaa, true, 120, "\xfe\x80" + std::string(13, '\0') + "\x07"};
  const DnsRecord global{kHost, DnsType::aaaa, true, 120, "\xfd" + std::string(14, '\0') + "\x07"};
  findings.add({.is_response = true, .answers = {link_local, global, kAddress, srv_of(box), pointer_to(box)}},
               1);
  const auto hosts = findings.hosts();
  ASSERT_EQ(hosts.size(), 1U);
  EXPECT_EQ(hosts[0].name, "box");
  EXPECT_EQ(hosts[0].host, "box.local");
  EXPECT_EQ(hosts[0].port, 47989);
  ASSERT_EQ(hosts[0].addresses.size(), 3U);
  EXPECT_EQ(hosts[0].addresses[0].to_string(), "10.1.2.3:47989");
  EXPECT_EQ(hosts[0].addresses[1].to_string(), "[fd00::7]:47989");
  EXPECT_EQ(hosts[0].addresses[2].to_string(), "[fe80::7%1]:47989");
  EXPECT_FALSE(findings.follow_up());
}

TEST(Findings, asks_for_what_is_missing_and_tells_what_is_known) {
  const auto box = instance("box");
  Findings findings{kService};
  EXPECT_EQ(findings.query().questions, (std::vector<DnsQuestion>{{kService, DnsType::ptr}}));
  findings.add({.is_response = true, .answers = {pointer_to(box)}}, 1);
  EXPECT_EQ(findings.follow_up()->questions, (std::vector<DnsQuestion>{{box, DnsType::srv}}));
  EXPECT_TRUE(findings.query().answers.empty());
  findings.add({.is_response = true, .answers = {srv_of(box)}}, 1);
  EXPECT_EQ(findings.follow_up()->questions,
            (std::vector<DnsQuestion>{{kHost, DnsType::a}, {kHost, DnsType::aaaa}}));
  EXPECT_TRUE(findings.hosts().empty());
  findings.add({.is_response = true, .answers = {kAddress}}, 1);
  EXPECT_EQ(findings.hosts().size(), 1U);
  EXPECT_EQ(findings.query().answers, (std::vector<DnsRecord>{pointer_to(box)}));
}

TEST(Findings, forgets_who_says_goodbye) {
  const auto box = instance("box");
  Findings findings{kService};
  findings.add({.is_response = true, .answers = {pointer_to(box), srv_of(box), kAddress}}, 1);
  findings.add({.is_response = true, .answers = {pointer_to(box, 0)}}, 1);
  EXPECT_TRUE(findings.hosts().empty());
}

TEST(Findings, ignores_other_services_and_shows_names_that_can_be_shown) {
  Findings findings{kService};
  const auto printer = DnsName::of("printer._ipp._tcp.local");
  const auto evil = instance("a\x1b[31m\n");
  findings.add({.is_response = true,
                .answers = {{DnsName::of("_ipp._tcp.local"), DnsType::ptr, false, 10, printer.wire()},
                            pointer_to(printer),
                            pointer_to(kService),
                            pointer_to(DnsName{}),
                            srv_of(printer),
                            pointer_to(evil),
                            srv_of(evil),
                            srv_of(evil, 0),
                            kAddress,
                            {kHost, DnsType::a, true, 120, "12345"}}},
               1);
  const auto hosts = findings.hosts();
  ASSERT_EQ(hosts.size(), 1U);
  EXPECT_EQ(hosts[0].name, "a?[31m?");
  EXPECT_EQ(hosts[0].addresses.size(), 1U);
}

TEST(Findings, is_bounded) {
  Findings findings{kService};
  for (int i = 0; i < 600; ++i) {
    const auto box = instance(fmt::format("box{}", i));
    auto address = kAddress;
    address.data[3] = static_cast<char>(i);
    address.data[2] = static_cast<char>(i / 256);
    findings.add({.is_response = true, .answers = {pointer_to(box), srv_of(box), address}}, 1);
  }
  const auto hosts = findings.hosts();
  EXPECT_EQ(hosts.size(), 128U);
  EXPECT_EQ(hosts[0].addresses.size(), 512U);
  EXPECT_LE(findings.query().answers.size(), 32U);
}

}  // namespace
}  // namespace lumen::net::mdns
