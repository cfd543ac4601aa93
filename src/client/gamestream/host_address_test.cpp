#include "client/gamestream/host_address.hpp"

#include <gtest/gtest.h>

namespace lumen::client {
namespace {

net::Endpoint at(const std::string& address) { return net::Endpoint::parse(address, 1).value(); }

TEST(HostAddress, names_and_addresses_are_read_with_and_without_a_port) {
  EXPECT_EQ(parse_host_address("tv.local").value(), (HostAddress{"tv.local", 47989}));
  EXPECT_EQ(parse_host_address("192.0.2.7:48989").value(), (HostAddress{"192.0.2.7", 48989}));
  EXPECT_EQ(parse_host_address("2001:db8::1").value(), (HostAddress{"2001:db8::1", 47989}));
  EXPECT_EQ(parse_host_address("[2001:db8::1]:48989").value(), (HostAddress{"2001:db8::1", 48989}));
  EXPECT_EQ(parse_host_address("[::1]").value(), (HostAddress{"::1", 47989}));
}

TEST(HostAddress, what_is_none_is_refused) {
  for (const auto* text : {"", ":1", "tv:", "tv:0", "tv:65536", "tv:1x", "[::1", "[::1]47989", "[]", "tv/x",
                           "a b", "user@tv", "[::1]:"}) {
    const auto parsed = parse_host_address(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().id, "client.host-address") << text;
    EXPECT_NE(parsed.error().remedy, "") << text;
  }
}

TEST(HostAddress, its_text_reads_back) {
  for (const auto* text : {"tv.local", "192.0.2.7:48989", "[2001:db8::1]:48989", "[::1]"}) {
    EXPECT_EQ(to_string(parse_host_address(text).value()), text);
  }
}

TEST(HostAddress, ports_are_replaced_in_both_families) {
  EXPECT_EQ(with_port(at("192.0.2.7"), 7).to_string(), "192.0.2.7:7");
  EXPECT_EQ(with_port(at("2001:db8::1"), 7).to_string(), "[2001:db8::1]:7");
  EXPECT_EQ(address_text(at("2001:db8::1")), "2001:db8::1");
  EXPECT_EQ(address_text(at("192.0.2.7")), "192.0.2.7");
}

TEST(HostAddress, private_networks_are_local) {
  for (const auto* local : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
                            "169.254.3.4", "::1", "fe80::1", "fd00::1"}) {
    EXPECT_TRUE(is_local(at(local))) << local;
  }
  for (const auto* remote :
       {"8.8.8.8", "172.32.0.1", "172.15.0.1", "192.169.0.1", "11.0.0.1", "2001:db8::1"}) {
    EXPECT_FALSE(is_local(at(remote))) << remote;
  }
}

}  // namespace
}  // namespace lumen::client
