#include "codec/moving_scene.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace lumen::codec {
namespace {

constexpr std::uint32_t kFarSpeed = 2, kNearSpeed = 6;  // pixels a step, even for the chroma's sake
constexpr std::uint32_t kThings = 24, kStatusRows = 32;

std::uint32_t scramble(std::uint32_t value) {
  value = (value ^ value >> 16U) * 0x7FEB352DU;
  value = (value ^ value >> 15U) * 0x846CA68BU;
  return value ^ value >> 16U;
}

std::uint32_t lattice(std::uint32_t seed, std::uint32_t x, std::uint32_t y) {
  return scramble(seed + x * 0x9E37'79B1U + y * 0x85EB'CA77U) & 0xFFU;
}

// Smooth noise of one octave, 0…255: between lattice points `cell` pixels apart.
std::uint32_t noise(std::uint32_t seed, std::uint32_t x, std::uint32_t y, std::uint32_t cell) {
  const std::uint32_t cx = x / cell, cy = y / cell, fx = x % cell, fy = y % cell;
  const std::uint32_t top = lattice(seed, cx, cy) * (cell - fx) + lattice(seed, cx + 1, cy) * fx;
  const std::uint32_t below = lattice(seed, cx, cy + 1) * (cell - fx) + lattice(seed, cx + 1, cy + 1) * fx;
  return (top * (cell - fy) + below * fy) / (cell * cell);
}

std::uint8_t clamped(std::uint32_t value) { return static_cast<std::uint8_t>(std::clamp(value, 16U, 235U)); }

std::uint8_t* row_of(const Plane& plane, std::uint32_t y) {
  return reinterpret_cast<std::uint8_t*>(plane.pixels) + y * plane.stride_bytes;
}

// From `from` on, going round at the end of the row.
void copy_round(std::uint8_t* out, std::size_t count, const std::uint8_t* row, std::size_t length,
                std::size_t from) {
  const std::size_t head = std::min(count, length - from);
  std::memcpy(out, row + from, head);
  std::memcpy(out + head, row, count - head);
}

}  // namespace

MovingScene::MovingScene(std::uint32_t width, std::uint32_t height)
    : width_{width}, height_{height}, world_width_{width + width / 2 / 2 * 2} {
  far_ = make_layer(1, 64);
  near_ = make_layer(2, 16);
}

MovingScene::Layer MovingScene::make_layer(std::uint32_t seed, std::uint32_t detail) const {
  Layer layer;
  layer.luma.resize(std::size_t{world_width_} * height_);
  layer.chroma.resize(layer.luma.size() / 2);
  for (std::uint32_t y = 0; y < height_; ++y) {
    for (std::uint32_t x = 0; x < world_width_; ++x) {
      const bool edge = (x / (2 * detail) + y / detail) % 5 == 0;  // masonry
      const std::uint32_t value = noise(seed, x, y, 2 * detail) / 2 + noise(seed + 1, x, y, detail / 4) / 4 +
                                  noise(seed + 2, x, y, 2) / 8 + (edge ? 48U : 8U);
      layer.luma[std::size_t{y} * world_width_ + x] = clamped(value);
      if (x % 2 != 0 || y % 2 != 0) continue;
      const std::size_t at = std::size_t{y / 2} * world_width_ + x;
      layer.chroma[at] = static_cast<std::uint8_t>(96 + noise(seed + 3, x, y, detail) / 4);
      layer.chroma[at + 1] = static_cast<std::uint8_t>(96 + noise(seed + 4, x, y, detail) / 4);
    }
  }
  return layer;
}

void MovingScene::draw(const Picture& picture, std::uint32_t step) const {
  const std::uint32_t horizon = height_ / 3 / 2 * 2;
  copy_rows(picture, far_, kFarSpeed * step % world_width_, 0, horizon);
  copy_rows(picture, near_, kNearSpeed * step % world_width_, horizon, height_);
  draw_things(picture, step);
  add_grain(picture, step);
  const std::uint32_t status = std::min(kStatusRows, height_ / 4 / 2 * 2);
  copy_rows(picture, near_, 0, height_ - status, height_);
}

void MovingScene::copy_rows(const Picture& picture, const Layer& layer, std::uint32_t shift,
                            std::uint32_t first, std::uint32_t end) const {
  for (std::uint32_t y = first; y < end; ++y) {
    copy_round(row_of(picture.planes[0], y), width_, layer.luma.data() + std::size_t{y} * world_width_,
               world_width_, shift);
  }
  for (std::uint32_t y = first / 2; y < end / 2; ++y) {
    copy_round(row_of(picture.planes[1], y), width_, layer.chroma.data() + std::size_t{y} * world_width_,
               world_width_, shift);
  }
}

// Boxes with a pattern of their own, each on its way.
void MovingScene::draw_things(const Picture& picture, std::uint32_t step) const {
  for (std::uint32_t thing = 0; thing < kThings; ++thing) {
    const std::uint32_t chance = scramble(thing + 77);
    const std::uint32_t side = std::min(16 + chance % 64, height_ / 4);
    const std::uint32_t x = (chance / 7 + step * (1 + chance % 9)) % (width_ - side);
    const std::uint32_t y = (chance / 3 + step * (1 + chance % 5)) % (height_ - side);
    for (std::uint32_t row = 0; row < side; ++row) {
      std::uint8_t* const out = row_of(picture.planes[0], y + row) + x;
      for (std::uint32_t column = 0; column < side; ++column) {
        out[column] = clamped((lattice(thing, column / 4, row / 4) + 3 * step) & 0xFFU);
      }
    }
  }
}

// On every fourth block of the world, as of smoke, rain or film grain.
void MovingScene::add_grain(const Picture& picture, std::uint32_t step) const {
  constexpr std::uint32_t kBlock = 32;
  std::array<std::uint8_t, kBlock> grain{};
  for (std::uint32_t y = 0; y < height_; ++y) {
    for (std::uint32_t x = 0; x + kBlock <= width_; x += kBlock) {
      if (lattice(9, x / kBlock, y / kBlock) % 4 != 0) continue;
      std::uint32_t chance = scramble(step * 31 + y * 8192 + x);
      for (auto& value : grain) {
        chance = chance * 1'664'525U + 1'013'904'223U;
        value = static_cast<std::uint8_t>(chance >> 29U);
      }
      std::uint8_t* const out = row_of(picture.planes[0], y) + x;
      for (std::uint32_t i = 0; i < kBlock; ++i) out[i] = static_cast<std::uint8_t>(out[i] + grain[i]);
    }
  }
}

}  // namespace lumen::codec
