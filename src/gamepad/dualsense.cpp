// A DualSense at its USB cable. Layouts as the kernel's hid-playstation driver reads and writes them.
#include "gamepad/hid_pad.hpp"
#include "gamepad/sony.hpp"

namespace lumen::gamepad {
namespace {

constexpr unsigned kTouchpadWidth = 1920, kTouchpadHeight = 1080;
constexpr std::uint8_t kInputId = 0x01, kOutputId = 0x02, kCalibrationId = 0x05, kPairingId = 0x09,
                       kFirmwareId = 0x20;
constexpr std::size_t kCalibrationBytes = 41, kPairingBytes = 20, kFirmwareBytes = 64;

constexpr std::uint8_t kDescriptor[] = {
    0x05, 0x01,           0x09, 0x05, 0xA1, 0x01,  // Generic Desktop, Game Pad, Application
    0x85, kInputId,                                //
    0x09, 0x30,           0x09, 0x31, 0x09, 0x32,
    0x09, 0x35,           0x09, 0x33, 0x09, 0x34,  // X, Y, Z, Rz, Rx, Ry
    0x15, 0x00,           0x26, 0xFF, 0x00, 0x75,
    0x08, 0x95,           0x06, 0x81, 0x02,  // a byte each
    0x06, 0x00,           0xFF, 0x09, 0x20, 0x95,
    0x01, 0x81,           0x02,  // vendor: sequence
    0x05, 0x01,           0x09, 0x39, 0x15, 0x00,
    0x25, 0x07,           0x35, 0x00, 0x46, 0x3B,
    0x01, 0x65,           0x14,  // hat
    0x75, 0x04,           0x95, 0x01, 0x81, 0x42,
    0x65, 0x00,           0x45, 0x00,  //
    0x05, 0x09,           0x19, 0x01, 0x29, 0x0F,
    0x15, 0x00,           0x25, 0x01, 0x75, 0x01,
    0x95, 0x0F,           0x81, 0x02,  // buttons
    0x06, 0x00,           0xFF, 0x09, 0x21, 0x95,
    0x0D, 0x81,           0x02,  // vendor
    0x09, 0x22,           0x15, 0x00, 0x26, 0xFF,
    0x00, 0x75,           0x08, 0x95, 0x34, 0x81,
    0x02,  // motion, touchpad, power
    0x85, kOutputId,      0x09, 0x23, 0x95, 0x2F,
    0x91, 0x02,  //
    0x85, kCalibrationId, 0x09, 0x33, 0x95, kCalibrationBytes - 1,
    0xB1, 0x02,  //
    0x85, kPairingId,     0x09, 0x24, 0x95, kPairingBytes - 1,
    0xB1, 0x02,  //
    0x85, kFirmwareId,    0x09, 0x26, 0x95, kFirmwareBytes - 1,
    0xB1, 0x02,  //
    0xC0};

const HidDescription kDescription{.name = "Sony Interactive Entertainment DualSense Wireless Controller",
                                  .vendor = sony::kVendor,
                                  .product = 0x0CE6,
                                  .version = 0x8111,
                                  .report_descriptor = std::as_bytes(std::span{kDescriptor}),
                                  .report_interval = std::chrono::milliseconds{100}};

namespace button = pad_button;
constexpr ButtonBit kButtons[] = {{button::kX, 8, 0x10},
                                  {button::kA, 8, 0x20},
                                  {button::kB, 8, 0x40},
                                  {button::kY, 8, 0x80},
                                  {button::kLeftShoulder, 9, 0x01},
                                  {button::kRightShoulder, 9, 0x02},
                                  {button::kBack, 9, 0x10},
                                  {button::kStart, 9, 0x20},
                                  {button::kLeftStick, 9, 0x40},
                                  {button::kRightStick, 9, 0x80},
                                  {button::kGuide, 10, 0x01},
                                  {button::kTouchpad, 10, 0x02},
                                  {button::kMisc, 10, 0x04}};

std::byte power_of(const PadInput& input) {
  constexpr unsigned kDischarging = 0x00, kCharging = 0x10, kFull = 0x20;
  switch (input.power) {
    case PadPower::discharging:
      return to_byte(sony::tenths_of(input) | kDischarging);
    case PadPower::charging:
      return to_byte(sony::tenths_of(input) | kCharging);
    case PadPower::unknown:
    case PadPower::none:
    case PadPower::not_charging:
    case PadPower::full:
      break;
  }
  return to_byte(10U | kFull);
}

PadTriggerEffect effect_at(ByteView output, std::size_t offset) {
  PadTriggerEffect effect{.kind = at(output, offset)};
  for (std::size_t i = 0; i < effect.parameters.size(); ++i) {
    effect.parameters[i] = at(output, offset + 1 + i);
  }
  return effect;
}

class DualSense final : public HidPad {
 public:
  using HidPad::HidPad;
  const HidDescription& description() const override { return kDescription; }

