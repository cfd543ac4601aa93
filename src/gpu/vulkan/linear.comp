// Linear pixels of any packed layout to NV12. Not part of the build, but the source of linear.spv.inc, which is
// (tools/make_spirv). A thread has four columns of two rows. The arithmetic is media/convert_coefficients.hpp's.
#version 450
layout(local_size_x = 32, local_size_y = 8) in;
layout(set = 0, binding = 0, std430) readonly restrict buffer Source { uint source[]; };
layout(set = 1, binding = 0, std430) writeonly restrict buffer Result { uint result[]; };
// Offsets, strides and the pitch count bytes; chroma begins at `chroma_offset`.
layout(push_constant) uniform Parameters {
  uint width, height, offset, stride, pitch, chroma_offset;
  uint bytes, bits, b, g, r;
  int y_b, y_g, y_r, cb_b, cb_g, cb_r, cr_b, cr_g, cr_r, y_bias, chroma_bias;
  int pointer_x, pointer_y, pointer_width, pointer_height;  // no width: there is none
};
// B, G, R, A from the lowest byte, rows without a gap.
layout(set = 2, binding = 0, std430) readonly restrict buffer Pointer { uint pointer[]; };

// Pixels of four bytes lie at multiples of four.
uint read_pixel(uint at) {
  if (bytes == 4) return source[at / 4];
  uint shift = 8 * (at & 3);
  uint low = source[at / 4] >> shift;
  if (shift > 8) low |= source[at / 4 + 1] << (32 - shift);
  return low;
}

int colour(uint pixel, uint shift) {
  uint value = (pixel >> shift) & ((1u << bits) - 1);
  return int(bits == 10 ? (value * 255 + 511) / 1023 : value);
}

// media/pointer_picture.hpp's drawn_over().
ivec3 with_pointer(ivec3 below, int x, int y) {
  if (x < 0 || y < 0 || x >= pointer_width || y >= pointer_height) return below;
  uvec4 over = uvec4(pointer[y * pointer_width + x]) >> uvec4(0, 8, 16, 24) & 255u;
  return min(ivec3(over.rgb) + (below * (255 - int(over.a)) + 127) / 255, ivec3(255));
}

ivec3 pixel_at(uint column, uint row) {
  uint x = min(column, width - 1), y = min(row, height - 1);
  uint pixel = read_pixel(offset + stride * y + bytes * x);
  ivec3 below = ivec3(colour(pixel, b), colour(pixel, g), colour(pixel, r));
  return with_pointer(below, int(x) - pointer_x, int(y) - pointer_y);
}

uint luma(ivec3 p) { return uint((y_b * p.x + y_g * p.y + y_r * p.z + y_bias) >> 15); }

uint chroma(ivec3 sum) {
  int cb = (cb_b * sum.x + cb_g * sum.y + cb_r * sum.z + chroma_bias) >> 16;
  int cr = (cr_b * sum.x + cr_g * sum.y + cr_r * sum.z + chroma_bias) >> 16;
  return uint(min(cb, 255)) | uint(min(cr, 255)) << 8;
}

void main() {
  uint x = 4 * gl_GlobalInvocationID.x, y = 2 * gl_GlobalInvocationID.y;
  if (x >= width || y >= height) return;
  uint top = 0, bottom = 0;
  ivec3 left = ivec3(0), right = ivec3(0);
  for (uint i = 0; i < 4; ++i) {
    ivec3 above = pixel_at(x + i, y), below = pixel_at(x + i, y + 1);
    top |= luma(above) << (8 * i);
    bottom |= luma(below) << (8 * i);
    if (i < 2) left += above + below; else right += above + below;
  }
  uint at = (pitch * y + x) / 4;
  result[at] = top;
  result[at + pitch / 4] = bottom;
  result[(chroma_offset + pitch * (y / 2) + x) / 4] = chroma(left) | chroma(right) << 16;
}
