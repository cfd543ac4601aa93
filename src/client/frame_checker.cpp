#include "client/frame_checker.hpp"

#include <algorithm>

namespace lumen::client {
namespace {

constexpr std::uint32_t kRestartGap = 100;  // numbers this far back are another instance, not reordering

}  // namespace

void FrameChecker::expect(const Mode& mode) {
  MutexLock lock{mutex_};
  expected_ = mode;
}

CheckFacts FrameChecker::snapshot() const {
  MutexLock lock{mutex_};
  return facts_;
}

void FrameChecker::check(const stream::DecodedPicture& decoded) {
  const auto reading = testing::read_code(decoded.picture);
  MutexLock lock{mutex_};
  ++facts_.decoded;
  if (!reading) {
    ++(facts_.distinct == 0 ? facts_.before_scene : facts_.unreadable);
    return;
  }
  add_code(*reading, decoded);
}

void FrameChecker::add_code(const testing::CodeReading& reading, const stream::DecodedPicture& decoded) {
  const auto number = reading.code.frame_number;
  facts_.max_color_error = std::max(facts_.max_color_error, reading.max_color_error);
  if (last_number_ && number == *last_number_) {
    ++facts_.repeated;
    return;
  }
  if (last_number_ && number < *last_number_) {
    if (*last_number_ - number < kRestartGap && number > 1) {
      ++facts_.out_of_order;
      return;
    }
    ++facts_.scene_restarts;
    last_number_.reset();
  }
  const auto step = last_number_ ? number - *last_number_ : 1;
  facts_.drawn += step;
  facts_.lost += step - 1;
  ++facts_.distinct;
  const bool wrong_size =
      expected_ && (decoded.picture.width != expected_->width || decoded.picture.height != expected_->height);
  const bool wrong_color = reading.max_color_error > testing::kColorTolerance;
  facts_.wrong_size += wrong_size ? 1U : 0U;
  facts_.wrong_color += wrong_color ? 1U : 0U;
  facts_.correct += !wrong_size && !wrong_color ? 1U : 0U;
  if (last_number_) facts_.longest_freeze = std::max(facts_.longest_freeze, decoded.decoded - facts_.last_at);
  if (facts_.first_at == Timestamp{}) facts_.first_at = decoded.decoded;
  facts_.last_at = decoded.decoded;
  last_number_ = number;
  add_latency(reading.code.drawn_us, decoded);
}

void FrameChecker::add_latency(std::uint64_t drawn_us, const stream::DecodedPicture& decoded) {
  auto& latency = facts_.latency;
  latency.capture.add(decoded.unit.host_capture);
  latency.encode.add(decoded.unit.host_encode);
  latency.send.add(decoded.unit.host_send);
  latency.receive.add(decoded.unit.complete - decoded.unit.received);
  latency.decode.add(decoded.decoded - decoded.unit.complete);
  latency.total.add(decoded.decoded - from_ns(static_cast<std::int64_t>(drawn_us) * 1000));
}

}  // namespace lumen::client
