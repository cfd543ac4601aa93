// lumen/interface: packed desktop pixels to what an encoder takes. Depends on base and media only.
#pragma once

#include "base/result.hpp"
#include "media/frames.hpp"

namespace lumen {

// Contract: not thread-safe; never allocates; `out` has the frame's width and height (else
// `convert.size`). Converts rows [first_row, end_row) of the frame, first_row even, end_row even or the
// frame's height; rows outside keep what they hold. Odd sizes fill the coded edge by repetition.
class ColorConverter {
 public:
  virtual ~ColorConverter() = default;
  virtual Status convert(const BorrowedFrame& frame, const Picture& out, std::uint32_t first_row,
                         std::uint32_t end_row) = 0;
};

}  // namespace lumen
