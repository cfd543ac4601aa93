#include "gamestream/rtsp/ping.hpp"

#include <gtest/gtest.h>

#include "gamestream/rtsp/test_support.hpp"

namespace lumen::gamestream::rtsp {
namespace {

const auto kPayload = test::payload_of("0F1E2D3C4B5A6978");

TEST(Ping, of_twenty_bytes_carries_payload_and_counter) {
  const auto datagram = write_ping(kPayload, 0x01020304);
  EXPECT_EQ(test::text_of(datagram), std::string{"0F1E2D3C4B5A6978\x01\x02\x03\x04"});
  const auto ping = parse_ping(datagram);
  ASSERT_TRUE(ping);
  EXPECT_FALSE(ping->legacy);
  EXPECT_EQ(ping->payload, kPayload);
  EXPECT_EQ(ping->counter, 0x01020304U);
}

TEST(GameStream2, m3_a_ping_is_nothing_but_PING_or_twenty_bytes_and_more) {
  const auto legacy = write_legacy_ping();
  EXPECT_TRUE(parse_ping(legacy)->legacy);
  for (std::size_t size = 0; size < 30; ++size) {
    EXPECT_EQ(parse_ping(std::vector<std::byte>(size)).has_value(), size >= 20) << size;
  }
}

TEST(GameStream1, s65_m3_only_the_launchs_own_payload_counts) {
  const PingExpectation expected{kPayload, true};
  EXPECT_TRUE(accepts(expected, *parse_ping(write_ping(kPayload, 1)), false));
  const auto other = test::payload_of("0F1E2D3C4B5A6979");
  EXPECT_FALSE(accepts(expected, *parse_ping(write_ping(other, 1)), true));
}

TEST(GameStream1, s65_m3_a_PING_is_ignored_of_clients_that_announced_session_ids) {
  const auto legacy = *parse_ping(write_legacy_ping());
  EXPECT_FALSE(accepts({kPayload, true}, legacy, true));
  EXPECT_TRUE(accepts({kPayload, false}, legacy, true));
  EXPECT_FALSE(accepts({kPayload, false}, legacy, false));
}

}  // namespace
}  // namespace lumen::gamestream::rtsp
