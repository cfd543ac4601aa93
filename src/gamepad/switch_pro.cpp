// A Switch Pro controller at its USB cable, as the kernel's hid-nintendo driver and SDL speak with one.
//
// A driver opens it with commands of the cable (output 0x80, answered by 0x81), then asks and tells by
// subcommands (output 0x01, answered by input 0x21): what it is, its calibration out of a flash memory, which
// reports it shall send. Every output but those of the cable brings the motors' state along.
#include <algorithm>
#include <cmath>

#include "gamepad/hid_pad.hpp"
#include "gamepad/report_parts.hpp"

namespace lumen::gamepad {
namespace {

constexpr std::uint8_t kInputId = 0x30, kReplyId = 0x21, kCableReplyId = 0x81;
constexpr std::uint8_t kSubcommandId = 0x01, kRumbleId = 0x10, kCableId = 0x80;

// What is in a report, as it is: the original's descriptor says otherwise, and drivers do not look at it.
constexpr std::uint8_t kDescriptor[] = {
    0x05, 0x01,          0x09, 0x05, 0xA1, 0x01,  // Generic Desktop, Game Pad
    0x85, kInputId,                               //
    0x06, 0x00,          0xFF, 0x09, 0x01, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75,
    0x08, 0x95,          0x02, 0x81, 0x02,  // timer, power
    0x05, 0x09,          0x19, 0x01, 0x29, 0x18, 0x15, 0x00, 0x25, 0x01, 0x75,
    0x01, 0x95,          0x18, 0x81, 0x02,                                      // buttons
    0x05, 0x01,          0x09, 0x30, 0x09, 0x31, 0x09, 0x33, 0x09, 0x34,        // X, Y, Rx, Ry
    0x15, 0x00,          0x26, 0xFF, 0x0F, 0x75, 0x0C, 0x95, 0x04, 0x81, 0x02,  // 12 bits each
    0x06, 0x00,          0xFF, 0x09, 0x02, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75,
    0x08, 0x95,          0x34, 0x81, 0x02,                    // motion
    0x85, kReplyId,      0x09, 0x03, 0x95, 0x3F, 0x81, 0x02,  //
    0x85, kCableReplyId, 0x09, 0x04, 0x95, 0x3F, 0x81, 0x02,  //
    0x85, kSubcommandId, 0x09, 0x05, 0x95, 0x3F, 0x91, 0x02,  //
    0x85, kRumbleId,     0x09, 0x06, 0x95, 0x3F, 0x91, 0x02,  //
    0x85, kCableId,      0x09, 0x07, 0x95, 0x3F, 0x91, 0x02,  //
    0xC0};

const HidDescription kDescription{.name = "Nintendo Co., Ltd. Pro Controller",
                                  .vendor = 0x057E,
                                  .product = 0x2009,
                                  .version = 0x8111,
                                  .report_descriptor = std::as_bytes(std::span{kDescriptor}),
                                  .report_interval = std::chrono::milliseconds{15}};

// By position: what a client calls A is the lower button, which Nintendo prints B on.
namespace button = pad_button;
constexpr ButtonBit kButtons[] = {{button::kX, 3, 0x01},
                                  {button::kY, 3, 0x02},
                                  {button::kA, 3, 0x04},
                                  {button::kB, 3, 0x08},
                                  {button::kRightShoulder, 3, 0x40},
                                  {button::kBack, 4, 0x01},
                                  {button::kStart, 4, 0x02},
                                  {button::kRightStick, 4, 0x04},
                                  {button::kLeftStick, 4, 0x08},
                                  {button::kGuide, 4, 0x10},
                                  {button::kMisc, 4, 0x20},
                                  {button::kLeftShoulder, 5, 0x40}};

// Of 0…4095; right and up are more.
void put_pair(MutableBytes bytes, std::size_t offset, unsigned first, unsigned second) {
  bytes[offset] = to_byte(first);
  bytes[offset + 1] = to_byte((first >> 8U) | (second << 4U));
  bytes[offset + 2] = to_byte(second >> 4U);
}
unsigned stick(std::int16_t value) { return static_cast<unsigned>(value + 32768) >> 4U; }

std::byte power_of(const PadInput& input) {
  const unsigned quarters = input.percent == kUnknownPadPercent ? 4U : (input.percent + 12U) / 25U;
  const bool wired = input.power != PadPower::discharging;
  const bool charging = input.power == PadPower::charging;
  return to_byte((quarters << 5U) | (charging ? 0x10U : 0U) | (wired ? 0x01U : 0U));
}

// Its axes: forward, left, up.
constexpr float kStepsPerG = 4096, kStepsPerDegree = 14.247F;
void put_motion(MutableBytes report, std::size_t offset, const PadInput& input) {
  const auto put = [&](std::size_t where, const Axes& axes, float scale) {
    put16(report, where, to_raw(-axes.z, scale));
    put16(report, where + 2, to_raw(-axes.x, scale));
    put16(report, where + 4, to_raw(axes.y, scale));
  };
  put(offset, input.acceleration, kStepsPerG / kStandardGravity);
  put(offset + 6, input.rotation, kStepsPerDegree);
}

// A strength of the motors: steps 0…100 on a scale that follows the senses.
std::uint16_t amplitude(unsigned step) {
  if (step == 0) return 0;
  const auto exponent = static_cast<float>(step);
  const float share = step < 16   ? std::exp2(exponent / 4) / 120
                      : step < 32 ? std::exp2(exponent / 16) / 17
                                  : std::exp2(exponent / 32) / 8.7F;
  return static_cast<std::uint16_t>(std::lround(std::min(share, 1.0F) * 65535));
}
struct Side {
  std::uint16_t high = 0, low = 0;  // of the two frequencies that a side plays
  bool operator==(const Side&) const = default;
};
Side side_at(ByteView output, std::size_t offset) {
  const unsigned low = at(output, offset + 3);
  const unsigned low_step = low < 0x40 ? 0U : (low - 0x40U) * 2U + (at(output, offset + 2) >= 0x80 ? 1U : 0U);
  return {amplitude(at(output, offset + 1) / 2U), amplitude(std::min(low_step, 100U))};
}
// The kernel gives each side a motor: the left one the strong, the right one the weak. SDL gives both sides
// both.
PadRumble rumble_of(ByteView output) {
  const auto left = side_at(output, 2), right = side_at(output, 6);
  if (left == right) return {.strong = left.low, .weak = left.high};
  return {.strong = std::max(left.low, left.high), .weak = std::max(right.low, right.high)};
}

// The flash memory, of which there is only calibration: sticks from 0 to 4095, motion without bias.
class Flash {
 public:
  Flash() {
    bytes_.fill(std::byte{0xFF});  // erased; where a user's own calibration would be, too
    const auto stick_at = [this](std::size_t offset, std::array<unsigned, 3> values) {
      for (std::size_t i = 0; i < values.size(); ++i) put_pair(bytes_, offset + 3 * i, values[i], values[i]);
    };
    constexpr unsigned kAbove = 2047, kMiddle = 2048, kBelow = 2048;
    stick_at(kLeftStick - kBegin, {kAbove, kMiddle, kBelow});
    stick_at(kRightStick - kBegin, {kMiddle, kBelow, kAbove});
    for (std::size_t axis = 0; axis < 3; ++axis) {
      put16(bytes_, kMotion - kBegin + 2 * axis, std::int16_t{0});
      put16(bytes_, kMotion - kBegin + 6 + 2 * axis, std::int16_t{16'384});
      put16(bytes_, kMotion - kBegin + 12 + 2 * axis, std::int16_t{0});
      put16(bytes_, kMotion - kBegin + 18 + 2 * axis, std::int16_t{13'371});
    }
  }
  void read(std::uint32_t address, MutableBytes into) const {
    for (std::size_t i = 0; i < into.size(); ++i) {
      const auto offset = std::uint64_t{address} + i - kBegin;  // below kBegin it wraps to beyond the end
      into[i] = offset < bytes_.size() ? bytes_[offset] : std::byte{0xFF};
    }
  }

 private:
  static constexpr std::size_t kBegin = 0x6020, kMotion = 0x6020, kLeftStick = 0x603D, kRightStick = 0x6046;
  std::array<std::byte, 0x30> bytes_{};
};

class SwitchPro final : public HidPad {
 public:
  using HidPad::HidPad;
  const HidDescription& description() const override { return kDescription; }

  ByteView write_input(const PadInput& input, Timestamp, HidReport& report) override {
    write_head(kInputId, input, report);
    for (const std::size_t offset : {13U, 25U, 37U}) put_motion(report, offset, input);
    return report;
  }

  ByteView write_feature(std::uint8_t, HidReport&) const override { return {}; }

  ByteView take_output(ByteView output, const PadInput& input, std::vector<PadFeedback>& feedback,
                       HidReport& answer) override {
    const auto id = at(output, 0);
    if (id == kCableId && output.size() >= 2) return answer_cable(at(output, 1), answer);
    if ((id != kSubcommandId && id != kRumbleId) || output.size() < 10) return {};
    feedback.emplace_back(rumble_of(output));
    if (id == kRumbleId || output.size() < 11) return {};
    return answer_subcommand(at(output, 10), output.subspan(11), input, answer);
  }

 private:
  void write_head(std::uint8_t id, const PadInput& input, HidReport& report) {
    const auto& state = input.state;
    const auto cross = cross_of(state.buttons);
    report.fill(std::byte{0});
    report[0] = std::byte{id};
    report[1] = std::byte{timer_};
    timer_ = static_cast<std::uint8_t>(timer_ + 3);  // 5 ms each
    report[2] = power_of(input);
    set_buttons(report, state.buttons, kButtons);
    if (state.right_trigger > 0) report[3] |= std::byte{0x80};
    if (state.left_trigger > 0) report[5] |= std::byte{0x80};
    if (cross.y != 0) report[5] |= cross.y > 0 ? std::byte{0x01} : std::byte{0x02};
    if (cross.x != 0) report[5] |= cross.x > 0 ? std::byte{0x04} : std::byte{0x08};
    put_pair(report, 6, stick(state.left_x), stick(state.left_y));
    put_pair(report, 9, stick(state.right_x), stick(state.right_y));
    report[12] = std::byte{0x0C};  // it could take more for its motors
  }

  ByteView answer_cable(std::uint8_t command, HidReport& answer) const {
    constexpr std::uint8_t kStatus = 0x01, kHandshake = 0x02, kBaudRate = 0x03;
    if (command != kStatus && command != kHandshake && command != kBaudRate) return {};
    answer.fill(std::byte{0});
    answer[0] = std::byte{kCableReplyId};
    answer[1] = std::byte{command};
    if (command == kStatus) {
      answer[3] = std::byte{kType};
      for (std::size_t i = 0; i < 6; ++i) answer[4 + i] = std::byte{address()[5 - i]};
    }
    return answer;
  }

  ByteView answer_subcommand(std::uint8_t command, ByteView arguments, const PadInput& input,
                             HidReport& answer) {
    constexpr std::uint8_t kDeviceInfo = 0x02, kReadFlash = 0x10;
    write_head(kReplyId, input, answer);
    answer[13] = std::byte{0x80};  // done
    answer[14] = std::byte{command};
    if (command == kDeviceInfo) {
      answer[13] = std::byte{0x82};
      answer[15] = std::byte{0x04};  // firmware 4.33
      answer[16] = std::byte{0x21};
      answer[17] = std::byte{kType};
      answer[18] = std::byte{0x02};
      for (std::size_t i = 0; i < 6; ++i) answer[19 + i] = std::byte{address()[i]};
      answer[25] = std::byte{0x01};
    } else if (command == kReadFlash) {
      constexpr std::size_t kMost = 29;
      const auto length = std::min<std::size_t>(at(arguments, 4), kMost);
      answer[13] = std::byte{0x90};
      for (std::size_t i = 0; i < 4; ++i) answer[15 + i] = std::byte{at(arguments, i)};
      answer[19] = to_byte(length);
      const auto address = ByteReader{ByteView{answer}.subspan(15, 4)}.little<std::uint32_t>();
      flash_.read(address, MutableBytes{answer}.subspan(20, length));
    }
    return answer;
  }

  static constexpr std::uint8_t kType = 0x03;  // Pro controller
  Flash flash_;
  std::uint8_t timer_ = 0;
};

}  // namespace

std::unique_ptr<HidPad> make_switch_pro(const PadAddress& address) {
  return std::make_unique<SwitchPro>(address);
}

}  // namespace lumen::gamepad
