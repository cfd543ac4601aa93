// lumen/audio: how GameStream divides channels into Opus streams, and at which rate.
//
// And a client's voice, which GameStream does not know.
//
//   layout   quality  streams  coupled  bit/s       bytes at 5 ms
//   voice    normal   1        0           48 000      30
//   stereo   normal   1        1           96 000      60
//   stereo   high     1        1          512 000     320
//   5.1      normal   4        2          256 000     160
//   5.1      high     6        0        1 536 000     960
//   7.1      normal   5        3          450 000     281
//   7.1      high     8        0        2 048 000    1280
#pragma once

#include <array>
#include <cstdint>

#include "media/audio.hpp"

namespace lumen::audio {

// Channel i, in the order of media/audio.hpp, is the streams' channel mapping[i]: first both channels of
// every coupled stream, then the others. Entries from `channels` on mean nothing.
struct OpusLayout {
  std::uint8_t channels = 2, streams = 1, coupled = 1;
  std::array<std::uint8_t, kMaxAudioChannels> mapping{0, 1, 2, 3, 4, 5, 6, 7};
};

// `format` is_valid() or is_valid_voice().
OpusLayout layout_of(const AudioFormat& format);
std::uint32_t bitrate_bps(const AudioFormat& format);
// Of every packet, whatever it holds: forward error correction wants packets of one size.
std::size_t packet_bytes(const AudioFormat& format);

inline constexpr std::size_t kMaxPacketBytes = 2560;  // 7.1, high, 10 ms

}  // namespace lumen::audio
