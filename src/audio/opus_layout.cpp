#include "audio/opus_layout.hpp"

namespace lumen::audio {
namespace {

struct Choice {
  std::uint8_t streams, coupled;
  std::uint32_t bitrate_bps;
};

constexpr Choice choose(const AudioFormat& format) {
  const bool high = format.quality == AudioQuality::high;
  switch (format.channels) {
    case 8:
      return high ? Choice{8, 0, 2'048'000} : Choice{5, 3, 450'000};
    case 6:
      return high ? Choice{6, 0, 1'536'000} : Choice{4, 2, 256'000};
    case 1:
      return {1, 0, 48'000};
    default:
      return {1, 1, high ? 512'000U : 96'000U};
  }
}

constexpr std::size_t bytes_of(const AudioFormat& format) {
  return std::size_t{choose(format).bitrate_bps} * format.packet_ms / 8'000;
}
static_assert(bytes_of({8, AudioQuality::high, 10}) == kMaxPacketBytes);

}  // namespace

OpusLayout layout_of(const AudioFormat& format) {
  const auto choice = choose(format);
  return {.channels = format.channels, .streams = choice.streams, .coupled = choice.coupled};
}

std::uint32_t bitrate_bps(const AudioFormat& format) { return choose(format).bitrate_bps; }

std::size_t packet_bytes(const AudioFormat& format) { return bytes_of(format); }

}  // namespace lumen::audio
