// lumen/gamepad: a pad that this machine's applications see, made through /dev/uinput or /dev/uhid. It is
// there until the object is destroyed. Owner: one thread. No call blocks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "media/pad.hpp"

namespace lumen::gamepad {

class PadDevice {
 public:
  virtual ~PadDevice() = default;

  // To wait for: EPOLLIN calls for on_readable().
  virtual int fd() const = 0;
  // What the kernel has to say; appends to `feedback`, slot 0. Fails when the device is of no more use.
  virtual Status on_readable(Timestamp now, std::vector<PadFeedback>& feedback) = 0;
  // Appends to `feedback`, slot 0. To be called no later than next_deadline().
  virtual void tick(Timestamp now, std::vector<PadFeedback>& feedback) = 0;
  virtual std::optional<Timestamp> next_deadline() const = 0;

  // Arrivals and departures are nothing to a device. `device.write` when the kernel takes no more.
  virtual Status take(const PadEvent& event, Timestamp now) = 0;
  // Nothing stays pressed.
  virtual Status release(Timestamp now) = 0;
};

using MakePadDevice = std::function<Result<std::unique_ptr<PadDevice>>(const PadArrival&, Timestamp)>;

// `device.open` with a remedy where the kernel has no such thing or this user may not, `device.create`.
Result<std::unique_ptr<PadDevice>> create_pad_device(const PadArrival& arrival, Timestamp now);

Result<std::unique_ptr<PadDevice>> create_uinput_device(const PadArrival& arrival);
Result<std::unique_ptr<PadDevice>> create_uhid_device(const PadArrival& arrival, Timestamp now);

}  // namespace lumen::gamepad
