#include "render/canvas.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace lumen::render {
namespace {

constexpr std::uint64_t kKeepUnused = 60;  // layouts
constexpr int kMinFontPixels = 6, kMaxFontPixels = 400;

// Whole UTF-8 characters of at most `limit` bytes, without control characters.
std::string presentable(const std::string& text, std::size_t limit) {
  std::string shown = text.substr(0, limit);
  if (text.size() > limit) {
    while (!shown.empty() && (static_cast<unsigned char>(shown.back()) & 0xC0U) == 0x80U) shown.pop_back();
    if (!shown.empty()) shown.pop_back();
  }
  std::ranges::replace_if(shown, [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; }, '?');
  return shown;
}

bool fits(TTF_Font* font, const std::string& text, int width) {
  int is = 0;
  return TTF_SizeUTF8(font, text.c_str(), &is, nullptr) != 0 || is <= width;
}

std::string shortened(TTF_Font* font, const std::string& text, int width) {
  if (width <= 0 || fits(font, text, width)) return text;
  const auto cut = [&](std::size_t bytes) {
    while (bytes > 0 && bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U)
      --bytes;
    return text.substr(0, bytes) + "…";
  };
  std::size_t low = 0, high = text.size();
  while (low < high) {
    const auto middle = (low + high + 1) / 2;
    if (fits(font, cut(middle), width)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return cut(low);
}

// How much of the pixel is covered by the disc, or ring, in a square whose centre is `radius`.
float coverage(float x, float y, float radius, float border) {
  const float distance = std::hypot(x + 0.5F - radius, y + 0.5F - radius);
  const float outer = std::clamp(radius - distance + 0.5F, 0.0F, 1.0F);
  if (border <= 0) return outer;
  return outer * std::clamp(distance - (radius - border) + 0.5F, 0.0F, 1.0F);
}

}  // namespace

ScenePlace place_scene(Size window) {
  const auto width = static_cast<float>(window.width), height = static_cast<float>(window.height);
  const float scale = std::min(width / kSceneWidth, height / kSceneHeight);
  return {scale, (width - kSceneWidth * scale) / 2, (height - kSceneHeight * scale) / 2};
}

Canvas::Canvas(SDL_Renderer* renderer, std::unique_ptr<Fonts> fonts)
    : renderer_{renderer}, fonts_{std::move(fonts)} {
  SDL_RendererInfo info{};
  blends_slowly_ = SDL_GetRendererInfo(renderer, &info) == 0 && (info.flags & SDL_RENDERER_SOFTWARE) != 0;
}

// SDL's software renderer blends about 8 ns a pixel: there what is nearly opaque is quite so.
Color Canvas::seen(Color color) const {
  constexpr std::uint8_t kNearlyOpaque = 192;
  if (blends_slowly_ && color.alpha >= kNearlyOpaque) color.alpha = 255;
  return color;
}

void Canvas::set_scene(std::shared_ptr<const Scene> scene) {
  if (scene == scene_) return;
  scene_ = std::move(scene);
  stale_ = true;
}

void Canvas::draw(Size output) {
  if (!scene_) return;
  if (stale_ || output != laid_out_for_) lay_out(output);
  for (const auto& [texture, from, to, color] : steps_) {
    if (texture == nullptr) {
      SDL_SetRenderDrawBlendMode(renderer_, color.alpha == 255 ? SDL_BLENDMODE_NONE : SDL_BLENDMODE_BLEND);
      SDL_SetRenderDrawColor(renderer_, color.red, color.green, color.blue, color.alpha);
      SDL_RenderFillRect(renderer_, &to);
      continue;
    }
    SDL_SetTextureColorMod(texture, color.red, color.green, color.blue);
    SDL_SetTextureAlphaMod(texture, color.alpha);
    SDL_RenderCopy(renderer_, texture, &from, &to);
  }
}

void Canvas::lay_out(Size output) {
  const auto place = place_scene(output);
  if (place.scale != place_.scale) {
    forget_textures();
    fonts_->forget_sizes();
  }
  place_ = place;
  laid_out_for_ = output;
  stale_ = false;
  ++layout_;
  steps_.clear();
  if (scene_->background) {
    fill({0, 0, static_cast<int>(output.width), static_cast<int>(output.height)}, *scene_->background);
  }
  for (const auto& item : scene_->items) {
    std::visit([this](const auto& each) { add(each); }, item);
  }
  drop_unused();
}

void Canvas::forget_textures() {
  texts_.clear();
  corners_.clear();
  steps_.clear();
  stale_ = true;
}

SDL_Rect Canvas::to_pixels(const Box& box) const {
  const auto left = static_cast<int>(std::lround(place_.left + box.x * place_.scale));
  const auto top = static_cast<int>(std::lround(place_.top + box.y * place_.scale));
  const auto right = static_cast<int>(std::lround(place_.left + (box.x + box.width) * place_.scale));
  const auto bottom = static_cast<int>(std::lround(place_.top + (box.y + box.height) * place_.scale));
  return {left, top, right - left, bottom - top};
}

int Canvas::to_pixels(float length) const { return static_cast<int>(std::lround(length * place_.scale)); }

void Canvas::fill(const SDL_Rect& box, const Color& color) {
  if (box.w > 0 && box.h > 0) steps_.push_back({.texture = nullptr, .from = {}, .to = box, .color = color});
}

void Canvas::add(const SceneRect& rect) {
  const auto box = to_pixels(rect.box);
  if (box.w <= 0 || box.h <= 0) return;
  const int radius = std::min({to_pixels(rect.radius), box.w / 2, box.h / 2});
  const int border = rect.border > 0 ? std::max(to_pixels(rect.border), 1) : 0;
  const auto color = seen(rect.color);
  add_corners(box, {radius, border}, color);
  const int inner_width = box.w - 2 * radius, inner_height = box.h - 2 * radius;
  if (border == 0) {
    fill({box.x + radius, box.y, inner_width, box.h}, color);
    fill({box.x, box.y + radius, radius, inner_height}, color);
    fill({box.x + box.w - radius, box.y + radius, radius, inner_height}, color);
    return;
  }
  fill({box.x + radius, box.y, inner_width, border}, color);
  fill({box.x + radius, box.y + box.h - border, inner_width, border}, color);
  fill({box.x, box.y + radius, border, inner_height}, color);
  fill({box.x + box.w - border, box.y + radius, border, inner_height}, color);
}

void Canvas::add_corners(const SDL_Rect& box, const CornerKey& key, const Color& color) {
  if (key.radius <= 0) return;
  auto* texture = corner_texture(key);
  if (texture == nullptr) return;
  const int r = key.radius;
  for (const auto& [right, bottom] : {std::pair{0, 0}, {1, 0}, {0, 1}, {1, 1}}) {
    const SDL_Rect from{right * r, bottom * r, r, r};
    const SDL_Rect to{box.x + right * (box.w - r), box.y + bottom * (box.h - r), r, r};
    steps_.push_back({.texture = texture, .from = from, .to = to, .color = color});
  }
}

SDL_Texture* Canvas::corner_texture(const CornerKey& key) {
  if (const auto found = corners_.find(key); found != corners_.end()) return found->second.get();
  const int side = key.radius * 2;
  std::vector<std::uint32_t> pixels;
  pixels.reserve(static_cast<std::size_t>(side) * static_cast<std::size_t>(side));
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const float covered = coverage(static_cast<float>(x), static_cast<float>(y),
                                     static_cast<float>(key.radius), static_cast<float>(key.border));
      pixels.push_back(0xFFFFFFU | static_cast<std::uint32_t>(std::lround(covered * 255)) << 24U);
    }
  }
  SdlHandle<SDL_Texture> texture{
      SDL_CreateTexture(renderer_, SDL_PIXELFORMAT_ARGB8888, SDL_TEXTUREACCESS_STATIC, side, side)};
  if (!texture) return nullptr;
  SDL_UpdateTexture(texture.get(), nullptr, pixels.data(), side * 4);
  SDL_SetTextureBlendMode(texture.get(), SDL_BLENDMODE_BLEND);
  return corners_.emplace(key, std::move(texture)).first->second.get();
}

