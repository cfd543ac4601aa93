// lumen/media: a display mode, exactly as the client asked for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"

namespace lumen {

struct Mode {
  std::uint32_t width = 0, height = 0;  // pixels, odd values are fine
  std::uint32_t refresh_mhz = 0;        // milli-hertz: 59'940 is 59.94 Hz

  bool operator==(const Mode&) const = default;

  Duration period() const { return Duration{static_cast<Duration::rep>(1'000'000'000'000ULL / refresh_mhz)}; }
};

inline constexpr std::uint32_t kMinModeSize = 64, kMaxModeSize = 8192;  // pixels, each side
inline constexpr std::uint32_t kMinRefreshMhz = 1'000, kMaxRefreshMhz = 500'000;

// True when width, height and refresh are inside the limits above.
bool is_valid(const Mode& mode);

// "1920x1080@59.94" or "1920x1080" (then 60 Hz). Fails with `mode.malformed` or `mode.range`.
Result<Mode> parse_mode(std::string_view text);

// "1920x1080@59.94": the text parse_mode() reads back.
std::string to_string(const Mode& mode);

}  // namespace lumen
