// lumen/media: sound as a client wants it, and a piece of it. Values.
#pragma once

#include <cstdint>

#include "base/units.hpp"
#include "base/wire.hpp"

namespace lumen {

inline constexpr std::uint32_t kSampleRateHz = 48'000;  // of every channel, everywhere
inline constexpr std::uint8_t kMaxAudioChannels = 8;

enum class AudioQuality : std::uint8_t { normal, high };

// Channels are, in this order, as many as there are of: front left, front right, front centre, low frequency,
// back left, back right, side left, side right.
struct AudioFormat {
  std::uint8_t channels = 2;  // 2, 6 (5.1) or 8 (7.1)
  AudioQuality quality = AudioQuality::normal;
  std::uint8_t packet_ms = 5;  // 5 or 10
  bool operator==(const AudioFormat&) const = default;

  // Samples of one channel in a packet.
  constexpr std::uint32_t frames_per_packet() const { return kSampleRateHz / 1000 * packet_ms; }
};

constexpr bool is_valid(const AudioFormat& format) {
  const bool layout = format.channels == 2 || format.channels == 6 || format.channels == 8;
  const bool duration = format.packet_ms == 5 || format.packet_ms == 10;
  return layout && duration && format.quality <= AudioQuality::high;
}

// A person's voice, from a client's microphone.
constexpr bool is_valid_voice(const AudioFormat& format) {
  const bool duration = format.packet_ms == 10 || format.packet_ms == 20;
  return format.channels == 1 && duration && format.quality == AudioQuality::normal;
}

// One Opus packet. Owns nothing: whoever lends it says how long `bytes` is valid.
struct AudioPacketView {
  AudioFormat format;
  ByteView bytes;
  Timestamp captured;  // its last sample was there; host's CLOCK_MONOTONIC
};

}  // namespace lumen
