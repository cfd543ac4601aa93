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

// An OBU with a size field, and where the next begins; nullopt: damaged, or without the size that the
// low-overhead format demands.
struct Obu {
  unsigned type = 0;
  ByteView payload;
  ByteView rest;
};
inline std::optional<Obu> first_obu(ByteView bytes) {
  constexpr unsigned kHasExtension = 4, kHasSize = 2;
  ByteReader reader{bytes};
  const auto header = reader.little<std::uint8_t>();
  if ((header & kHasSize) == 0) return std::nullopt;
  if ((header & kHasExtension) != 0) reader.little<std::uint8_t>();
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

// idr: a key frame that is shown, behind its sequence header.
inline std::optional<PictureKind> av1_kind(ByteView bytes) {
  constexpr unsigned kSequenceHeader = 1, kFrameHeader = 3, kFrame = 6;
  constexpr unsigned kShowExisting = 0x80, kFrameType = 0x60, kShow = 0x10;
  bool has_sequence = false;
  while (!bytes.empty()) {
    const auto obu = first_obu(bytes);
    if (!obu) return std::nullopt;
    has_sequence |= obu->type == kSequenceHeader;
    if ((obu->type == kFrame || obu->type == kFrameHeader) && !obu->payload.empty()) {
      const auto flags =
          std::to_integer<unsigned>(obu->payload.front()) & (kShowExisting | kFrameType | kShow);
      return has_sequence && flags == kShow ? PictureKind::idr : PictureKind::delta;  // frame type 0: key
    }
    bytes = obu->rest;
  }
  return std::nullopt;
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
