#include "simulation/session/session_run.hpp"

#include <gtest/gtest.h>

namespace lumen::simulation {
namespace {

using namespace std::chrono_literals;

TEST(ASessionRun, shows_every_picture_of_a_clean_link) {
  SessionRun run{{.down = {.delay = 5ms}, .up = {.delay = 5ms}}, 1};
  run.run(5s);
  EXPECT_GE(run.encoded(), 290U);
  EXPECT_GE(run.shown().size() + 2, run.encoded());
  EXPECT_EQ(run.lost(), 0U);
  EXPECT_LT(run.latency().max(), 10ms);
  EXPECT_EQ(run.host_stats().sender.bitrate_kbps, 10'000U);
}

}  // namespace
}  // namespace lumen::simulation
