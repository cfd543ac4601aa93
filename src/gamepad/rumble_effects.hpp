// lumen/gamepad: force feedback effects of a uinput pad: applications upload them, play and stop them by
// number; what they add up to at a moment is what the motors do. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/units.hpp"
#include "media/pad.hpp"

namespace lumen::gamepad {

class RumbleEffects {
 public:
  static constexpr std::size_t kMaxEffects = 16;
  struct Effect {
    std::uint16_t strong = 0, weak = 0;
    Duration delay{}, length{};  // length 0: until it is stopped
  };

  // False: `id` is not below kMaxEffects. A playing effect goes on, changed.
  bool upload(std::size_t id, const Effect& effect);
  bool erase(std::size_t id);
  // `times` 0 stops it. Unknown ids are ignored, as the kernel does.
  void play(std::size_t id, int times, Timestamp now);
  void set_gain(std::uint16_t gain) { gain_ = gain; }  // 65535 is all

  PadRumble at(Timestamp now) const;
  // When at() changes by itself next.
  std::optional<Timestamp> next_change(Timestamp now) const;

 private:
  struct Slot {
    Effect effect;
    Timestamp begin{};
    std::int64_t times = 0;  // 0: does not play
  };
  static bool sounds(const Slot& slot, Timestamp now);
  std::array<Slot, kMaxEffects> slots_{};
  std::uint16_t gain_ = 0xFFFF;
};

}  // namespace lumen::gamepad
