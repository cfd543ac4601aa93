// lumen/render: how the host's pointer is shown while it is apart from the picture: by the window system's
// own pointer, which follows the hand without delay, or drawn over the picture where the host has it. Pure.
#pragma once

#include <cstdint>

#include "base/units.hpp"
#include "media/pointer.hpp"

namespace lumen::render {

struct PointerSituation {
  PointerPlace place = PointerPlace::in_picture;
  bool captured = false;      // the hand's motion is the host's to understand
  bool over_picture = false;  // the window system's pointer is
  std::int32_t host_x = 0, host_y = 0, local_x = 0, local_y = 0;  // in pixels of the picture
  Duration still{};                                               // since it was last moved here
};

enum class LocalPointer : std::uint8_t {
  plain,  // as the window system has it
  look,   // with the host's look
  none,
};

struct PointerChoice {
  LocalPointer local = LocalPointer::plain;
  bool drawn = false;  // the host's, over the picture
  bool operator==(const PointerChoice&) const = default;
};

// A host's pointer that is elsewhere although nobody has moved it here for so long is moved by somebody else.
inline constexpr Duration kPointerSettles = std::chrono::milliseconds{500};
inline constexpr std::int32_t kPointerTolerance = 3;  // pixels

PointerChoice choose_pointer(const PointerSituation& situation);

// `factor` as large, or as large as sides of 1…kMaxPointerSide allow; the same where nothing changes.
PointerImage scaled(const PointerImage& look, double factor);
// What is drawn while the host's look is not known yet; its tip is the hot spot.
PointerImage plain_arrow();
// Colours as they are without the alpha.
PointerImage with_straight_alpha(PointerImage look);

}  // namespace lumen::render
