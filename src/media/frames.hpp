// lumen/media: values that flow through the pipeline. No threads, no I/O, no platform headers.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/units.hpp"
#include "base/wire.hpp"
#include "media/device_picture.hpp"
#include "media/picture.hpp"

namespace lumen {

enum class Codec : std::uint8_t { h264 = 1, hevc = 2, av1 = 3 };

constexpr std::string_view to_string(Codec codec) {
  switch (codec) {
    case Codec::h264:
      return "H.264";
    case Codec::hevc:
      return "HEVC";
    case Codec::av1:
      return "AV1";
  }
  return "an unknown codec";
}

// Times are nanoseconds on the host's CLOCK_MONOTONIC; zero means "not reached".
// They never cross the network: only differences do.
struct StageTimes {
  Timestamp presented;     // the desktop committed the picture
  Timestamp captured;      // converted, ready for the encoder
  Timestamp encode_begin;  // the encoder took it
  Timestamp encode_end;    // the access unit was complete
};

// What a desktop lends during one callback: BGRx pixels that somebody else owns.
struct BorrowedFrame {
  std::uint32_t width = 0, height = 0;  // pixels
  std::size_t stride_bytes = 0;
  const std::byte* pixels = nullptr;  // B, G, R, ignored; top row first
  std::span<const Rect> damage;       // what changed since the frame before; empty: everything
  std::uint64_t sequence = 0;         // counts frames of this source
  Timestamp presented;
  bool client_buffer = false;  // the application's own memory, nothing was composed or copied
  // Where the picture is in a GPU's memory: then `pixels` is nullptr, and whoever wants it may take it.
  DeviceLease* device = nullptr;
};

// A converted picture on its way to the encoder. Destroying it returns the picture to its pool.
struct CapturedFrame {
  PictureLease picture;
  DeviceLease
      device;  // where this is one, it is the picture, and `picture` says only how it is to be encoded
  std::uint64_t sequence = 0;
  StageTimes times;
};

// idr: decodable with nothing before it, and nothing after it refers to what came before. AV1: a key frame
// with its sequence header.
enum class PictureKind : std::uint8_t { delta = 0, idr = 1 };

// One encoded picture. Owns nothing: `bytes` is valid until the encoder's next call.
struct AccessUnitView {
  FrameId id;
  Codec codec = Codec::h264;
  PictureKind kind = PictureKind::delta;
  std::uint32_t width = 0, height = 0;  // visible pixels
  ByteView bytes;                       // Annex B; AV1: one temporal unit of low-overhead OBUs
  StageTimes times;
};

// The same, owned, as it arrives at the client.
struct AccessUnit {
  FrameId id;
  Codec codec = Codec::h264;
  PictureKind kind = PictureKind::delta;
  std::uint32_t width = 0, height = 0;
  std::vector<std::byte> bytes;
  Duration host_capture{}, host_encode{}, host_send{};  // presented→captured→encoded→sealed for sending
  Timestamp received, complete;  // first datagram, last needed datagram; client's clock
};

}  // namespace lumen
