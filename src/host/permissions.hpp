// lumen/host: what a client may do in a session: a set of bits, as in lumen1/control. Values.
#pragma once

#include <cstdint>

#include "media/input.hpp"

namespace lumen::host {

inline constexpr std::uint32_t kMayView = 1U << 0U, kMayType = 1U << 1U, kMayPlay = 1U << 2U,
                               kMayHear = 1U << 3U, kMaySpeak = 1U << 4U, kMayShareClipboard = 1U << 5U,
                               kMayAll = (1U << 6U) - 1;

// Letting go is always allowed: nothing stays held when a permission is taken away.
inline bool may_send(std::uint32_t permissions, const InputEvent& event) {
  return (permissions & kMayType) != 0 || std::holds_alternative<ReleaseAll>(event);
}

}  // namespace lumen::host
