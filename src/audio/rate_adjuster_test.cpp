#include "audio/rate_adjuster.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "audio/clock_output.hpp"
#include "audio/test_tone.hpp"

namespace lumen::audio {
namespace {

std::vector<float> adjusted(std::uint8_t channels, double rate, std::size_t block, std::size_t blocks) {
  RateAdjuster adjuster{channels};
  std::vector<float> out;
  for (std::size_t i = 0; i < blocks; ++i) {
    const auto samples = adjuster.adjust(tones(channels, i * block, block), rate);
    out.insert(out.end(), samples.begin(), samples.end());
  }
  return out;
}

TEST(RateAdjuster, at_rate_one_what_goes_in_comes_out_later) {
  const auto in = tones(2, 0, 240 * 20);
  const auto out = adjusted(2, 1, 240, 20);
  ASSERT_EQ(out.size(), in.size());
  const auto delay = RateAdjuster::kDelayFrames * 2;
  for (std::size_t i = delay; i < out.size(); ++i) ASSERT_NEAR(out[i], in[i - delay], 1e-6) << i;
}

TEST(RateAdjuster, tones_become_higher_and_shorter_and_stay_clean) {
  for (const double rate : {0.995, 0.9999, 1.0001, 1.005}) {
    const auto out = adjusted(2, rate, 240, 400);
    EXPECT_NEAR(static_cast<double>(out.size()) / 2, 240 * 400 / rate, 2) << rate;
    const std::span late{out.data() + 9600, 96'000 / 2 * 2 - 19'200};
    for (std::size_t channel = 0; channel < 2; ++channel) {
      EXPECT_NEAR(amplitude_at(late, 2, channel, tone_hz(channel) * rate), 0.5, 0.005) << rate;
    }
    double rest = 0;  // what is no such tone
    const auto turns = 2 * std::numbers::pi * tone_hz(0) * rate / kSampleRateHz;
    double sine = 0, cosine = 0;
    const auto frames = late.size() / 2;
    for (std::size_t i = 0; i < frames; ++i) {
      sine += late[2 * i] * std::sin(turns * static_cast<double>(i)) * 2 / static_cast<double>(frames);
      cosine += late[2 * i] * std::cos(turns * static_cast<double>(i)) * 2 / static_cast<double>(frames);
    }
    for (std::size_t i = 0; i < frames; ++i) {
      const auto angle = turns * static_cast<double>(i);
      rest = std::max(rest, std::abs(late[2 * i] - sine * std::sin(angle) - cosine * std::cos(angle)));
    }
    EXPECT_LE(rest, 0.003) << rate;
  }
}

TEST(RateAdjuster, blocks_of_any_size_make_one_signal) {
  RateAdjuster whole{2}, pieces{2};
  const auto in = tones(2, 0, 1200);
  std::vector<float> one, many;
  for (std::size_t at = 0; at < 2400; at += 2400) {
    const auto samples = whole.adjust(in, 1.003);
    one.assign(samples.begin(), samples.end());
  }
  for (std::size_t at = 0; at < 2400;) {
    const auto size = std::min<std::size_t>(2 * (1 + at % 97), 2400 - at);
    const auto samples = pieces.adjust(std::span{in}.subspan(at, size), 1.003);
    many.insert(many.end(), samples.begin(), samples.end());
    at += size;
  }
  ASSERT_EQ(one.size(), many.size());
  for (std::size_t i = 0; i < one.size(); ++i) ASSERT_NEAR(one[i], many[i], 1e-5) << i;
}

TEST(RateAdjuster, rates_and_blocks_beyond_the_limits_are_cut) {
  RateAdjuster adjuster{8};
  const std::vector<float> much(std::size_t{8} * 10'000, 0.5F);
  for (const double rate : {0.0, 0.5, 2.0}) {
    const auto frames = static_cast<double>(adjuster.adjust(much, rate).size()) / 8;
    EXPECT_NEAR(frames, static_cast<double>(RateAdjuster::kMostFrames), 30) << rate;
  }
}

TEST(ClockOutput, what_was_played_lasts_as_long_as_it_says) {
  ManualTime time;
  time.advance(std::chrono::hours{1});
  const auto output = make_clock_output(2, time);
  EXPECT_EQ(output->queued(), Duration::zero());
  output->play(std::vector<float>(std::size_t{2} * 480));
  EXPECT_EQ(output->queued(), std::chrono::milliseconds{10});
  time.advance(std::chrono::milliseconds{4});
  EXPECT_EQ(output->queued(), std::chrono::milliseconds{6});
  time.advance(std::chrono::seconds{4});
  EXPECT_EQ(output->queued(), Duration::zero());
  output->play(std::vector<float>(std::size_t{2} * 48));
  EXPECT_EQ(output->queued(), std::chrono::milliseconds{1});
}

}  // namespace
}  // namespace lumen::audio
