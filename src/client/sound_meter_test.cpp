#include "client/sound_meter.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace lumen::client {
namespace {

// `seconds` of a sine on each channel, from sample `from` on.
std::vector<float> sines(std::vector<double> hertz, double amplitude, double seconds) {
  std::vector<float> samples;
  for (std::size_t i = 0; i < static_cast<std::size_t>(seconds * 48'000); ++i) {
    for (const auto pitch : hertz) {
      samples.push_back(static_cast<float>(
          amplitude * std::sin(2 * std::numbers::pi * pitch * static_cast<double>(i) / 48'000)));
    }
  }
  return samples;
}

TEST(SoundMeter, tones_and_levels_are_told_apart_by_channel) {
  SoundMeter meter;
  meter.add(sines({440, 880.5}, 0.5, 1.2), 2);
  const auto facts = meter.snapshot();
  EXPECT_EQ(facts.channels, 2);
  EXPECT_EQ(facts.samples, 57'600U);
  EXPECT_NEAR(facts.by_channel[0].tone_hz, 440, 0.1);
  EXPECT_NEAR(facts.by_channel[1].tone_hz, 880.5, 0.1);
  EXPECT_NEAR(facts.by_channel[0].level_dbfs, -9.03, 0.05);
  EXPECT_NEAR(facts.by_channel[0].peak_dbfs, -6.02, 0.05);
}

TEST(SoundMeter, pieces_of_any_size_say_the_same) {
  SoundMeter meter;
  const auto all = sines({1000}, 0.25, 2);
  for (std::size_t at = 0; at < all.size(); at += 240) meter.add({all.data() + at, 240}, 1);
  EXPECT_NEAR(meter.snapshot().by_channel[0].tone_hz, 1000, 0.1);
}

TEST(SoundMeter, silence_has_no_tone) {
  SoundMeter meter;
  meter.add(std::vector<float>(96'000), 2);
  const auto facts = meter.snapshot();
  EXPECT_EQ(facts.silent_samples, 48'000U);
  EXPECT_EQ(facts.by_channel[0].tone_hz, 0);
  EXPECT_EQ(facts.by_channel[0].level_dbfs, kSilenceDbfs);
}

TEST(SoundMeter, noise_below_the_hysteresis_is_no_tone) {
  SoundMeter meter;
  meter.add(sines({3000}, 0.001, 1), 1);
  EXPECT_EQ(meter.snapshot().by_channel[0].tone_hz, 0);
}

TEST(SoundMeter, another_number_of_channels_begins_anew) {
  SoundMeter meter;
  meter.add(sines({440}, 0.5, 1), 1);
  meter.add(sines({200, 300, 400, 50, 600, 700, 800, 900}, 0.5, 1), 8);
  const auto facts = meter.snapshot();
  EXPECT_EQ(facts.channels, 8);
  EXPECT_EQ(facts.samples, 48'000U);
  EXPECT_NEAR(facts.by_channel[3].tone_hz, 50, 0.1);
  EXPECT_NEAR(facts.by_channel[7].tone_hz, 900, 0.1);
}

TEST(SoundMeter, numbers_of_channels_that_cannot_be_are_ignored) {
  SoundMeter meter;
  meter.add(std::vector<float>(90), 9);
  meter.add(std::vector<float>(90), 0);
  EXPECT_EQ(meter.snapshot().channels, 0);
}

}  // namespace
}  // namespace lumen::client
