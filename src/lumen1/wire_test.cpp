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

// 2000 bytes in 3 blocks of 16-byte shards: 125 data shards as 41, 42, 42.
ShardHeader sample() {
  return {.frame = 0x01020304,
          .frame_bytes = 2000,
          .shard_bytes = 16,
          .block = 1,
          .blocks = 3,
          .shard = 43,
          .data_shards = 42,
          .parity_shards = 5,
          .age_us = 0x0A0B0C0D};
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
    EXPECT_EQ(decode_clear_header(bytes).has_value(), kind >= 4 && kind <= 8) << kind;
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
  const auto bytes = from_hex("04030201 d0070000 1000 01 03 2b 2a 05 00 0d0c0b0a");
  EXPECT_EQ(encoded(sample(), kShardHeaderBytes), bytes);
  const auto back = decode_shard_header(body_of(sample()));
  ASSERT_TRUE(back);
  EXPECT_EQ(encoded(*back, kShardHeaderBytes), bytes);
}

TEST(ShardHeader, the_age_is_overwritten_in_place) {
  auto bytes = encoded(sample(), kShardHeaderBytes);
  encode_age(0x01020304, bytes);
  EXPECT_EQ(bytes, from_hex("04030201 d0070000 1000 01 03 2b 2a 05 00 04030201"));
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
        BadShard{"no access unit",
                 [](ShardHeader& h) {
                   h = {.frame_bytes = 24, .shard_bytes = 32, .blocks = 1, .data_shards = 1};
                 }},
        BadShard{
            "frame too large",
            [](ShardHeader& h) {
              h = {.frame_bytes = kMaxFrameBytes + 1, .shard_bytes = 1392, .blocks = 64, .data_shards = 94};
            }},
        BadShard{"no shard", [](ShardHeader& h) { h.shard_bytes = 0; }},
        BadShard{"shard too large",
                 [](ShardHeader& h) {
                   h = {.frame_bytes = 99, .shard_bytes = 1393, .blocks = 1, .data_shards = 1};
                 }},
        BadShard{"no blocks", [](ShardHeader& h) { h.blocks = 0; }},
        BadShard{"too many blocks",
                 [](ShardHeader& h) {
                   h = {.frame_bytes = 130, .shard_bytes = 2, .blocks = 65, .data_shards = 1};
                 }},
        BadShard{"block out of range", [](ShardHeader& h) { h.block = 3; }},
        BadShard{"more blocks than shards",
                 [](ShardHeader& h) {
                   h = {.frame_bytes = 32, .shard_bytes = 16, .block = 1, .blocks = 3, .data_shards = 1};
                 }},
        BadShard{"another block's share", [](ShardHeader& h) { h.block = 0; }},
        BadShard{"a block that cannot be addressed",
                 [](ShardHeader& h) {
                   h = {.frame_bytes = 511, .shard_bytes = 1, .blocks = 2, .data_shards = 255};
                 }},
        BadShard{"too many shards", [](ShardHeader& h) { h.parity_shards = 214; }},
        BadShard{"shard out of range", [](ShardHeader& h) { h.shard = 47; }}));

TEST(ShardHeader, the_limits_themselves_are_accepted) {
  const auto accepts = [](const ShardHeader& header) {
    return decode_shard_header(body_of(header)).has_value();
  };
  EXPECT_TRUE(accepts({.frame_bytes = 25, .shard_bytes = 25, .blocks = 1, .data_shards = 1}));
  EXPECT_TRUE(accepts({.frame_bytes = kMaxFrameBytes, .shard_bytes = 1392, .blocks = 64, .data_shards = 94}));
  EXPECT_TRUE(accepts({.frame_bytes = 255,
                       .shard_bytes = 1,
                       .blocks = 1,
                       .shard = 254,
                       .data_shards = 255,
                       .parity_shards = 0}));
  EXPECT_TRUE(accepts({.frame_bytes = 25,
                       .shard_bytes = 32,
                       .blocks = 1,
                       .shard = 254,
                       .data_shards = 1,
                       .parity_shards = 254}));
}

TEST(ShardHeader, bytes_that_must_be_zero_are_checked) {
  for (const std::size_t offset : {15U}) {
    auto body = body_of(sample());
    body[offset] = std::byte{1};
    EXPECT_FALSE(decode_shard_header(body)) << offset;
  }
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

TEST(Wire, blocks_share_the_shards_evenly_and_completely) {
  for (const std::size_t n : {1U, 2U, 7U, 254U, 255U, 6027U}) {
    for (std::size_t blocks = 1; blocks <= std::min<std::size_t>(n, kMaxBlocks); ++blocks) {
      EXPECT_EQ(block_first_shard(n, blocks, 0), 0U);
      EXPECT_EQ(block_first_shard(n, blocks, blocks), n);
      for (std::size_t b = 0; b < blocks; ++b) {
        const auto share = block_first_shard(n, blocks, b + 1) - block_first_shard(n, blocks, b);
        EXPECT_TRUE(share == n / blocks || share == n / blocks + 1);
      }
    }
  }
}

}  // namespace
}  // namespace lumen::lumen1
