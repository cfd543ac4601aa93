#include "simulation/playback.hpp"

#include <algorithm>

#include "simulation/random.hpp"

namespace lumen::simulation {

Playback::Playback(const Params& params) : params_{params} {
  if (params_.ask_again) asker_.set_interval(*params_.ask_again);
}

void Playback::arrives(const ArrivedFrame& frame) {
  const auto later = [](const ArrivedFrame& a, const ArrivedFrame& b) { return a.complete < b.complete; };
  coming_.insert(std::upper_bound(coming_.begin(), coming_.end(), frame, later), frame);
}

void Playback::advance(Timestamp now) {
  while (true) {
    const auto wait_over = deadline();
    const bool frame_next = !coming_.empty() && (!wait_over || coming_.front().complete <= *wait_over);
    const auto at = frame_next ? coming_.front().complete : wait_over.value_or(Timestamp::max());
    if (at > now) break;
    if (frame_next) {
      const auto frame = coming_.front();
      coming_.pop_front();
      receive(frame);
    } else {
      give_up_before(held_.front().id);
    }
    deliver_held(at);
    ask(at);
  }
  ask(now);
}

void Playback::end_at(FrameId end, Timestamp due) {
  if (next_ < end) give_up_before(end);
  if (!shown_) shown_ = due - (end.value + 1) * params_.interval;  // when the first frame was due
  note_stall(due);
}

std::optional<Ask> Playback::take_ask() {
  if (asks_.empty()) return std::nullopt;
  const auto first = asks_.front();
  asks_.pop_front();
  return first;
}

void Playback::receive(const ArrivedFrame& frame) {
  if (frame.id < next_) return;  // given up meanwhile, and counted so
  const auto newer = [](const ArrivedFrame& a, const ArrivedFrame& b) { return a.id < b.id; };
  held_.insert(std::upper_bound(held_.begin(), held_.end(), frame, newer), frame);
}

void Playback::deliver_held(Timestamp now) {
  auto frame = held_.begin();
  for (; frame != held_.end() && frame->id == next_; ++frame) {
    show(*frame, now);
    ++next_.value;
  }
  held_.erase(held_.begin(), frame);
}

void Playback::give_up_before(FrameId end) {
  stats_.frames_lost += end.value - next_.value;
  is_intact_ = false;
  asker_.broken_at(FrameId{end.value - 1});
  next_ = end;
}

void Playback::show(const ArrivedFrame& frame, Timestamp now) {
  if (frame.is_entry) {
    is_intact_ = true;
    asker_.idr_decoded(frame.id);
  }
  if (!is_intact_) {
    ++stats_.frames_undecodable;
    return;
  }
  note_stall(now);
  shown_ = now;
  ++stats_.frames_shown;
  digest_ = mix(digest_ + frame.id.value + mix(static_cast<std::uint64_t>(to_ns(now))));
}

void Playback::note_stall(Timestamp now) {
  const auto late = now - shown_.value_or(now) - params_.interval;
  if (late <= params_.interval / 2) return;
  stats_.stalls.add(late);
  stats_.stalled += late;
}

void Playback::ask(Timestamp now) {
  if (!params_.ask_again) return;
  if (const auto broken = asker_.due(now)) {
    asks_.push_back({now, *broken});
    ++stats_.asks;
  }
}

// When the wait for the frames before those held is over.
std::optional<Timestamp> Playback::deadline() const {
  if (held_.empty()) return std::nullopt;
  const auto first = std::min_element(held_.begin(), held_.end(),
                                      [](const auto& a, const auto& b) { return a.complete < b.complete; });
  return first->complete + params_.reorder_wait;
}

}  // namespace lumen::simulation
