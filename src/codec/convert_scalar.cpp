#include <algorithm>

#include "codec/convert_kernel.hpp"

namespace lumen::codec {
namespace {

struct Bgr {
  std::int32_t b, g, r;
  Bgr operator+(const Bgr& o) const { return {b + o.b, g + o.g, r + o.r}; }
};

Bgr load(const std::uint8_t* pixel) { return {pixel[0], pixel[1], pixel[2]}; }

std::int32_t dot(const Weights& w, const Bgr& p) { return w.b * p.b + w.g * p.g + w.r * p.r; }

std::uint8_t luma(const ConvertCoefficients& c, const Bgr& p) {
  return static_cast<std::uint8_t>((dot(c.y, p) + c.y_bias) >> kLumaShift);
}

std::uint8_t chroma(const ConvertCoefficients& c, const Weights& w, const Bgr& sum) {
  return static_cast<std::uint8_t>(std::min((dot(w, sum) + c.chroma_bias) >> kChromaShift, 255));
}

}  // namespace

void convert_rows_scalar(const RowPair& rows, const ConvertCoefficients& c) {
  const std::size_t step = rows.cr == nullptr ? 2 : 1;
  std::uint8_t* cb = rows.cb;
  std::uint8_t* cr = rows.cr == nullptr ? rows.cb + 1 : rows.cr;
  for (std::size_t x = 0; x < rows.width; x += 2, cb += step, cr += step) {
    const std::size_t right = std::min(x + 1, rows.width - 1);  // an odd width repeats its last column
    const Bgr top_left = load(rows.top + 4 * x), top_right = load(rows.top + 4 * right);
    const Bgr bottom_left = load(rows.bottom + 4 * x), bottom_right = load(rows.bottom + 4 * right);
    rows.y_top[x] = luma(c, top_left);
    rows.y_top[x + 1] = luma(c, top_right);
    rows.y_bottom[x] = luma(c, bottom_left);
    rows.y_bottom[x + 1] = luma(c, bottom_right);
    const Bgr sum = top_left + top_right + bottom_left + bottom_right;
    *cb = chroma(c, c.cb, sum);
    *cr = chroma(c, c.cr, sum);
  }
}

}  // namespace lumen::codec
