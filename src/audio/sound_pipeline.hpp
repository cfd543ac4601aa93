// lumen/audio: a source's samples to Opus packets, on a thread of its own (lm-audio), which also runs the
// source.
//
// A client always gets packets while it is there: silence, when nobody plays or the source has failed.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "audio/block_pacer.hpp"
#include "audio/opus_encoder.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/thread.hpp"
#include "interface/audio_source.hpp"

namespace lumen::audio {

// Counters since start, relaxed.
struct SoundStats {
  std::atomic<std::uint64_t> packets{0}, silent{0};
  std::atomic<std::uint64_t> refused{0};  // packets that on_packet did not take
  std::atomic<std::uint64_t> dropped_frames{
      0};  // samples of each channel that came faster than they could go
};

// Called on lm-audio.
struct SoundEvents {
  // Takes one packet, valid during the call; false: there was no room.
  std::function<bool(const AudioPacketView&)> on_packet;
  // Why nothing can be heard, for people; empty: all is well. Called once it is known and when it changes.
  std::function<void(const std::string& reason)> on_sound;
};

// Thread-safe: every public method.
class SoundPipeline {
 public:
  // `format` is_valid(); `log` outlives the pipeline. Nothing is encoded before set_streaming(true).
  SoundPipeline(const AudioFormat& format, std::unique_ptr<AudioSource> source, SoundEvents events,
                Logger& log);
  ~SoundPipeline();
  SoundPipeline(const SoundPipeline&) = delete;
  SoundPipeline& operator=(const SoundPipeline&) = delete;

  // From the next packet on. What is not is_valid() is ignored.
  void set_format(const AudioFormat& format);
  // Off: applications play on, but nobody listens.
  void set_streaming(bool on);
  const SoundStats& stats() const { return stats_; }

 private:
  struct Wish {
    AudioFormat format;
    bool streaming = false;
  };
  // lm-audio
  struct Stream {
    OpusEncoder encoder;
    BlockPacer pacer;
  };
  template <class Change>
  void tell(Change change) LUMEN_EXCLUDES(mutex_);
  void loop(const std::stop_token& stop);
  void apply(const Wish& wish);
  void send_due_blocks();
  void publish(const BlockPacer::Block& block);
  void report_trouble();

  std::unique_ptr<AudioSource> source_;
  const SoundEvents events_;
  Logger& log_;
  SoundStats stats_;
  Mutex mutex_;
  Wish wish_ LUMEN_GUARDED_BY(mutex_);
  // lm-audio
  AudioFormat format_;
  std::optional<Stream> stream_;
  std::optional<std::string> trouble_;
  OwnedThread thread_;  // last
};

}  // namespace lumen::audio
