#include "stream/receive/sound_player.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "audio/opus_encoder.hpp"
#include "audio/test_tone.hpp"

namespace lumen::stream {
namespace {

using namespace std::chrono_literals;

// A host's encoder and packetizer, and an output that takes a packet each time one is sent.
class Listener {
 public:
  explicit Listener(const AudioFormat& format, std::size_t copies = 1)
      : format_{format}, encoder_{audio::OpusEncoder::create(format).value()} {
    packetizer_.set_copies(copies);
  }
  void step(bool lost = false) {
    const auto frames = format_.frames_per_packet();
    const auto samples = audio::tones(format_.channels, sent_++ * frames, frames);
    const auto packet = encoder_.encode(samples).value();
    const auto datagram =
        packetizer_.pack({.format = format_, .bytes = packet, .captured = now_}, now_ + 2ms);
    now_ += std::chrono::milliseconds{format_.packet_ms};
    if (!lost) {
      player.push(datagram->subspan(lumen1::kClearHeaderBytes,
                                    datagram->size() - lumen1::kClearHeaderBytes - lumen1::kTagBytes),
                  1ms, now_);
    }
    if (!player.format()) return;
    const auto heard = player.next();
    heard_.insert(heard_.end(), heard.begin(), heard.end());
  }
  void change(const AudioFormat& format) {
    format_ = format;
    encoder_ = audio::OpusEncoder::create(format).value();
    heard_.clear();
  }
  // Of the last half second.
  double level(std::size_t channel) const {
    const auto samples = std::min(heard_.size(), std::size_t{24'000} * format_.channels);
    return audio::usual_amplitude_at(std::span{heard_}.last(samples), format_.channels, channel,
                                     audio::tone_hz(channel));
  }

  SoundPlayer player{lumen1::Kind::sound};

 private:
  AudioFormat format_;
  audio::OpusEncoder encoder_;
  lumen1::SoundPacketizer packetizer_{lumen1::Kind::sound};
  Timestamp now_ = from_ns(1'000'000'000);
  std::size_t sent_ = 0;
  std::vector<float> heard_;
};

class EveryFormat : public testing::TestWithParam<AudioFormat> {};

TEST_P(EveryFormat, carries_a_tone_in_each_channel) {
  Listener listener{GetParam()};
  for (int i = 0; i < 300; ++i) listener.step();
  for (std::size_t i = 0; i < GetParam().channels; ++i) EXPECT_GT(listener.level(i), 0.35) << i;
  EXPECT_EQ(listener.player.stats().playout.concealed, 0U);
  EXPECT_EQ(listener.player.stats().streams, 1U);
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryFormat,
                         testing::Values(AudioFormat{}, AudioFormat{2, AudioQuality::high, 10},
                                         AudioFormat{6, AudioQuality::normal, 5},
                                         AudioFormat{8, AudioQuality::high, 5}));

TEST(SoundPlayer, what_is_lost_is_played_from_copies) {
  Listener listener{{}, 3};
  std::mt19937 random{1};
  for (int i = 0; i < 4000; ++i) listener.step(random() % 20 == 0);
  const auto playout = listener.player.stats().playout;
  EXPECT_LE(playout.concealed, 2U);
  EXPECT_GT(playout.copies_used, 100U);
  EXPECT_GT(listener.level(0), 0.35);
}

TEST(SoundPlayer, another_format_is_another_stream_and_goes_on) {
  Listener listener{{}};
  for (int i = 0; i < 100; ++i) listener.step();
  listener.change({6, AudioQuality::normal, 10});
  for (int i = 0; i < 100; ++i) listener.step();
  ASSERT_TRUE(listener.player.format());
  EXPECT_EQ(listener.player.format()->channels, 6);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_GT(listener.level(i), 0.35) << i;
  EXPECT_EQ(listener.player.stats().streams, 2U);
  EXPECT_GT(listener.player.stats().playout.played, 190U);
}

TEST(SoundPlayer, a_packet_that_opus_refuses_is_made_up) {
  SoundPlayer player{lumen1::Kind::sound};
  lumen1::SoundPacketizer packetizer{lumen1::Kind::sound};
  const std::vector<std::byte> nonsense(40, std::byte{0xFF});
  for (int i = 0; i < 10; ++i) {
    const auto datagram = packetizer.pack({.format = {}, .bytes = nonsense, .captured = {}}, from_ns(0));
    player.push(datagram->subspan(lumen1::kClearHeaderBytes,
                                  datagram->size() - lumen1::kClearHeaderBytes - lumen1::kTagBytes),
                0ms, from_ns(0));
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(player.next().size(), std::size_t{2} * 240);
  EXPECT_EQ(player.stats().undecodable, 3U);
}

TEST(SoundPlayer, nonsense_is_counted_and_begins_nothing) {
  SoundPlayer player{lumen1::Kind::sound};
  player.push(std::vector<std::byte>(50), 0ms, from_ns(0));
  EXPECT_FALSE(player.format());
  EXPECT_EQ(player.stats().malformed, 1U);
}

}  // namespace
}  // namespace lumen::stream
