#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "audio/opus_decoder.hpp"
#include "audio/opus_encoder.hpp"
#include "audio/test_tone.hpp"

namespace lumen::audio {
namespace {

struct Case {
  AudioFormat format;
  std::size_t bytes;
};

class OpusFormats : public testing::TestWithParam<Case> {
 protected:
  const AudioFormat format_ = GetParam().format;
  const std::size_t frames_ = format_.frames_per_packet();
  const std::size_t channels_ = format_.channels;
  OpusEncoder encoder_ = OpusEncoder::create(format_).value();
};

TEST_P(OpusFormats, every_packet_has_the_same_size_whatever_it_holds) {
  EXPECT_EQ(packet_bytes(format_), GetParam().bytes);
  std::mt19937 random{1};  // NOLINT: the same every time
  std::uniform_real_distribution<float> noise{-1, 1};
  std::vector<float> samples(frames_ * channels_);
  for (int i = 0; i < 100; ++i) {
    if (i % 3 == 0) std::ranges::fill(samples, 0.0F);
    if (i % 3 == 1) std::ranges::generate(samples, [&] { return noise(random); });
    if (i % 3 == 2) samples = tones(channels_, static_cast<std::size_t>(i) * frames_, frames_);
    const auto packet = encoder_.encode(samples);
    ASSERT_TRUE(packet) << packet.error().what;
    ASSERT_EQ(packet->size(), GetParam().bytes);
  }
}

TEST_P(OpusFormats, every_channel_comes_back_as_itself) {
  auto decoder = OpusDecoder::create(layout_of(format_), format_.packet_ms).value();
  std::vector<float> heard;
  const std::size_t packets = 1000U / format_.packet_ms;
  for (std::size_t i = 0; i < packets; ++i) {
    const auto packet = encoder_.encode(tones(channels_, i * frames_, frames_)).value();
    const auto samples = decoder.decode(packet).value();
    ASSERT_EQ(samples.size(), frames_ * channels_);
    heard.insert(heard.end(), samples.begin(), samples.end());
  }
  const auto settled = std::span<const float>{heard}.subspan(heard.size() / 2);
  for (std::size_t channel = 0; channel < channels_; ++channel) {
    // Coarse: eight tones at once are much for the normal rates.
    EXPECT_NEAR(amplitude_at(settled, channels_, channel, tone_hz(channel)), 0.5, 0.15) << channel;
    for (std::size_t other = 0; other < channels_; ++other) {
      if (other == channel) continue;
      EXPECT_LT(amplitude_at(settled, channels_, channel, tone_hz(other)), 0.05) << channel << ' ' << other;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Of, OpusFormats,
    testing::Values(Case{{2, AudioQuality::normal, 5}, 60}, Case{{2, AudioQuality::normal, 10}, 120},
                    Case{{2, AudioQuality::high, 5}, 320}, Case{{2, AudioQuality::high, 10}, 640},
                    Case{{6, AudioQuality::normal, 5}, 160}, Case{{6, AudioQuality::normal, 10}, 320},
                    Case{{6, AudioQuality::high, 5}, 960}, Case{{8, AudioQuality::normal, 5}, 281},
                    Case{{8, AudioQuality::normal, 10}, 562}, Case{{8, AudioQuality::high, 5}, 1280},
                    Case{{8, AudioQuality::high, 10}, 2560}),
    [](const auto& each) {
      const auto& format = each.param.format;
      return std::to_string(format.channels) +
             (format.quality == AudioQuality::high ? "_high_" : "_normal_") +
             std::to_string(format.packet_ms) + "_ms";
    });

TEST(OpusEncoder, what_is_no_format_or_no_packet_is_refused) {
  EXPECT_EQ(OpusEncoder::create({3, AudioQuality::normal, 5}).error().id, "audio.format");
  EXPECT_EQ(OpusEncoder::create({2, AudioQuality::normal, 20}).error().id, "audio.format");
  auto encoder = OpusEncoder::create({}).value();
  EXPECT_EQ(encoder.encode(std::vector<float>(479)).error().id, "audio.encode");
  EXPECT_TRUE(encoder.encode(std::vector<float>(480)));
}

TEST(OpusDecoder, layouts_that_make_no_sense_are_refused) {
  const auto refused = [](const OpusLayout& layout, std::uint8_t packet_ms = 5) {
    const auto decoder = OpusDecoder::create(layout, packet_ms);
    return !decoder && decoder.error().id == "audio.layout";
  };
  EXPECT_TRUE(refused({.channels = 0}));
  EXPECT_TRUE(refused({.channels = 9, .streams = 9, .coupled = 0}));
  EXPECT_TRUE(refused({.channels = 2, .streams = 0, .coupled = 0}));
  EXPECT_TRUE(refused({.channels = 2, .streams = 1, .coupled = 2}));
  EXPECT_TRUE(refused({.channels = 2, .streams = 1, .coupled = 1, .mapping = {0, 2}}));
  EXPECT_TRUE(refused({.channels = 2, .streams = 255, .coupled = 255}));
  EXPECT_TRUE(refused({}, 7));
  EXPECT_FALSE(refused({}));
}

TEST(OpusDecoder, a_lost_packet_is_concealed_and_nonsense_leaves_it_usable) {
  const AudioFormat format{};
  auto encoder = OpusEncoder::create(format).value();
  auto decoder = OpusDecoder::create(layout_of(format), format.packet_ms).value();
  for (std::size_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(decoder.decode(encoder.encode(tones(2, i * 240, 240)).value()));
  }
  const auto concealed = decoder.decode({}).value();
  EXPECT_TRUE(std::ranges::any_of(concealed, [](float sample) { return std::abs(sample) > 0.05F; }));
  auto ten = OpusEncoder::create({2, AudioQuality::normal, 10}).value();
  EXPECT_EQ(decoder.decode(ten.encode(std::vector<float>(960)).value()).error().id, "audio.malformed");
  std::mt19937 random{3};  // NOLINT: the same every time
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::byte> bytes(1 + random() % 300);
    std::ranges::generate(bytes, [&] { return static_cast<std::byte>(random()); });
    if (const auto samples = decoder.decode(bytes)) {
      EXPECT_EQ(samples->size(), 480U);
    }
  }
  EXPECT_TRUE(decoder.decode(encoder.encode(tones(2, 0, 240)).value()));
}

}  // namespace
}  // namespace lumen::audio