  ByteView write_input(const PadInput& input, Timestamp now, HidReport& report) override {
    const auto& state = input.state;
    report.fill(std::byte{0});
    report[0] = std::byte{kInputId};
    report[1] = sony::stick_x(state.left_x);
    report[2] = sony::stick_y(state.left_y);
    report[3] = sony::stick_x(state.right_x);
    report[4] = sony::stick_y(state.right_y);
    report[5] = std::byte{state.left_trigger};
    report[6] = std::byte{state.right_trigger};
    report[7] = std::byte{sequence_++};
    report[8] = std::byte{hat_of(state.buttons)};
    set_buttons(report, state.buttons, kButtons);
    if (state.left_trigger > 0) report[9] |= std::byte{0x04};
    if (state.right_trigger > 0) report[9] |= std::byte{0x08};
    sony::put_motion(report, 16, input);
    put32(report, 28, static_cast<std::uint32_t>(now.time_since_epoch().count() * 3 / 1000));  // ⅓ µs
    sony::put_finger(report, 33, input.fingers[0], kTouchpadWidth, kTouchpadHeight);
    sony::put_finger(report, 37, input.fingers[1], kTouchpadWidth, kTouchpadHeight);
    report[53] = power_of(input);
    return report;
  }

  ByteView write_feature(std::uint8_t id, HidReport& report) const override {
    report.fill(std::byte{0});
    report[0] = std::byte{id};
    switch (id) {
      case kCalibrationId:
        sony::write_calibration(report);
        return ByteView{report}.first(kCalibrationBytes);
      case kPairingId:
        sony::put_address(report, 1, address());
        return ByteView{report}.first(kPairingBytes);
      case kFirmwareId:
        put32(report, 24, 0x0100'0216);            // hardware
        put32(report, 28, 0x0100'0008);            // firmware
        put16(report, 44, std::uint16_t{0x0224});  // update: rumbles in the newer way
        return ByteView{report}.first(kFirmwareBytes);
      default:
        return {};
    }
  }

  ByteView take_output(ByteView output, const PadInput&, std::vector<PadFeedback>& feedback,
                       HidReport&) override {
    constexpr std::size_t kUsed = 48;
    if (output.size() < kUsed || at(output, 0) != kOutputId) return {};
    const unsigned flags0 = at(output, 1), flags1 = at(output, 2), flags2 = at(output, 39);
    // All flags off is how some applications let go of the motors.
    const bool rumbles = (flags0 & 0x03U) != 0 || (flags2 & 0x04U) != 0;
    if (rumbles) {
      feedback.emplace_back(PadRumble{.strong = static_cast<std::uint16_t>(at(output, 4) * 257U),
                                      .weak = static_cast<std::uint16_t>(at(output, 3) * 257U)});
    } else if ((flags0 | flags1 | flags2) == 0) {
      feedback.emplace_back(PadRumble{});
    }
    if ((flags0 & 0x0CU) != 0) {
      feedback.emplace_back(PadAdaptiveTriggers{.sets_left = (flags0 & 0x08U) != 0,
                                                .sets_right = (flags0 & 0x04U) != 0,
                                                .left = effect_at(output, 22),
                                                .right = effect_at(output, 11)});
    }
    if ((flags1 & 0x04U) != 0) {
      feedback.emplace_back(PadLight{.red = at(output, 45), .green = at(output, 46), .blue = at(output, 47)});
    }
    return {};
  }

 private:
  std::uint8_t sequence_ = 0;
};

}  // namespace

std::unique_ptr<HidPad> make_dualsense(const PadAddress& address) {
  return std::make_unique<DualSense>(address);
}

}  // namespace lumen::gamepad
