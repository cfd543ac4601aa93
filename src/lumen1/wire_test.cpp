#include "lumen1/wire.hpp"

#include <gtest/gtest.h>

#include "lumen1/test_frames.hpp"

namespace lumen::lumen1 {
namespace {

using test::Buffer;
using test::from_hex;

template <class Header>
Buffer encoded(const Header& header, std::size_t bytes) {
  Buffer out(bytes, std::byte{0xEE});
  encode(header, out);
  return out;
}

Buffer body_of(const ShardHeader& header) {
  auto body = encoded(header, kShardHeaderBytes);
  body.resize(kShardHeaderBytes + header.shard_bytes);
  return body;
}

// 2000 bytes in 125 data shards of 16 bytes; this is the fourth of 5 parity shards.
ShardHeader sample() {
  return {.frame = 0x01020304,
          .frame_bytes = 2000,
          .shard_bytes = 16,
          .shard = 128,
          .parity_shards = 5,
          .code = fec::LeopardField::gf8,
          .age_us = 0x0A0B0C0D,
          .sent_us = 0x1A1B1C1D};
}

TEST(ClearHeader, has_these_bytes) {
  const ClearHeader header{Kind::video, 9, 0xA5, 0x0807'0605'0403'0201};
  const auto bytes = from_hex("06 09 a5 00 0102030405060708");
  EXPECT_EQ(encoded(header, kClearHeaderBytes), bytes);
  const auto back = decode_clear_header(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->kind, Kind::video);
  EXPECT_EQ(back->session, 9);
  EXPECT_EQ(back->epoch, 0xA5);
  EXPECT_EQ(back->packet_number, 0x0807'0605'0403'0201U);
}

TEST(ClearHeader, kinds_of_others_and_short_datagrams_are_not_ours) {
  for (unsigned kind = 0; kind < 256; ++kind) {
    auto bytes = from_hex("00 09 a5 00 0102030405060708");
    bytes[0] = static_cast<std::byte>(kind);
    EXPECT_EQ(decode_clear_header(bytes).has_value(), kind >= 4 && kind <= 10) << kind;
  }
  for (std::size_t size = 0; size < kClearHeaderBytes; ++size) {
    const auto bytes = from_hex("06 09 a5 00 0102030405060708");
    EXPECT_FALSE(decode_clear_header(ByteView{bytes}.first(size))) << size;
  }
}

TEST(ClearHeader, the_byte_that_must_be_zero_is_checked) {
  EXPECT_FALSE(decode_clear_header(from_hex("06 09 a5 01 0102030405060708")));
}

TEST(ShardHeader, has_these_bytes) {
  const auto bytes = from_hex("04030201 d0070000 1000 8000 0500 01 00 0d0c0b0a 1d1c1b1a");
  EXPECT_EQ(encoded(sample(), kShardHeaderBytes), bytes);
  const auto back = decode_shard_header(body_of(sample()));
  ASSERT_TRUE(back);
  EXPECT_EQ(encoded(*back, kShardHeaderBytes), bytes);
}

TEST(ShardHeader, its_times_are_overwritten_in_place) {
  auto bytes = encoded(sample(), kShardHeaderBytes);
  encode_times(0x01020304, 0x05060708, bytes);
  EXPECT_EQ(bytes, from_hex("04030201 d0070000 1000 8000 0500 01 00 04030201 08070605"));
}

TEST(ShardHeader, the_clock_on_the_wire_counts_microseconds_and_wraps_around) {
  EXPECT_EQ(wire_clock_us(from_ns(1'999)), 1U);
  EXPECT_EQ(wire_clock_us(from_ns((std::int64_t{1} << 32) * 1000 + 5'000)), 5U);
}

TEST(ShardHeader, the_largest_datagram_fits_into_ipv6_over_ethernet) {
  EXPECT_EQ(kMaxShardBytes, 1392U);
  EXPECT_EQ(kClearHeaderBytes + kShardHeaderBytes + kMaxShardBytes + kTagBytes, kMaxDatagramBytes);
  EXPECT_LE(kMaxDatagramBytes, 1452U);
}

TEST(ShardHeader, every_truncation_and_every_extension_is_refused) {
  auto body = body_of(sample());
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode_shard_header(ByteView{body}.first(size))) << size;
  }
  body.push_back(std::byte{0});
  EXPECT_FALSE(decode_shard_header(body));
}

struct BadShard {
  const char* why;
  void (*spoil)(ShardHeader&);
};

class BadShardHeader : public testing::TestWithParam<BadShard> {};

TEST_P(BadShardHeader, is_refused) {
  auto header = sample();
  ASSERT_TRUE(decode_shard_header(body_of(header)));
  GetParam().spoil(header);
  EXPECT_FALSE(decode_shard_header(body_of(header))) << GetParam().why;
}

INSTANTIATE_TEST_SUITE_P(
    Geometry, BadShardHeader,
    testing::Values(
        BadShard{"no access unit", [](ShardHeader& h) { h = {.frame_bytes = 24, .shard_bytes = 32}; }},
        BadShard{"frame too large",
                 [](ShardHeader& h) { h = {.frame_bytes = kMaxFrameBytes + 1, .shard_bytes = 1392}; }},
        BadShard{"no shard", [](ShardHeader& h) { h.shard_bytes = 0; }},
        BadShard{"shard too large", [](ShardHeader& h) { h = {.frame_bytes = 99, .shard_bytes = 1393}; }},
        BadShard{"too many shards", [](ShardHeader& h) { h = {.frame_bytes = 65536, .shard_bytes = 1}; }},
        BadShard{"shard out of range", [](ShardHeader& h) { h.shard = 130; }},
        BadShard{"a code without parity", [](ShardHeader& h) { h.parity_shards = 0, h.shard = 0; }},
        BadShard{"parity without a code", [](ShardHeader& h) { h.code.reset(); }},
        BadShard{"too many points for GF(2^8)", [](ShardHeader& h) { h.parity_shards = 129; }},
        BadShard{"an odd shard in GF(2^16)",
                 [](ShardHeader& h) { h.shard_bytes = 17, h.shard = 0, h.code = fec::LeopardField::gf16; }},
        BadShard{"too many points for GF(2^16)", [](ShardHeader& h) {
                   h = {.frame_bytes = 80'000,
                        .shard_bytes = 2,
                        .parity_shards = 16'385,
                        .code = fec::LeopardField::gf16};
                 }}));

TEST(ShardHeader, the_limits_themselves_are_accepted) {
  const auto accepts = [](const ShardHeader& header) {
    return decode_shard_header(body_of(header)).has_value();
  };
  using enum fec::LeopardField;
  EXPECT_TRUE(accepts({.frame_bytes = 25, .shard_bytes = 25}));
  EXPECT_TRUE(accepts({.frame_bytes = kMaxFrameBytes, .shard_bytes = 1392}));
  EXPECT_TRUE(accepts({.frame_bytes = 65'535, .shard_bytes = 1, .shard = 65'534}));
  EXPECT_TRUE(
      accepts({.frame_bytes = 2000, .shard_bytes = 16, .shard = 252, .parity_shards = 128, .code = gf8}));
  EXPECT_TRUE(accepts({.frame_bytes = 80'000, .shard_bytes = 2, .parity_shards = 16'384, .code = gf16}));
}

TEST(ShardHeader, bytes_that_must_be_zero_and_codes_are_checked) {
  auto body = body_of(sample());
  body[15] = std::byte{1};
  EXPECT_FALSE(decode_shard_header(body));
  body = body_of(sample());
  body[14] = std::byte{3};
  EXPECT_FALSE(decode_shard_header(body));
}

FrameHeader frame_sample() {
  return {.codec = Codec::h264,
          .kind = PictureKind::idr,
          .width = 1920,
          .height = 1080,
          .capture_us = 0x01020304,
          .encode_us = 0x05060708};
}

TEST(FrameHeader, has_these_bytes) {
  const auto bytes = from_hex("01 01 8007 3804 0000 04030201 08070605 0000000000000000");
  EXPECT_EQ(encoded(frame_sample(), kFrameHeaderBytes), bytes);
  const auto back = decode_frame_header(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(encoded(*back, kFrameHeaderBytes), bytes);
}

TEST(FrameHeader, unknown_codecs_kinds_and_sizes_are_refused) {
  const auto refuses = [](std::size_t offset, unsigned value) {
    auto bytes = encoded(frame_sample(), kFrameHeaderBytes);
    bytes[offset] = static_cast<std::byte>(value);
    return !decode_frame_header(bytes).has_value();
  };
  EXPECT_TRUE(refuses(0, 0));
  EXPECT_TRUE(refuses(0, 2));
  EXPECT_FALSE(refuses(1, 0));
  EXPECT_TRUE(refuses(1, 2));
  EXPECT_TRUE(refuses(3, 0x20));  // 8192 + 128 wide
  EXPECT_TRUE(refuses(5, 0x20));
  for (const std::size_t zero : {6U, 7U, 16U, 23U}) EXPECT_TRUE(refuses(zero, 1)) << zero;
  const auto sized = [](std::uint16_t width, std::uint16_t height) {
    return decode_frame_header(encoded(FrameHeader{.width = width, .height = height}, kFrameHeaderBytes));
  };
  EXPECT_FALSE(sized(0, 1));
  EXPECT_FALSE(sized(1, 0));
  EXPECT_TRUE(sized(1, 1));
  EXPECT_TRUE(sized(8192, 8192));
}

TEST(FrameHeader, every_truncation_is_refused) {
  const auto bytes = encoded(frame_sample(), kFrameHeaderBytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_frame_header(ByteView{bytes}.first(size))) << size;
  }
}

TEST(Wire, ten_thousand_mutations_of_a_shard_header_decode_to_themselves_or_not_at_all) {
  std::mt19937 random{11};
  std::size_t accepted = 0;
  for (int round = 0; round < 10'000; ++round) {
    auto body = body_of(sample());
    for (auto flips = random() % 3; flips-- > 0;) {
      body[random() % kShardHeaderBytes] ^= static_cast<std::byte>(1U << random() % 8);
    }
    const auto header = decode_shard_header(body);
    if (!header) continue;
    ++accepted;
    body.resize(kShardHeaderBytes);
    EXPECT_EQ(encoded(*header, kShardHeaderBytes), body);
  }
  EXPECT_GT(accepted, 3'000U);
  EXPECT_LT(accepted, 10'000U);
}

}  // namespace
}  // namespace lumen::lumen1
