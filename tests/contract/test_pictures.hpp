// Tests only: pictures that move, with and without fine grain, made directly in Y'CbCr.
#pragma once

#include <algorithm>
#include <cstdint>

#include "media/frames.hpp"

namespace lumen::contract {

inline std::uint32_t hash(std::uint32_t value) {
  value = (value ^ value >> 16U) * 0x7FEB352DU;
  value = (value ^ value >> 15U) * 0x846CA68BU;
  return value ^ value >> 16U;
}

struct Scene {
  std::uint32_t step = 0;   // moves everything
  std::uint32_t grain = 0;  // 0…100: amplitude of noise that no prediction finds
  bool inverted = false;    // for scene cuts
};

inline std::uint8_t luma_at(const Scene& scene, std::uint32_t x, std::uint32_t y) {
  const std::uint32_t moved = x + 3 * scene.step;
  std::uint32_t value = 40 + (moved + 2 * y) / 4 % 120;
  if ((moved / 32 + y / 32) % 3 == 0) value += 50;
  if (scene.grain != 0) value += hash(x + 8192 * y + 77'777'777 * scene.step) % scene.grain;
  if (value > 235) value = 235;
  return static_cast<std::uint8_t>(scene.inverted ? 251 - value : value);
}

inline void fill(const Plane& plane, std::uint32_t x, std::uint32_t y, std::uint8_t value) {
  plane.pixels[y * plane.stride_bytes + x] = std::byte{value};
}

// The columns and rows beyond an odd size repeat their neighbour, as a converter leaves them.
inline void draw(const Picture& picture, const Scene& scene) {
  for (std::uint32_t y = 0; y < picture.coded_height(); ++y) {
    for (std::uint32_t x = 0; x < picture.coded_width(); ++x) {
      fill(picture.planes[0], x, y,
           luma_at(scene, std::min(x, picture.width - 1), std::min(y, picture.height - 1)));
    }
  }
  const bool planar = picture.format == PixelFormat::i420;
  for (std::uint32_t y = 0; y < picture.coded_height() / 2; ++y) {
    for (std::uint32_t x = 0; x < picture.coded_width() / 2; ++x) {
      const auto cb = static_cast<std::uint8_t>(96 + (x + scene.step) / 8 % 64);
      const auto cr = static_cast<std::uint8_t>(96 + (y + scene.step) / 8 % 64);
      fill(picture.planes[1], planar ? x : 2 * x, y, cb);
      fill(planar ? picture.planes[2] : picture.planes[1], planar ? x : 2 * x + 1, y, cr);
    }
  }
}

}  // namespace lumen::contract
