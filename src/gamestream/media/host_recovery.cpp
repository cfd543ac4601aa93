#include "gamestream/media/host_recovery.hpp"

#include <algorithm>
#include <utility>

namespace lumen::gamestream {

void HostRecovery::order_idr(Timestamp now) {
  order_ = RecoveryOrder{};
  idr_ordered_ = now;
  invalidated_.reset();
}

bool HostRecovery::is_idr_coming(Timestamp now) const {
  return idr_ordered_ && now < *idr_ordered_ + kPatience;
}

bool HostRecovery::is_idr_unseen(Timestamp now, Duration round_trip) const {
  if (!last_idr_) return false;
  const auto moment = newest_ == last_idr_->frame ? kMoment : Duration::zero();
  return now < last_idr_->time + std::max(round_trip, moment);
}

void HostRecovery::begin(Timestamp now) {
  last_idr_.reset();
  newest_ = {};
  order_idr(now);
}

void HostRecovery::idr_asked(Timestamp now, Duration round_trip) {
  if (is_idr_coming(now) || is_idr_unseen(now, round_trip)) {
    ++merged_;
    return;
  }
  order_idr(now);
}

void HostRecovery::invalidation_asked(FrameId first, FrameId last, Timestamp now, Duration round_trip) {
  const bool answered =
      last_idr_ && last < last_idr_->frame && now < last_idr_->time + kPatience + round_trip;
  if (is_idr_coming(now) || answered) {
    ++merged_;
    return;
  }
  // Frames that were not made yet cannot be lost, nor frames before the last IDR matter.
  Range lost{last_idr_ ? std::max(first, last_idr_->frame) : first, std::min(last, newest_)};
  if (invalidated_ && invalidated_->holds(lost) && now < invalidation_ordered_ + kPatience + round_trip) {
    ++merged_;
    return;
  }
  const bool idr_lost = last_idr_ && lost.first <= last_idr_->frame;
  const auto affected = newest_.value + 1 - std::min(lost.first.value, newest_.value + 1);
  if (!params_.can_invalidate || idr_lost || lost.last < lost.first || affected >= params_.reference_frames) {
    order_idr(now);
    return;
  }
  lost.last = newest_;
  invalidated_ = lost;
  invalidation_ordered_ = now;
  order_ = RecoveryOrder{RecoveryOrder::Kind::invalidate, lost.first, lost.last};
}

void HostRecovery::not_sent(Timestamp now) { order_idr(now); }

void HostRecovery::made(FrameId frame, FrameType type, Timestamp now) {
  newest_ = frame;
  if (type != FrameType::idr) return;
  last_idr_ = Made{frame, now};
  idr_ordered_.reset();
  order_.reset();
  invalidated_.reset();
}

std::optional<RecoveryOrder> HostRecovery::take_order() { return std::exchange(order_, std::nullopt); }

}  // namespace lumen::gamestream
