#include "audio/block_pacer.hpp"

#include <algorithm>

namespace lumen::audio {
namespace {

constexpr std::size_t frames_in(Duration duration) {
  return static_cast<std::size_t>(duration.count() * kSampleRateHz / 1'000'000'000);
}

constexpr Duration length_of(std::size_t frames) {
  return Duration{static_cast<Duration::rep>(frames * 1'000'000'000 / kSampleRateHz)};
}

// Comparisons with what is no number are false.
constexpr float bounded(float sample) {
  if (sample >= -1.0F && sample <= 1.0F) return sample;
  return sample > 1.0F ? 1.0F : sample < -1.0F ? -1.0F : 0.0F;
}

}  // namespace

BlockPacer::BlockPacer(const AudioFormat& format, Timestamp now)
    : channels_{format.channels},
      block_{std::size_t{format.frames_per_packet()} * format.channels},
      period_{std::chrono::milliseconds{format.packet_ms}},
      // A delivery, the most that may wait beside it, and as much again to move in rarely.
      samples_(2 * (kMaxPushFrames + frames_in(kUsualBacklog)) * format.channels),
      padded_(block_),
      last_{now - period_},
      arrived_{now} {}

void BlockPacer::push(std::span<const float> interleaved, Timestamp now) {
  const auto most = kMaxPushFrames * channels_;
  if (interleaved.size() > most) {
    dropped_frames_ += (interleaved.size() - most) / channels_;
    interleaved = interleaved.last(most);
  }
  if (interleaved.empty()) return;
  make_room(interleaved.size());
  std::ranges::transform(interleaved, samples_.begin() + static_cast<std::ptrdiff_t>(filled_), bounded);
  filled_ += interleaved.size();
  delivery_ = length_of(interleaved.size() / channels_);
  arrived_ = now;
  flowing_ = true;
}

// Drops what is too old, and moves the rest to the front when the end is near.
void BlockPacer::make_room(std::size_t samples) {
  const auto limit = std::max(frames_in(kUsualBacklog) * channels_, samples + 2 * block_);
  if (waiting() + samples > limit) {
    const auto surplus = std::min(waiting(), waiting() + samples - limit);
    begin_ += surplus;
    dropped_frames_ += surplus / channels_;
  }
  if (filled_ + samples <= samples_.size()) return;
  std::ranges::copy(std::span{samples_}.subspan(begin_, waiting()), samples_.begin());
  filled_ -= begin_;
  begin_ = 0;
}

Timestamp BlockPacer::due() const {
  if (waiting() >= block_) return last_ + period_ * 3 / 4;
  return flowing_ ? last_ + period_ + delivery_ + kPatience : last_ + period_;
}

std::optional<BlockPacer::Block> BlockPacer::take(Timestamp now) {
  if (now < due()) return std::nullopt;
  return waiting() >= block_ ? take_sound(now) : take_silence(now);
}

BlockPacer::Block BlockPacer::take_sound(Timestamp now) {
  const Block block{.samples = std::span{samples_}.subspan(begin_, block_), .captured = arrived_};
  begin_ += block_;
  last_ = now;
  return block;
}

// The end of the sound before, if some of it is left, and silence.
BlockPacer::Block BlockPacer::take_silence(Timestamp now) {
  const auto rest = std::span{samples_}.subspan(begin_, waiting());
  std::ranges::fill(std::ranges::copy(rest, padded_.begin()).out, padded_.end(), 0.0F);
  begin_ = filled_ = 0;
  // At an even pace, but nothing is made up for a time in which nobody asked.
  const bool late = flowing_ || now - last_ > 2 * period_;
  last_ = late ? now : last_ + period_;
  flowing_ = false;
  return {.samples = padded_, .captured = now, .silent = true};
}

}  // namespace lumen::audio
