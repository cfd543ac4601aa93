#include "host/encoder_probe.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

namespace lumen::host {
namespace {

using namespace std::chrono_literals;

// Runs a shell script in place of lumen-session.
class EncoderProbeTest : public testing::Test {
 protected:
  EncoderProbeTest() {
    folder_ = testing::TempDir() + "lumen-XXXXXX";
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  }
  ~EncoderProbeTest() override { std::filesystem::remove_all(folder_); }

  std::string program(const std::string& script) const {
    const std::string path = folder_ + "/session";
    std::ofstream{path} << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }

  std::vector<EncoderMeasurement> measured_by(const std::string& script, Duration timeout = 20s,
                                              const std::string& preset = {}) {
    std::optional<std::vector<EncoderMeasurement>> found;
    auto probe = EncoderProbe::start({.program = program(script), .preset = preset, .timeout = timeout},
                                     *loop_, [&](std::vector<EncoderMeasurement> measurements) {
                                       EXPECT_FALSE(found) << "told twice";
                                       found = std::move(measurements);
                                       loop_->stop();
                                     });
    EXPECT_TRUE(probe);
    loop_->run();
    return found.value_or(std::vector<EncoderMeasurement>{});
  }

  std::string folder_;
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
};

constexpr const char* kHevc = "echo 'hevc 1280x720 pictures=4 call_us=5 cpu_us=6 cores=2 libx265'";

TEST_F(EncoderProbeTest, hands_over_what_the_program_says_and_skips_the_rest) {
  const auto found = measured_by(std::string{"echo noise; "} + kHevc +
                                 "; echo 'av1 unavailable none' >&2; printf 'h264 unfinished'");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].codec, Codec::hevc);
  EXPECT_EQ(found[0].call_us, 5U);
  EXPECT_EQ(found[0].text, "libx265");
  EXPECT_FALSE(found[1].is_available());
}

TEST_F(EncoderProbeTest, gives_the_program_its_orders) {
  const auto found = measured_by("echo \"av1 unavailable $*\"", 20s, "superfast");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text, "--probe superfast");
}

TEST_F(EncoderProbeTest, a_program_that_says_nothing_measured_nothing) {
  EXPECT_TRUE(measured_by("exit 3").empty());
}

TEST_F(EncoderProbeTest, a_program_that_hangs_is_killed_and_what_it_said_counts) {
  const auto found = measured_by(std::string{kHevc} + "; sleep 1000", 300ms);
  EXPECT_LE(found.size(), 1U);  // a slow machine may not have come so far
}

TEST_F(EncoderProbeTest, a_program_gone_mad_fills_no_memory) {
  const auto found = measured_by("yes 'av1 unavailable x' | head -n 5000; head -c 300000 /dev/zero");
  EXPECT_EQ(found.size(), 16U);
}

TEST_F(EncoderProbeTest, what_it_says_is_safe_to_show) {
  const auto found = measured_by("printf 'av1 unavailable \\033[2Jx\\n'");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text, "?[2Jx");
}

TEST_F(EncoderProbeTest, a_missing_program_is_known_at_once) {
  const auto probe = EncoderProbe::start({.program = folder_ + "/none"}, *loop_, [](const auto&) { FAIL(); });
  ASSERT_FALSE(probe);
  EXPECT_EQ(probe.error().id, "process.not-found");
}

TEST_F(EncoderProbeTest, destroying_it_ends_the_program) {
  auto probe = EncoderProbe::start({.program = program("sleep 1000")}, *loop_, [](const auto&) { FAIL(); });
  ASSERT_TRUE(probe);
  probe->reset();
  loop_->post([this] { loop_->stop(); });
  loop_->run();
}

}  // namespace
}  // namespace lumen::host
