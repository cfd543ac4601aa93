#include "gamestream/media/audio_reassembler.hpp"

#include <gtest/gtest.h>

#include "gamestream/media/audio_packetizer.hpp"
#include "gamestream/media/test_media.hpp"

namespace lumen::gamestream {
namespace {

using namespace std::chrono_literals;
using test::Buffer;
using test::noise;

constexpr std::uint32_t kKeyId = 0xFFFF'FFF0;

// What came out: the packet's number in the stream, and its bytes; nothing for one that is missing.
struct Heard {
  std::uint64_t packet;
  Buffer opus;
  bool repaired;
};

class Link {
 public:
  explicit Link(ByteView key = {}, std::uint32_t first_packet = 0)
      : host{AudioPacketizer::create({.packet_ms = 5, .key_id = kKeyId, .first_packet = first_packet}, key)
                 .value()},
        client{AudioReassembler::create({.key_id = kKeyId}, key).value()} {}

  // Datagrams of the next four packets: four of data, two of parity.
  std::vector<Buffer> block(std::size_t bytes = 60) {
    std::vector<Buffer> datagrams;
    for (int i = 0; i < 4; ++i) {
      sent.push_back(noise(bytes, seed++));
      const auto packed = host.pack(sent.back()).value();
      for (const auto datagram : packed.all()) datagrams.emplace_back(datagram.begin(), datagram.end());
    }
    return datagrams;
  }
  void receive(const Buffer& datagram) {
    client.push(datagram, now);
    collect();
  }
  void receive(const std::vector<Buffer>& datagrams, std::initializer_list<std::size_t> lost = {}) {
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
      if (std::ranges::find(lost, i) == lost.end()) receive(datagrams[i]);
    }
  }
  void collect() {
    while (const auto audio = client.pop(now)) {
      if (heard.empty() && skipped == 0) first = audio->packet;
      skipped += audio->missing > 1 ? audio->missing : 0;
      if (audio->missing <= 1)
        heard.push_back({audio->packet - first, {audio->opus.begin(), audio->opus.end()}, audio->repaired});
    }
  }
  void pass(Duration time) {
    now += time;
    collect();
  }
  // Every packet that was sent came out, or is said to be missing, in order.
  void expect_all(std::initializer_list<std::size_t> missing = {}) const {
    ASSERT_EQ(heard.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
      EXPECT_EQ(heard[i].packet, i);
      const bool is_missing = std::ranges::find(missing, i) != missing.end();
      EXPECT_EQ(heard[i].opus, is_missing ? Buffer{} : sent[i]) << i;
    }
  }

