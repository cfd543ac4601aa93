// client/gamestream: what a person chose, as GameStream says it. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "gamestream/rtsp/client.hpp"
#include "media/frames.hpp"

namespace lumen::client {

inline gamestream::rtsp::CodecModes codec_modes(const std::optional<Codec>& wanted) {
  namespace rtsp = gamestream::rtsp;
  if (!wanted) return rtsp::kH264 | rtsp::kHevc | rtsp::kAv1;
  switch (*wanted) {
    case Codec::h264:
      break;
    case Codec::hevc:
      return rtsp::kHevc;
    case Codec::av1:
      return rtsp::kAv1;
  }
  return rtsp::kH264;
}

// For programs: "h264".
inline std::string_view name_of(gamestream::rtsp::VideoCodec codec) {
  switch (codec) {
    case gamestream::rtsp::VideoCodec::h264:
      return "h264";
    case gamestream::rtsp::VideoCodec::hevc:
      return "hevc";
    case gamestream::rtsp::VideoCodec::av1:
      return "av1";
  }
  return "unknown";
}

// What the encoder should have, and a quarter more for parity and sound: hosts take that off again.
inline std::uint32_t whole_bitrate_kbps(BitsPerSecond encoder) {
  constexpr std::uint32_t kLeast = 500;
  return std::max(static_cast<std::uint32_t>(encoder.value / 1000 * 5 / 4), kLeast);
}

}  // namespace lumen::client
