// Whole streams: desktop, capture, encoder, parity, cipher, network, decoder; every frame checked by its
// pixels.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "tests/e2e/programs.hpp"
#include "tools/selftest/measure.hpp"

namespace lumen {
namespace {

nlohmann::json stream(const std::string& mode, double seconds, double loss = 0) {
  const auto figures = selftest::measure({.program_dir = LUMEN_PROGRAM_DIR,
                                          .mode = mode,
                                          .seconds = seconds,
                                          .loss_percent = loss,
                                          .png_path = testing::TempDir() + "/lumen-e2e.png"});
  if (figures) return *figures;
  ADD_FAILURE() << describe(figures.error());
  return {};
}

// Whatever arrived is right; how much arrived depends on the machine for the heavy modes.
void expect_nothing_wrong(const nlohmann::json& figures) {
  for (const auto* bad : {"frames_unreadable", "frames_wrong_color", "frames_wrong_size",
                          "frames_out_of_order", "scene_restarts", "session_restarts"}) {
    EXPECT_EQ(figures[bad], 0) << bad;
  }
}

TEST(Stream, a_720p60_desktop_arrives_whole) {
  const auto figures = stream("1280x720@60", 6);
  ASSERT_FALSE(figures.is_null());
  EXPECT_EQ(selftest::verdict(figures), "");
  EXPECT_EQ(figures["idr_count"], 1);
  EXPECT_GT(figures["frames_drawn"], 300);
  EXPECT_EQ(std::filesystem::exists(figures["png"].get<std::string>()), true);
}

class OddMode : public testing::TestWithParam<const char*> {};

TEST_P(OddMode, is_streamed_exactly) {
  const auto figures = stream(GetParam(), 4);
  ASSERT_FALSE(figures.is_null());
  expect_nothing_wrong(figures);
  EXPECT_EQ(figures["mode"], GetParam());
  EXPECT_GT(figures["frames_correct"], 20);
}

INSTANTIATE_TEST_SUITE_P(Modes, OddMode,
                         testing::Values("641x363@48", "2340x1080@59.94", "3840x2160@30", "1920x1080@60"),
                         [](const auto& mode) {
                           std::string name = mode.param;
                           std::ranges::replace_if(name, [](char c) { return !isalnum(c); }, '_');
                           return name;
                         });

TEST(Stream, two_percent_loss_loses_no_frame_and_needs_no_second_idr) {
  const auto figures = stream("1280x720@60", 12, 2);
  ASSERT_FALSE(figures.is_null());
  expect_nothing_wrong(figures);
  EXPECT_GT(figures["datagrams_dropped_by_injection"], 100);
  EXPECT_GT(figures["access_units_repaired"], 50);
  EXPECT_EQ(figures["access_units_lost"], 0);
  EXPECT_EQ(figures["idr_count"], 1);
}

TEST(Stream, eight_percent_loss_keeps_the_stream_up) {
  const auto figures = stream("1280x720@60", 8, 8);
  ASSERT_FALSE(figures.is_null());
  expect_nothing_wrong(figures);
  EXPECT_GT(figures["frames_correct"].get<double>(), 0.9 * figures["frames_drawn"].get<double>());
  EXPECT_LE(figures["host_send"]["idr_count"], figures["host_send"]["recovery_asked"].get<int>() + 2);
}

TEST(Stream, a_mode_change_needs_no_restart) {
  const e2e::Place place;
  const e2e::Program host{
      place, "lumen-host", {"serve", "--app", "test-scene", "--port", "0", "--no-gamestream", "--no-lumen"}};
  ASSERT_TRUE(e2e::eventually([&] { return !e2e::host_status(place).is_null(); })) << host.output();
  const auto stats = place.path() + "/client.json";
  e2e::Program client{place,
                      "lumen-client",
                      {"--headless", "--check", "--mode", "1280x720@60", "--then-mode", "641x363@48",
                       "--then-after", "2", "--seconds", "5", "--stats-json", stats}};
  ASSERT_TRUE(e2e::eventually([&] {
    const auto status = e2e::host_status(place);
    return !status.is_null() && status["sessions"][0]["mode"] == "1280x720@60";
  }));
  const auto pid = e2e::host_status(place)["sessions"][0]["pid"];
  ASSERT_TRUE(
      e2e::eventually([&] { return e2e::host_status(place)["sessions"][0]["mode"] == "641x363@48"; }));
  EXPECT_EQ(e2e::host_status(place)["sessions"][0]["pid"], pid);
  EXPECT_EQ(client.wait(std::chrono::seconds{30}), "exited with status 0") << client.output();
  // A client that comes back with another mode gets it from the same session, too.
  e2e::Program again{place, "lumen-client", {"--headless", "--mode", "800x600@75", "--seconds", "1"}};
  EXPECT_EQ(again.wait(std::chrono::seconds{30}), "exited with status 0") << again.output();
  const auto status = e2e::host_status(place);
  EXPECT_EQ(status["sessions"][0]["mode"], "800x600@75");
  EXPECT_EQ(status["sessions"][0]["pid"], pid);
}

}  // namespace
}  // namespace lumen
