#include "gamestream/media/client_recovery.hpp"

namespace lumen::gamestream {

void ClientRecovery::need_idr(Timestamp now) {
  if (state_ != State::need_idr) next_ask_ = now;
  state_ = State::need_idr;
}

void ClientRecovery::grow(FrameId last, Timestamp now) {
  last_ = std::max(last_, last);
  next_ask_ = now;
  if (last_ - first_ >= FrameId{kMaxInvalidated} || now >= gap_since_ + kInvalidationPatience) need_idr(now);
}

void ClientRecovery::lost(FrameId first, FrameId last, Timestamp now) {
  switch (state_) {
    case State::fresh:
      need_idr(now);
      break;
    case State::sound:
      if (!params_.can_invalidate) {
        need_idr(now);
        break;
      }
      state_ = State::gap;
      gap_since_ = now;
      first_ = last_ = first;
      grow(last, now);
      break;
    case State::gap:
      grow(last, now);
      break;
    case State::need_idr:  // the IDR may have been among them, but what was asked for just now was not
      break;
  }
}

bool ClientRecovery::admit(FrameId frame, FrameType type, Timestamp now) {
  const bool marked = type == FrameType::intra_refreshed || type == FrameType::after_invalidation;
  if (type == FrameType::idr || (state_ == State::gap && marked)) state_ = State::sound;
  switch (state_) {
    case State::sound:
      return true;
    case State::fresh:
      need_idr(now);
      return false;
    case State::gap:
      grow(frame, now);
      return false;
    case State::need_idr:
      return false;
  }
  return false;
}

void ClientRecovery::not_decoded(Timestamp now) { need_idr(now); }

std::optional<Timestamp> ClientRecovery::next_ask() const {
  if (state_ != State::gap && state_ != State::need_idr) return std::nullopt;
  return next_ask_;
}

std::optional<RecoveryRequest> ClientRecovery::due(Timestamp now) {
  const auto ask = next_ask();
  if (!ask || now < *ask) return std::nullopt;
  if (state_ == State::gap && now >= gap_since_ + kInvalidationPatience) need_idr(now);
  next_ask_ = now + interval_;
  if (state_ == State::need_idr) return RecoveryRequest{};
  return RecoveryRequest{RecoveryRequest::Kind::invalidate, first_, last_};
}

}  // namespace lumen::gamestream
