#include "codec/x264_choice.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace lumen::codec {
namespace {

constexpr std::array<std::string_view, 10> kPresets{"ultrafast", "superfast", "veryfast", "faster",
                                                    "fast",      "medium",    "slow",     "slower",
                                                    "veryslow",  "placebo"};
constexpr std::uint32_t kMaxThreads = 4;
constexpr std::uint32_t kMinRowsPerThread = 64;  // x264 gives a slice thread at least four macroblock rows
constexpr std::uint32_t kFewCores = 4;           // below this, the desktop needs whatever is saved
// One core's time for one pixel at superfast, measured on 720p and 1080p game pictures; ultrafast takes half.
constexpr double kSuperfastSecondsPerPixel = 7.7e-9;
constexpr double kAffordableShare = 0.25;  // of each thread's time; also the share of an interval it delays

double superfast_share(const Mode& mode, std::uint32_t threads) {
  const double pixels_per_s = double{1e-3} * mode.width * mode.height * mode.refresh_mhz;
  return pixels_per_s * kSuperfastSecondsPerPixel / threads;
}

struct PresetChoice {
  std::string preset, why;
};

PresetChoice choose_preset(const EncoderConfig& config, std::uint32_t cores, std::uint32_t threads) {
  if (!config.preset.empty()) return {config.preset, "it was asked for"};
  if (cores < kFewCores) {
    return {"ultrafast", fmt::format("this machine has only {} core{}, which the desktop needs too", cores,
                                     cores == 1 ? "" : "s")};
  }
  const int percent = static_cast<int>(superfast_share(config.mode, threads) * 100.0 + 0.5);
  const std::string cost = fmt::format("{} would keep {} of {} cores busy for about {} % of the time",
                                       to_string(config.mode), threads, cores, percent);
  if (superfast_share(config.mode, threads) < kAffordableShare) {
    return {"superfast", "the better quality is affordable: " + cost};
  }
  return {"ultrafast", "with superfast " + cost};
}

}  // namespace

Status check_preset(std::string_view preset) {
  if (preset.empty() || std::ranges::find(kPresets, preset) != kPresets.end()) return {};
  return fail(ErrorCode::invalid_argument, "encoder.preset",
              fmt::format("libx264 has no preset “{}”", preset),
              fmt::format("Choose one of {}.", fmt::join(kPresets, ", ")));
}

X264Choice choose_x264(const EncoderConfig& config, std::uint32_t cores) {
  const std::uint32_t usable = std::max<std::uint32_t>(config.mode.height / kMinRowsPerThread, 1);
  const std::uint32_t wanted = config.threads != 0 ? config.threads : std::max<std::uint32_t>(cores, 1);
  X264Choice choice;
  choice.threads = choice.slices = std::min({wanted, usable, kMaxThreads});
  PresetChoice preset = choose_preset(config, std::max<std::uint32_t>(cores, 1), choice.threads);
  choice.preset = std::move(preset.preset);
  choice.description = {
      .name =
          fmt::format("libx264 {}, {} slice{}", choice.preset, choice.slices, choice.slices == 1 ? "" : "s"),
      .reason = fmt::format("The processor encodes, as no GPU encoder works here. Preset {}: {}.",
                            choice.preset, preset.why)};
  return choice;
}

}  // namespace lumen::codec
