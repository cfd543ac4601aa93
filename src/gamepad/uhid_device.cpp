#include <fcntl.h>
#include <linux/input.h>
#include <linux/uhid.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/fd.hpp"
#include "gamepad/hid_pad.hpp"
#include "gamepad/pad_device.hpp"

namespace lumen::gamepad {
namespace {

constexpr const char* kPath = "/dev/uhid";
constexpr int kMaxEventsAtOnce = 64;

template <std::size_t N>
void copy_text(std::uint8_t (&into)[N], std::string_view text) {
  std::memset(into, 0, N);
  std::ranges::copy(text.substr(0, N - 1), static_cast<std::uint8_t*>(into));
}

std::unique_ptr<HidPad> make_pad(PadModel model, const PadAddress& address) {
  switch (model) {
    case PadModel::dualshock4:
      return make_dualshock4(address);
    case PadModel::switch_pro:
      return make_switch_pro(address);
    case PadModel::xbox:
    case PadModel::dualsense:
      break;
  }
  return make_dualsense(address);
}

class UhidDevice final : public PadDevice {
 public:
  UhidDevice(UniqueFd fd, std::unique_ptr<HidPad> pad, Timestamp now)
      : fd_{std::move(fd)}, pad_{std::move(pad)}, created_{now} {}

  Status create(const PadAddress& address) {
    const auto& description = pad_->description();
    begin(UHID_CREATE2);
    auto& create = event_.u.create2;
    copy_text(create.name, description.name);
    copy_text(create.uniq, to_string(address));
    copy_text(create.phys, "lumen/" + to_string(address));
    const auto descriptor = description.report_descriptor;
    std::memcpy(create.rd_data, descriptor.data(), descriptor.size());
    create.rd_size = static_cast<std::uint16_t>(descriptor.size());
    create.bus = BUS_USB;
    create.vendor = description.vendor;
    create.product = description.product;
    create.version = description.version;
    if (send(sizeof event_)) return {};
    return fail(ErrorCode::unavailable, "device.create", "the kernel makes no pad of /dev/uhid", {}, errno);
  }

  int fd() const override { return fd_.get(); }

  Status on_readable(Timestamp now, std::vector<PadFeedback>& feedback) override {
    for (int i = 0; i < kMaxEventsAtOnce; ++i) {
      std::memset(&event_, 0, sizeof event_);
      const auto got = read(fd_.get(), &event_, sizeof event_);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
      if (got < static_cast<ssize_t>(sizeof event_.type)) {
        return fail(ErrorCode::unavailable, "device.read", "a pad's device cannot be read", {}, errno);
      }
      LUMEN_CHECK_OK(handle(now, feedback));
    }
    return {};
  }

  void tick(Timestamp now, std::vector<PadFeedback>&) override {
    if (next_ && now >= *next_) static_cast<void>(report(now));  // one that matters will say that it failed
  }
  std::optional<Timestamp> next_deadline() const override { return next_; }

  Status take(const PadEvent& event, Timestamp now) override {
    return input_.apply(event) ? report(now) : Status{};
  }
  Status release(Timestamp now) override {
    input_.release();
    return report(now);
  }

 private:
  void begin(std::uint32_t type) {
    std::memset(&event_, 0, sizeof event_);
    event_.type = type;
  }
  bool send(std::size_t size) { return write(fd_.get(), &event_, size) == static_cast<ssize_t>(size); }

  Status send_input(ByteView report) {
    begin(UHID_INPUT2);
    event_.u.input2.size = static_cast<std::uint16_t>(report.size());
    std::memcpy(event_.u.input2.data, report.data(), report.size());
    if (send(offsetof(uhid_event, u.input2.data) + report.size())) return {};
    return fail(ErrorCode::unavailable, "device.write", "a pad's device takes no reports", {}, errno);
  }

  Status report(Timestamp now) {
    if (next_) next_ = now + pad_->description().report_interval;
    HidReport buffer;
    return send_input(pad_->write_input(input_, now - created_.time_since_epoch(), buffer));
  }

  Status handle(Timestamp now, std::vector<PadFeedback>& feedback) {
    switch (event_.type) {
      case UHID_START:
        next_ = now + pad_->description().report_interval;
        return {};
      case UHID_STOP:
        next_.reset();
        return {};
      case UHID_OPEN:
        return report(now);
      case UHID_OUTPUT:
        return take_output({as_bytes(event_.u.output.data), bounded(event_.u.output.size)}, feedback);
      case UHID_SET_REPORT: {
        const auto id = event_.u.set_report.id;
        const ByteView data{as_bytes(event_.u.set_report.data), bounded(event_.u.set_report.size)};
        LUMEN_CHECK_OK(take_output(data, feedback));
        begin(UHID_SET_REPORT_REPLY);
        event_.u.set_report_reply.id = id;
        return reply(sizeof(uhid_set_report_reply_req));
      }
      case UHID_GET_REPORT:
        return answer_feature(event_.u.get_report.id, event_.u.get_report.rnum);
      default:
        return {};
    }
  }

  static const std::byte* as_bytes(const std::uint8_t* data) {
    return reinterpret_cast<const std::byte*>(data);
  }
  static std::size_t bounded(std::size_t size) { return std::min<std::size_t>(size, UHID_DATA_MAX); }

  Status take_output(ByteView data, std::vector<PadFeedback>& feedback) {
    HidReport buffer;
    const auto answer = pad_->take_output(data, input_, feedback, buffer);
    return answer.empty() ? Status{} : send_input(answer);
  }

  Status answer_feature(std::uint32_t request, std::uint8_t id) {
    HidReport buffer;
    const auto report = pad_->write_feature(id, buffer);
    begin(UHID_GET_REPORT_REPLY);
    auto& answer = event_.u.get_report_reply;
    answer.id = request;
    answer.err = report.empty() ? EIO : 0;
    answer.size = static_cast<std::uint16_t>(report.size());
    std::memcpy(answer.data, report.data(), report.size());
    return reply(sizeof answer);
  }

  // A request that was given up meanwhile is no failure.
  Status reply(std::size_t size) {
    static_cast<void>(send(offsetof(uhid_event, u) + size));
    return {};
  }

  UniqueFd fd_;  // closing it removes the pad
  std::unique_ptr<HidPad> pad_;
  Timestamp created_;
  PadInput input_;
  std::optional<Timestamp> next_;  // report, while the kernel uses it
  uhid_event event_{};
};

}  // namespace

Result<std::unique_ptr<PadDevice>> create_uhid_device(const PadArrival& arrival, Timestamp now) {
  UniqueFd fd{open(kPath, O_RDWR | O_NONBLOCK | O_CLOEXEC)};
  if (!fd) {
    return fail(ErrorCode::unavailable, "device.open", "cannot open /dev/uhid",
                "Run: modprobe uhid; and install lumen-inputd's udev rule", errno);
  }
  const auto address = address_of(arrival.identity);
  auto device = std::make_unique<UhidDevice>(std::move(fd), make_pad(arrival.model, address), now);
  LUMEN_CHECK_OK(device->create(address));
  return device;
}

Result<std::unique_ptr<PadDevice>> create_pad_device(const PadArrival& arrival, Timestamp now) {
  if (arrival.model == PadModel::xbox) return create_uinput_device(arrival);
  return create_uhid_device(arrival, now);
}

}  // namespace lumen::gamepad
