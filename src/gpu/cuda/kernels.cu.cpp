// The GPU's part of gpu/cuda: not part of the build, but the source of kernels.ptx, which is. Any clang with
// the NVPTX back end makes one from the other, without NVIDIA's tools (tools/make_ptx).
//
// to_nv12 does what codec/convert_kernel.hpp says, bit for bit, so that a stream looks the same whoever
// converts it. A thread has four columns of two rows; buffers begin at multiples of 16 bytes, and so do rows.

using u8 = unsigned char;
using u32 = unsigned int;
using u64 = unsigned long long;

struct Weights {
  int b, g, r;
};

struct Coefficients {
  Weights y, cb, cr;
  int y_bias, chroma_bias;
};

using Four = u32 __attribute__((ext_vector_type(4)));

static u32 column() {
  return __nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() + __nvvm_read_ptx_sreg_tid_x();
}
static u32 row() {
  return __nvvm_read_ptx_sreg_ctaid_y() * __nvvm_read_ptx_sreg_ntid_y() + __nvvm_read_ptx_sreg_tid_y();
}

static int dot(const Weights& w, int b, int g, int r) { return w.b * b + w.g * g + w.r * r; }

static u32 luma(const Coefficients& c, u32 pixel) {
  return static_cast<u32>((dot(c.y, pixel & 255, pixel >> 8 & 255, pixel >> 16 & 255) + c.y_bias) >> 15);
}

struct Sum {
  int b = 0, g = 0, r = 0;
};

static Sum sum_of(u32 top_left, u32 top_right, u32 bottom_left, u32 bottom_right) {
  Sum sum;
  const u32 pixels[4] = {top_left, top_right, bottom_left, bottom_right};
  for (const u32 pixel : pixels) {
    sum.b += static_cast<int>(pixel & 255);
    sum.g += static_cast<int>(pixel >> 8 & 255);
    sum.r += static_cast<int>(pixel >> 16 & 255);
  }
  return sum;
}

static u32 chroma(const Coefficients& c, const Weights& w, const Sum& sum) {
  const int value = (dot(w, sum.b, sum.g, sum.r) + c.chroma_bias) >> 16;
  return static_cast<u32>(value > 255 ? 255 : value);
}

// An odd width repeats its last column.
static Four load(const u8* at, u32 x, u32 width) {
  if (x + 4 <= width) return *reinterpret_cast<const Four*>(at + u64{4} * x);
  Four four;
  for (u32 i = 0; i < 4; ++i) {
    const u32 from = x + i < width ? x + i : width - 1;
    four[i] = *reinterpret_cast<const u32*>(at + u64{4} * from);
  }
  return four;
}

// `coded` is the width rounded up to even: two or four columns are left, never one or three.
static void store(u8* at, u32 x, u32 coded, u32 value) {
  if (x + 4 <= coded) {
    *reinterpret_cast<u32*>(at + x) = value;
  } else {
    *reinterpret_cast<unsigned short*>(at + x) = static_cast<unsigned short>(value);
  }
}

static u32 luma_row(const Coefficients& c, const Four& four) {
  return luma(c, four[0]) | luma(c, four[1]) << 8 | luma(c, four[2]) << 16 | luma(c, four[3]) << 24;
}

extern "C" __attribute__((nvptx_kernel)) void to_nv12(const u8* bgrx, u64 pitch, u32 width, u32 height, u8* y,
                                                      u64 y_pitch, u8* uv, u64 uv_pitch, Coefficients c) {
  const u32 x = 4 * column(), top_row = 2 * row();
  if (x >= width || top_row >= height) return;
  const u32 bottom_row = top_row + 1 < height ? top_row + 1 : top_row;
  const u32 coded = (width + 1) & ~1U;
  const Four top = load(bgrx + pitch * top_row, x, width);
  const Four bottom = load(bgrx + pitch * bottom_row, x, width);
  store(y + y_pitch * top_row, x, coded, luma_row(c, top));
  store(y + y_pitch * (top_row + 1), x, coded, luma_row(c, bottom));
  const Sum left = sum_of(top[0], top[1], bottom[0], bottom[1]);
  const Sum right = sum_of(top[2], top[3], bottom[2], bottom[3]);
  const u32 pairs = chroma(c, c.cb, left) | chroma(c, c.cr, left) << 8 | chroma(c, c.cb, right) << 16 |
                    chroma(c, c.cr, right) << 24;
  store(uv + uv_pitch * row(), x, coded, pairs);
}

// Where a pixel's colours are: `bytes` of it, each colour `bits` wide from bit `b`, `g`, `r` on.
struct Layout {
  u32 bytes, bits, b, g, r;
};

static u32 colour(u32 pixel, u32 at, u32 bits) {
  return bits == 10 ? ((pixel >> at & 1023) * 255 + 511) / 1023 : pixel >> at & 255;
}

// Any packed pixels, rows at any multiple of their size, to B, G, R, 255.
extern "C" __attribute__((nvptx_kernel)) void to_bgrx(const u8* from, u64 from_pitch, u32 width, u32 height,
                                                      u8* bgrx, u64 pitch, Layout layout) {
  const u32 x = column(), at_row = row();
  if (x >= width || at_row >= height) return;
  const u8* const at = from + from_pitch * at_row + u64{layout.bytes} * x;
  u32 pixel = 0;
  if (layout.bytes == 4) {
    pixel = *reinterpret_cast<const u32*>(at);
  } else {
    pixel = at[0] | static_cast<u32>(at[1]) << 8 | static_cast<u32>(at[2]) << 16;
  }
  *reinterpret_cast<u32*>(bgrx + pitch * at_row + u64{4} * x) =
      colour(pixel, layout.b, layout.bits) | colour(pixel, layout.g, layout.bits) << 8 |
      colour(pixel, layout.r, layout.bits) << 16 | 0xFF000000U;
}
