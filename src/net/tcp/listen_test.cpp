#include "net/tcp/listen.hpp"

#include <gtest/gtest.h>

#include "net/tcp/test_loop.hpp"

namespace lumen::net {
namespace {

Endpoint address(const std::string& text) { return Endpoint::parse(text, 1).value(); }

TEST(ListenTcp, ipv4_and_ipv6_share_a_free_port) {
  const auto listeners = listen_tcp({.addresses = {"127.0.0.1", "::1"}}).value();
  ASSERT_EQ(listeners.size(), 2U);
  EXPECT_NE(listeners[0].local.port(), 0);
  EXPECT_EQ(listeners[0].local.port(), listeners[1].local.port());
  for (const auto& listener : listeners) EXPECT_TRUE(PeerSocket{listener.local}.connected());
}

TEST(ListenTcp, the_wildcard_addresses_do_not_collide) { EXPECT_EQ(listen_tcp({}).value().size(), 2U); }

TEST(ListenTcp, a_taken_port_is_named) {
  const auto first = listen_tcp({.addresses = {"127.0.0.1"}}).value();
  const auto second = listen_tcp({.addresses = {"127.0.0.1"}, .port = first[0].local.port()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().id, "net.port-in-use");
  EXPECT_NE(second.error().what.find("TCP port " + std::to_string(first[0].local.port())), std::string::npos);
}

TEST(ListenTcp, an_address_of_another_machine_and_none_at_all_are_refused) {
  EXPECT_EQ(listen_tcp({.addresses = {"192.0.2.77"}}).error().id, "net.bind");
  EXPECT_EQ(listen_tcp({.addresses = {}}).error().id, "net.bind");
  EXPECT_EQ(listen_tcp({.addresses = {"localhost"}}).error().id, "net.address");
}

TEST(ConnectionLimits, count_by_address_and_altogether) {
  ConnectionLimits limits{3, 2};
  EXPECT_TRUE(limits.admit(address("10.0.0.1")));
  EXPECT_TRUE(limits.admit(address("10.0.0.1")));
  EXPECT_FALSE(limits.admit(address("10.0.0.1")));
  EXPECT_TRUE(limits.admit(address("10.0.0.2")));
  EXPECT_FALSE(limits.admit(address("10.0.0.3")));
  limits.leave(address("10.0.0.1"));
  EXPECT_TRUE(limits.admit(address("10.0.0.3")));
  EXPECT_EQ(limits.count(), 3U);
}

TEST(ConnectionLimits, an_ipv6_network_counts_as_one_but_link_local_addresses_do_not) {
  ConnectionLimits limits{9, 1};
  EXPECT_TRUE(limits.admit(address("2001:db8::1")));
  EXPECT_FALSE(limits.admit(address("2001:db8::2")));
  EXPECT_TRUE(limits.admit(address("2001:db8:0:1::2")));
  EXPECT_TRUE(limits.admit(address("fe80::1%lo")));
  EXPECT_TRUE(limits.admit(address("fe80::2%lo")));
}

}  // namespace
}  // namespace lumen::net
