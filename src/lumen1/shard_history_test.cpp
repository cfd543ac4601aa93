#include "lumen1/shard_history.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "lumen1/test_frames.hpp"

namespace lumen::lumen1 {
namespace {

class History : public testing::Test {
 protected:
  // Packs and keeps frame `id`; what is sent of it.
  PackedFrame send(std::uint64_t id, std::size_t bytes) {
    content_ = test::noise(bytes, static_cast<std::uint32_t>(id));
    const AccessUnitView unit{
        .id = FrameId{id}, .kind = PictureKind::delta, .width = 640, .height = 480, .bytes = content_};
    auto packed = packetizer_.pack(unit, 3).value();
    history_.keep(unit, packed.header);
    return packed;
  }
  std::vector<std::byte> again(std::uint64_t id, std::uint16_t shard) {
    std::vector<std::byte> datagram(history_.datagram_bytes(FrameId{id}));
    history_.write(FrameId{id}, shard, from_ns(7'000'000), datagram);
    return datagram;
  }

  fec::Leopard codec_;
  VideoPacketizer packetizer_{codec_};
  ShardHistory history_;
  std::vector<std::byte> content_;
};

TEST_F(History, writes_each_data_shard_as_it_was_but_for_its_time) {
  const auto packed = send(5, 4000);
  ASSERT_EQ(history_.data_shards(FrameId{5}), packed.data_datagrams);
  content_.assign(content_.size(), std::byte{0});  // it keeps a copy
  for (std::uint16_t i = 0; i < packed.data_datagrams; ++i) {
    const auto datagram = packed.datagram(i);
    stamp(datagram, Timestamp{}, from_ns(7'000'000));
    const auto repeated = again(5, i);
    ASSERT_EQ(repeated.size(), datagram.size());
    const auto body = repeated.size() - kTagBytes - kClearHeaderBytes;
    EXPECT_TRUE(std::ranges::equal(ByteView{repeated}.subspan(kClearHeaderBytes, body),
                                   datagram.subspan(kClearHeaderBytes, body)));
  }
}

TEST_F(History, keeps_the_last_frames_only) {
  for (std::uint64_t id = 1; id <= ShardHistory::kFrames + 1; ++id) send(id, 100);
  EXPECT_EQ(history_.data_shards(FrameId{1}), 0U);
  EXPECT_EQ(history_.data_shards(FrameId{2}), 1U);
  EXPECT_EQ(history_.data_shards(FrameId{ShardHistory::kFrames + 1}), 1U);
  history_.forget();
  EXPECT_EQ(history_.data_shards(FrameId{2}), 0U);
}

TEST_F(History, does_not_keep_what_is_too_large) {
  send(1, kMaxRepeatedFrameBytes - kFrameHeaderBytes);
  EXPECT_GT(history_.data_shards(FrameId{1}), 0U);
  send(1, kMaxRepeatedFrameBytes - kFrameHeaderBytes + 1);
  EXPECT_EQ(history_.data_shards(FrameId{1}), 0U);
}

}  // namespace
}  // namespace lumen::lumen1
