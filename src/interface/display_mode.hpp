// lumen/interface: which modes a virtual display may be asked for. Depends on base and media only.
#pragma once

#include <fmt/format.h>

#include "base/result.hpp"
#include "media/mode.hpp"

namespace lumen {

// `desktop.mode` beyond the limits of media/mode.hpp.
inline Status check_mode(const Mode& mode) {
  if (is_valid(mode)) return {};
  return fail(ErrorCode::invalid_argument, "desktop.mode",
              fmt::format("a display cannot have the mode {}x{}", mode.width, mode.height),
              fmt::format("Sides are {} to {} pixels, rates 1 to 500 Hz", kMinModeSize, kMaxModeSize));
}

}  // namespace lumen
