// Names begin with the item of the compliance list (GameStream part 2, section 19) that they check.
#include "gamestream/media/video_packetizer.hpp"

#include <gtest/gtest.h>

#include <set>

#include "gamestream/media/test_media.hpp"

namespace lumen::gamestream {
namespace {

using test::Buffer;
using test::noise;
using test::unit_of;

VideoPacketizer make(const FramePlanParams& plan = {.packet_size = 1024, .percent = 20, .min_parity = 2},
                     ByteView key = {}) {
  return VideoPacketizer::create({.plan = plan, .first_nonce = std::nullopt}, key).value();
}

FrameMark mark(FrameType type = FrameType::predicted) { return {.type = type, .time = RtpTicks{90'000}}; }

std::vector<Buffer> send(VideoPacketizer& packetizer, std::size_t unit_bytes) {
  EXPECT_TRUE(packetizer.pack(unit_of(noise(unit_bytes, 1)), mark()));
  return test::take_all(packetizer);
}

ShardHeader header_of(const Buffer& datagram) { return parse_shard(datagram)->header; }

// ---- golden vectors ----

class Vectors : public testing::TestWithParam<int> {
 protected:
  const nlohmann::json& stream() const {
    return test::vectors().at("video").at(static_cast<std::size_t>(GetParam()));
  }
  // Plain text of a datagram.
  Buffer open(Buffer datagram) const {
    if (stream().at("encryption").is_null()) return datagram;
    auto cipher = crypto::Aead::create(crypto::AeadAlgorithm::aes_128_gcm, test::key()).value();
    const auto seal = parse_seal(datagram).value();
    Buffer text(datagram.begin() + kSealBytes, datagram.end());
    const auto tag = ByteView{datagram}.subspan(kSealTagOffset, crypto::kTagBytes);
    EXPECT_TRUE(cipher.open(seal.nonce, {}, text, tag));
    return text;
  }
  void expect(const Buffer& datagram, const nlohmann::json& packet) const {
    SCOPED_TRACE(packet.at("seq").get<int>());
    const auto shard = open(datagram);
    EXPECT_EQ(crypto::to_hex(ByteView{shard}.first(kShardHeaderBytes)), packet.at("header_hex"));
    EXPECT_EQ(test::digest(ByteView{shard}.subspan(kShardHeaderBytes)), packet.at("payload_sha256"));
    if (!packet.contains("enc_prefix_hex")) return;
    EXPECT_EQ(crypto::to_hex(ByteView{datagram}.first(kSealBytes)), packet.at("enc_prefix_hex"));
    EXPECT_EQ(test::digest(datagram), packet.at("datagram_sha256"));
  }
  // What `packets_sha256` covers.
  std::string summary(const std::vector<Buffer>& datagrams) const {
    Buffer all;
    const auto append = [&all](ByteView bytes) { all.insert(all.end(), bytes.begin(), bytes.end()); };
    for (const auto& datagram : datagrams) {
      const auto shard = open(datagram);
      append(ByteView{shard}.first(kShardHeaderBytes));
      append(crypto::sha256({ByteView{shard}.subspan(kShardHeaderBytes)}).value());
      if (shard.size() != datagram.size()) append(crypto::sha256({datagram}).value());
    }
    return test::digest(all);
  }
};

TEST_P(Vectors, m11_m15_m20_reproduce_byte_for_byte) {
  SCOPED_TRACE(stream().at("name").get<std::string>());
  const auto frames = test::datagrams_of(stream());
  ASSERT_EQ(frames.size(), stream().at("frames").size());
  for (std::size_t i = 0; i < frames.size(); ++i) {
    SCOPED_TRACE(i);
    const auto& frame = stream().at("frames").at(i);
    if (frame.contains("packets_sha256")) {
      ASSERT_EQ(frames[i].size(), frame.at("packet_count"));
      EXPECT_EQ(summary(frames[i]), frame.at("packets_sha256"));
      continue;
    }
    const auto& packets = frame.at("packets");
    ASSERT_EQ(frames[i].size(), packets.size());
    for (std::size_t j = 0; j < packets.size(); ++j) expect(frames[i][j], packets.at(j));
  }
}

INSTANTIATE_TEST_SUITE_P(Video, Vectors, testing::Range(0, 13));

// ---- the list ----

TEST(VideoPacketizer, m6_every_datagram_has_the_rtp_header_of_the_protocol) {
  auto packetizer = make();
  for (const auto& datagram : send(packetizer, 5000)) {
    EXPECT_EQ(datagram[0], std::byte{0x90});
    EXPECT_EQ(datagram[1], std::byte{0});
    EXPECT_TRUE(std::all_of(datagram.begin() + 8, datagram.begin() + 16,
                            [](std::byte byte) { return byte == std::byte{0}; }));
  }
}

TEST(VideoPacketizer, m7_every_datagram_has_the_size_that_was_announced) {
  auto plain = make();
  for (const auto& datagram : send(plain, 100'001)) EXPECT_EQ(datagram.size(), 1040U);
  auto sealed = make({.packet_size = 992, .percent = 20, .min_parity = 2}, test::key());
  for (const auto& datagram : send(sealed, 100'001)) EXPECT_EQ(datagram.size(), 1040U);
}

TEST(VideoPacketizer, m8_m9_m10_numbers_count_shards_and_frames_that_were_packed) {
  auto packetizer = make();
  std::uint32_t sequence = 0;
  for (std::uint32_t frame = 1; frame < 4; ++frame) {
    EXPECT_FALSE(packetizer.pack(unit_of({}), mark())) << "uses no number";
    for (const auto& datagram : send(packetizer, 300'000)) {
      const auto header = header_of(datagram);
      EXPECT_EQ(header.sequence, sequence);
      EXPECT_EQ(header.frame, frame);
      if (header.shard < header.data_shards) {
        EXPECT_EQ(header.packet_number, sequence);
      }
      ++sequence;
    }
  }
}

TEST(VideoPacketizer, m11_time_is_in_ticks_of_90_khz_and_never_zero) {
  const Timestamp epoch{std::chrono::hours{1000}};
  EXPECT_EQ(rtp_time(epoch, epoch), RtpTicks{90'000});
  EXPECT_EQ(rtp_time(epoch + std::chrono::seconds{3}, epoch), RtpTicks{360'000});
  EXPECT_EQ(rtp_time(epoch + std::chrono::nanoseconds{16'666'667}, epoch), RtpTicks{91'500});
  EXPECT_EQ(rtp_time(epoch - std::chrono::nanoseconds{16'666'667}, epoch), RtpTicks{88'500});
  EXPECT_EQ(rtp_time(epoch - std::chrono::seconds{1}, epoch), RtpTicks{1}) << "zero is not told";
  // 13 h 15 min: around once.
  const auto later = epoch + std::chrono::hours{14};
  EXPECT_EQ(rtp_time(later, epoch), RtpTicks{static_cast<std::uint32_t>(14LL * 3600 * 90'000 + 90'000)});
}

TEST(VideoPacketizer, m12_m13_flags_mark_the_ends_of_every_block) {
  auto packetizer = make();
  for (const auto& datagram : send(packetizer, 500'000)) {
    const auto header = header_of(datagram);
    EXPECT_EQ(datagram[27], static_cast<std::byte>(header.block << 4 | 2 << 6));
    if (header.shard >= header.data_shards) continue;
    EXPECT_EQ(header.flags & kPicture, kPicture);
    EXPECT_EQ((header.flags & kBlockBegin) != 0, header.shard == 0);
    EXPECT_EQ((header.flags & kBlockEnd) != 0, header.shard + 1 == header.data_shards);
    EXPECT_EQ(header.flags & ~(kPicture | kBlockBegin | kBlockEnd), 0);
    EXPECT_EQ(datagram[26], std::byte{0x10});
  }
}

TEST(VideoPacketizer, m16_blocks_leave_in_order_and_parity_behind_its_data) {
  auto packetizer = make();
  std::size_t block = 0, shard = 0;
  for (const auto& datagram : send(packetizer, 500'000)) {
    const auto header = header_of(datagram);
    if (header.block != block) {
      EXPECT_EQ(header.block, ++block);
      shard = 0;
    }
    EXPECT_EQ(header.shard, shard++);
  }
  EXPECT_EQ(block, 2U);
}

TEST(VideoPacketizer, m19_the_frame_header_says_latency_type_and_the_end) {
  auto packetizer = make();
  const auto header_after = [&packetizer](std::size_t bytes, FrameType type, Duration latency) {
    EXPECT_TRUE(packetizer.pack(unit_of(noise(bytes, 1)),
                                {.type = type, .time = RtpTicks{1}, .host_latency = latency}));
    const auto datagrams = test::take_all(packetizer);
    EXPECT_EQ(datagrams[0][32], std::byte{1});
    EXPECT_EQ(datagrams[0][38], std::byte{0});
    EXPECT_EQ(datagrams[0][39], std::byte{0});
    return *parse_frame_header(ByteView{datagrams[0]}.subspan(32));
  };
  using namespace std::chrono_literals;
  EXPECT_EQ(header_after(1000, FrameType::idr, 3'649us), (FrameHeader{36, FrameType::idr, 1008}));
  EXPECT_EQ(header_after(1001, FrameType::after_invalidation, 3'650us),
            (FrameHeader{37, FrameType::after_invalidation, 1}));
  EXPECT_EQ(header_after(1, FrameType::predicted, 1h), (FrameHeader{0xFFFF, FrameType::predicted, 9}));
  EXPECT_EQ(header_after(1, FrameType::predicted, -1s), (FrameHeader{0, FrameType::predicted, 9}));
}

TEST(VideoPacketizer, m18_too_large_a_frame_is_refused_and_uses_no_number) {
  auto packetizer = make();
  const auto most = std::size_t{4092} * 1008 - kFrameHeaderBytes;
  const auto bytes = noise(most + 1, 1);
  EXPECT_EQ(packetizer.pack(unit_of(bytes), mark()).error().id, "frame.too-large");
  const auto packed = packetizer.pack(unit_of(ByteView{bytes}.first(most)), mark());
  ASSERT_TRUE(packed);
  EXPECT_EQ(packed->frame, FrameId{1});
  EXPECT_EQ(packed->datagrams, 4092U);
  EXPECT_EQ(test::take_all(packetizer).size(), 4092U);
}

TEST(VideoPacketizer, m30_m31_every_datagram_has_an_iv_of_its_own_and_the_frame_in_clear_text) {
  auto packetizer = make({.packet_size = 992, .percent = 20, .min_parity = 2}, test::key());
  std::set<Buffer> nonces;
  std::size_t datagrams = 0;
  for (std::uint32_t frame = 1; frame <= 3; ++frame) {
    for (const auto& datagram : send(packetizer, 50'000)) {
      const auto seal = parse_seal(datagram).value();
      EXPECT_EQ(seal.frame, frame);
      EXPECT_EQ(seal.nonce[11], std::byte{'V'});
      nonces.emplace(seal.nonce.begin(), seal.nonce.end());
      ++datagrams;
    }
  }
  EXPECT_EQ(nonces.size(), datagrams);
}

TEST(VideoPacketizer, m30_streams_that_share_a_key_share_no_iv) {
  std::set<Buffer> nonces;
  for (int i = 0; i < 3; ++i) {
    auto packetizer = make({.packet_size = 992, .percent = 0}, test::key());
    const auto seal = parse_seal(send(packetizer, 1).at(0)).value();
    nonces.emplace(seal.nonce.begin(), seal.nonce.end());
  }
  EXPECT_EQ(nonces.size(), 3U);
}

// ---- trains ----

TEST(VideoPacketizer, trains_are_what_segmentation_takes) {
  for (const std::size_t packet_size : {64U, 1024U, 1392U, 8960U}) {
    auto packetizer = make({.packet_size = packet_size, .percent = 20});
    const auto packed = packetizer.pack(unit_of(noise(300 * packet_size, 1)), mark()).value();
    std::size_t datagrams = 0;
    while (const auto train = packetizer.next_train()) {
      EXPECT_LE(train->datagrams, 64U);
      EXPECT_LE(train->bytes.size(), 65'507U);
      EXPECT_EQ(train->bytes.size(), train->datagrams * train->datagram_bytes);
      EXPECT_EQ(train->datagram_bytes, packet_size + 16);
      datagrams += train->datagrams;
    }
    EXPECT_EQ(datagrams, packed.datagrams);
    EXPECT_FALSE(packetizer.next_train());
  }
}

TEST(VideoPacketizer, a_frame_that_was_not_taken_gives_way_to_the_next) {
  auto packetizer = make();
  ASSERT_TRUE(packetizer.pack(unit_of(noise(300'000, 1)), mark()));
  ASSERT_TRUE(packetizer.next_train());
  const auto datagrams = send(packetizer, 100);
  ASSERT_EQ(datagrams.size(), 3U);
  EXPECT_EQ(header_of(datagrams[0]).frame, 2U);
}

TEST(VideoPacketizer, the_share_of_parity_changes_between_frames) {
  auto packetizer = make();
  EXPECT_EQ(send(packetizer, 50'000).size(), 50U + 10);
  packetizer.set_percent(50);
  EXPECT_EQ(send(packetizer, 50'000).size(), 50U + 25);
  packetizer.set_percent(0);
  EXPECT_EQ(send(packetizer, 50'000).size(), 50U);
}

TEST(VideoPacketizer, a_long_term_reference_is_marked) {
  auto packetizer = make();
  ASSERT_TRUE(packetizer.pack(unit_of(noise(10, 1)), {.time = RtpTicks{1}, .long_term_reference = true}));
  EXPECT_TRUE(header_of(test::take_all(packetizer)[0]).long_term_reference);
}

TEST(VideoPacketizer, sizes_and_keys_that_nobody_has_are_refused) {
  const auto id = [](std::size_t packet_size, ByteView key) {
    return VideoPacketizer::create({.plan = {.packet_size = packet_size}}, key).error().id;
  };
  EXPECT_EQ(id(63, {}), "video.packet-size");
  EXPECT_EQ(id(8961, {}), "video.packet-size");
  EXPECT_EQ(id(1024, ByteView{test::key()}.first(15)), "crypto.key");
}

}  // namespace
}  // namespace lumen::gamestream
