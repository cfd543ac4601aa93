#include "gamepad/xbox.hpp"

#include <linux/input-event-codes.h>

#include <array>

#include "gamepad/report_parts.hpp"

namespace lumen::gamepad::xbox {
namespace {

constexpr int kLeast = -32768, kMost = 32767, kFuzz = 16, kFlat = 128;
constexpr std::array<Axis, 8> kAxes{{{ABS_X, kLeast, kMost, kFuzz, kFlat},
                                     {ABS_Y, kLeast, kMost, kFuzz, kFlat},
                                     {ABS_RX, kLeast, kMost, kFuzz, kFlat},
                                     {ABS_RY, kLeast, kMost, kFuzz, kFlat},
                                     {ABS_Z, 0, 255, 0, 0},
                                     {ABS_RZ, 0, 255, 0, 0},
                                     {ABS_HAT0X, -1, 1, 0, 0},
                                     {ABS_HAT0Y, -1, 1, 0, 0}}};

// On these pads the kernel has always called the left button NORTH and the upper one WEST. Paddles in the
// order of the Elite pads: right upper, right lower, left upper, left lower.
namespace button = pad_button;
struct KeyOfButton {
  std::uint32_t button;
  std::uint16_t key;
};
constexpr std::array<KeyOfButton, 16> kKeys{{{button::kA, BTN_SOUTH},
                                             {button::kB, BTN_EAST},
                                             {button::kX, BTN_NORTH},
                                             {button::kY, BTN_WEST},
                                             {button::kLeftShoulder, BTN_TL},
                                             {button::kRightShoulder, BTN_TR},
                                             {button::kBack, BTN_SELECT},
                                             {button::kStart, BTN_START},
                                             {button::kGuide, BTN_MODE},
                                             {button::kLeftStick, BTN_THUMBL},
                                             {button::kRightStick, BTN_THUMBR},
                                             {button::kMisc, KEY_RECORD},
                                             {button::kPaddle1, BTN_TRIGGER_HAPPY5},
                                             {button::kPaddle3, BTN_TRIGGER_HAPPY6},
                                             {button::kPaddle2, BTN_TRIGGER_HAPPY7},
                                             {button::kPaddle4, BTN_TRIGGER_HAPPY8}}};
constexpr auto kKeyCodes = [] {
  std::array<std::uint16_t, kKeys.size()> codes{};
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = kKeys[i].key;
  return codes;
}();

// In the order of kAxes. Down is positive there: ~y, since -y does not fit for the lowest; so the driver
// does.
std::array<int, kAxes.size()> axes_of(const PadState& state) {
  const auto cross = cross_of(state.buttons);
  return {state.left_x,       ~state.left_y,       state.right_x, ~state.right_y,
          state.left_trigger, state.right_trigger, cross.x,       cross.y};
}

}  // namespace

std::span<const Axis> axes() { return kAxes; }
std::span<const std::uint16_t> keys() { return kKeyCodes; }

void write_events(const PadState& before, const PadState& after, std::vector<Event>& out) {
  const auto begin = out.size();
  for (const auto& [bit, key] : kKeys) {
    if (((before.buttons ^ after.buttons) & bit) == 0) continue;
    out.push_back({EV_KEY, key, (after.buttons & bit) != 0 ? 1 : 0});
  }
  const auto old_values = axes_of(before), values = axes_of(after);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != old_values[i]) out.push_back({EV_ABS, kAxes[i].code, values[i]});
  }
  if (out.size() != begin) out.push_back({EV_SYN, SYN_REPORT, 0});
}

}  // namespace lumen::gamepad::xbox
