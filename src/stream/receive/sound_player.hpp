// lumen/stream/receive: opened bodies of sound to samples when an output wants them: reader and player.
// Sans-I/O. Owner: one thread. Allocates only where a stream begins.
#pragma once

#include <optional>
#include <span>

#include "audio/packet_player.hpp"
#include "lumen1/sound.hpp"

namespace lumen::stream {

struct PlayerStats {
  PlayoutStats playout;
  std::uint64_t packets = 0;       // datagrams of sound that were read
  std::uint64_t malformed = 0;     // of these, ones that made no sense
  std::uint64_t undecodable = 0;   // packets that Opus refused; made up as if they had been lost
  std::uint64_t streams = 0;       // begun: one, and one more for each new encoder or format
  Duration lead{}, wanted_lead{};  // how long before its turn the latest packet of late came, and should
  Duration latency{};  // captured at the host → next() has given it away, without the network's part
};

class SoundPlayer {
 public:
  explicit SoundPlayer(lumen1::Kind kind) : reader_{kind} {}

  // `until_needed`: when next() will be wanted again, from now; negative when it is overdue.
  void push(ByteView body, Duration until_needed, Timestamp now);
  // What the stream is; nullopt before there is one.
  std::optional<AudioFormat> format() const {
    return stream_ ? std::optional{stream_->format()} : std::nullopt;
  }
  // About one packet's worth of samples, interleaved, valid until the next call. Only with a format().
  std::span<const float> next() { return stream_->next(); }
  PlayerStats stats() const;

 private:
  void begin_stream(const AudioFormat& format);

  lumen1::SoundReader reader_;
  std::optional<audio::PacketPlayer> stream_;
  PlayerStats stats_;
  PlayoutStats earlier_;  // of streams before this one, as the next
  std::uint64_t earlier_undecodable_ = 0;
};

}  // namespace lumen::stream
