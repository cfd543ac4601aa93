#include "flow/rate_control.hpp"

#include <gtest/gtest.h>

namespace lumen {
namespace {

TEST(RateControl, gives_the_configured_bitrate_where_nothing_speaks_against_it) {
  const RateControl control{{.cap_kbps = 10'000}};
  EXPECT_EQ(control.decision().bitrate_kbps, 10'000U);
  EXPECT_FALSE(control.decision().pace);
}

}  // namespace
}  // namespace lumen
