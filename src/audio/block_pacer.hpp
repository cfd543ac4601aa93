// lumen/audio: samples in whatever amounts they come to blocks of exactly one packet, at a steady pace.
//
// While sound flows, a block is due as soon as its samples are there, but no sooner than three quarters of a
// block after the one before: a large quantum does not leave as a burst, and a source whose clock is faster
// than ours, or a backlog, still drains. The source's clock sets the pace; ours only says when it has
// stopped: when nothing came for the length of its last delivery and kPatience more, silence flows, a block
// per block's time. What piles up beyond kUsualBacklog is dropped, the oldest first: late sound is worse than
// a gap.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "media/audio.hpp"

namespace lumen::audio {

// Owner: one thread. Allocates in the constructor only.
class BlockPacer {
 public:
  static constexpr Duration kPatience = std::chrono::milliseconds{15};
  static constexpr Duration kUsualBacklog = std::chrono::milliseconds{60};
  // Of one push(); of a longer one the end is kept.
  static constexpr std::size_t kMaxPushFrames = 8192;

  // The first block, of silence, is due `now`, unless sound comes at once.
  BlockPacer(const AudioFormat& format, Timestamp now);

  // Whole frames, interleaved. What is no number becomes silence, what is beyond full scale is clipped, as a
  // sound card would.
  void push(std::span<const float> interleaved, Timestamp now);

  // When take() returns a block if nothing is pushed before.
  Timestamp due() const;

  struct Block {
    std::span<const float> samples;  // interleaved, valid until the next call of push() or take()
    Timestamp captured;              // when its last samples came; now for silence
    bool silent = false;             // made up, because nothing came
  };
  std::optional<Block> take(Timestamp now);

  std::uint64_t dropped_frames() const { return dropped_frames_; }

 private:
  std::size_t waiting() const { return filled_ - begin_; }  // samples
  void make_room(std::size_t samples);
  Block take_sound(Timestamp now);
  Block take_silence(Timestamp now);

  const std::size_t channels_, block_;  // block: samples, all channels
  const Duration period_;
  std::vector<float> samples_;
  std::size_t begin_ = 0, filled_ = 0;  // of what waits in samples_
  std::vector<float> padded_;           // a block that was not filled in time
  Timestamp last_;                      // the block before
  Timestamp arrived_;                   // what waits
  Duration delivery_{};                 // length of the last push()
  bool flowing_ = false;
  std::uint64_t dropped_frames_ = 0;
};

}  // namespace lumen::audio
