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
    if (header.shard >= bodies.data) continue;
    data.insert(data.end(), bodies.body[i].begin() + kShardHeaderBytes, bodies.body[i].end());
  }
  return data;
}

TEST(VideoPacketizer, a_small_frame_has_these_bytes) {
  VideoPacketizer packetizer{test::codec()};
  auto unit = unit_of(as_view("AU"), 0x1'0000'0002, PictureKind::idr);
  unit.times = {.presented = test::at_ms(10),
                .captured = test::at_ms(11),
                .encode_begin = test::at_ms(12),
                .encode_end = test::at_ms(15)};
  const auto frame = packetizer.pack(unit, 1).value();
  EXPECT_EQ(frame.datagram_bytes, kClearHeaderBytes + 24 + 32 + 16);
  EXPECT_EQ(frame.data_datagrams, 1U);
  const auto bodies = test::bodies_of(frame);
  // With one data shard and one of parity both are the same.
  ASSERT_EQ(frame.datagrams, 2U);
  auto expected = from_hex(
      "02000000 1a000000 2000 0000 0100 01 00 00000000 00000000"
      "01 01 8007 3804 0000 e8030000 a00f0000 0000000000000000 4155 000000000000");
  EXPECT_EQ(bodies.body[0], expected);
  expected[10] = std::byte{1};
  EXPECT_EQ(bodies.body[1], expected);
}

TEST(VideoPacketizer, datagrams_of_a_frame_are_equal_in_size_data_before_parity) {
  const auto bytes = noise(400'000, 1);
  VideoPacketizer packetizer{test::codec()};
  const auto frame = packetizer.pack(unit_of(bytes, 5), 3).value();
  EXPECT_EQ(frame.bytes.size(), frame.datagrams * frame.datagram_bytes);
  EXPECT_LE(frame.datagram_bytes, kMaxDatagramBytes);
  EXPECT_EQ(frame.datagrams, frame.data_datagrams + 3);
  const auto bodies = test::bodies_of(frame);
  for (std::size_t i = 0; i < frame.datagrams; ++i) {
    const auto header = bodies.header(i);
    ASSERT_EQ(header.shard, i);
    ASSERT_EQ(header.frame, 5U);
    ASSERT_EQ(header.parity_shards, 3U);
    ASSERT_EQ(header.code, fec::LeopardField::gf16);
  }
}

TEST(VideoPacketizer, data_is_header_then_access_unit_then_zeros) {
  for (const std::size_t size : {1U, 8U, 40U, 1367U, 1368U, 1369U, 2'777U, 100'000U}) {
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
  VideoPacketizer packetizer{test::codec()};
  const Buffer large(50'000, std::byte{0xFF});
  ASSERT_TRUE(packetizer.pack(unit_of(large, 1), ParityControl{}));
  const auto bodies = test::bodies_of(packetizer.pack(unit_of(as_view("AU"), 2), ParityControl{}).value());
  EXPECT_EQ(Buffer(bodies.body[0].end() - 6, bodies.body[0].end()), Buffer(6));
}

TEST(VideoPacketizer, shards_are_as_few_as_possible_and_multiples_of_16) {
  VideoPacketizer packetizer{test::codec()};
  for (std::size_t size = 1; size < 20'000; size += 97) {
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

TEST(VideoPacketizer, parity_is_as_asked_or_the_most_that_has_room) {
  // 256 points at most: M + k <= 256.
  const fec::Leopard small{fec::best_kernel(), 256};
  VideoPacketizer packetizer{small, 64};
  const auto parity = [&](std::size_t data_shards, std::size_t wanted) {
    const Buffer bytes(data_shards * 64 - kFrameHeaderBytes);
    const auto frame = packetizer.pack(unit_of(bytes, 1), wanted).value();
    EXPECT_EQ(frame.data_datagrams, data_shards);
    return frame.datagrams - data_shards;
  };
  EXPECT_EQ(parity(1, 3), 3U);
  EXPECT_EQ(parity(192, 64), 64U);
  EXPECT_EQ(parity(192, 65), 64U);
  EXPECT_EQ(parity(193, 64), 32U);
  EXPECT_EQ(parity(193, 33), 32U);
  EXPECT_EQ(parity(255, 100), 1U);
  EXPECT_EQ(parity(256, 100), 0U) << "none fits";
}

TEST(VideoPacketizer, refuses_what_cannot_be_sent) {
  VideoPacketizer packetizer{test::codec()};
  const ParityControl parity;
  EXPECT_EQ(packetizer.pack(unit_of({}, 1), parity).error().id, "frame.empty");
  const Buffer huge(kMaxFrameBytes - kFrameHeaderBytes + 1);
  EXPECT_EQ(packetizer.pack(unit_of(huge, 1), 0).error().id, "frame.too-large");
  EXPECT_TRUE(packetizer.pack(unit_of(ByteView{huge}.subspan(1), 1), 0));
  VideoPacketizer narrow{test::codec(), 64};  // 65 535 shards of 64 bytes
  EXPECT_EQ(narrow.pack(unit_of(ByteView{huge}.first(65'535 * 64), 1), 0).error().id, "frame.too-large");
  EXPECT_TRUE(narrow.pack(unit_of(ByteView{huge}.first(65'535 * 64 - 24), 1), 0));
  auto unit = unit_of(as_view("x"), 1);
  unit.width = 8193;
  EXPECT_EQ(packetizer.pack(unit, parity).error().id, "frame.size");
  unit.width = 0;
  EXPECT_EQ(packetizer.pack(unit, parity).error().id, "frame.size");
}

TEST(VideoPacketizer, refuses_codecs_that_the_wire_has_no_number_for) {
  VideoPacketizer packetizer{test::codec()};
  for (const auto codec : {Codec::hevc, Codec::av1}) {
    auto unit = unit_of(as_view("x"), 1);
    unit.codec = codec;
    EXPECT_EQ(packetizer.pack(unit, 0).error().id, "frame.codec");
  }
}

TEST(VideoPacketizer, sealing_writes_the_age_and_seals_each_datagram_of_the_range) {
  const auto bytes = noise(5'000, 7);
  VideoPacketizer packetizer{test::codec()};
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
  VideoPacketizer packetizer{test::codec()};
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
  VideoPacketizer packetizer{test::codec()};
  const auto frame = packetizer.pack(unit_of(as_view("x"), 1), ParityControl{}).value();
  auto sealer = Sealer::create(test::keys(), 1).value();
  SealerProbe::set_next(sealer, UINT64_MAX - 1);
  EXPECT_TRUE(packetizer.seal(frame, 0, 1, {}, {}, sealer));
  EXPECT_FALSE(packetizer.seal(frame, 1, frame.datagrams, {}, {}, sealer));
}

}  // namespace
}  // namespace lumen::lumen1
