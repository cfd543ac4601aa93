// lumen/audio: numbered Opus packets of a network to samples when an output wants them: jitter buffer,
// decoder, concealment, rate. Sans-I/O.
#pragma once

#include <span>
#include <vector>

#include "audio/opus_decoder.hpp"
#include "audio/rate_adjuster.hpp"
#include "flow/sound_playout.hpp"

namespace lumen::audio {

// One stream of one format. Owner: one thread. Allocates in create() only.
class PacketPlayer {
 public:
  // Fails as OpusDecoder::create().
  static Result<PacketPlayer> create(const AudioFormat& format, std::size_t max_packet_bytes);

  const AudioFormat& format() const { return format_; }
  SoundPlayout& playout() { return playout_; }  // packets go in there; take() is called by next() alone
  const SoundPlayout& playout() const { return playout_; }

  // About one packet's worth of samples, interleaved, valid until the next call.
  std::span<const float> next();
  std::uint64_t undecodable() const {
    return undecodable_;
  }  // packets that were made up as if they were lost

 private:
  PacketPlayer(OpusDecoder decoder, const AudioFormat& format, std::size_t max_packet_bytes);
  std::span<const float> decode(const SoundPlayout::Next& next);
  std::span<const float> skip();

  AudioFormat format_;
  OpusDecoder decoder_;
  SoundPlayout playout_;
  RateAdjuster adjuster_;
  std::vector<float> faded_, silence_;
  std::uint64_t undecodable_ = 0;
};

}  // namespace lumen::audio
