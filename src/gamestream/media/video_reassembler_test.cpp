// Names begin with the item of the compliance list (GameStream part 2, section 19) that they check.
#include "gamestream/media/video_reassembler.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "gamestream/media/test_media.hpp"

namespace lumen::gamestream {
namespace {

using namespace std::chrono_literals;
using test::Buffer;
using test::noise;
using test::unit_of;

Timestamp at(Duration time) { return Timestamp{time}; }

Buffer idr_unit(std::size_t bytes) {
  auto unit = test::from_hex("000000016742000000016800000001658800");
  unit.resize(std::max(unit.size(), bytes), std::byte{0x77});
  return unit;
}
Buffer predicted_unit(std::size_t bytes) {
  auto unit = noise(bytes, 7);
  const auto begin = test::from_hex("000000014177");
  std::ranges::copy(begin, unit.begin());
  unit.back() = std::byte{0x80};
  return unit;
}

// A host, a client, and what the client has received.
class Link {
 public:
  explicit Link(VideoReassemblerParams params = {},
                FramePlanParams plan = {.packet_size = 1024, .min_parity = 2}, ByteView key = {})
      : host{VideoPacketizer::create({.plan = plan, .first_nonce = std::nullopt}, key).value()},
        client{VideoReassembler::create(params, key).value()} {}

