// lumen/gamepad: a pad that the kernel's own driver for it drives, made of reports: input reports from what a
// client's pad does, feature reports that the driver asks for, output reports as feedback. Sans-I/O, one
// object a pad. Owner: one thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/units.hpp"
#include "base/wire.hpp"
#include "gamepad/pad_input.hpp"

namespace lumen::gamepad {

inline constexpr std::size_t kHidReportBytes = 64;
using HidReport = std::array<std::byte, kHidReportBytes>;

struct HidDescription {
  const char* name;
  std::uint16_t vendor, product, version;
  ByteView report_descriptor;
  // A pad says what it is at least as often, changed or not: drivers wait for it, and a report that came
  // before the driver did is lost.
  Duration report_interval;
};

// As a Bluetooth address, in the order in which people write it: locally administered, made of the identity.
using PadAddress = std::array<std::uint8_t, 6>;
PadAddress address_of(std::uint64_t identity);
std::string to_string(const PadAddress& address);  // "02:11:22:33:44:55"

class HidPad {
 public:
  explicit HidPad(const PadAddress& address) : address_{address} {}
  virtual ~HidPad() = default;
  HidPad(const HidPad&) = delete;
  HidPad& operator=(const HidPad&) = delete;

  virtual const HidDescription& description() const = 0;
  // The part of `report` that was filled. `now`: since any fixed time, it must not go back.
  virtual ByteView write_input(const PadInput& input, Timestamp now, HidReport& report) = 0;
  // Empty: it has no such report.
  virtual ByteView write_feature(std::uint8_t id, HidReport& report) const = 0;
  // What a driver or an application wrote, of any size and content. Appends to `feedback`, slot 0. What is to
  // be answered right away is in `answer`; empty: nothing.
  virtual ByteView take_output(ByteView output, const PadInput& input, std::vector<PadFeedback>& feedback,
                               HidReport& answer) = 0;

 protected:
  const PadAddress& address() const { return address_; }

 private:
  PadAddress address_;
};

std::unique_ptr<HidPad> make_dualsense(const PadAddress& address);
std::unique_ptr<HidPad> make_dualshock4(const PadAddress& address);
std::unique_ptr<HidPad> make_switch_pro(const PadAddress& address);

}  // namespace lumen::gamepad