void Canvas::add(const SceneText& text) {
  if (text.text.empty()) return;
  const auto* kept = text_texture(text);
  if (kept == nullptr || !kept->texture) return;
  auto left = place_.left + text.x * place_.scale;
  if (text.align == Align::center) left -= static_cast<float>(kept->width) / 2;
  if (text.align == Align::right) left -= static_cast<float>(kept->width);
  const auto top = place_.top + text.y * place_.scale - static_cast<float>(kept->height) / 2;
  const SDL_Rect to{static_cast<int>(std::lround(left)), static_cast<int>(std::lround(top)), kept->width,
                    kept->height};
  steps_.push_back({.texture = kept->texture.get(),
                    .from = {0, 0, kept->width, kept->height},
                    .to = to,
                    .color = {255, 255, 255, 255}});
}

const Canvas::Kept* Canvas::text_texture(const SceneText& text) {
  const TextKey key{.text = text.text,
                    .face = text.face,
                    .pixels = std::clamp(to_pixels(text.size), kMinFontPixels, kMaxFontPixels),
                    .max_width = to_pixels(text.max_width),
                    .color = {text.color.red, text.color.green, text.color.blue, text.color.alpha}};
  auto found = texts_.find(key);
  if (found == texts_.end()) found = texts_.emplace(key, render_text(key)).first;
  found->second.used = layout_;
  return &found->second;
}

Canvas::Kept Canvas::render_text(const TextKey& key) {
  Kept kept;
  auto* font = fonts_->get(key.face, key.pixels);
  if (font == nullptr) return kept;
  const auto text = shortened(font, presentable(key.text, kMaxTextBytes), key.max_width);
  auto* surface =
      TTF_RenderUTF8_Blended(font, text.c_str(), {key.color[0], key.color[1], key.color[2], key.color[3]});
  if (surface == nullptr) return kept;
  kept.width = surface->w;
  kept.height = surface->h;
  kept.texture.reset(SDL_CreateTextureFromSurface(renderer_, surface));
  SDL_FreeSurface(surface);
  if (kept.texture) SDL_SetTextureBlendMode(kept.texture.get(), SDL_BLENDMODE_BLEND);
  return kept;
}

void Canvas::drop_unused() {
  if (texts_.size() > kMaxKept) {
    std::erase_if(texts_, [this](const auto& each) { return each.second.used != layout_; });
  } else if (layout_ % kKeepUnused == 0) {
    std::erase_if(texts_, [this](const auto& each) { return each.second.used + kKeepUnused < layout_; });
  }
}

}  // namespace lumen::render
