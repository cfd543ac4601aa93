// lumen/client: a decoder's borrowed picture, copied so that the window thread may keep it.
#pragma once

#include <cstring>

#include "media/picture.hpp"

namespace lumen::client {

inline void copy_plane(const ConstPlane& from, const Plane& to, std::size_t width_bytes, std::size_t rows) {
  for (std::size_t y = 0; y < rows; ++y) {
    std::memcpy(to.pixels + y * to.stride_bytes, from.pixels + y * from.stride_bytes, width_bytes);
  }
}

// Same format and size, else false.
inline bool copy_picture(const PictureView& from, const Picture& to) {
  if (from.format != to.format || from.width != to.width || from.height != to.height) return false;
  const std::size_t width = to.coded_width();
  const std::size_t height = to.coded_height();
  copy_plane(from.planes[0], to.planes[0], width, height);
  if (to.format == PixelFormat::nv12) {
    copy_plane(from.planes[1], to.planes[1], width, height / 2);
  } else {
    copy_plane(from.planes[1], to.planes[1], width / 2, height / 2);
    copy_plane(from.planes[2], to.planes[2], width / 2, height / 2);
  }
  return true;
}

inline PictureView view_of(const Picture& picture, const ColorSpace& color) {
  PictureView view{picture.format, color, picture.width, picture.height, {}};
  for (std::size_t i = 0; i < view.planes.size(); ++i) {
    view.planes[i] = {picture.planes[i].pixels, picture.planes[i].stride_bytes};
  }
  return view;
}

}  // namespace lumen::client
