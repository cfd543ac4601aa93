// What docs/fec.md promises, on fewer frames than it counts there.
#include <gtest/gtest.h>

#include "simulation/stream.hpp"

namespace lumen::simulation {
namespace {

using std::chrono::milliseconds;

Stream run(const StreamParams& params, const LossModel& loss, int frames) {
  Stream stream{params, {.loss = loss, .delay = milliseconds{10}}, 1};
  for (int i = 0; i < frames; ++i) stream.send_frame();
  stream.finish();
  return stream;
}

class TwoPercent : public testing::TestWithParam<std::size_t> {};

TEST_P(TwoPercent, lost_evenly_loses_no_frame) {
  const auto stream = run({.data_shards = GetParam()}, {.loss = 0.02}, 30'000);
  EXPECT_EQ(stream.playback().frames_lost, 0U);
}

INSTANTIATE_TEST_SUITE_P(DataShards, TwoPercent, testing::Values(15, 72, 180));

TEST(FivePercent, in_bursts_of_eight_loses_less_than_one_in_10000_large_frames_at_35_percent_parity) {
  const auto stream =
      run({.data_shards = 500, .size_spread = 0.1, .parity = {.max_percent = 35}}, {0.05, 8}, 20'000);
  EXPECT_LE(stream.playback().frames_lost, 2U);
  EXPECT_LE(stream.stats().most_parity_percent, 35.3) << "rounded up";
}

// No code can help: what is lost in a row is more than its parity.
TEST(FivePercent, in_bursts_of_eight_loses_one_in_60_frames_of_100_at_35_percent_parity) {
  const auto stream = run({.idr_size = 1, .parity = {.max_percent = 35}}, {0.05, 8}, 20'000);
  EXPECT_NEAR(static_cast<double>(stream.stats().frames_beyond_repair), 20'000 * 0.0169, 80);
}

}  // namespace
}  // namespace lumen::simulation
