#include "worker/gpu_report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gpu/cuda/driver.hpp"

namespace lumen::worker {
namespace {

TEST(GpuReport, a_line_says_what_was_found_or_what_is_wrong_and_what_to_do) {
  EXPECT_EQ(to_text({.link = "cuda", .what = "GPU 7", .wrong = {}}), "ok   cuda: GPU 7");
  const ProbeLine wrong{.link = "cuda",
                        .what = {},
                        .wrong = Error{ErrorCode::unsupported, "cuda.absent", "no driver", "Install one", 0}};
  EXPECT_EQ(to_text(wrong), "no   cuda: no driver. Install one [cuda.absent]");
  const auto object = nlohmann::json::parse(to_json(wrong));
  EXPECT_EQ(object["ok"], false);
  EXPECT_EQ(object["id"], "cuda.absent");
  EXPECT_EQ(object["remedy"], "Install one");
}

TEST(GpuReport, json_survives_what_a_driver_calls_itself) {
  const auto object = nlohmann::json::parse(to_json({.link = "egl", .what = "\xFF\xFEGPU\n\"", .wrong = {}}));
  EXPECT_EQ(object["ok"], true);
}

// Every link is tried and told, with a GPU or without: lines of objects, and a status that agrees with them.
TEST(GpuReport, encoders_are_all_told_and_the_status_agrees) {
  testing::internal::CaptureStdout();
  const int status = probe_encoders(true);
  const auto output = testing::internal::GetCapturedStdout();
  std::istringstream lines{output};
  std::size_t count = 0;
  bool by_gpu = false;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto object = nlohmann::json::parse(line);
    if (object["ok"] == false) {
      EXPECT_FALSE(object["remedy"].get<std::string>().empty()) << line;
    }
    by_gpu |= object["ok"] == true && (object["link"] == "nvenc-h264" || object["link"] == "vaapi-h264");
    if (object["link"] == "software-h264") {
      EXPECT_EQ(object["ok"], true) << line;
    }
  }
  EXPECT_EQ(count, 10U);
  EXPECT_EQ(status, by_gpu ? 0 : 1);
}

TEST(GpuReport, zero_copy_ends_at_the_first_link_that_all_others_hang_on) {
  if (gpu::cuda::load_driver()) return;  // what comes after it is the machine's
  testing::internal::CaptureStdout();
  EXPECT_EQ(probe_zero_copy(false), 1);
  const auto output = testing::internal::GetCapturedStdout();
  EXPECT_TRUE(output.starts_with("no   cuda: there is no NVIDIA driver here")) << output;
}

}  // namespace
}  // namespace lumen::worker
