// lumen/media: how a packed pixel lies in memory, for the DRM formats that desktops draw in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace lumen {

// The pixel as a little-endian number: each colour `bits` wide, from bit `b`, `g`, `r` on.
struct PackedLayout {
  std::uint32_t bytes = 4, bits = 8;
  std::uint32_t b = 0, g = 8, r = 16;
  bool operator==(const PackedLayout&) const = default;
};
inline constexpr PackedLayout kBgrx{};

constexpr std::uint32_t fourcc(char a, char b, char c, char d) {
  const auto byte = [](char letter, unsigned at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(letter)) << at;
  };
  return byte(a, 0) | byte(b, 8) | byte(c, 16) | byte(d, 24);
}

struct PackedFormat {
  std::uint32_t fourcc;  // DRM's
  PackedLayout layout;
};

// Opaque and with alpha, which nobody looks at.
inline constexpr std::array<PackedFormat, 14> kPackedFormats{{
    {fourcc('X', 'R', '2', '4'), kBgrx},
    {fourcc('A', 'R', '2', '4'), kBgrx},
    {fourcc('X', 'B', '2', '4'), {.b = 16, .g = 8, .r = 0}},
    {fourcc('A', 'B', '2', '4'), {.b = 16, .g = 8, .r = 0}},
    {fourcc('R', 'X', '2', '4'), {.b = 8, .g = 16, .r = 24}},
    {fourcc('R', 'A', '2', '4'), {.b = 8, .g = 16, .r = 24}},
    {fourcc('B', 'X', '2', '4'), {.b = 24, .g = 16, .r = 8}},
    {fourcc('B', 'A', '2', '4'), {.b = 24, .g = 16, .r = 8}},
    {fourcc('X', 'R', '3', '0'), {.bits = 10, .b = 0, .g = 10, .r = 20}},
    {fourcc('A', 'R', '3', '0'), {.bits = 10, .b = 0, .g = 10, .r = 20}},
    {fourcc('X', 'B', '3', '0'), {.bits = 10, .b = 20, .g = 10, .r = 0}},
    {fourcc('A', 'B', '3', '0'), {.bits = 10, .b = 20, .g = 10, .r = 0}},
    {fourcc('R', 'G', '2', '4'), {.bytes = 3, .b = 0, .g = 8, .r = 16}},
    {fourcc('B', 'G', '2', '4'), {.bytes = 3, .b = 16, .g = 8, .r = 0}},
}};

// nullopt: none of them.
constexpr std::optional<PackedLayout> layout_of(std::uint32_t drm_fourcc) {
  for (const auto& format : kPackedFormats) {
    if (format.fourcc == drm_fourcc) return format.layout;
  }
  return std::nullopt;
}

// One row of `width` pixels to B, G, R, 255. Colours of ten bits are rounded as everywhere. Thread-safe.
void expand_packed(const std::byte* in, const PackedLayout& layout, std::uint32_t width, std::byte* out);

}  // namespace lumen
