// lumen/render: the decoded picture as an SDL texture.
#pragma once

#include "base/result.hpp"
#include "media/picture.hpp"
#include "render/input_mapping.hpp"
#include "render/sdl_handles.hpp"

namespace lumen::render {

// Owner: the window's thread. The renderer outlives it.
class PictureTexture {
 public:
  explicit PictureTexture(SDL_Renderer& renderer) : renderer_{&renderer} {}

  // Copies the picture. Creates a new texture only when size, format or colour space changed.
  // Fails with `window.picture` or `window.texture`.
  Status update(const PictureView& picture);

  SDL_Texture* get() const { return texture_.get(); }  // null before the first picture
  Size size() const { return kind_.size; }

 private:
  struct Kind {
    Size size;
    PixelFormat format = PixelFormat::i420;
    ColorSpace color{};
    bool operator==(const Kind&) const = default;
  };
  Status create(const Kind& kind);
  int upload(const PictureView& picture);

  SDL_Renderer* renderer_;
  SdlHandle<SDL_Texture> texture_;
  Kind kind_;
};

}  // namespace lumen::render
