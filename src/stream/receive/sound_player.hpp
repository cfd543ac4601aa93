// lumen/stream/receive: opened bodies of sound to samples when an output wants them: reader, jitter buffer,
// decoder, concealment, rate. Sans-I/O. Owner: one thread. Allocates only where a stream begins.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "audio/opus_decoder.hpp"
#include "audio/rate_adjuster.hpp"
#include "flow/sound_playout.hpp"
#include "lumen1/sound.hpp"

namespace lumen::stream {

struct PlayerStats {
  PlayoutStats playout;
  std::uint64_t packets = 0;       // datagrams of sound that were read
  std::uint64_t malformed = 0;     // of these, ones that made no sense
  std::uint64_t undecodable = 0;   // packets that Opus refused; made up as if they had been lost
  std::uint64_t streams = 0;       // begun: one, and one more for each new encoder or format
  Duration lead{}, wanted_lead{};  // how long before its turn the latest packet of late came, and should
  Duration latency{};              // captured at the host → handed to the output, without the network's part
};

class SoundPlayer {
 public:
  explicit SoundPlayer(lumen1::Kind kind) : kind_{kind}, reader_{kind} {}

  // `until_needed`: when next() will be wanted again, from now; negative when it is overdue.
  void push(ByteView body, Duration until_needed, Timestamp now);
  // What the stream is; nullopt before there is one.
  const std::optional<AudioFormat>& format() const { return format_; }
  // About one packet's worth of samples, interleaved, valid until the next call. Only with a format().
  std::span<const float> next();
  PlayerStats stats() const;

 private:
  struct Stream {
    Stream(audio::OpusDecoder its_decoder, const AudioFormat& format);
    audio::OpusDecoder decoder;
    SoundPlayout playout;
    audio::RateAdjuster adjuster;
    std::vector<float> faded, silence;
  };
  void begin_stream(const AudioFormat& format);
  std::span<const float> decode(const SoundPlayout::Next& next);
  std::span<const float> skip();

  lumen1::Kind kind_;
  lumen1::SoundReader reader_;
  std::optional<AudioFormat> format_;
  std::optional<Stream> stream_;
  PlayerStats stats_;
  PlayoutStats earlier_;  // of streams before this one
};

}  // namespace lumen::stream
