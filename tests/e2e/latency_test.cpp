// latency-probe, whole: its own host, both protocols, keys that change the picture, and what it writes.
#include <gtest/gtest.h>

#include "base/runtime_dir.hpp"
#include "tests/e2e/programs.hpp"

namespace lumen::e2e {
namespace {

using namespace std::chrono_literals;

double p50(const nlohmann::json& run, const char* stage) { return run["stages_ms"][stage]["p50"]; }

TEST(LatencyProbe, measures_both_protocols_side_by_side) {
  const Place place;
  const auto path = [&](const char* name) { return place.path() + "/" + name; };
  Program probe{place,
                "latency-probe",
                {"--side-by-side", "--seconds", "4", "--connects", "2", "--json", path("figures.json"),
                 "--csv", path("values.csv"), "--svg", path("figures.svg")}};
  ASSERT_EQ(probe.wait(120s), "exited with status 0") << probe.output();
  EXPECT_NE(probe.output().find("draw to decoded"), std::string::npos);
  const auto report = nlohmann::json::parse(read_small_file(path("figures.json"), 1U << 20U).value_or("null"),
                                            nullptr, false);
  ASSERT_EQ(report["runs"].size(), 2U);
  EXPECT_EQ(report["runs"][0]["name"], "lumen/1");
  EXPECT_EQ(report["runs"][1]["name"], "GameStream");
  for (const auto& run : report["runs"]) {
    EXPECT_GT(run["frames"], 60);
    EXPECT_GT(run["keys"], 5);
    EXPECT_EQ(run["keys_lost"], 0);
    EXPECT_GT(p50(run, "draw_to_decoded"), 0.1);
    EXPECT_GT(p50(run, "key_to_pixel"), p50(run, "key_to_draw"));
    EXPECT_EQ(run["stages_ms"]["cold_connect"]["count"], 1);
    EXPECT_EQ(run["stages_ms"]["connect"]["count"], 1);
  }
  for (const auto* stage : {"convert", "encode", "protect", "receive", "decode", "protocol"})
    EXPECT_GT(p50(report["runs"][0], stage), 0) << stage;
  EXPECT_NE(read_small_file(path("figures.svg"), 1U << 20U).value_or("").find("Key to pixel"),
            std::string::npos);
  EXPECT_NE(read_small_file(path("values.csv"), 4U << 20U).value_or("").find("2,GameStream,key_to_pixel,1,"),
            std::string::npos);
}

TEST(LatencyProbe, says_what_is_wrong_with_a_host_that_is_not_there) {
  const Place place;
  Program probe{place, "latency-probe", {"--connect", place.path() + "/nothing"}};
  EXPECT_EQ(probe.wait(20s), "exited with status 1");
  EXPECT_NE(probe.output().find("file."), std::string::npos) << probe.output();
}

}  // namespace
}  // namespace lumen::e2e
