#include "lumen1/packetizer.hpp"

#include <gtest/gtest.h>

#include "lumen1/test_frames.hpp"

namespace lumen::lumen1 {
namespace {

using test::Buffer;
using test::from_hex;
using test::noise;
using test::unit_of;

// Data shards of all blocks in order, as one stream of bytes.
Buffer data_of(const test::Bodies& bodies) {
  Buffer data;
  for (std::size_t i = 0; i < bodies.body.size(); ++i) {
    const auto header = bodies.header(i);
    if (header.shard >= header.data_shards) continue;
    data.insert(data.end(), bodies.body[i].begin() + kShardHeaderBytes, bodies.body[i].end());
  }
  return data;
}

TEST(VideoPacketizer, a_small_frame_has_these_bytes) {
  VideoPacketizer packetizer;
  auto unit = unit_of(as_view("AU"), 0x1'0000'0002, PictureKind::idr);
  unit.times = {.presented = test::at_ms(10),
                .captured = test::at_ms(11),
                .encode_begin = test::at_ms(12),
                .encode_end = test::at_ms(15)};
  const auto frame = packetizer.pack(unit, ParityControl{}).value();
  EXPECT_EQ(frame.datagram_bytes, 12U + 20 + 32 + 16);
  EXPECT_EQ(frame.data_datagrams, 1U);
  const auto bodies = test::bodies_of(frame);
  const auto parity = static_cast<std::byte>(frame.datagrams - 1);
  auto expected = from_hex(
      "02000000 1a000000 2000 00 01 00 01 00 00 00000000"
      "01 01 8007 3804 0000 e8030000 a00f0000 0000000000000000 4155 000000000000");
  expected[14] = parity;
  EXPECT_EQ(bodies.body[0], expected);
}

TEST(VideoPacketizer, datagrams_of_a_frame_are_equal_in_size_and_lie_block_after_block_data_first) {
  const auto bytes = noise(900'000, 1);
  VideoPacketizer packetizer;
  const auto frame = packetizer.pack(unit_of(bytes, 5), ParityControl{}).value();
  EXPECT_EQ(frame.bytes.size(), frame.datagrams * frame.datagram_bytes);
  EXPECT_LE(frame.datagram_bytes, kMaxDatagramBytes);
  const auto bodies = test::bodies_of(frame);
  const auto first = bodies.header(0);
  ASSERT_GT(first.blocks, 1);
  std::size_t i = 0;
  for (std::size_t block = 0; block < first.blocks; ++block) {
    const auto count = std::size_t{bodies.header(i).data_shards} + bodies.header(i).parity_shards;
    for (std::size_t shard = 0; shard < count; ++shard, ++i) {
      const auto header = bodies.header(i);
      ASSERT_EQ(header.block, block);
      ASSERT_EQ(header.shard, shard);
      ASSERT_EQ(header.frame, 5U);
      ASSERT_EQ(header.shard_bytes, first.shard_bytes);
    }
  }
  EXPECT_EQ(i, frame.datagrams);
}

TEST(VideoPacketizer, data_is_header_then_access_unit_then_zeros) {
  for (const std::size_t size : {1U, 8U, 40U, 1367U, 1368U, 1369U, 2'777U, 100'000U, 2'000'000U}) {
    SCOPED_TRACE(size);
    const auto bytes = noise(size, 2);
    const auto bodies = test::pack(bytes, 1);
    const auto data = data_of(bodies);
    ASSERT_TRUE(decode_frame_header(data));
    const ByteView rest = ByteView{data}.subspan(kFrameHeaderBytes);
    EXPECT_TRUE(std::ranges::equal(rest.first(size), bytes));
    EXPECT_TRUE(std::ranges::all_of(rest.subspan(size), [](std::byte b) { return b == std::byte{0}; }));
    EXPECT_LT(rest.size() - size, bodies.header(0).shard_bytes) << "no shard of padding alone";
  }
}

TEST(VideoPacketizer, padding_is_zero_where_another_frame_was_before) {
  VideoPacketizer packetizer;
  const Buffer large(50'000, std::byte{0xFF});
  ASSERT_TRUE(packetizer.pack(unit_of(large, 1), ParityControl{}));
  const auto bodies = test::bodies_of(packetizer.pack(unit_of(as_view("AU"), 2), ParityControl{}).value());
  EXPECT_EQ(Buffer(bodies.body[0].end() - 6, bodies.body[0].end()), Buffer(6));
}

TEST(VideoPacketizer, shards_are_as_few_as_possible_and_multiples_of_16) {
  VideoPacketizer packetizer;
  for (std::size_t size = 1; size < 20'000; size += 37) {
    const auto frame = packetizer.pack(unit_of(noise(size, 3), 1), ParityControl{}).value();
    const auto shard_bytes = test::bodies_of(frame).header(0).shard_bytes;
    EXPECT_EQ(shard_bytes % 16, 0);
    EXPECT_EQ(frame.data_datagrams, (size + kFrameHeaderBytes + kMaxShardBytes - 1) / kMaxShardBytes);
  }
}

TEST(VideoPacketizer, a_smaller_path_gets_smaller_shards) {
  const auto bodies = test::pack(noise(50'000, 4), 1, 1000);
  EXPECT_LE(bodies.header(0).shard_bytes, 1000);
  EXPECT_GE(bodies.header(0).shard_bytes, 976);
  EXPECT_EQ(test::pack(noise(500, 4), 1, 0).header(0).shard_bytes, 64) << "clamped";
}

TEST(VideoPacketizer, every_block_gets_all_the_parity_it_should) {
  const ParityControl parity;
  VideoPacketizer packetizer;
  for (const std::size_t size : {1'000U, 200'000U, 300'000U, 350'000U, 1'000'000U, 7'000'000U}) {
    SCOPED_TRACE(size);
    const auto bytes = noise(size, 5);
    const auto bodies = test::bodies_of(packetizer.pack(unit_of(bytes, 1), parity).value());
    for (std::size_t i = 0; i < bodies.body.size(); ++i) {
      const auto header = bodies.header(i);
      ASSERT_EQ(header.parity_shards, parity.parity_for(header.data_shards));
      ASSERT_LT(header.data_shards + header.parity_shards, 255) << "a full block may have been cut short";
    }
  }
}

TEST(VideoPacketizer, takes_the_fewest_blocks_that_hold_their_parity) {
  const ParityControl parity;
  VideoPacketizer packetizer;
  for (std::size_t shards = 100; shards < 1'000; shards += 23) {
    const auto bytes = noise(shards * kMaxShardBytes - kFrameHeaderBytes, 6);
    const auto frame = packetizer.pack(unit_of(bytes, 1), parity).value();
    const std::size_t blocks = test::bodies_of(frame).header(0).blocks;
    if (blocks == 1) continue;
    const auto larger = (shards + blocks - 2) / (blocks - 1);
    EXPECT_TRUE(larger > 254 || larger + parity.parity_for(larger) >= 255) << shards;
  }
}

TEST(VideoPacketizer, parity_is_never_none_even_at_the_largest_loss_and_frame) {
  const ParityControl parity{{.initial_loss = 0.25}};
  const Buffer bytes(kMaxFrameBytes - kFrameHeaderBytes);
  VideoPacketizer packetizer;
  const auto bodies = test::bodies_of(packetizer.pack(unit_of(bytes, 1), parity).value());
  for (std::size_t i = 0; i < bodies.body.size(); ++i) ASSERT_GE(bodies.header(i).parity_shards, 1);
}

TEST(VideoPacketizer, refuses_what_cannot_be_sent) {
  VideoPacketizer packetizer;
  const ParityControl parity;
  EXPECT_EQ(packetizer.pack(unit_of({}, 1), parity).error().id, "frame.empty");
  const Buffer huge(kMaxFrameBytes - kFrameHeaderBytes + 1);
  EXPECT_EQ(packetizer.pack(unit_of(huge, 1), parity).error().id, "frame.too-large");
  EXPECT_TRUE(packetizer.pack(unit_of(ByteView{huge}.subspan(1), 1), parity));
  VideoPacketizer narrow{64};  // 64 blocks of 254 shards of 64 bytes
  EXPECT_EQ(narrow.pack(unit_of(ByteView{huge}.first(64 * 254 * 64), 1), parity).error().id,
            "frame.too-large");
  EXPECT_TRUE(narrow.pack(unit_of(ByteView{huge}.first(64 * 254 * 64 - 24), 1), parity));
  auto unit = unit_of(as_view("x"), 1);
  unit.width = 8193;
  EXPECT_EQ(packetizer.pack(unit, parity).error().id, "frame.size");
  unit.width = 0;
  EXPECT_EQ(packetizer.pack(unit, parity).error().id, "frame.size");
}

TEST(VideoPacketizer, sealing_writes_the_age_and_seals_each_datagram_of_the_range) {
  const auto bytes = noise(5'000, 7);
  VideoPacketizer packetizer;
  const auto frame = packetizer.pack(unit_of(bytes, 1), ParityControl{}).value();
  auto sealer = Sealer::create(test::keys(), 1).value();
  auto opener = Opener::create(test::keys()).value();
  ASSERT_TRUE(packetizer.seal(frame, 0, 2, test::at_ms(100), test::at_ms(103), sealer));
  ASSERT_TRUE(packetizer.seal(frame, 2, frame.datagrams, test::at_ms(100), test::at_ms(104), sealer));
  for (std::size_t i = 0; i < frame.datagrams; ++i) {
    const auto opened = opener.open(frame.datagram(i));
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->header.kind, Kind::video);
    EXPECT_EQ(opened->header.packet_number, i);
    EXPECT_EQ(decode_shard_header(opened->body)->age_us, i < 2 ? 3'000U : 4'000U);
  }
}

TEST(VideoPacketizer, ages_that_make_no_sense_are_zero_or_the_largest) {
  VideoPacketizer packetizer;
  const auto age = [&](Timestamp presented, Timestamp now) {
    const auto frame = packetizer.pack(unit_of(as_view("x"), 1), ParityControl{}).value();
    auto sealer = Sealer::create(test::keys(), 1).value();
    auto opener = Opener::create(test::keys()).value();
    EXPECT_TRUE(packetizer.seal(frame, 0, 1, presented, now, sealer));
    return decode_shard_header(opener.open(frame.datagram(0))->body)->age_us;
  };
  EXPECT_EQ(age({}, test::at_ms(5)), 0U);
  EXPECT_EQ(age(test::at_ms(6), test::at_ms(5)), 0U);
  EXPECT_EQ(age(test::at_ms(1), test::at_ms(100'000'000)), UINT32_MAX);
}

TEST(VideoPacketizer, sealing_ends_when_packet_numbers_do) {
  VideoPacketizer packetizer;
  const auto frame = packetizer.pack(unit_of(as_view("x"), 1), ParityControl{}).value();
  auto sealer = Sealer::create(test::keys(), 1).value();
  SealerProbe::set_next(sealer, UINT64_MAX - 1);
  EXPECT_TRUE(packetizer.seal(frame, 0, 1, {}, {}, sealer));
  EXPECT_FALSE(packetizer.seal(frame, 1, frame.datagrams, {}, {}, sealer));
}

}  // namespace
}  // namespace lumen::lumen1
