// The parts that stand by themselves.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "net/quic/cid_table.hpp"
#include "net/quic/send_buffer.hpp"
#include "net/quic/token_bucket.hpp"
#include "net/quic/transport_parameters.hpp"

namespace lumen::net::quic {
namespace {

using namespace std::chrono_literals;

std::vector<std::byte> bytes(std::initializer_list<unsigned> values) {
  std::vector<std::byte> out;
  for (const auto value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}
ByteView of(std::string_view text) { return std::as_bytes(std::span{text}); }

TEST(QuicParameters, lose_the_grease_bit_and_nothing_else) {
  const auto before = bytes({0x01, 0x02, 0x40, 0x64}), after = bytes({0x0F, 0x00});
  auto list = before;
  const auto grease = bytes({0x6A, 0xB2, 0x00});  // 0x2AB2 in two bytes
  list.insert(list.end(), grease.begin(), grease.end());
  list.insert(list.end(), after.begin(), after.end());
  EXPECT_EQ(without_grease_quic_bit(list), bytes({0x01, 0x02, 0x40, 0x64, 0x0F, 0x00}));
  EXPECT_EQ(without_grease_quic_bit(before), before);
  EXPECT_EQ(without_grease_quic_bit({}), bytes({}));
  // The same number in four bytes, and one that is like it.
  EXPECT_EQ(without_grease_quic_bit(bytes({0x80, 0x00, 0x2A, 0xB2, 0x01, 0x07})), bytes({}));
  EXPECT_EQ(without_grease_quic_bit(bytes({0x6A, 0xB3, 0x00})), bytes({0x6A, 0xB3, 0x00}));
}

TEST(QuicParameters, that_are_cut_short_are_none) {
  EXPECT_EQ(without_grease_quic_bit(bytes({0x01})), std::nullopt);
  EXPECT_EQ(without_grease_quic_bit(bytes({0x40})), std::nullopt);
  EXPECT_EQ(without_grease_quic_bit(bytes({0x01, 0x02, 0x40})), std::nullopt);
  EXPECT_EQ(without_grease_quic_bit(bytes({0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})),
            std::nullopt);
}

TEST(QuicSendBuffer, gives_bytes_in_order_around_its_end_and_takes_none_that_do_not_fit) {
  SendBuffer<100> buffer;
  std::mt19937 random{1};
  std::string given, taken;
  std::uint64_t acknowledged = 0;
  for (int i = 0; i < 5000; ++i) {
    const std::string piece(random() % 60, static_cast<char>('a' + i % 26));
    const bool fits = buffer.size() + piece.size() <= 100;
    ASSERT_EQ(buffer.append(of(piece)), fits);
    if (fits) given += piece;
    std::size_t wanted = random() % 50;
    for (const auto part : buffer.unsent()) {
      const auto now = part.first(std::min(wanted, part.size()));
      taken.append(reinterpret_cast<const char*>(now.data()), now.size());
      buffer.mark_sent(now.size());
      wanted -= now.size();
    }
    ASSERT_EQ(buffer.has_unsent(), taken.size() < given.size());
    acknowledged += random() % (taken.size() - acknowledged + 1);
    buffer.acknowledge(acknowledged);
    ASSERT_EQ(buffer.size(), given.size() - acknowledged);
  }
  EXPECT_TRUE(given.starts_with(taken));
  EXPECT_GE(taken.size(), 10'000U);
}

TEST(QuicSendBuffer, acknowledges_no_more_than_was_sent_and_nothing_twice) {
  SendBuffer<100> buffer;
  ASSERT_TRUE(buffer.append(of("0123456789")));
  buffer.mark_sent(4);
  buffer.acknowledge(9);
  EXPECT_EQ(buffer.size(), 6U);
  buffer.acknowledge(2);
  EXPECT_EQ(buffer.size(), 6U);
}

TEST(QuicTokenBucket, gives_its_burst_and_then_one_at_a_time) {
  TokenBucket bucket{3, 10ms};
  Timestamp now{1s};
  EXPECT_TRUE(bucket.take(now) && bucket.take(now) && bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
  now += 9ms;
  EXPECT_FALSE(bucket.take(now));
  now += 1ms;
  EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
  now += 1h;
  EXPECT_TRUE(bucket.take(now) && bucket.take(now) && bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
}

TEST(QuicCidTable, knows_owners_by_the_whole_of_the_id) {
  CidTable table;
  table.add(of("12345678"), QuicId{1});
  table.add(of("123456789"), QuicId{2});
  table.add(of("another"), QuicId{2});
  EXPECT_EQ(table.owner(of("12345678")), QuicId{1});
  EXPECT_EQ(table.owner(of("123456789")), QuicId{2});
  EXPECT_EQ(table.owner(of("1234567")), std::nullopt);
  EXPECT_EQ(table.owner({}), std::nullopt);
  const std::string long_one(21, 'x');
  table.add(of(long_one), QuicId{3});
  EXPECT_EQ(table.owner(of(long_one)), std::nullopt);
  table.remove(of("123456789"));
  EXPECT_EQ(table.owner(of("123456789")), std::nullopt);
  table.remove_all(QuicId{2});
  EXPECT_EQ(table.owner(of("another")), std::nullopt);
  EXPECT_EQ(table.owner(of("12345678")), QuicId{1});
}

}  // namespace
}  // namespace lumen::net::quic
