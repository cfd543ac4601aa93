#include "codec/hevc_level.hpp"

#include <array>
#include <cstddef>

namespace lumen::codec {
namespace {

struct Limits {
  std::uint8_t idc = 0;
  std::uint64_t picture_samples = 0, samples_per_s = 0, main_kbps = 0, high_kbps = 0;
};

// Tables A.8 and A.9.
constexpr std::array kLevels{
    Limits{30, 36'864, 552'960, 128, 0},
    Limits{60, 122'880, 3'686'400, 1'500, 0},
    Limits{63, 245'760, 7'372'800, 3'000, 0},
    Limits{90, 552'960, 16'588'800, 6'000, 0},
    Limits{93, 983'040, 33'177'600, 10'000, 0},
    Limits{120, 2'228'224, 66'846'720, 12'000, 30'000},
    Limits{123, 2'228'224, 133'693'440, 20'000, 50'000},
    Limits{150, 8'912'896, 267'386'880, 25'000, 100'000},
    Limits{153, 8'912'896, 534'773'760, 40'000, 160'000},
    Limits{156, 8'912'896, 1'069'547'520, 60'000, 240'000},
    Limits{180, 35'651'584, 1'069'547'520, 60'000, 240'000},
    Limits{183, 35'651'584, 2'139'095'040, 120'000, 480'000},
    Limits{186, 35'651'584, 4'278'190'080, 240'000, 800'000},
};
constexpr std::uint8_t kNoLimits = 255;

bool has_room(const Limits& limits, const Mode& mode) {
  const std::uint64_t width = (mode.width + 7U) & ~7U, height = (mode.height + 7U) & ~7U;  // as coded
  const std::uint64_t samples = width * height, longest = std::uint64_t{8} * limits.picture_samples;
  return samples <= limits.picture_samples && width * width <= longest && height * height <= longest &&
         samples * mode.refresh_mhz <= limits.samples_per_s * 1000;
}

// The byte `at` bytes behind the NAL header, emulation prevention not counted. nullptr: not that long.
std::uint8_t* raw_byte(std::span<std::uint8_t> nal, std::size_t at) {
  constexpr std::size_t kHeader = 2;
  unsigned zeros = 0;
  for (std::size_t i = kHeader; i < nal.size(); ++i) {
    if (zeros >= 2 && nal[i] == 3) {
      zeros = 0;
      continue;
    }
    if (at-- == 0) return &nal[i];
    zeros = nal[i] == 0 ? zeros + 1 : 0;
  }
  return nullptr;
}

}  // namespace

HevcLevel hevc_level(const Mode& mode, BitsPerSecond bitrate) {
  const std::uint64_t kbps = (bitrate.value + 999) / 1000;
  for (const Limits& limits : kLevels) {
    if (has_room(limits, mode) && kbps <= limits.main_kbps) return {limits.idc, false};
  }
  for (const Limits& limits : kLevels) {
    if (has_room(limits, mode) && kbps <= limits.high_kbps) return {limits.idc, true};
  }
  return {kNoLimits, false};
}

void write_hevc_level(std::span<std::uint8_t> nal, HevcLevel level) {
  constexpr unsigned kVps = 32, kSps = 33, kTierFlag = 0x20;
  constexpr std::size_t kVpsProfile = 4, kSpsProfile = 1,
                        kLevel = 11;  // bytes; the level is behind the profile
  if (nal.empty()) return;
  const unsigned type = nal[0] >> 1U & 0x3FU;
  if (type != kVps && type != kSps) return;
  const std::size_t profile_at = type == kVps ? kVpsProfile : kSpsProfile;
  std::uint8_t* const profile = raw_byte(nal, profile_at);
  std::uint8_t* const idc = raw_byte(nal, profile_at + kLevel);
  if (profile == nullptr || idc == nullptr) return;
  *profile = static_cast<std::uint8_t>((*profile & ~kTierFlag) | (level.high_tier ? kTierFlag : 0U));
  *idc = level.idc;
}

}  // namespace lumen::codec
