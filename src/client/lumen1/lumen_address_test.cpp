#include "client/lumen1/lumen_address.hpp"

#include <gtest/gtest.h>

namespace lumen::client {
namespace {

TEST(LumenAddress, is_read_as_people_write_it_and_written_back) {
  for (const auto* text : {"box", "box.local:5000", "192.0.2.7", "::1", "[::1]:5000", "fe80::1%eth0"}) {
    const auto address = parse_lumen_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_string(*address), text);
  }
  EXPECT_EQ(parse_lumen_address("box").value().port, 47986);
  EXPECT_EQ(parse_lumen_address("[::1]:5000").value(), (LumenAddress{"::1", 5000}));
  EXPECT_EQ(parse_lumen_address("[::1]").value().host, "::1");
}

TEST(LumenAddress, what_is_none_is_refused_with_a_remedy) {
  for (const auto* text : {"", ":5000", "box:", "box:0", "box:70000", "box:x", "[::1", "[::1]5000", "a b",
                           "-box", "box:50 ", "[]:1", "$(x)"}) {
    const auto address = parse_lumen_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().id, "client.address");
    EXPECT_FALSE(address.error().remedy.empty());
  }
}

TEST(LumenAddress, numbers_resolve_to_themselves) {
  const auto found = resolve({"127.0.0.1", 5000}, {}).value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].to_string(), "127.0.0.1:5000");
  EXPECT_EQ(resolve({"no-such-name.invalid", 1}, {}).error().id, "client.unknown-host");
}

}  // namespace
}  // namespace lumen::client
