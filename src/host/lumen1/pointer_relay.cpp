#include "host/lumen1/pointer_relay.hpp"

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
  loop_.cancel(timer_);
  timer_ = 0;
  waiting_.clear();
}

void PointerRelay::work() {
  timer_ = 0;
  while (!waiting_.empty()) {
    const auto& piece = waiting_.front();
    if (!calls_.send(piece)) {
      timer_ = loop_.call_at(SteadyTime{}.now() + kRetry, [this] { work(); });
      return;
    }
    const bool is_last = piece.is_last();
    const auto image = piece.image;
    waiting_.pop_front();
    if (is_last) calls_.taken(image);
  }
}

}  // namespace lumen::host
