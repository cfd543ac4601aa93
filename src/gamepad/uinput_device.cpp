#include <fcntl.h>
#include <linux/uinput.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/fd.hpp"
#include "gamepad/hid_pad.hpp"
#include "gamepad/pad_device.hpp"
#include "gamepad/rumble_effects.hpp"
#include "gamepad/xbox.hpp"

namespace lumen::gamepad {
namespace {

constexpr const char* kPath = "/dev/uinput";
constexpr std::uint16_t kEffectKinds[] = {FF_RUMBLE, FF_PERIODIC, FF_SQUARE, FF_TRIANGLE, FF_SINE, FF_GAIN};

tl::unexpected<Error> create_failed() {
  return fail(ErrorCode::unavailable, "device.create", "the kernel makes no pad of /dev/uinput", {}, errno);
}

Status declare_axis(int fd, const xbox::Axis& axis) {
  uinput_abs_setup setup{};
  setup.code = axis.code;
  setup.absinfo = {.value = 0,
                   .minimum = axis.minimum,
                   .maximum = axis.maximum,
                   .fuzz = axis.fuzz,
                   .flat = axis.flat,
                   .resolution = 0};
  return ioctl(fd, UI_ABS_SETUP, &setup) == 0 ? Status{} : create_failed();
}

Status declare(int fd, const PadAddress& address) {
  bool good = ioctl(fd, UI_SET_EVBIT, EV_KEY) == 0 && ioctl(fd, UI_SET_EVBIT, EV_ABS) == 0 &&
              ioctl(fd, UI_SET_EVBIT, EV_FF) == 0;
  for (const int key : xbox::keys()) good = good && ioctl(fd, UI_SET_KEYBIT, key) == 0;
  for (const int kind : kEffectKinds) good = good && ioctl(fd, UI_SET_FFBIT, kind) == 0;
  const auto place = fmt::format("lumen/{}", to_string(address));
  good = good && ioctl(fd, UI_SET_PHYS, place.c_str()) == 0;
  if (!good) return create_failed();
  for (const auto& axis : xbox::axes()) {
    LUMEN_CHECK_OK(declare_axis(fd, axis));
  }
  uinput_setup setup{};
  setup.id = {
      .bustype = BUS_USB, .vendor = xbox::kVendor, .product = xbox::kProduct, .version = xbox::kVersion};
  std::strncpy(setup.name, xbox::kName, sizeof setup.name - 1);
  setup.ff_effects_max = RumbleEffects::kMaxEffects;
  if (ioctl(fd, UI_DEV_SETUP, &setup) != 0 || ioctl(fd, UI_DEV_CREATE) != 0) return create_failed();
  return {};
}

// Periodic effects shake both motors, as the kernel has pads do that know rumble only.
std::optional<RumbleEffects::Effect> to_effect(const ff_effect& effect) {
  RumbleEffects::Effect made{.delay = std::chrono::milliseconds{effect.replay.delay},
                             .length = std::chrono::milliseconds{effect.replay.length}};
  if (effect.type == FF_RUMBLE) {
    made.strong = effect.u.rumble.strong_magnitude;
    made.weak = effect.u.rumble.weak_magnitude;
  } else if (effect.type == FF_PERIODIC) {
    const int magnitude = std::abs(int{effect.u.periodic.magnitude});
    made.strong = made.weak = static_cast<std::uint16_t>(std::min(magnitude * 2, 0xFFFF));
  } else {
    return std::nullopt;
  }
  return made;
}

class UinputDevice final : public PadDevice {
 public:
  explicit UinputDevice(UniqueFd fd) : fd_{std::move(fd)} {}

  int fd() const override { return fd_.get(); }

  Status on_readable(Timestamp now, std::vector<PadFeedback>& feedback) override {
    std::array<input_event, 16> events{};
    const auto got = read(fd_.get(), events.data(), sizeof events);
    if (got < 0) {
      if (errno == EAGAIN || errno == EINTR) return {};
      return fail(ErrorCode::unavailable, "device.read", "a pad's device cannot be read", {}, errno);
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(got) / sizeof(input_event); ++i)
      handle(events[i], now);
    tick(now, feedback);
    return {};
  }

  void tick(Timestamp now, std::vector<PadFeedback>& feedback) override {
    if (const auto rumble = effects_.at(now); rumble != rumble_) {
      rumble_ = rumble;
      feedback.emplace_back(rumble);
    }
    next_ = effects_.next_change(now);
  }
  std::optional<Timestamp> next_deadline() const override { return next_; }

  Status take(const PadEvent& event, Timestamp) override {
    const auto* state = std::get_if<PadState>(&event);
    return state == nullptr ? Status{} : show(*state);
  }
  Status release(Timestamp) override { return show(PadState{}); }

 private:
  Status show(const PadState& state) {
    changes_.clear();
    xbox::write_events(state_, state, changes_);
    state_ = state;
    std::array<input_event, 32> events{};
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      events.at(i).type = changes_[i].type;
      events.at(i).code = changes_[i].code;
      events.at(i).value = changes_[i].value;
    }
    const auto size = changes_.size() * sizeof(input_event);
    if (size == 0 || write(fd_.get(), events.data(), size) == static_cast<ssize_t>(size)) return {};
    return fail(ErrorCode::unavailable, "device.write", "a pad's device takes no events", {}, errno);
  }

  void handle(const input_event& event, Timestamp now) {
    if (event.type == EV_UINPUT && event.code == UI_FF_UPLOAD) {
      uinput_ff_upload upload{};
      upload.request_id = static_cast<std::uint32_t>(event.value);
      if (ioctl(fd_.get(), UI_BEGIN_FF_UPLOAD, &upload) != 0) return;
      const auto effect = to_effect(upload.effect);
      const bool taken = effect && effects_.upload(static_cast<std::size_t>(upload.effect.id), *effect);
      upload.retval = taken ? 0 : -EINVAL;
      ioctl(fd_.get(), UI_END_FF_UPLOAD, &upload);
    } else if (event.type == EV_UINPUT && event.code == UI_FF_ERASE) {
      uinput_ff_erase erase{};
      erase.request_id = static_cast<std::uint32_t>(event.value);
      if (ioctl(fd_.get(), UI_BEGIN_FF_ERASE, &erase) != 0) return;
      erase.retval = effects_.erase(erase.effect_id) ? 0 : -EINVAL;
      ioctl(fd_.get(), UI_END_FF_ERASE, &erase);
    } else if (event.type == EV_FF && event.code == FF_GAIN) {
      effects_.set_gain(static_cast<std::uint16_t>(event.value));
    } else if (event.type == EV_FF) {
      effects_.play(event.code, event.value, now);
    }
  }

  UniqueFd fd_;  // closing it removes the pad
  PadState state_;
  std::vector<xbox::Event> changes_;
  RumbleEffects effects_;
  PadRumble rumble_;
  std::optional<Timestamp> next_;
};

}  // namespace

Result<std::unique_ptr<PadDevice>> create_uinput_device(const PadArrival& arrival) {
  UniqueFd fd{open(kPath, O_RDWR | O_NONBLOCK | O_CLOEXEC)};
  if (!fd) {
    return fail(ErrorCode::unavailable, "device.open", "cannot open /dev/uinput",
                "Run: modprobe uinput; and install lumen-inputd's udev rule", errno);
  }
  LUMEN_CHECK_OK(declare(fd.get(), address_of(arrival.identity)));
  return std::make_unique<UinputDevice>(std::move(fd));
}

}  // namespace lumen::gamepad
