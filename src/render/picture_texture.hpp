// lumen/render: the decoded picture as an SDL texture.
#pragma once

#include "base/result.hpp"
#include "media/picture.hpp"
#include "render/input_mapping.hpp"
#include "render/sdl_handles.hpp"

namespace lumen::render {

// Owner: the window's thread. Belongs to one renderer, which outlives it.
class PictureTexture {
 public:
  // Copies the picture. Creates a new texture only when size, format or colour space changed.
  // Fails with `window.picture` or `window.texture`.
  Status update(SDL_Renderer* renderer, const PictureView& picture);

  SDL_Texture* get() const { return texture_.get(); }  // null before the first picture
  Size size() const { return kind_.size; }

 private:
  struct Kind {
    Size size;
    PixelFormat format = PixelFormat::i420;
    ColorSpace color{};
    bool operator==(const Kind&) const = default;
  };
  Status create(SDL_Renderer* renderer, const Kind& kind);
  int upload(const PictureView& picture);

  SdlHandle<SDL_Texture> texture_;
  Kind kind_;
};

}  // namespace lumen::render
