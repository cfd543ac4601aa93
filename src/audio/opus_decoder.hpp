// lumen/audio: Opus packets to samples, for clients and tests. Packets may be hostile.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "audio/opus_layout.hpp"
#include "base/result.hpp"

struct OpusMSDecoder;

namespace lumen::audio {

// Owner: one thread. Allocates in create() only.
class OpusDecoder {
 public:
  // `packet_ms`: 5, 10 or 20. `audio.layout` when the layout makes no sense.
  static Result<OpusDecoder> create(const OpusLayout& layout, std::uint8_t packet_ms);

  // Samples of one packet of all channels, interleaved, valid until the next call. An empty packet is one
  // that was lost: what was heard before goes on, fading. `audio.malformed` when the packet does not decode
  // to packet_ms; the decoder stays usable.
  Result<std::span<const float>> decode(ByteView packet);

 private:
  struct Free {
    void operator()(OpusMSDecoder* decoder) const noexcept;
  };
  using Handle = std::unique_ptr<OpusMSDecoder, Free>;
  OpusDecoder(Handle handle, std::uint32_t frames, std::uint8_t channels);

  Handle handle_;
  std::uint32_t frames_;
  std::vector<float> samples_;
};

}  // namespace lumen::audio
