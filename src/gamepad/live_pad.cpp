#include "gamepad/live_pad.hpp"

namespace lumen::gamepad {
namespace {

constexpr std::uint16_t kMotionRateHz = 100;

Timestamp now() { return SteadyTime{}.now(); }

}  // namespace

LivePad::LivePad(const PadArrival& arrival, std::unique_ptr<PadDevice> device, LivePadEvents events,
                 EventLoop& loop)
    : arrival_{arrival},
      device_{std::move(device)},
      events_{std::move(events)},
      loop_{loop},
      created_{now()} {}

LivePad::~LivePad() {
  loop_.cancel(timer_);
  loop_.unwatch(device_->fd());
}

// Motion is wanted where the client's pad feels it and the model shows it.
Status LivePad::start() {
  LUMEN_CHECK_OK(loop_.watch(device_->fd(), EPOLLIN, [this](std::uint32_t) { on_readable(); }));
  if (arrival_.model == PadModel::xbox) return {};
  std::vector<PadFeedback> wanted;
  if ((arrival_.capabilities & pad_capability::kAccelerometer) != 0)
    wanted.emplace_back(PadMotionRequest{.sensor = PadSensor::accelerometer, .rate_hz = kMotionRateHz});
  if ((arrival_.capabilities & pad_capability::kGyroscope) != 0)
    wanted.emplace_back(PadMotionRequest{.sensor = PadSensor::gyroscope, .rate_hz = kMotionRateHz});
  tell(wanted);
  return {};
}

void LivePad::take(const PadEvent& event) {
  check(device_->take(event, now()));
  arm();
}

void LivePad::release() {
  check(device_->release(now()));
  arm();
}

void LivePad::repeat_feedback() const {
  told_.for_each([this](const PadFeedback& feedback) {
    if (events_.on_feedback) events_.on_feedback(feedback);
  });
}

void LivePad::stop_effects() {
  for (const auto& each : told_.stop()) {
    if (events_.on_feedback) events_.on_feedback(each);
  }
}

void LivePad::on_readable() {
  std::vector<PadFeedback> feedback;
  const auto status = device_->on_readable(now(), feedback);
  tell(feedback);
  check(status);
  arm();
}

void LivePad::on_timer() {
  armed_.reset();
  std::vector<PadFeedback> feedback;
  device_->tick(now(), feedback);
  tell(feedback);
  arm();
}

void LivePad::tell(const std::vector<PadFeedback>& feedback) {
  for (auto each : feedback) {
    std::visit([this](auto& known) { known.slot = arrival_.slot; }, each);
    const auto news = told_.news(each);
    if (news && events_.on_feedback) events_.on_feedback(*news);
  }
}

void LivePad::check(const Status& status) {
  if (status || broken_) return;
  broken_ = true;
  loop_.unwatch(device_->fd());
  if (events_.on_broken) events_.on_broken(status.error());
}

void LivePad::arm() {
  const auto next = broken_ ? std::nullopt : device_->next_deadline();
  if (next == armed_) return;
  loop_.cancel(timer_);
  armed_ = next;
  if (next) timer_ = loop_.call_at(*next, [this] { on_timer(); });
}

}  // namespace lumen::gamepad
