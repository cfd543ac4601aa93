#include "media/packed_pixels.hpp"

#include <cstring>

namespace lumen {
namespace {

template <std::size_t Bytes>
void expand_bytes(const std::byte* in, const PackedLayout& layout, std::uint32_t width, std::byte* out) {
  const std::size_t b = layout.b / 8, g = layout.g / 8, r = layout.r / 8;
  for (std::uint32_t x = 0; x < width; ++x, in += Bytes, out += 4) {
    out[0] = in[b];
    out[1] = in[g];
    out[2] = in[r];
    out[3] = std::byte{255};
  }
}

void expand_ten_bits(const std::byte* in, const PackedLayout& layout, std::uint32_t width, std::byte* out) {
  for (std::uint32_t x = 0; x < width; ++x, in += 4, out += 4) {
    std::uint32_t pixel = 0;
    std::memcpy(&pixel, in, 4);
    const auto colour = [pixel](std::uint32_t shift) {
      return static_cast<std::byte>(((pixel >> shift & 1023U) * 255 + 511) / 1023);
    };
    out[0] = colour(layout.b);
    out[1] = colour(layout.g);
    out[2] = colour(layout.r);
    out[3] = std::byte{255};
  }
}

}  // namespace

void expand_packed(const std::byte* in, const PackedLayout& layout, std::uint32_t width, std::byte* out) {
  if (layout.bits == 10) return expand_ten_bits(in, layout, width, out);
  if (layout.bytes == 3) return expand_bytes<3>(in, layout, width, out);
  return expand_bytes<4>(in, layout, width, out);
}

}  // namespace lumen
