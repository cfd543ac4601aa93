#include "tools/latency-probe/watcher.hpp"

#include <algorithm>

namespace lumen::probe {
namespace {

constexpr std::uint32_t kRestartGap = 100;  // numbers this far back are another instance of the scene

Timestamp drawn_at(const testing::InbandCode& code) {
  return from_ns(static_cast<std::int64_t>(code.drawn_us) * 1000);
}

}  // namespace

void Watcher::on_picture(const stream::DecodedPicture& decoded) {
  const auto reading = testing::read_code(decoded.picture);
  const auto flash = reading ? testing::read_flash(decoded.picture) : std::nullopt;
  MutexLock lock{mutex_};
  if (!reading) {
    ++unreadable_;
    return;
  }
  if (!first_frame_) first_frame_ = decoded.decoded;
  if (flash) look_for_answer(*flash, reading->code, decoded.decoded);
  if (last_number_ != reading->code.frame_number) add_frame(reading->code, decoded);
}

void Watcher::add_frame(const testing::InbandCode& code, const stream::DecodedPicture& decoded) {
  if (last_number_ && code.frame_number > *last_number_) lost_ += code.frame_number - *last_number_ - 1;
  if (last_number_ && code.frame_number < *last_number_ && *last_number_ - code.frame_number < kRestartGap)
    return;
  last_number_ = code.frame_number;
  const auto& unit = decoded.unit;
  frames_.push_back({{.number = code.frame_number,
                      .convert = unit.host_capture,
                      .encode = unit.host_encode,
                      .protect = unit.host_send,
                      .receive = unit.complete - unit.received,
                      .wait = decoded.decode_begin - unit.complete,
                      .decode = decoded.decoded - decoded.decode_begin,
                      .total = decoded.decoded - drawn_at(code)},
                     decoded.decoded});
}

// Drawn before the key was sent: the square flipped for another reason.
void Watcher::look_for_answer(bool flash, const testing::InbandCode& code, Timestamp decoded) {
  const bool flipped = flash_ && *flash_ != flash;
  flash_ = flash;
  if (!flipped || !key_sent_) return;
  keys_.push_back({.to_draw = drawn_at(code) - *key_sent_, .to_pixel = decoded - *key_sent_});
  key_sent_.reset();
}

std::optional<Timestamp> Watcher::first_frame() const {
  MutexLock lock{mutex_};
  return first_frame_;
}

std::optional<bool> Watcher::flash() const {
  MutexLock lock{mutex_};
  return flash_;
}

void Watcher::begin() {
  MutexLock lock{mutex_};
  frames_.clear();
  keys_.clear();
  key_sent_.reset();
  lost_ = keys_lost_ = unreadable_ = 0;
}

void Watcher::key_sent(Timestamp at) {
  MutexLock lock{mutex_};
  key_sent_ = at;
}

bool Watcher::is_key_pending() const {
  MutexLock lock{mutex_};
  return key_sent_.has_value();
}

void Watcher::give_key_up() {
  MutexLock lock{mutex_};
  if (!key_sent_) return;
  key_sent_.reset();
  ++keys_lost_;
}

void Watcher::presented(std::uint32_t number, Timestamp at) {
  MutexLock lock{mutex_};
  const auto found = std::ranges::find(frames_.rbegin(), frames_.rend(), number,
                                       [](const Seen& seen) { return seen.sample.number; });
  if (found != frames_.rend()) found->sample.present = at - found->decoded;
}

void Watcher::fill(ProbeRun& run) const {
  MutexLock lock{mutex_};
  run.frames.clear();
  for (const auto& seen : frames_) run.frames.push_back(seen.sample);
  run.keys = keys_;
  run.frames_lost = lost_;
  run.keys_lost = keys_lost_;
  run.unreadable = unreadable_;
}

}  // namespace lumen::probe