  AudioPacketizer host;
  AudioReassembler client;
  Timestamp now{1h};
  std::uint32_t seed = 1;
  std::uint64_t first = 0, skipped = 0;
  std::vector<Buffer> sent;
  std::vector<Heard> heard;
};

TEST(AudioReassembler, m48_packets_in_order_come_out_at_once) {
  Link link;
  for (int i = 0; i < 3; ++i) {
    const auto datagrams = link.block();
    for (std::size_t j = 0; j < 4; ++j) {
      link.receive(datagrams[j]);
      EXPECT_EQ(link.heard.size(), static_cast<std::size_t>(i) * 4 + j + 1);
    }
    link.receive({datagrams[4], datagrams[5]});
  }
  link.expect_all();
  EXPECT_EQ(link.client.stats().surplus, 6U);
  EXPECT_FALSE(link.client.next_deadline());
}

TEST(AudioReassembler, m48_any_two_of_six_may_be_lost) {
  for (const ByteView key : {ByteView{}, ByteView{test::key()}}) {
    for (std::size_t i = 0; i < 6; ++i) {
      for (auto j = i; j < 6; ++j) {
        Link link{key};
        link.receive(link.block());
        link.receive(link.block(), {i, j});
        link.receive(link.block());
        link.expect_all();
        EXPECT_EQ(link.client.stats().packets_repaired, (i < 4 ? 1U : 0U) + (j < 4 && j != i ? 1U : 0U));
      }
    }
  }
}

TEST(AudioReassembler, m48_what_cannot_be_repaired_is_said_to_be_missing) {
  Link link;
  link.receive(link.block());
  link.receive(link.block(), {1, 2, 4});
  EXPECT_EQ(link.heard.size(), 5U);
  ASSERT_TRUE(link.client.next_deadline());
  EXPECT_EQ(*link.client.next_deadline(), link.now + 5ms);
  link.pass(4ms);
  EXPECT_EQ(link.heard.size(), 5U);
  link.pass(1ms);
  link.expect_all({5, 6});
  EXPECT_EQ(link.client.stats().packets_missing, 2U);
}

TEST(AudioReassembler, m48_no_block_is_skipped_silently) {
  Link link;
  link.receive(link.block());
  link.block();
  link.receive(link.block());
  link.pass(5ms);
  link.expect_all({4, 5, 6, 7});
}

TEST(AudioReassembler, m48_a_long_silence_is_one_report) {
  Link link;
  link.receive(link.block());
  for (int i = 0; i < 100; ++i) link.block();
  link.receive(link.block());
  EXPECT_EQ(link.skipped, 400U);
  ASSERT_EQ(link.heard.size(), 8U);
  EXPECT_EQ(link.heard.back().packet, 407U);
  EXPECT_EQ(link.heard.back().opus, link.sent.back());
}

TEST(AudioReassembler, reordered_packets_are_put_in_order) {
  Link link;
  link.receive(link.block());
  auto datagrams = link.block();
  std::swap(datagrams[0], datagrams[3]);
  link.receive(datagrams, {4, 5});
  link.expect_all();
  EXPECT_EQ(link.client.stats().packets_repaired, 0U);
}

TEST(AudioReassembler, a_straggler_that_comes_in_time_is_heard) {
  Link link;
  link.receive(link.block());
  const auto second = link.block();
  link.receive(second, {1, 2, 4, 5});
  const auto third = link.block();
  link.receive(third[0]);
  link.pass(4ms);
  link.receive(second[1]);
  link.receive(second[2]);
  link.receive(third, {0});
  link.expect_all();
}

TEST(AudioReassembler, sequences_go_around) {
  Link link{test::key(), 65'520};
  link.receive(link.block());
  for (int i = 0; i < 10; ++i) link.receive(link.block(), {0, 2});
  link.expect_all();
}

TEST(AudioReassembler, a_stream_may_begin_in_the_middle_of_a_block) {
  Link link;
  const auto datagrams = link.block();
  link.receive(datagrams, {0, 1});
  link.receive(link.block());
  ASSERT_EQ(link.heard.size(), 6U);
  EXPECT_EQ(link.heard[0].opus, link.sent[2]);
  EXPECT_EQ(link.heard[5].opus, link.sent[7]);
}

TEST(AudioReassembler, duplicates_and_late_packets_change_nothing) {
  Link link;
  const auto datagrams = link.block();
  link.receive(datagrams);
  link.receive(datagrams);
  const auto second = link.block();
  link.receive({second[0], second[2], second[2]});
  link.receive({second[1], second[3]});
  link.expect_all();
  EXPECT_EQ(link.client.stats().duplicate, 1U);
  EXPECT_EQ(link.client.stats().late, 4U);
}

TEST(AudioReassembler, media_35_a_block_of_several_sizes_is_not_repaired_to_noise) {
  Link link;
  link.receive(link.block());
  auto datagrams = link.block();
  datagrams[1].push_back(std::byte{1});
  link.sent[5].push_back(std::byte{1});
  link.receive(datagrams, {0});
  link.receive(link.block());
  link.expect_all({4});
}

TEST(AudioReassembler, media_32_what_is_not_of_this_key_is_missing) {
  Link link{test::key()};
  link.receive(link.block());
  auto datagrams = link.block();
  for (std::size_t i = 60; i < 76; ++i) datagrams[2][i] ^= std::byte{0x55};
  link.receive(datagrams);
  ASSERT_EQ(link.heard.size(), 8U);
  EXPECT_TRUE(link.heard[6].opus.empty());
  EXPECT_EQ(link.heard[7].opus, link.sent[7]);
}

TEST(AudioReassembler, malformed_datagrams_are_dropped) {
  Link link;
  link.receive(link.block());
  const auto datagrams = link.block();
  const auto refused = [&link](Buffer datagram) {
    const auto before = link.client.stats().invalid;
    link.receive(datagram);
    return link.client.stats().invalid == before + 1;
  };
  const auto changed = [](Buffer datagram, std::size_t offset, int value) {
    datagram[offset] = static_cast<std::byte>(value);
    return datagram;
  };
  const auto resized = [](Buffer datagram, std::size_t bytes) {
    datagram.resize(bytes);
    return datagram;
  };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused(resized(datagrams[0], 12)));
  EXPECT_TRUE(refused(resized(datagrams[0], 1500)));
  EXPECT_TRUE(refused(changed(datagrams[0], 1, 98)));
  EXPECT_TRUE(refused(resized(datagrams[4], 24)));
  EXPECT_TRUE(refused(resized(datagrams[4], 1500)));
  EXPECT_TRUE(refused(changed(datagrams[4], 12, 2)));
  EXPECT_TRUE(refused(changed(datagrams[4], 13, 98)));
  EXPECT_TRUE(refused(changed(datagrams[4], 15, 5))) << "not a multiple of four";
  link.receive(datagrams);
  link.expect_all();
}

TEST(AudioReassembler, a_forged_packet_from_far_ahead_does_not_end_the_stream) {
  Link link;
  link.receive(link.block());
  auto forged = link.block()[0];
  forged[2] = std::byte{0x60};
  link.receive(forged);
  link.heard.clear();
  for (int i = 0; i < 8; ++i) link.receive(link.block());
  ASSERT_FALSE(link.heard.empty());
  EXPECT_EQ(link.heard.back().opus, link.sent.back());
}

TEST(AudioReassembler, parity_before_any_packet_is_ignored) {
  Link link;
  const auto datagrams = link.block();
  link.receive(datagrams, {0, 1, 2, 3});
  EXPECT_TRUE(link.heard.empty());
  link.receive(link.block());
  EXPECT_EQ(link.heard.size(), 4U);
}

TEST(AudioReassembler, a_key_has_16_bytes) {
  EXPECT_EQ(AudioReassembler::create({}, ByteView{test::key()}.first(8)).error().id, "crypto.key");
}

}  // namespace
}  // namespace lumen::gamestream
