// lumen/audio: samples to Opus packets, as GameStream clients await them: multistream, restricted low delay
// (2.5 ms of look-ahead), constant bit rate, every packet of exactly the same size.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "audio/opus_layout.hpp"
#include "base/result.hpp"

struct OpusMSEncoder;

namespace lumen::audio {

// Owner: one thread. Allocates in create() only.
class OpusEncoder {
 public:
  // `audio.format` when `format` is neither is_valid() nor is_valid_voice(); `audio.encoder` when libopus
  // refuses.
  static Result<OpusEncoder> create(const AudioFormat& format);

  // Exactly format().frames_per_packet() samples of each channel, interleaved, finite. packet_bytes() bytes,
  // valid until the next call. Errors (`audio.encode`) are bugs.
  Result<ByteView> encode(std::span<const float> interleaved);
  const AudioFormat& format() const { return format_; }

 private:
  struct Free {
    void operator()(OpusMSEncoder* encoder) const noexcept;
  };
  using Handle = std::unique_ptr<OpusMSEncoder, Free>;
  OpusEncoder(const AudioFormat& format, Handle handle);

  AudioFormat format_;
  Handle handle_;
  std::array<std::byte, kMaxPacketBytes> packet_{};
};

}  // namespace lumen::audio
