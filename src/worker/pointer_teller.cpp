#include "worker/pointer_teller.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

namespace lumen::worker {
namespace {

constexpr Duration kNoRoomRetry = std::chrono::milliseconds{5};

Timestamp now() { return SteadyTime{}.now(); }

// Nothing where it cannot be given.
std::optional<PointerGeometry> geometry_of(const BorrowedPointer& pointer) {
  const auto fits = [](std::int64_t value) { return value >= 0 && value <= kMaxPointerSide; };
  if (!fits(pointer.width) || !fits(pointer.height) || !fits(pointer.hotspot_x) || !fits(pointer.hotspot_y))
    return std::nullopt;
  const PointerGeometry geometry{.width = static_cast<std::uint16_t>(pointer.width),
                                 .height = static_cast<std::uint16_t>(pointer.height),
                                 .hotspot_x = static_cast<std::uint16_t>(pointer.hotspot_x),
                                 .hotspot_y = static_cast<std::uint16_t>(pointer.hotspot_y)};
  if (!is_valid(geometry) || pointer.pixels.size() != geometry.bytes()) return std::nullopt;
  return geometry;
}

std::size_t hash_of(const PointerImage& look) {
  return std::hash<std::string_view>{}(
      {reinterpret_cast<const char*>(look.pixels.data()), look.pixels.size()});
}

std::uint16_t within(std::int32_t place, std::uint32_t side) {
  const auto last = static_cast<std::int32_t>(std::min(side, kMaxModeSize)) - 1;
  return static_cast<std::uint16_t>(std::clamp(place, 0, std::max(last, 0)));
}

}  // namespace

PointerTeller::~PointerTeller() { loop_.cancel(timer_); }

void PointerTeller::set_wish(const link::SetPointer& wish) {
  const bool was_apart = std::exchange(wish_, wish).apart;
  for (auto& slot : slots_) slot.image = 0;
  sending_.reset();
  state_.image = 0;
  look_.reset();
  look_waits_ = look_is_new_ = known_ = false;
  drawn_.reset();
  told_.reset();
  decide();
  if (!wish.apart) {
    if (was_apart) calls_.send(PointerState{});
    return;
  }
  calls_.ask();
  work();
}

void PointerTeller::set_able(bool able) {
  able_ = able;
  drawn_.reset();  // it may be another desktop
  odd_ = known_ = false;
  decide();
  if (!wish_.apart) return;
  calls_.ask();
  work();
}

// Until the desktop has told of it, it is nowhere but in the picture.
void PointerTeller::decide() {
  const bool drawn = wish_.drawn || (wish_.apart && !(is_apart() && known_));
  if (drawn_ != drawn) calls_.draw(drawn);
  drawn_ = drawn;
  if (!is_apart()) {
    state_.place = PointerPlace::in_picture;
  } else {
    state_.place = visible_ ? PointerPlace::apart : PointerPlace::hidden;
  }
}

void PointerTeller::on_pointer(const BorrowedPointer& pointer, const Mode& mode) {
  if (!wish_.apart) return;
  state_.x = within(pointer.x, mode.width);
  state_.y = within(pointer.y, mode.height);
  visible_ = pointer.visible;
  known_ = true;
  if (visible_) take_look(pointer);
  decide();
  work();
}

void PointerTeller::take_look(const BorrowedPointer& pointer) {
  const auto geometry = geometry_of(pointer);
  odd_ = !geometry;
  if (odd_) return;
  if (look_ && look_->geometry == *geometry && std::ranges::equal(look_->pixels, pointer.pixels)) return;
  if (!look_) look_.emplace();
  look_->geometry = *geometry;
  look_->pixels.assign(pointer.pixels.begin(), pointer.pixels.end());
  look_hash_ = hash_of(*look_);
  look_waits_ = look_is_new_ = true;
}

// One that the client has needs no sending.
void PointerTeller::choose_look() {
  look_is_new_ = false;
  const auto known = std::ranges::find_if(slots_, [this](const Slot& slot) {
    return slot.image != 0 && slot.hash == look_hash_ && slot.look == *look_;
  });
  if (known == slots_.end()) return;
  known->used = ++uses_;
  state_.image = known->image;
  look_waits_ = false;
}

void PointerTeller::begin(Timestamp time) {
  const auto slot = std::ranges::min_element(slots_, {}, &Slot::used);
  if (++last_image_ == 0) ++last_image_;
  *slot = {.image = last_image_, .used = ++uses_, .hash = look_hash_, .look = *look_};
  sending_ = Sending{.image = last_image_,
                     .slot = static_cast<std::size_t>(slot - slots_.begin()),
                     .bytes = look_->pixels.size()};
  state_.image = last_image_;
  look_waits_ = false;
  const auto takes = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(
      static_cast<double>(look_->pixels.size()) / static_cast<double>(kLookBytesPerSecond)));
  look_due_ = time + std::max<Duration>(kBetweenLooks, takes);
}

void PointerTeller::work() {
  loop_.cancel(std::exchange(timer_, 0));
  if (!wish_.apart) return;
  const auto time = now();
  if (is_apart() && look_ && look_is_new_) choose_look();
  if (is_apart() && look_ && look_waits_ && !sending_) {
    if (time >= look_due_) {
      begin(time);
    } else {
      arm(look_due_);
    }
  }
  send_piece();
  send_state(time);
}

// One in a turn of the loop.
void PointerTeller::send_piece() {
  if (!sending_ || sending_->is_all_gone()) return;
  const auto& look = slots_[sending_->slot].look;
  const auto size = std::min(kMaxPointerPiece, look.pixels.size() - sending_->offset);
  const auto from = look.pixels.begin() + static_cast<std::ptrdiff_t>(sending_->offset);
  const PointerPiece piece{.image = sending_->image,
                           .slot = static_cast<std::uint8_t>(sending_->slot),
                           .geometry = look.geometry,
                           .offset = static_cast<std::uint32_t>(sending_->offset),
                           .pixels = {from, from + static_cast<std::ptrdiff_t>(size)}};
  if (!calls_.send(piece)) return arm(now() + kNoRoomRetry);
  sending_->offset += size;
  if (!sending_->is_all_gone()) arm(now());
}

void PointerTeller::send_state(Timestamp time) {
  if (told_ == state_ || (is_apart() && !known_)) return;
  if (time < state_due_) return arm(state_due_);
  if (!calls_.send(state_)) return arm(time + kNoRoomRetry);
  told_ = state_;
  state_due_ = time + kBetweenStates;
}

void PointerTeller::taken(std::uint32_t image) {
  if (!sending_ || sending_->image != image || !sending_->is_all_gone()) return;
  sending_.reset();
  work();
}

// The earliest of what is asked for in one go.
void PointerTeller::arm(Timestamp when) {
  if (timer_ != 0 && when >= armed_) return;
  loop_.cancel(timer_);
  armed_ = when;
  timer_ = loop_.call_at(when, [this] {
    timer_ = 0;
    work();
  });
}

}  // namespace lumen::worker
