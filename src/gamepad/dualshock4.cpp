// A DualShock 4 (second edition) at its USB cable. Layouts as the kernel's hid-sony and, since Linux 6.2,
// hid-playstation drivers read and write them.
#include "gamepad/hid_pad.hpp"
#include "gamepad/sony.hpp"

namespace lumen::gamepad {
namespace {

constexpr unsigned kTouchpadWidth = 1920, kTouchpadHeight = 942;
constexpr std::uint8_t kInputId = 0x01, kOutputId = 0x05, kCalibrationId = 0x02, kPairingId = 0x12,
                       kAddressId = 0x81, kFirmwareId = 0xA3;
constexpr std::size_t kCalibrationBytes = 37, kPairingBytes = 16, kAddressBytes = 7, kFirmwareBytes = 49;

constexpr std::uint8_t kDescriptor[] = {
    0x05, 0x01,           0x09, 0x05, 0xA1, 0x01,  // Generic Desktop, Game Pad, Application
    0x85, kInputId,                                //
    0x09, 0x30,           0x09, 0x31, 0x09, 0x32,
    0x09, 0x35,  // X, Y, Z, Rz
    0x15, 0x00,           0x26, 0xFF, 0x00, 0x75,
    0x08, 0x95,           0x04, 0x81, 0x02,  // a byte each
    0x09, 0x39,           0x15, 0x00, 0x25, 0x07,
    0x35, 0x00,           0x46, 0x3B, 0x01, 0x65,
    0x14,  // hat
    0x75, 0x04,           0x95, 0x01, 0x81, 0x42,
    0x65, 0x00,           0x45, 0x00,  //
    0x05, 0x09,           0x19, 0x01, 0x29, 0x0E,
    0x15, 0x00,           0x25, 0x01, 0x75, 0x01,
    0x95, 0x0E,           0x81, 0x02,  // buttons
    0x06, 0x00,           0xFF, 0x09, 0x20, 0x25,
    0x3F, 0x75,           0x06, 0x95, 0x01, 0x81,
    0x02,  // vendor: counter
    0x05, 0x01,           0x09, 0x33, 0x09, 0x34,
    0x15, 0x00,           0x26, 0xFF, 0x00, 0x75,
    0x08, 0x95,           0x02, 0x81, 0x02,  // Rx, Ry
    0x06, 0x00,           0xFF, 0x09, 0x21, 0x95,
    0x36, 0x81,           0x02,  // motion, power, touchpad
    0x85, kOutputId,      0x09, 0x22, 0x95, 0x1F,
    0x91, 0x02,  //
    0x85, kCalibrationId, 0x09, 0x24, 0x95, kCalibrationBytes - 1,
    0xB1, 0x02,  //
    0x85, kPairingId,     0x09, 0x25, 0x95, kPairingBytes - 1,
    0xB1, 0x02,  //
    0x85, kAddressId,     0x09, 0x26, 0x95, kAddressBytes - 1,
    0xB1, 0x02,  //
    0x85, kFirmwareId,    0x09, 0x27, 0x95, kFirmwareBytes - 1,
    0xB1, 0x02,  //
    0xC0};

const HidDescription kDescription{.name = "Sony Computer Entertainment Wireless Controller",
                                  .vendor = sony::kVendor,
                                  .product = 0x09CC,
                                  .version = 0x8111,
                                  .report_descriptor = std::as_bytes(std::span{kDescriptor}),
                                  .report_interval = std::chrono::milliseconds{100}};

namespace button = pad_button;
constexpr ButtonBit kButtons[] = {{button::kX, 5, 0x10},
                                  {button::kA, 5, 0x20},
                                  {button::kB, 5, 0x40},
                                  {button::kY, 5, 0x80},
                                  {button::kLeftShoulder, 6, 0x01},
                                  {button::kRightShoulder, 6, 0x02},
                                  {button::kBack, 6, 0x10},
                                  {button::kStart, 6, 0x20},
                                  {button::kLeftStick, 6, 0x40},
                                  {button::kRightStick, 6, 0x80},
                                  {button::kGuide, 7, 0x01},
                                  {button::kTouchpad, 7, 0x02}};

// Up to 10 tenths with the cable out; with it in, 11 is full.
std::byte power_of(const PadInput& input) {
  constexpr unsigned kCable = 0x10;
  switch (input.power) {
    case PadPower::discharging:
      return to_byte(sony::tenths_of(input));
    case PadPower::charging:
      return to_byte(std::min(sony::tenths_of(input), 10U) | kCable);
    case PadPower::unknown:
    case PadPower::none:
    case PadPower::not_charging:
    case PadPower::full:
      break;
  }
  return to_byte(11U | kCable);
}

class DualShock4 final : public HidPad {
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
    report[5] = std::byte{hat_of(state.buttons)};
    report[7] = to_byte(static_cast<unsigned>(sequence_++) << 2U);
    set_buttons(report, state.buttons, kButtons);
    if (state.left_trigger > 0) report[6] |= std::byte{0x04};
    if (state.right_trigger > 0) report[6] |= std::byte{0x08};
    report[8] = std::byte{state.left_trigger};
    report[9] = std::byte{state.right_trigger};
    const auto ticks = now.time_since_epoch().count() * 3 / 16'000;  // 5⅓ µs
    put16(report, 10, static_cast<std::uint16_t>(ticks & 0xFFFF));
    sony::put_motion(report, 13, input);
    report[30] = power_of(input);
    report[33] = std::byte{1};  // one moment of the touchpad
    report[34] = to_byte(static_cast<std::uint64_t>(ticks) >> 7U);
    sony::put_finger(report, 35, input.fingers[0], kTouchpadWidth, kTouchpadHeight);
    sony::put_finger(report, 39, input.fingers[1], kTouchpadWidth, kTouchpadHeight);
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
      case kAddressId:
        sony::put_address(report, 1, address());
        return ByteView{report}.first(id == kPairingId ? kPairingBytes : kAddressBytes);
      case kFirmwareId:
        put16(report, 35, std::uint16_t{0xB400});  // hardware
        put16(report, 41, std::uint16_t{0xA00B});  // firmware
        return ByteView{report}.first(kFirmwareBytes);
      default:
        return {};
    }
  }

  ByteView take_output(ByteView output, const PadInput&, std::vector<PadFeedback>& feedback,
                       HidReport&) override {
    constexpr std::size_t kUsed = 11;
    if (output.size() < kUsed || at(output, 0) != kOutputId) return {};
    const unsigned flags = at(output, 1);
    if ((flags & 0x01U) != 0) {
      feedback.emplace_back(PadRumble{.strong = static_cast<std::uint16_t>(at(output, 5) * 257U),
                                      .weak = static_cast<std::uint16_t>(at(output, 4) * 257U)});
    }
    if ((flags & 0x02U) != 0) {
      feedback.emplace_back(PadLight{.red = at(output, 6), .green = at(output, 7), .blue = at(output, 8)});
    }
    return {};
  }

 private:
  std::uint8_t sequence_ = 0;
};

}  // namespace

std::unique_ptr<HidPad> make_dualshock4(const PadAddress& address) {
  return std::make_unique<DualShock4>(address);
}

}  // namespace lumen::gamepad
