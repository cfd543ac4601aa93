#include "host/lumen1/pointer_relay.hpp"

#include <utility>

namespace lumen::host {
namespace {

constexpr std::size_t kMostPieces = kMaxPointerSide * kMaxPointerSide * 4 / kMaxPointerPiece;

}  // namespace

// Small pieces, or a look behind another, are none of ours.
void PointerRelay::push(const PointerPiece& piece) {
  if (piece.offset == 0) clear();
  if (waiting_.size() >= kMostPieces) return;
  waiting_.push_back(piece);
  if (timer_ == 0) work();
}

void PointerRelay::clear() {
  loop_.cancel(std::exchange(timer_, 0));
  waiting_.clear();
  unanswered_.reset();
}

void PointerRelay::work() {
  timer_ = 0;
  if (send_waiting() && answer()) return;
  timer_ = loop_.call_at(SteadyTime{}.now() + kRetry, [this] { work(); });
}

// Whether all has gone.
bool PointerRelay::send_waiting() {
  while (!waiting_.empty()) {
    const auto piece = std::move(waiting_.front());
    waiting_.pop_front();
    if (!calls_.send(piece)) {
      waiting_.push_front(piece);
      return false;
    }
    if (piece.is_last()) unanswered_ = piece.image;
  }
  return true;
}

// Whether nothing is to be told any more.
bool PointerRelay::answer() {
  if (unanswered_ && calls_.taken(*unanswered_)) unanswered_.reset();
  return !unanswered_;
}

}  // namespace lumen::host
