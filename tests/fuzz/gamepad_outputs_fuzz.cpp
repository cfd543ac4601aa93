// Whatever an application writes to a pad's raw device: no crash, what is told of it may travel, and what is
// answered is one whole report.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "gamepad/hid_pad.hpp"
#include "link/broker_messages.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lumen;
  using namespace lumen::gamepad;
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span{data, size}).subspan(1);
  const PadAddress address{2, 1, 2, 3, 4, 5};
  const auto pad = data[0] % 3 == 0   ? make_dualsense(address)
                   : data[0] % 3 == 1 ? make_dualshock4(address)
                                      : make_switch_pro(address);
  std::vector<PadFeedback> feedback;
  HidReport buffer;
  const auto answer = pad->take_output(bytes, PadInput{}, feedback, buffer);
  if (!answer.empty() && answer.size() != kHidReportBytes) std::abort();
  for (const auto& each : feedback) {
    if (link::encode(link::FromBroker{each}).empty()) std::abort();
  }
  if (!bytes.empty()) {
    const auto feature = pad->write_feature(std::to_integer<std::uint8_t>(bytes[0]), buffer);
    if (feature.size() > kHidReportBytes) std::abort();
  }
  return 0;
}
