// lumen1/control: offer and answer. Pure.
#pragma once

#include <vector>

#include "lumen1/control/messages.hpp"
#include "lumen1/control/permissions.hpp"

namespace lumen::lumen1::control {

// What a host can do for a stream now.
struct HostOffer {
  std::vector<VideoFormat> formats;  // what its encoders make; the client's order counts
  std::vector<ColorSpace> colors;    // the first one is taken where the client's is not among them
  std::uint32_t max_width = kMaxModeSize, max_height = kMaxModeSize, max_refresh_mhz = kMaxRefreshMhz;
  std::uint8_t max_audio_channels = kMaxAudioChannels;  // 0: no sound
  std::uint8_t fec_fields = kFecGf8 | kFecGf16;
  ParityBounds parity{0, kMaxParityPercent};
  std::uint16_t max_datagram_bytes = 1440;
  std::uint32_t max_bitrate_kbps = 0;  // 0: no limit of the host's
  bool microphone = false;
  Features features = 0;
};

// The stream that a client gets, or why none. Without Permission::view there is none; sound and microphone
// are left out without their permission. A sound format with more channels than the host has becomes stereo.
struct Agreement {
  std::optional<Stream> stream;
  RefusalReason refusal{};  // without a stream
};
Agreement agree(const StreamWish& wish, const HostOffer& offer, Permissions permissions);

// The wish after a change, to be agreed upon anew.
StreamWish with_change(StreamWish wish, const Change& change);

}  // namespace lumen::lumen1::control
