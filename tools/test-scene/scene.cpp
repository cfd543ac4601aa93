#include "scene.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace lumen::scene {
namespace {

constexpr std::size_t kSpriteCount = 6;
constexpr std::uint32_t kSkySpeed = 2, kGroundSpeed = 6;  // pixels per frame

std::uint32_t hash(std::uint32_t x, std::uint32_t y) {
  auto value = x * 0x9E3779B1U ^ y * 0x85EBCA77U;
  value = (value ^ value >> 15) * 0x2C1B3C6DU;
  value = (value ^ value >> 12) * 0x297A2D39U;
  return value ^ value >> 15;
}

Pixel rgb(std::uint32_t red, std::uint32_t green, std::uint32_t blue) {
  return 0xFF000000U | std::min(red, 255U) << 16 | std::min(green, 255U) << 8 | std::min(blue, 255U);
}

// A 256 × 256 tile of 0…255 that repeats without a seam: value noise, four octaves, bilinear.
class Noise {
 public:
  Noise() {
    for (std::uint32_t y = 0; y < kSide; ++y) {
      for (std::uint32_t x = 0; x < kSide; ++x) {
        std::uint32_t sum = 0;
        for (std::uint32_t octave = 0; octave < 4; ++octave) sum += octave_at(x, y, 64U >> octave) >> octave;
        tile_[y * kSide + x] = static_cast<std::uint8_t>(std::min(sum * 17 / 32, 255U));
      }
    }
  }
  std::uint32_t at(std::size_t x, std::size_t y) const { return tile_[y % kSide * kSide + x % kSide]; }

 private:
  static constexpr std::uint32_t kSide = 256;

  static std::uint32_t octave_at(std::uint32_t x, std::uint32_t y, std::uint32_t step) {
    const auto cells = kSide / step, left = x / step, top = y / step, fx = x % step, fy = y % step;
    const auto lattice = [&](std::uint32_t column, std::uint32_t row) {
      return hash(column % cells + step * 4096, row % cells) & 255U;
    };
    const auto upper = lattice(left, top) * (step - fx) + lattice(left + 1, top) * fx;
    const auto lower = lattice(left, top + 1) * (step - fx) + lattice(left + 1, top + 1) * fx;
    return (upper * (step - fy) + lower * fy) / (step * step);
  }

  std::vector<std::uint8_t> tile_ = std::vector<std::uint8_t>(std::size_t{kSide} * kSide);
};

std::size_t ground_top(std::size_t height) { return height * 5 / 8; }

Pixel sky_pixel(const Noise& noise, std::size_t x, std::size_t y, std::size_t height) {
  const auto hills = ground_top(height) - ground_top(height) * noise.at(x / 2, 40) / 512;
  const auto grain = noise.at(x * 3, y * 3);
  if (y >= hills) return rgb(30 + grain / 4, 60 + grain / 3, 40 + grain / 6);
  const auto depth = static_cast<std::uint32_t>(y * 100 / height);
  const auto cloud = noise.at(x / 2, y / 2) > 140 ? (noise.at(x / 2, y / 2) - 140) : 0;
  return rgb(70 + depth + cloud, 120 + depth + cloud, 190 + depth / 2 + cloud);
}

Pixel ground_pixel(const Noise& noise, std::size_t x, std::size_t y) {
  const auto course = y / 24, shifted = x + course % 2 * 32;
  const bool joint = y % 24 < 2 || shifted % 64 < 2;
  const auto grain = noise.at(x * 5, y * 5) / 3;
  if (joint) return rgb(60 + grain / 2, 56 + grain / 2, 52 + grain / 2);
  const auto tint = hash(static_cast<std::uint32_t>(shifted / 64), static_cast<std::uint32_t>(course)) % 40;
  return rgb(110 + grain + tint, 72 + grain + tint / 2, 52 + grain);
}

Image render_background(std::size_t width, std::size_t height) {
  const Noise noise;
  Image image{width, height};
  for (std::size_t y = 0; y < height; ++y) {
    auto* row = image.row(y);
    const bool ground = y >= ground_top(height);
    for (std::size_t x = 0; x < width; ++x) {
      row[x] = ground ? ground_pixel(noise, x, y) : sky_pixel(noise, x, y, height);
    }
  }
  return image;
}

// Lines of "words": 5 × 7 dots a glyph, each dot 2 × 2 pixels, hash bits instead of letters.
bool is_ink(std::size_t x, std::size_t y) {
  const auto column = static_cast<std::uint32_t>(x / 12), line = static_cast<std::uint32_t>(y / 18);
  const auto dot_x = static_cast<std::uint32_t>(x % 12 / 2), dot_y = static_cast<std::uint32_t>(y % 18 / 2);
  if (dot_x >= 5 || dot_y >= 7) return false;
  const bool space = hash(column, line * 2 + 1) % 6 == 0;
  return !space && (hash(hash(column, line) % 61, dot_y) >> dot_x & 1U) != 0;
}

Image render_text(std::size_t width, std::size_t height) {
  Image image{width, height};
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) image.row(y)[x] = is_ink(x, y) ? 0xFF202428U : 0xFFF4F1E8U;
  }
  return image;
}

// Half the disc's width at row `y` of a square that it fills.
std::size_t half_chord(std::size_t y, std::size_t side) {
  const auto radius = static_cast<std::int64_t>(side / 2), dy = static_cast<std::int64_t>(y) - radius;
  std::int64_t half = radius;
  while (half > 0 && half * half + dy * dy > radius * radius) --half;
  return static_cast<std::size_t>(half);
}

