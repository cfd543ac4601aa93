// lumen/codec: pictures such as games make, for measuring encoders: a textured world in two layers that pan
// at their own speeds, things that fly about, a status line that stands, and grain. The same for every run.
#pragma once

#include <cstdint>
#include <vector>

#include "media/picture.hpp"

namespace lumen::codec {

// Owner: one thread. Allocates when made; drawing copies and costs a small part of encoding.
class MovingScene {
 public:
  // Even sides, 64 to 8192 pixels each.
  MovingScene(std::uint32_t width, std::uint32_t height);
  // The picture at this step, NV12 of the scene's size.
  void draw(const Picture& picture, std::uint32_t step) const;

 private:
  struct Layer {
    std::vector<std::uint8_t> luma, chroma;  // chroma is Cb Cr interleaved, half the size
  };
  Layer make_layer(std::uint32_t seed, std::uint32_t detail) const;
  void copy_rows(const Picture& picture, const Layer& layer, std::uint32_t shift, std::uint32_t first,
                 std::uint32_t end) const;
  void draw_things(const Picture& picture, std::uint32_t step) const;
  void add_grain(const Picture& picture, std::uint32_t step) const;

  std::uint32_t width_, height_, world_width_;
  Layer far_, near_;
};

}  // namespace lumen::codec
