// Linear pixels of any packed layout to B, G, R, 255. Not part of the build, but the source of linear.spv.inc,
// which is (tools/make_spirv). A thread makes four pixels of a row; rows of the result begin at multiples of 16 bytes.
#version 450
layout(local_size_x = 32, local_size_y = 8) in;
layout(set = 0, binding = 0, std430) readonly restrict buffer Source { uint source[]; };
layout(set = 1, binding = 0, std430) writeonly restrict buffer Result { uvec4 result[]; };
// Offsets and strides count bytes. `is_plain`: the pixels are B, G, R, ignored.
layout(push_constant) uniform Parameters {
  uint width, height, offset, stride, result_stride, bytes, bits, b, g, r, is_plain;
};

// Pixels of four bytes lie at multiples of four.
uint read_pixel(uint at) {
  if (bytes == 4) return source[at / 4];
  uint shift = 8 * (at & 3);
  uint low = source[at / 4] >> shift;
  if (shift > 8) low |= source[at / 4 + 1] << (32 - shift);
  return low & 0xFFFFFF;
}

uint colour(uint pixel, uint shift) {
  uint value = (pixel >> shift) & ((1u << bits) - 1);
  return bits == 10 ? (value * 255 + 511) / 1023 : value;
}

uint make_pixel(uint x, uint row) {
  uint pixel = read_pixel(row + bytes * min(x, width - 1));
  if (is_plain != 0) return pixel;
  return colour(pixel, b) | colour(pixel, g) << 8 | colour(pixel, r) << 16 | 0xFF000000u;
}

void main() {
  uint x = 4 * gl_GlobalInvocationID.x, y = gl_GlobalInvocationID.y;
  if (x >= width || y >= height) return;
  uint row = offset + stride * y;
  result[(result_stride * y + 4 * x) / 16] =
      uvec4(make_pixel(x, row), make_pixel(x + 1, row), make_pixel(x + 2, row), make_pixel(x + 3, row));
}
