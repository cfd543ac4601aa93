#include "render/remote_pointer.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

namespace lumen::render {
namespace {

// SDL hands pixels on as they are to X11, which wants them premultiplied, and premultiplies for Wayland.
bool wants_straight_alpha() { return std::string_view{SDL_GetCurrentVideoDriver()} != "x11"; }

SdlHandle<SDL_Cursor> make_cursor(PointerImage look) {
  if (wants_straight_alpha()) look = with_straight_alpha(std::move(look));
  const auto& geometry = look.geometry;
  const SdlHandle<SDL_Surface> surface{SDL_CreateRGBSurfaceWithFormatFrom(
      look.pixels.data(), geometry.width, geometry.height, 32, geometry.width * 4, SDL_PIXELFORMAT_BGRA32)};
  if (!surface) return nullptr;
  return SdlHandle<SDL_Cursor>{SDL_CreateColorCursor(surface.get(), geometry.hotspot_x, geometry.hotspot_y)};
}

SdlHandle<SDL_Texture> make_texture(SDL_Renderer* renderer, const PointerImage& look) {
  const auto straight = with_straight_alpha(look);
  SdlHandle<SDL_Texture> texture{SDL_CreateTexture(renderer, SDL_PIXELFORMAT_BGRA32, SDL_TEXTUREACCESS_STATIC,
                                                   look.geometry.width, look.geometry.height)};
  if (!texture ||
      SDL_UpdateTexture(texture.get(), nullptr, straight.pixels.data(), look.geometry.width * 4) != 0)
    return nullptr;
  SDL_SetTextureBlendMode(texture.get(), SDL_BLENDMODE_BLEND);
  return texture;
}

}  // namespace

void RemotePointer::set(const PointerView& pointer) {
  pointer_ = pointer;
  if (pointer.look != nullptr) look_ = pointer.look;
}

void RemotePointer::forget() {
  pointer_ = {};
  look_.reset();
}

void RemotePointer::show_local(LocalPointer local, double factor) {
  if (local == LocalPointer::look && look_ != nullptr) {
    use_look(factor);
  } else if (std::exchange(has_set_cursor_, false)) {
    SDL_SetCursor(SDL_GetDefaultCursor());
  }
  const int wanted = local == LocalPointer::none ? SDL_DISABLE : SDL_ENABLE;
  if (SDL_ShowCursor(SDL_QUERY) != wanted) SDL_ShowCursor(wanted);
}

void RemotePointer::use_look(double factor) {
  const bool is_tried = cursor_look_ == look_ && cursor_factor_ == factor;
  if (is_tried && (has_set_cursor_ || !cursor_)) return;  // what could not be made once is not tried again
  if (is_tried) {
    SDL_SetCursor(cursor_.get());
  } else {
    auto made = make_cursor(scaled(*look_, factor));
    SDL_SetCursor(made ? made.get() : SDL_GetDefaultCursor());  // before the one that is shown goes
    cursor_ = std::move(made);
    cursor_look_ = look_;
    cursor_factor_ = factor;
  }
  has_set_cursor_ = cursor_ != nullptr;
}

void RemotePointer::draw(SDL_Renderer* renderer, Size size, const Rect& area) {
  if (size.width == 0 || size.height == 0) return;
  const auto& look = look_ != nullptr ? look_ : arrow_;
  if (texture_look_ != look) {  // what could not be made once is not tried again
    texture_ = make_texture(renderer, *look);
    texture_look_ = look;
  }
  if (!texture_) return;
  const auto& geometry = look->geometry;
  const double across = area.width / static_cast<double>(size.width),
               down = area.height / static_cast<double>(size.height);
  const SDL_FRect to{.x = static_cast<float>(area.x + (pointer_.x - geometry.hotspot_x) * across),
                     .y = static_cast<float>(area.y + (pointer_.y - geometry.hotspot_y) * down),
                     .w = static_cast<float>(geometry.width * across),
                     .h = static_cast<float>(geometry.height * down)};
  const SDL_Rect clip{area.x, area.y, area.width, area.height};
  SDL_RenderSetClipRect(renderer, &clip);
  SDL_RenderCopyF(renderer, texture_.get(), nullptr, &to);
  SDL_RenderSetClipRect(renderer, nullptr);
}

}  // namespace lumen::render