Image render_sprite(std::size_t side, std::uint32_t number) {
  constexpr std::array<Pixel, kSpriteCount> kColors{0xFFD03030, 0xFF30B040, 0xFF3050D0,
                                                    0xFFE0C030, 0xFFB040C0, 0xFF30C0C0};
  Image image{side, side};
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      const bool checker = (x * 8 / side + y * 8 / side) % 2 == 0;
      image.row(y)[x] = checker ? kColors[number % kSpriteCount] : 0xFF101010U + number * 0x0A0A0AU;
    }
  }
  return image;
}

// Goes 0…span…0 for ever as `step` grows.
std::size_t bounce(std::uint64_t step, std::size_t span) {
  if (span == 0) return 0;
  const auto phase = step % (2 * std::uint64_t{span});
  return static_cast<std::size_t>(phase < span ? phase : 2 * span - phase);
}

void copy_pixels(Pixel* to, const Pixel* from, std::size_t count) {
  std::memcpy(to, from, count * sizeof(Pixel));
}

}  // namespace

Scene::Scene(std::size_t width, std::size_t height)
    : background_{render_background(width, height)},
      text_{render_text(std::max<std::size_t>(width / 4, 1), std::max<std::size_t>(height / 2, 1))} {
  const auto side = std::clamp<std::size_t>(std::min(width, height) / 6, 1, 160);
  for (std::uint32_t i = 0; i < kSpriteCount; ++i) sprites_.push_back(render_sprite(side, i));
  for (std::size_t y = 0; y < side; ++y) half_chords_.push_back(half_chord(y, side));
}

void Scene::draw(Canvas canvas, const testing::InbandCode& code, const InputMarks& marks) const {
  draw_background(canvas, code.frame_number);
  draw_text(canvas, code.frame_number);
  draw_sprites(canvas, code.frame_number);
  draw_marks(canvas, marks);
  if (width() < testing::kCodeWidth || height() < testing::kCodeHeight) return;
  testing::draw_code(reinterpret_cast<std::byte*>(canvas.pixels), canvas.stride * sizeof(Pixel), code);
}

void Scene::draw_background(Canvas canvas, std::uint32_t frame) const {
  for (std::size_t y = 0; y < height(); ++y) {
    const auto speed = y < ground_top(height()) ? kSkySpeed : kGroundSpeed;
    const auto offset = static_cast<std::size_t>(std::uint64_t{frame} * speed % width());
    auto* to = canvas.pixels + y * canvas.stride;
    copy_pixels(to, background_.row(y) + offset, width() - offset);
    copy_pixels(to + width() - offset, background_.row(y), offset);
  }
}

void Scene::draw_text(Canvas canvas, std::uint32_t frame) const {
  const auto left = width() * 5 / 8, top = height() / 4;
  for (std::size_t y = 0; y < text_.height(); ++y) {
    copy_pixels(canvas.pixels + (top + y) * canvas.stride + left, text_.row((y + frame) % text_.height()),
                text_.width());
  }
}

void Scene::draw_sprites(Canvas canvas, std::uint32_t frame) const {
  for (std::size_t i = 0; i < sprites_.size(); ++i) {
    const auto& sprite = sprites_[i];
    const auto side = sprite.height();
    const auto left = bounce(std::uint64_t{frame} * (3 + i) + i * 211, width() - side);
    const auto top = bounce(std::uint64_t{frame} * (2 + i % 3) + i * 97, height() - side);
    for (std::size_t y = 0; y < side; ++y) {
      const auto half = half_chords_[y], from = side / 2 - half;
      copy_pixels(canvas.pixels + (top + y) * canvas.stride + left + from, sprite.row(y) + from, half * 2);
    }
  }
}

void Scene::draw_marks(Canvas canvas, const InputMarks& marks) const {
  const auto side = static_cast<std::int32_t>(std::min({std::size_t{128}, width() / 4, height() / 4}));
  const auto middle_x = static_cast<std::int32_t>(width() / 2),
             middle_y = static_cast<std::int32_t>(height() / 2);
  fill(canvas, {.x = middle_x - side / 2, .y = middle_y - side / 2, .width = side, .height = side},
       marks.presses % 2 == 0 ? kFlashEven : kFlashOdd);
  if (!marks.pointer_inside) return;
  constexpr Pixel kBlack = 0xFF000000, kWhite = 0xFFFFFFFF;
  // Far outside is as good as just outside, and cannot overflow.
  const auto x = std::clamp(marks.pointer_x, -100, static_cast<std::int32_t>(width()) + 100);
  const auto y = std::clamp(marks.pointer_y, -100, static_cast<std::int32_t>(height()) + 100);
  fill(canvas, {.x = x - 13, .y = y - 3, .width = 27, .height = 7}, kBlack);
  fill(canvas, {.x = x - 3, .y = y - 13, .width = 7, .height = 27}, kBlack);
  fill(canvas, {.x = x - 12, .y = y - 2, .width = 25, .height = 5}, kWhite);
  fill(canvas, {.x = x - 2, .y = y - 12, .width = 5, .height = 25}, kWhite);
}

// Clips to the canvas.
void Scene::fill(Canvas canvas, const Rect& area, Pixel color) const {
  const auto clip = [](std::int32_t position, std::size_t limit) {
    return position < 0 ? 0 : std::min(static_cast<std::size_t>(position), limit);
  };
  const auto left = clip(area.x, width()), right = clip(area.x + area.width, width());
  const auto top = clip(area.y, height()), bottom = clip(area.y + area.height, height());
  for (auto row = top; row < bottom; ++row) {
    std::fill_n(canvas.pixels + row * canvas.stride + left, right - left, color);
  }
}

}  // namespace lumen::scene
