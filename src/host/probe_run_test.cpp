#include "host/probe_run.hpp"

#include <gtest/gtest.h>

namespace lumen::host {
namespace {

using namespace std::chrono_literals;

TEST(ProbeRun, tells_what_a_probe_ends_with) {
  EXPECT_EQ(run_probe({.argv = {"sh", "-c", "exit 0"}}).value_or(-1), 0);
  EXPECT_EQ(run_probe({.argv = {"sh", "-c", "exit 3"}}).value_or(-1), 3);
}

TEST(ProbeRun, a_probe_that_crashes_crashes_alone) {
  const auto crashed = run_probe({.argv = {"sh", "-c", "kill -SEGV $$"}});
  ASSERT_FALSE(crashed);
  EXPECT_EQ(crashed.error().id, "probe.crashed");
  EXPECT_NE(crashed.error().what.find("Segmentation fault"), std::string::npos);
}

TEST(ProbeRun, a_probe_that_hangs_is_ended_in_time) {
  const auto begin = SteadyTime{}.now();
  const auto hung =
      run_probe({.argv = {"sh", "-c", "trap '' TERM; while :; do sleep 60; done"}, .timeout = 200ms});
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().id, "probe.hung");
  EXPECT_LT(SteadyTime{}.now() - begin, 10s);
}

TEST(ProbeRun, a_program_that_is_not_there_is_a_typed_error) {
  EXPECT_FALSE(run_probe({.argv = {"/nonexistent/lumen-session"}}));
}

}  // namespace
}  // namespace lumen::host
