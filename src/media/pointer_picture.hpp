// lumen/media: a pointer that is to be drawn over a picture, and how: whoever draws it, on the processor or
// on a GPU, makes the same pixels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "media/picture.hpp"

namespace lumen {

// The pixels stay somebody else's.
struct PointerPicture {
  static constexpr std::int32_t kMaxSide = 512;  // pixels

  Rect area;                          // on the picture; part or all of it may lie outside. No width: nothing
  std::span<const std::byte> pixels;  // B, G, R, A, premultiplied, rows without a gap
  std::uint64_t shape = 0;            // another number whenever the pixels are others; never zero

  bool visible() const { return area.width > 0 && area.height > 0; }
};

// A colour of a pixel with the pointer's over it. A source may not have premultiplied: no more than 255.
constexpr std::uint32_t drawn_over(std::uint32_t below, std::uint32_t over, std::uint32_t alpha) {
  return std::min(over + (below * (255 - alpha) + 127) / 255, std::uint32_t{255});
}

// The part of `rect` that lies on a picture of this size; empty where there is none.
Rect clipped(const Rect& rect, std::uint32_t width, std::uint32_t height);

// Whether its pixels are there and no more than a GPU keeps room for; fails with `id`.
Status check_pointer(const PointerPicture& pointer, std::string_view id);

// Draws it over B, G, R, X, rows `stride_bytes` apart, and returns where. X stays. Thread-safe.
Rect draw_over(const PointerPicture& pointer, std::byte* pixels, std::size_t stride_bytes,
               std::uint32_t width, std::uint32_t height);

}  // namespace lumen