  std::vector<Buffer> pack(ByteView unit, FrameType type = FrameType::predicted) {
    EXPECT_TRUE(host.pack(unit_of(unit), {.type = type, .time = RtpTicks{90'000}, .host_latency = 3ms}));
    return test::take_all(host);
  }
  void receive(Buffer datagram) {
    client.push(datagram, now);
    collect();
  }
  void receive(const std::vector<Buffer>& datagrams) {
    for (const auto& datagram : datagrams) receive(datagram);
  }
  void collect() {
    ReceivedFrame frame;
    while (client.pop(frame, now)) frames.push_back(frame);
  }
  void pass(Duration time) {
    now += time;
    collect();
  }

  Timestamp now = at(1h);
  VideoPacketizer host;
  VideoReassembler client;
  std::vector<ReceivedFrame> frames;
};

std::vector<Buffer> without(std::vector<Buffer> datagrams, std::initializer_list<std::size_t> lost) {
  std::vector<Buffer> rest;
  for (std::size_t i = 0; i < datagrams.size(); ++i) {
    if (std::ranges::find(lost, i) == lost.end()) rest.push_back(datagrams[i]);
  }
  return rest;
}

// ---- golden vectors ----

class ClientVectors : public testing::TestWithParam<int> {
 protected:
  const nlohmann::json& stream() const {
    return test::vectors().at("video").at(static_cast<std::size_t>(GetParam()));
  }
  VideoReassembler client() const {
    const auto codec = stream().at("codec").get<std::string>();
    const VideoReassemblerParams params{.format = codec == "h264"   ? VideoFormat::h264
                                                  : codec == "hevc" ? VideoFormat::hevc
                                                                    : VideoFormat::av1,
                                        .packet_size = stream().at("packet_size")};
    const auto& encryption = stream().at("encryption");
    return VideoReassembler::create(params, encryption.is_null() ? Buffer{} : hex(encryption)).value();
  }
  static Buffer hex(const nlohmann::json& encryption) { return test::hex_at(encryption, "aes_key_hex"); }
};

TEST_P(ClientVectors, m42_come_back_whole_when_as_much_as_there_is_parity_is_lost) {
  SCOPED_TRACE(stream().at("name").get<std::string>());
  auto reassembler = client();
  std::mt19937 random{1};
  std::size_t index = 0;
  for (auto& datagrams : test::datagrams_of(stream())) {
    const auto& frame = stream().at("frames").at(index++);
    std::size_t first = 0;
    for (const auto& block : frame.at("blocks")) {
      const auto data = block.at("data_shards").get<std::size_t>();
      const auto parity = block.at("parity_shards").get<std::size_t>();
      const auto begin = datagrams.begin() + static_cast<std::ptrdiff_t>(first);
      std::shuffle(begin, begin + static_cast<std::ptrdiff_t>(data + parity), random);
      for (std::size_t i = 0; i < data; ++i) reassembler.push(datagrams[first + i], at(1h));
      first += data + parity;
    }
    ReceivedFrame received;
    ASSERT_TRUE(reassembler.pop(received, at(1h)));
    EXPECT_EQ(received.frame.value, index);
    EXPECT_EQ(received.type, test::mark_of(frame).type);
    EXPECT_EQ(received.time, test::mark_of(frame).time);
    EXPECT_EQ(received.host_latency, test::mark_of(frame).host_latency);
    EXPECT_EQ(test::digest(received.bytes), frame.at("access_unit").at("sha256"));
  }
  EXPECT_FALSE(reassembler.take_loss());
}

INSTANTIATE_TEST_SUITE_P(Video, ClientVectors, testing::Range(0, 13));

TEST(VideoReassembler, m46_reports_reproduce_the_captures) {
  // v02's second frame with losses, as section 15 has it: E10, and the failed one of the vectors.
  Link link;
  link.receive(link.pack(predicted_unit(300)));
  link.receive(without(link.pack(predicted_unit(4900)), {1, 2}));
  link.receive(without(link.pack(predicted_unit(4900)), {1, 2, 5}));
  link.receive(link.pack(predicted_unit(300)));
  link.pass(4ms);
  const auto expect = [&link](std::string_view name, std::uint32_t frame) {
    for (const auto& message : test::vectors().at("small_messages")) {
      if (message.at("name") != name) continue;
      const auto& fields = message.at("fields");
      const auto status = link.client.take_status();
      ASSERT_TRUE(status);
      EXPECT_EQ(status->frame, frame);
      EXPECT_EQ(status->highest_received,
                fields.at("highest_received_seq").get<int>() + (frame == 3 ? 1 : 0));
      EXPECT_EQ(status->next_contiguous, fields.at("next_contiguous_seq"));
      EXPECT_EQ(status->total_data, fields.at("total_data"));
      EXPECT_EQ(status->total_parity, fields.at("total_parity"));
      EXPECT_EQ(status->received_data, fields.at("received_data"));
      EXPECT_EQ(status->received_parity, fields.at("received_parity"));
      EXPECT_EQ(status->fec_percent, fields.at("fec_percent"));
      EXPECT_EQ(status->block_index, fields.at("block_index"));
      EXPECT_EQ(status->block_count, fields.at("block_count"));
    }
  };
  expect("fec_status_recovered", 2);
  expect("fec_status_failed", 3);
  EXPECT_FALSE(link.client.take_status()) << "clean blocks are not reported";
}

// ---- what is accepted ----

TEST(VideoReassembler, m41_any_sequence_may_begin_and_any_share_of_parity) {
  Link link;
  VideoPacketizerProbe::skip_to(link.host, 50'000);
  const auto unit = predicted_unit(20'000);
  link.receive(without(link.pack(unit), {0, 1, 2}));
  link.host.set_percent(50);
  link.receive(without(link.pack(unit), {0, 1, 2, 3, 4, 5, 6}));
  ASSERT_EQ(link.frames.size(), 2U);
  EXPECT_EQ(link.frames[1].bytes, unit);
  EXPECT_EQ(link.client.stats().shards_repaired, 10U);
  EXPECT_EQ(link.client.stats().frames_repaired, 2U);
}

TEST(VideoReassembler, m41_the_form_without_the_reserved_word) {
  Link link;
  const auto unit = predicted_unit(5000);
  auto datagrams = link.pack(unit);
  for (auto& datagram : datagrams) {
    datagram[0] = std::byte{0x80};
    datagram.erase(datagram.begin() + 12, datagram.begin() + 16);
  }
  link.receive(without(datagrams, {1, 3}));
  ASSERT_EQ(link.frames.size(), 1U);
  EXPECT_EQ(link.frames[0].bytes, unit);
}

TEST(VideoReassembler, m41_a_last_shard_without_its_padding_counts_as_padded) {
  Link link;
  const auto unit = predicted_unit(4900);
  auto datagrams = link.pack(unit);
  datagrams[4].resize(32 + 876);
  link.receive(datagrams);
  link.receive(without(link.pack(unit), {0, 6}));
  auto third = link.pack(unit);
  third[4].resize(32 + 876);
  link.receive(without(third, {0, 1}));
  ASSERT_EQ(link.frames.size(), 3U);
  for (const auto& frame : link.frames) EXPECT_EQ(frame.bytes, unit);
}

TEST(VideoReassembler, shards_of_a_host_with_smaller_packets_and_no_parity_are_put_together) {
  Link link{{.packet_size = 1392}, {.packet_size = 1024, .percent = 0}};
  const auto unit = predicted_unit(10'000);
  link.receive(link.pack(unit));
  ASSERT_EQ(link.frames.size(), 1U);
  EXPECT_EQ(link.frames[0].bytes, unit);
}

TEST(VideoReassembler, m42_nothing_of_a_parity_shard_counts_but_its_place) {
  Link link;
  const auto unit = predicted_unit(4900);
  auto datagrams = link.pack(unit);
  for (std::size_t i = 5; i < 7; ++i) {
    for (const std::size_t offset : {1U, 8U, 12U}) datagrams[i][offset] = std::byte{0xEE};
  }
  link.receive(without(datagrams, {0, 4}));
  ASSERT_EQ(link.frames.size(), 1U);
  EXPECT_EQ(link.frames[0].bytes, unit);
}

TEST(VideoReassembler, m42_what_is_rebuilt_to_nonsense_is_lost) {
  Link link;
  auto datagrams = link.pack(predicted_unit(4900));
  datagrams[5][24] ^= std::byte{0x80};  // flags of the parity: those of what it rebuilds are wrong then
  link.receive(without(datagrams, {0, 6}));
  EXPECT_EQ(link.client.take_loss(), (LostFrames{{1}, {1}}));
  EXPECT_TRUE(link.frames.empty());
}

// ---- order and loss ----

TEST(VideoReassembler, m43_a_frame_that_was_only_reordered_is_delivered) {
  Link link;
  const auto unit = predicted_unit(4900);
  const auto first = link.pack(unit), second = link.pack(unit);
  link.receive(without(first, {1, 2, 3}));
  link.receive(second);
  link.pass(3ms);
  EXPECT_TRUE(link.frames.empty());
  link.receive(first[2]);
  ASSERT_EQ(link.frames.size(), 2U);
  EXPECT_EQ(link.frames[0].frame, FrameId{1});
  EXPECT_EQ(link.frames[1].frame, FrameId{2});
  EXPECT_FALSE(link.client.take_loss());
}

TEST(VideoReassembler, m43_a_frame_is_lost_a_moment_after_the_next_has_begun) {
  Link link;
  const auto unit = predicted_unit(4900);
  link.receive(without(link.pack(unit), {4, 5, 6}));
  EXPECT_FALSE(link.client.next_deadline()) << "all of it may still come";
  const auto next = link.pack(unit);
  link.receive(next[0]);
  EXPECT_EQ(link.client.next_deadline(), link.now + 4ms);
  link.pass(3'999us);
  EXPECT_FALSE(link.client.take_loss());
  link.pass(1us);
  EXPECT_EQ(link.client.take_loss(), (LostFrames{{1}, {1}}));
  link.receive(without(next, {0}));
  ASSERT_EQ(link.frames.size(), 1U);
  EXPECT_EQ(link.frames[0].frame, FrameId{2});
}

TEST(VideoReassembler, m43_a_loss_is_known_before_the_next_frame) {
  Link link;
  const auto datagrams = link.pack(predicted_unit(20'000));  // 20 + 4
  link.receive(datagrams[0]);
  link.receive(datagrams[6]);  // five are missing
  link.pass(4ms);
  EXPECT_EQ(link.client.take_loss(), (LostFrames{{1}, {1}}));
}

TEST(VideoReassembler, m43_a_block_is_lost_a_moment_after_the_next_has_begun) {
  Link link;
  const auto datagrams = link.pack(predicted_unit(250'000));
  for (std::size_t i = 10; i < datagrams.size(); ++i) {
    if (parse_shard(datagrams[i])->header.block == 1) link.receive(datagrams[i]);
  }
  link.pass(4ms);
  EXPECT_EQ(link.client.take_loss(), (LostFrames{{1}, {1}}));
}

TEST(VideoReassembler, frames_that_never_appear_are_lost_together) {
  Link link;
  const auto unit = predicted_unit(300);
  link.receive(link.pack(unit));
  for (int i = 0; i < 3; ++i) link.pack(unit);
  link.receive(link.pack(unit));
  EXPECT_EQ(link.frames.size(), 1U);
  link.pass(4ms);
  EXPECT_EQ(link.client.take_loss(), (LostFrames{{2}, {4}}));
  EXPECT_FALSE(link.client.take_loss());
  ASSERT_EQ(link.frames.size(), 2U);
  EXPECT_EQ(link.frames[1].frame, FrameId{5});
}

TEST(VideoReassembler, a_client_that_comes_late_has_lost_what_was_before) {
  Link link;
  const auto unit = idr_unit(300);
  for (int i = 0; i < 99; ++i) link.pack(unit);
  link.receive(link.pack(unit, FrameType::idr));
  link.pass(4ms);
  EXPECT_EQ(link.client.take_loss(), (LostFrames{{1}, {99}}));
  ASSERT_EQ(link.frames.size(), 1U);
  EXPECT_EQ(link.client.stats().frames_lost, 99U);
}

TEST(VideoReassembler, duplicates_late_datagrams_and_surplus_parity_change_nothing) {
  Link link;
  const auto unit = predicted_unit(4900);
  const auto datagrams = link.pack(unit);
  link.receive(datagrams[0]);
  link.receive(datagrams[0]);
  link.receive(without(datagrams, {0}));
  link.receive(datagrams);
  EXPECT_EQ(link.frames.size(), 1U);
  const auto& stats = link.client.stats();
  EXPECT_EQ(stats.duplicate, 1U);
  EXPECT_EQ(stats.surplus, 4U);
  EXPECT_EQ(stats.late, 5U);
  EXPECT_EQ(stats.invalid, 0U);
}

// ---- hostile datagrams ----

TEST(VideoReassembler, malformed_shards_are_dropped) {
  Link link;
  const auto good = link.pack(predicted_unit(4900))[0];
  const auto refused = [&](const std::function<void(Buffer&)>& change) {
    auto datagram = good;
    change(datagram);
    const auto before = link.client.stats().invalid;
    link.receive(datagram);
    return link.client.stats().invalid == before + 1;
  };
  const auto header = [](std::uint16_t data, std::uint16_t shard, std::uint8_t percent) {
    return [=](Buffer& datagram) {
      auto changed = parse_shard(datagram)->header;
      changed.data_shards = data;
      changed.shard = shard;
      changed.percent = percent;
      write_data_header(changed, datagram);
    };
  };
  EXPECT_TRUE(refused([](Buffer& datagram) { datagram.clear(); }));
  EXPECT_TRUE(refused([](Buffer& datagram) { datagram.resize(31); }));
  EXPECT_TRUE(refused([](Buffer& datagram) { datagram.resize(32); })) << "no payload";
  EXPECT_TRUE(refused([](Buffer& datagram) { datagram.push_back({}); })) << "larger than was agreed";
  EXPECT_TRUE(refused(header(0, 0, 20)));
  EXPECT_TRUE(refused(header(5, 6, 20)));
  EXPECT_TRUE(refused(header(255, 0, 1)));
  EXPECT_TRUE(refused(header(200, 0, 255)));
  EXPECT_TRUE(refused([](Buffer& datagram) { datagram[27] = std::byte{0x50 | 0x20}; })) << "block 3 of 2";
  EXPECT_TRUE(refused([](Buffer& datagram) { std::fill_n(datagram.begin() + 20, 4, std::byte{0}); }))
      << "frame 0";
  EXPECT_EQ(link.client.memory_bytes(), 0U);
}

TEST(VideoReassembler, what_disagrees_with_the_rest_of_its_block_is_dropped) {
  Link link;
  const auto unit = predicted_unit(4900);
  const auto datagrams = link.pack(unit);
  link.receive(datagrams[0]);
  auto other_sequence = datagrams[1];
  other_sequence[3] ^= std::byte{0x10};
  auto other_blocks = datagrams[1];
  other_blocks[27] = std::byte{0x40};
  auto other_share = datagrams[1];
  other_share[28] ^= std::byte{0x10};
  link.receive({other_sequence, other_blocks, other_share});
  EXPECT_EQ(link.client.stats().invalid, 3U);
  link.receive(without(datagrams, {0}));
  ASSERT_EQ(link.frames.size(), 1U);
  EXPECT_EQ(link.frames[0].bytes, unit);
}

TEST(VideoReassembler, memory_is_bounded_whatever_is_claimed) {
  constexpr std::size_t kBudget = 4U << 20U;
  Link link{{.packet_size = 1024, .memory_budget = kBudget}};
  auto datagram = link.pack(predicted_unit(300))[0];
  for (std::uint32_t frame = 1; frame < 16; ++frame) {
    for (std::uint8_t block = 0; block < 4; ++block) {
      write_data_header({.sequence = 0,
                         .frame = frame,
                         .flags = kPicture,
                         .block = block,
                         .last_block = 3,
                         .data_shards = 1023},
                        datagram);
      link.receive(datagram);
      EXPECT_LE(link.client.memory_bytes(), kBudget);
    }
  }
  EXPECT_GT(link.client.stats().refused, 0U);
}

TEST(VideoReassembler, a_forged_frame_from_far_ahead_does_not_end_the_stream) {
  Link link;
  const auto unit = predicted_unit(300);
  link.receive(link.pack(unit));
  auto forged = link.pack(unit)[0];
  auto header = parse_shard(forged)->header;
  header.frame = 0x7000'0000;
  write_data_header(header, forged);
  link.receive(forged);
  link.pass(4ms);
  EXPECT_TRUE(link.client.take_loss());
  link.frames.clear();
  for (int i = 0; i < 50; ++i) link.receive(link.pack(unit));
  EXPECT_TRUE(link.client.take_loss()) << "what came meanwhile is lost";
  ASSERT_FALSE(link.frames.empty());
  EXPECT_EQ(link.frames.back().frame, FrameId{52});
}

TEST(VideoReassembler, m47_encrypted_datagrams_of_old_frames_are_dropped_unread) {
  Link link{{.packet_size = 992}, {.packet_size = 992, .min_parity = 2}, test::key()};
  const auto unit = predicted_unit(300);
  auto first = link.pack(unit);
  link.receive(first);
  ASSERT_EQ(link.frames.size(), 1U);
  first[1][100] ^= std::byte{1};
  link.receive(first[1]);
  EXPECT_EQ(link.client.stats().forged, 0U);
  EXPECT_GE(link.client.stats().late, 1U);
}

TEST(VideoReassembler, forged_datagrams_are_dropped) {
  Link link{{.packet_size = 992}, {.packet_size = 992, .min_parity = 2}, test::key()};
  const auto unit = predicted_unit(300);
  const auto datagrams = link.pack(unit);
  for (const std::size_t at_byte : {0U, 20U, 40U, 1000U}) {
    auto forged = datagrams[0];
    forged[at_byte] ^= std::byte{1};
    link.receive(forged);
  }
  auto short_one = datagrams[0];
  short_one.resize(20);
  link.receive(short_one);
  EXPECT_EQ(link.client.stats().forged, 4U);
  EXPECT_EQ(link.client.stats().invalid, 1U);
  auto zero = datagrams[0];  // an unknown frame number is not dropped early
  std::fill_n(zero.begin() + 12, 4, std::byte{0});
  link.receive(zero);
  ASSERT_EQ(link.frames.size(), 1U);
  EXPECT_EQ(link.frames[0].bytes, unit);
}

// ---- what comes out ----

TEST(VideoReassembler, m49_av1_is_cut_exactly_and_wrong_lengths_are_a_loss) {
  const auto received = [](std::size_t bytes, std::optional<std::uint16_t> claimed) -> std::optional<Buffer> {
    Link link{{.format = VideoFormat::av1}};
    auto unit = noise(bytes, 3);
    unit.back() = std::byte{0};  // belongs to it
    auto datagrams = link.pack(unit);
    if (claimed) {
      auto header = *parse_frame_header(ByteView{datagrams[0]}.subspan(32));
      header.last_payload_bytes = *claimed;
      write_frame_header(header, MutableBytes{datagrams[0]}.subspan(32));
    }
    link.receive(datagrams);
    if (link.frames.empty()) {
      EXPECT_TRUE(link.client.take_loss());
      return std::nullopt;
    }
    EXPECT_TRUE(link.frames[0].bytes == unit || claimed);
    return link.frames[0].bytes;
  };
  for (const std::size_t bytes : {1U, 200U, 1000U, 1001U, 2008U, 5000U}) {
    EXPECT_EQ(received(bytes, std::nullopt)->size(), bytes);
  }
  EXPECT_FALSE(received(5000, 0));
  EXPECT_FALSE(received(5000, 1009));
  EXPECT_FALSE(received(200, 8)) << "one packet, and nothing in it";
  EXPECT_EQ(received(5000, 1008)->size(), 5 * 1008 - 8U);
}

TEST(VideoReassembler, annex_b_loses_its_padding_and_no_more) {
  Link link;
  auto unit = predicted_unit(500);
  auto datagrams = link.pack(unit);
  auto header = *parse_frame_header(ByteView{datagrams[0]}.subspan(32));
  header.last_payload_bytes = 100;  // of a host that writes anything
  write_frame_header(header, MutableBytes{datagrams[0]}.subspan(32));
  link.receive(datagrams);
  ASSERT_EQ(link.frames.size(), 1U);
  EXPECT_EQ(link.frames[0].bytes.size(), 1000U);
  EXPECT_TRUE(std::ranges::equal(unit, ByteView{link.frames[0].bytes}.first(500)));
}

TEST(VideoReassembler, a_key_frame_is_what_its_slices_say) {
  Link link;
  link.receive(link.pack(idr_unit(300), FrameType::predicted));
  link.receive(link.pack(predicted_unit(300), FrameType::idr));
  link.receive(link.pack(predicted_unit(300), FrameType::after_invalidation));
  ASSERT_EQ(link.frames.size(), 3U);
  EXPECT_EQ(link.frames[0].type, FrameType::idr);
  EXPECT_EQ(link.frames[1].type, FrameType::predicted);
  EXPECT_EQ(link.frames[2].type, FrameType::after_invalidation);
}

TEST(VideoReassembler, a_frame_header_of_another_kind_is_no_frame) {
  Link link;
  auto datagrams = link.pack(predicted_unit(300));
  datagrams[0][32] = std::byte{0x81};
  link.receive(datagrams);
  EXPECT_TRUE(link.frames.empty());
  EXPECT_TRUE(link.client.take_loss());
}

TEST(VideoReassembler, says_when_a_frame_came) {
  Link link;
  const auto datagrams = link.pack(predicted_unit(4900));
  const auto begun = link.now;
  link.receive(datagrams[0]);
  link.pass(2ms);
  link.receive(without(datagrams, {0}));
  ASSERT_EQ(link.frames.size(), 1U);
  EXPECT_EQ(link.frames[0].received, begun);
  EXPECT_EQ(link.frames[0].complete, begun + 2ms);
}

TEST(VideoReassembler, a_long_term_reference_is_known_even_when_it_was_repaired) {
  Link link;
  ASSERT_TRUE(
      link.host.pack(unit_of(predicted_unit(4900)), {.time = RtpTicks{1}, .long_term_reference = true}));
  link.receive(without(test::take_all(link.host), {4}));
  ASSERT_EQ(link.frames.size(), 1U);
  EXPECT_TRUE(link.frames[0].long_term_reference);
}

TEST(VideoReassembler, many_reports_push_the_oldest_out) {
  Link link;
  for (int i = 0; i < 20; ++i) link.receive(without(link.pack(predicted_unit(4900)), {0}));
  int reports = 0;
  std::uint32_t newest = 0;
  while (const auto status = link.client.take_status()) {
    ++reports;
    newest = status->frame;
  }
  EXPECT_EQ(reports, 8);
  EXPECT_EQ(newest, 20U);
}

TEST(VideoReassembler, sizes_and_keys_that_nobody_has_are_refused) {
  EXPECT_EQ(VideoReassembler::create({.packet_size = 63}, {}).error().id, "video.packet-size");
  EXPECT_EQ(VideoReassembler::create({}, ByteView{test::key()}.first(8)).error().id, "crypto.key");
}

}  // namespace
}  // namespace lumen::gamestream
