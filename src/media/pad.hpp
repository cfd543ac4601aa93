// lumen/media: game pads: what a client's pads do, and what an application wants them to do in return.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <variant>

namespace lumen {

// Pads of one session are told apart by their slot, 0…kMaxPads-1.
inline constexpr std::uint8_t kMaxPads = 16;

// What a pad is shown as to applications.
enum class PadModel : std::uint8_t { xbox, dualsense, dualshock4, switch_pro };

namespace pad_capability {
inline constexpr std::uint16_t kAnalogTriggers = 0x01, kRumble = 0x02, kTriggerRumble = 0x04,
                               kTouchpad = 0x08, kAccelerometer = 0x10, kGyroscope = 0x20, kBattery = 0x40,
                               kLight = 0x80, kSecondTouchpad = 0x100, kAll = 0x1FF;
}

// By position: a is the lower one of the four, whatever is printed on it.
namespace pad_button {
inline constexpr std::uint32_t kUp = 0x1, kDown = 0x2, kLeft = 0x4, kRight = 0x8, kStart = 0x10, kBack = 0x20,
                               kLeftStick = 0x40, kRightStick = 0x80, kLeftShoulder = 0x100,
                               kRightShoulder = 0x200, kGuide = 0x400, kA = 0x1000, kB = 0x2000, kX = 0x4000,
                               kY = 0x8000, kPaddle1 = 0x10000, kPaddle2 = 0x20000, kPaddle3 = 0x40000,
                               kPaddle4 = 0x80000, kTouchpad = 0x100000, kMisc = 0x200000, kAll = 0x3FF7FF;
}

// --- from the client

// A pad is there. Again for one that is there already: its client came back and wants to hear its feedback.
struct PadArrival {
  std::uint8_t slot = 0;
  PadModel model = PadModel::xbox;
  std::uint16_t capabilities = 0;  // pad_capability: what the client's pad can do
  std::uint64_t identity = 0;      // always the same for this slot of this client; becomes its serial number
  bool operator==(const PadArrival&) const = default;
};
struct PadState {
  std::uint8_t slot = 0;
  std::uint32_t buttons = 0;                                      // pad_button
  std::uint8_t left_trigger = 0, right_trigger = 0;               // 255: pulled
  std::int16_t left_x = 0, left_y = 0, right_x = 0, right_y = 0;  // right and up are positive
  bool operator==(const PadState&) const = default;
};
inline constexpr std::uint8_t kMaxPadFingers = 2;
struct PadTouch {
  std::uint8_t slot = 0;
  std::uint8_t finger = 0;  // below kMaxPadFingers
  bool touching = false;
  std::uint16_t x = 0, y = 0;  // 0…65535 over the whole touchpad
  bool operator==(const PadTouch&) const = default;
};
enum class PadSensor : std::uint8_t { accelerometer = 1, gyroscope = 2 };
// The pad lies flat: x to the right, y up out of its face, z towards the player.
struct PadMotion {
  std::uint8_t slot = 0;
  PadSensor sensor = PadSensor::accelerometer;
  float x = 0, y = 0, z = 0;  // m/s² with gravity; or degrees per second
  bool operator==(const PadMotion&) const = default;
};
enum class PadPower : std::uint8_t { unknown, none, discharging, charging, not_charging, full };
inline constexpr std::uint8_t kUnknownPadPercent = 0xFF;
struct PadBattery {
  std::uint8_t slot = 0;
  PadPower power = PadPower::unknown;
  std::uint8_t percent = kUnknownPadPercent;  // 0…100, or unknown
  bool operator==(const PadBattery&) const = default;
};
struct PadGone {
  std::uint8_t slot = 0;
  bool operator==(const PadGone&) const = default;
};

using PadEvent = std::variant<PadArrival, PadState, PadTouch, PadMotion, PadBattery, PadGone>;

// --- to the client

struct PadRumble {  // holds until the next one
  std::uint8_t slot = 0;
  std::uint16_t strong = 0, weak = 0;  // the heavy motor (low frequency), the light one
  bool operator==(const PadRumble&) const = default;
};
struct PadTriggerRumble {
  std::uint8_t slot = 0;
  std::uint16_t left = 0, right = 0;
  bool operator==(const PadTriggerRumble&) const = default;
};
struct PadLight {
  std::uint8_t slot = 0;
  std::uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const PadLight&) const = default;
};
struct PadMotionRequest {
  std::uint8_t slot = 0;
  PadSensor sensor = PadSensor::accelerometer;
  std::uint16_t rate_hz = 0;  // 0: none wanted
  bool operator==(const PadMotionRequest&) const = default;
};
// As the DualSense's output report has them: a kind of effect and its parameters, opaque to everybody else.
struct PadTriggerEffect {
  std::uint8_t kind = 0;
  std::array<std::uint8_t, 10> parameters{};
  bool operator==(const PadTriggerEffect&) const = default;
};
struct PadAdaptiveTriggers {
  std::uint8_t slot = 0;
  bool sets_left = false, sets_right = false;  // the other one stays as it is
  PadTriggerEffect left, right;
  bool operator==(const PadAdaptiveTriggers&) const = default;
};

using PadFeedback =
    std::variant<PadRumble, PadTriggerRumble, PadLight, PadMotionRequest, PadAdaptiveTriggers>;

inline std::uint8_t slot_of(const auto& any_pad_message) {
  return std::visit([](const auto& each) { return each.slot; }, any_pad_message);
}

}  // namespace lumen
