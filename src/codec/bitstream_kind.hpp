// lumen/codec, private: what picture begins an access unit, read from its headers without decoding it
// (ITU-T H.264 annex B and table 7-1, H.265 annex B and table 7-1; AV1 sections 5.3.2, 5.9.2 and 6.2.2).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/wire.hpp"
#include "media/frames.hpp"

namespace lumen::codec {

// Calls visit(byte after the start code) for each NAL unit of an Annex B stream until it returns false.
template <class Visit>
void for_each_nal(ByteView bytes, Visit&& visit) {
  constexpr std::array<std::byte, 3> kStart{std::byte{0}, std::byte{0}, std::byte{1}};
  for (auto at = bytes.begin();;) {
    at = std::search(at, bytes.end(), kStart.begin(), kStart.end());
    if (bytes.end() - at < 4) return;
    at += 3;
    if (!visit(std::to_integer<unsigned>(*at))) return;
  }
}

// The kind of an access unit's first picture; nullopt: it holds none.
inline std::optional<PictureKind> h264_kind(ByteView bytes) {
  constexpr unsigned kSlice = 1, kIdrSlice = 5;
  std::optional<PictureKind> found;
  for_each_nal(bytes, [&found](unsigned header) {
    const unsigned type = header & 0x1FU;
    if (type == kIdrSlice) found = PictureKind::idr;
    if (type == kSlice) found = PictureKind::delta;
    return !found.has_value();
  });
  return found;
}

inline std::optional<PictureKind> hevc_kind(ByteView bytes) {
  constexpr unsigned kFirstNonVcl = 32, kIdrWithRadl = 19, kIdr = 20;
  std::optional<PictureKind> found;
  for_each_nal(bytes, [&found](unsigned header) {
    const unsigned type = header >> 1U & 0x3FU;
    if (type < kFirstNonVcl)
      found = type == kIdrWithRadl || type == kIdr ? PictureKind::idr : PictureKind::delta;
    return !found.has_value();
  });
  return found;
}

// An OBU with a size field, and where the next begins; nullopt: damaged, without the size that the
// low-overhead format demands, or with layers.
struct Obu {
  unsigned type = 0;
  ByteView payload;
  ByteView rest;
};
inline std::optional<Obu> first_obu(ByteView bytes) {
  constexpr unsigned kForbidden = 0x80, kHasExtension = 4, kHasSize = 2;
  ByteReader reader{bytes};
  const auto header = reader.little<std::uint8_t>();
  if ((header & (kForbidden | kHasExtension | kHasSize)) != kHasSize) return std::nullopt;
  std::uint64_t size = 0;
  std::uint8_t group = 0x80;
  for (unsigned shift = 0; shift < 56 && (group & 0x80U) != 0; shift += 7) {  // leb128()
    group = reader.little<std::uint8_t>();
    size |= std::uint64_t{group & 0x7FU} << shift;
  }
  const ByteView after = reader.take(reader.remaining());
  if (!reader.ok() || (group & 0x80U) != 0 || size > after.size()) return std::nullopt;
  const auto length = static_cast<std::size_t>(size);
  return Obu{.type = header >> 3U & 0xFU, .payload = after.first(length), .rest = after.subspan(length)};
}

// idr: a key frame behind its sequence header. nullopt for anything but whole OBUs of the usual kinds and one
// picture that is shown, with nothing but padding behind it: dav1d would keep the rest, and give or miss it
// with the next unit.
inline std::optional<PictureKind> av1_kind(ByteView bytes) {
  constexpr unsigned kSequence = 1, kDelimiter = 2, kFrameHeader = 3, kTiles = 4, kMetadata = 5, kFrame = 6,
                     kPadding = 15;
  constexpr unsigned kShowExisting = 0x80, kFrameType = 0x60, kShow = 0x10;
  bool has_sequence = false;
  std::optional<PictureKind> found;
  while (!bytes.empty()) {
    const auto obu = first_obu(bytes);
    if (!obu) return std::nullopt;
    bytes = obu->rest;
    if (found && obu->type != kTiles && obu->type != kPadding) return std::nullopt;
    switch (obu->type) {
      case kSequence:
        has_sequence = true;
        break;
      case kFrameHeader:
      case kFrame: {
        if (obu->payload.empty()) return std::nullopt;
        const auto flags = std::to_integer<unsigned>(obu->payload.front());
        const bool key = (flags & (kShowExisting | kFrameType)) == 0;
        if ((flags & (kShowExisting | kShow)) != 0)
          found = has_sequence && key ? PictureKind::idr : PictureKind::delta;
        break;
      }
      case kDelimiter:
      case kTiles:
      case kMetadata:
      case kPadding:
        break;
      default:
        return std::nullopt;
    }
  }
  return found;
}

inline std::optional<PictureKind> first_picture_kind(Codec codec, ByteView bytes) {
  switch (codec) {
    case Codec::h264:
      return h264_kind(bytes);
    case Codec::hevc:
      return hevc_kind(bytes);
    case Codec::av1:
      return av1_kind(bytes);
  }
  return std::nullopt;
}

}  // namespace lumen::codec
