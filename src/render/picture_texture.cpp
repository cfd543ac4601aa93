#include "render/picture_texture.hpp"

#include <string>

#include "render/yuv_to_bgrx.hpp"

namespace lumen::render {
namespace {

constexpr std::uint32_t kMaxSide = 16'384;

bool sdl_converts(ColorSpace color) {
  return color.range == ColorRange::limited || color.matrix == ColorMatrix::bt601;
}

SDL_YUV_CONVERSION_MODE conversion_mode(ColorSpace color) {
  if (color.range == ColorRange::full) return SDL_YUV_CONVERSION_JPEG;  // full-range BT.601
  return color.matrix == ColorMatrix::bt601 ? SDL_YUV_CONVERSION_BT601 : SDL_YUV_CONVERSION_BT709;
}

std::uint32_t texture_format(PixelFormat format, ColorSpace color) {
  if (!sdl_converts(color)) return SDL_PIXELFORMAT_BGRA32;
  return format == PixelFormat::nv12 ? SDL_PIXELFORMAT_NV12 : SDL_PIXELFORMAT_IYUV;
}

const Uint8* pixels(const ConstPlane& plane) { return reinterpret_cast<const Uint8*>(plane.pixels); }
int pitch(const ConstPlane& plane) { return static_cast<int>(plane.stride_bytes); }

}  // namespace

Status PictureTexture::update(SDL_Renderer* renderer, const PictureView& picture) {
  const bool empty = picture.width == 0 || picture.height == 0;
  if (empty || picture.width > kMaxSide || picture.height > kMaxSide) {
    return fail(ErrorCode::invalid_argument, "window.picture", "The picture's size is out of range");
  }
  // SDL keeps this for the whole process; some renderers read it when a texture is made, some when it is
  // filled.
  SDL_SetYUVConversionMode(conversion_mode(picture.color));
  const Kind kind{.size = {.width = picture.width, .height = picture.height},
                  .format = picture.format,
                  .color = picture.color};
  if (!texture_ || kind != kind_) {
    LUMEN_CHECK_OK(create(renderer, kind));
  }
  if (upload(picture) == 0) return {};
  return fail(ErrorCode::unavailable, "window.texture",
              std::string{"Cannot fill a texture: "} + SDL_GetError());
}

Status PictureTexture::create(SDL_Renderer* renderer, const Kind& kind) {
  texture_.reset();  // first: at 8K two of them are a lot of memory
  texture_.reset(SDL_CreateTexture(renderer, texture_format(kind.format, kind.color),
                                   SDL_TEXTUREACCESS_STREAMING, static_cast<int>(kind.size.width),
                                   static_cast<int>(kind.size.height)));
  if (!texture_) {
    return fail(ErrorCode::unsupported, "window.texture",
                std::string{"Cannot make a texture of the picture's size: "} + SDL_GetError(),
                "Ask the host for a smaller mode");
  }
  SDL_SetTextureScaleMode(texture_.get(), SDL_ScaleModeLinear);
  SDL_SetTextureBlendMode(texture_.get(), SDL_BLENDMODE_NONE);
  kind_ = kind;
  return {};
}

int PictureTexture::upload(const PictureView& picture) {
  const auto& [y, second, third] = picture.planes;
  if (!sdl_converts(picture.color)) {
    void* target = nullptr;
    int stride = 0;
    if (SDL_LockTexture(texture_.get(), nullptr, &target, &stride) != 0) return -1;
    to_bgrx(picture, static_cast<std::byte*>(target), static_cast<std::size_t>(stride));
    SDL_UnlockTexture(texture_.get());
    return 0;
  }
  if (picture.format == PixelFormat::nv12) {
    return SDL_UpdateNVTexture(texture_.get(), nullptr, pixels(y), pitch(y), pixels(second), pitch(second));
  }
  return SDL_UpdateYUVTexture(texture_.get(), nullptr, pixels(y), pitch(y), pixels(second), pitch(second),
                              pixels(third), pitch(third));
}

}  // namespace lumen::render
