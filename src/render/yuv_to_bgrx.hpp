// lumen/render: Y'CbCr to packed pixels, for what SDL cannot convert: full-range BT.709.
#pragma once

#include <cstddef>

#include "media/picture.hpp"

namespace lumen::render {

// Converts the visible picture, any format and colour space, to BGRx with x = 255. Never allocates. `bgrx`
// has room for the picture's height in rows of `stride_bytes` each.
void to_bgrx(const PictureView& picture, std::byte* bgrx, std::size_t stride_bytes);

}  // namespace lumen::render
