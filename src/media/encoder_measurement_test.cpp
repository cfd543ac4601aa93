#include "media/encoder_measurement.hpp"

#include <gtest/gtest.h>

namespace lumen {
namespace {

EncoderMeasurement measured() {
  return {.codec = Codec::hevc,
          .width = 1280,
          .height = 720,
          .pictures = 40,
          .call_us = 36'000,
          .cpu_us = 61'000,
          .cores = 2,
          .text = "libx265 ultrafast, 2 threads"};
}

TEST(EncoderMeasurement, is_one_line) {
  EXPECT_EQ(to_line(measured()),
            "hevc 1280x720 pictures=40 call_us=36000 cpu_us=61000 cores=2 libx265 ultrafast, 2 threads");
  EXPECT_EQ(to_line({.codec = Codec::av1, .text = "no\nlibaom"}), "av1 unavailable no libaom");
}

TEST(EncoderMeasurement, comes_back_as_it_was) {
  for (const auto codec : {Codec::h264, Codec::hevc, Codec::av1}) {
    auto one = measured();
    one.codec = codec;
    EXPECT_EQ(parse_measurement(to_line(one)), one);
    const EncoderMeasurement none{.codec = codec, .text = "there is none"};
    EXPECT_EQ(parse_measurement(to_line(none)), none);
  }
}

TEST(EncoderMeasurement, other_lines_are_none) {
  const auto good = to_line(measured());
  ASSERT_TRUE(parse_measurement(good));
  for (const auto* line :
       {"", "hevc", "vp9 1280x720 pictures=1 call_us=1 cpu_us=1 cores=1 x", "x265 [error]: no memory",
        "hevc 1280 pictures=1 call_us=1 cpu_us=1 cores=1 x",
        "hevc 1280x720 pictures=0 call_us=1 cpu_us=1 cores=1 x",
        "hevc 1280x720 pictures=1 call_us=-1 cpu_us=1 cores=1 x",
        "hevc 1280x720 call_us=1 cpu_us=1 cores=1 x", "hevc 8193x720 pictures=1 call_us=1 cpu_us=1 cores=1 x",
        "hevc 1280x720 pictures=99999999999 call_us=1 cpu_us=1 cores=1 x"}) {
    EXPECT_FALSE(parse_measurement(line)) << line;
  }
  EXPECT_EQ(parse_measurement("av1 unavailable " + std::string(5000, 'x'))->text.size(), kMaxMeasurementText);
}

}  // namespace
}  // namespace lumen
