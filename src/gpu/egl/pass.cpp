#include "gpu/egl/pass.hpp"

#include <array>

#include <fmt/format.h>

#include "media/convert_coefficients.hpp"

namespace lumen::gpu::egl {
namespace {

constexpr std::uint32_t kTileWidth = 32, kTileHeight = 8;  // of compute threads
constexpr GLuint64 kLongestWait = 1'000'000'000;           // ns

// Rounds ten bits as PackedLayout's other readers do; GPUs differ in how they store what lies between two
// values. Eight bits come through unchanged.
#define LUMEN_EIGHT_BITS                                             \
  "vec3 eight_bits(vec3 colour) {"                                   \
  "  vec3 ten = floor(colour * 1023.0 + 0.5);"                       \
  "  return floor((ten * 255.0 + 511.0) / 1023.0 + 0.0001) / 255.0;" \
  "}"

constexpr const char* kCompute = R"(#version 430 core
layout(local_size_x = 32, local_size_y = 8) in;
layout(binding = 0) uniform sampler2D source;
layout(binding = 0, rgba8) uniform writeonly restrict image2D result;
)" LUMEN_EIGHT_BITS R"(
void main() {
  ivec2 at = ivec2(gl_GlobalInvocationID.xy);
  if (any(greaterThanEqual(at, imageSize(result)))) return;
  imageStore(result, at, vec4(eight_bits(texelFetch(source, at, 0).bgr), 1.0));
})";

// A thread has four columns of two rows. The arithmetic is media/convert_coefficients.hpp's, and
// media/pointer_picture.hpp's.
constexpr const char* kToNv12 = R"(#version 430 core
layout(local_size_x = 32, local_size_y = 8) in;
layout(binding = 0) uniform sampler2D source;
layout(binding = 0, std430) writeonly restrict buffer Result { uint result[]; };
layout(location = 0) uniform uvec2 size;
layout(location = 1) uniform uvec2 place;  // pitch and chroma's offset, in words of four bytes
layout(location = 2) uniform ivec3 weights[3];  // of B, G, R for Y, Cb, Cr
layout(location = 5) uniform ivec2 bias;  // of Y, of Cb and Cr
layout(binding = 1) uniform sampler2D pointer;
layout(location = 6) uniform ivec4 pointer_area;  // left, top, width, height; no width: there is none
)" LUMEN_EIGHT_BITS R"(
ivec3 pixel(uint x, uint y) {
  ivec2 at = ivec2(min(uvec2(x, y), size - 1u));
  ivec3 below = ivec3(eight_bits(texelFetch(source, at, 0).bgr) * 255.0 + 0.5);
  ivec2 inside = at - pointer_area.xy;
  if (any(lessThan(inside, ivec2(0))) || any(greaterThanEqual(inside, pointer_area.zw))) return below;
  ivec4 over = ivec4(texelFetch(pointer, inside, 0).bgra * 255.0 + 0.5);
  return min(over.rgb + (below * (255 - over.a) + 127) / 255, ivec3(255));  // drawn_over()
}
uint luma(ivec3 p) { return uint((weights[0].x * p.x + weights[0].y * p.y + weights[0].z * p.z + bias.x) >> 15); }
uint chroma(ivec3 w, ivec3 sum) { return uint(min((w.x * sum.x + w.y * sum.y + w.z * sum.z + bias.y) >> 16, 255)); }
void main() {
  uint x = 4u * gl_GlobalInvocationID.x, y = 2u * gl_GlobalInvocationID.y;
  if (x >= size.x || y >= size.y) return;
  uint top = 0u, bottom = 0u;
  ivec3 sums[2] = ivec3[2](ivec3(0), ivec3(0));
  for (uint i = 0u; i < 4u; ++i) {
    ivec3 above = pixel(x + i, y), below = pixel(x + i, y + 1u);
    top |= luma(above) << (8u * i);
    bottom |= luma(below) << (8u * i);
    sums[i / 2u] += above + below;
  }
  uint at = place.x * y + x / 4u;
  result[at] = top;
  result[at + place.x] = bottom;
  result[place.y + place.x * (y / 2u) + x / 4u] =
      chroma(weights[1], sums[0]) | chroma(weights[2], sums[0]) << 8 | chroma(weights[1], sums[1]) << 16 |
      chroma(weights[2], sums[1]) << 24;
})";

// One triangle covers everything.
constexpr const char* kVertex = R"(#version 430 core
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
})";

constexpr const char* kFragment = R"(#version 430 core
layout(binding = 0) uniform sampler2D source;
layout(location = 0) out vec4 result;
)" LUMEN_EIGHT_BITS R"(
void main() { result = vec4(eight_bits(texelFetch(source, ivec2(gl_FragCoord.xy), 0).bgr), 1.0); })";

constexpr GLuint tiles(std::uint32_t pixels, std::uint32_t tile) { return (pixels + tile - 1) / tile; }

}  // namespace

Result<std::unique_ptr<PointerTexture>> PointerTexture::create(const Display& display) {
  constexpr auto kSide = static_cast<std::uint32_t>(PointerPicture::kMaxSide);
  LUMEN_TRY(auto texture, Texture::create(display, GL_RGBA8, kSide, kSide));
  return std::unique_ptr<PointerTexture>{new PointerTexture{display, std::move(texture)}};
}

Status PointerTexture::set(const PointerPicture& pointer) {
  area_ = pointer.visible() ? pointer.area : Rect{};
  if (!pointer.visible() || pointer.shape == shape_) return {};
  LUMEN_CHECK_OK(check_pointer(pointer, "egl.pointer"));
  const auto& gl = display_.api();
  gl.active_texture(GL_TEXTURE1);
  gl.bind_texture(GL_TEXTURE_2D, texture_.name());
  gl.texture_upload(GL_TEXTURE_2D, 0, 0, 0, area_.width, area_.height, GL_BGRA, GL_UNSIGNED_INT_8_8_8_8_REV,
                    pointer.pixels.data());
  LUMEN_CHECK_OK(display_.check_gl("taking the pointer"));
  shape_ = pointer.shape;
  return {};
}

Result<std::unique_ptr<Pass>> Pass::create(const Display& display, PassKind kind) {
  std::unique_ptr<Pass> pass{new Pass{display, kind}};
  LUMEN_CHECK_OK(pass->build());
  return pass;
}

Status Pass::build() {
  const auto& gl = display_.api();
  program_ = gl.create_program();
  if (kind_ == PassKind::compute) {
    LUMEN_CHECK_OK(add_shader(GL_COMPUTE_SHADER, kCompute));
  } else if (kind_ == PassKind::nv12) {
    LUMEN_CHECK_OK(add_shader(GL_COMPUTE_SHADER, kToNv12));
  } else {
    LUMEN_CHECK_OK(add_shader(GL_VERTEX_SHADER, kVertex));
    LUMEN_CHECK_OK(add_shader(GL_FRAGMENT_SHADER, kFragment));
    gl.gen_framebuffers(1, &framebuffer_);
    gl.gen_vertex_arrays(1, &vertices_);
  }
  gl.link_program(program_);
  GLint linked = GL_FALSE;
  gl.get_program(program_, GL_LINK_STATUS, &linked);
  if (linked == GL_TRUE) return display_.check_gl("making a program for the GPU");
  std::array<char, 512> log{};
  gl.program_log(program_, static_cast<GLsizei>(log.size()), nullptr, log.data());
  return fail(ErrorCode::internal, "egl.shader",
              fmt::format("{} does not link the pass: {}", display_.renderer(), log.data()),
              "LUMEN_ZEROCOPY=off streams without");
}

// The program holds it, and says what is wrong with it.
Status Pass::add_shader(GLenum kind, const char* source) {
  const auto& gl = display_.api();
  const auto shader = gl.create_shader(kind);
  gl.shader_source(shader, 1, &source, nullptr);
  gl.compile_shader(shader);
  gl.attach_shader(program_, shader);
  gl.delete_shader(shader);
  return display_.check_gl("compiling for the GPU");
}

Pass::~Pass() {
  const auto& gl = display_.api();
  if (program_ != 0) gl.delete_program(program_);
  if (framebuffer_ != 0) gl.delete_framebuffers(1, &framebuffer_);
  if (vertices_ != 0) gl.delete_vertex_arrays(1, &vertices_);
}

Status Pass::run(GLuint source, GLuint out, std::uint32_t width, std::uint32_t height) {
  const auto& gl = display_.api();
  gl.use_program(program_);
  gl.active_texture(GL_TEXTURE0);
  gl.bind_texture(GL_TEXTURE_2D, source);
  if (kind_ == PassKind::compute) {
    run_compute(out, width, height);
  } else {
    LUMEN_CHECK_OK(run_fragment(out, width, height));
  }
  return display_.check_gl("the pass over a picture");
}

Status Pass::run_to_nv12(GLuint source, const Nv12& out, std::uint32_t width, std::uint32_t height,
                         const PointerTexture* pointer) {
  const auto& gl = display_.api();
  gl.use_program(program_);
  if (pointer != nullptr) {
    gl.active_texture(GL_TEXTURE1);
    gl.bind_texture(GL_TEXTURE_2D, pointer->name());
  }
  gl.active_texture(GL_TEXTURE0);
  gl.bind_texture(GL_TEXTURE_2D, source);
  gl.bind_buffer_base(GL_SHADER_STORAGE_BUFFER, 0, out.buffer);
  gl.uniform_2ui(0, width, height);
  gl.uniform_2ui(1, static_cast<GLuint>(out.pitch_bytes / 4),
                 static_cast<GLuint>(out.chroma_offset_bytes / 4));
  const auto c = convert_coefficients(out.color);
  const std::array weights{GLint{c.y.b},  GLint{c.y.g},  GLint{c.y.r},  GLint{c.cb.b}, GLint{c.cb.g},
                           GLint{c.cb.r}, GLint{c.cr.b}, GLint{c.cr.g}, GLint{c.cr.r}};
  gl.uniform_3iv(2, 3, weights.data());
  gl.uniform_2i(5, c.y_bias, c.chroma_bias);
  const Rect area = pointer == nullptr ? Rect{} : pointer->area();
  gl.uniform_4i(6, area.x, area.y, area.width, area.height);
  gl.dispatch(tiles(tiles(width, 4), kTileWidth), tiles(tiles(height, 2), kTileHeight), 1);
  gl.memory_barrier(GL_BUFFER_UPDATE_BARRIER_BIT);
  return display_.check_gl("the pass over a picture");
}

void Pass::run_compute(GLuint out, std::uint32_t width, std::uint32_t height) {
  const auto& gl = display_.api();
  gl.bind_image(0, out, 0, GL_FALSE, 0, GL_WRITE_ONLY, GL_RGBA8);
  gl.dispatch(tiles(width, kTileWidth), tiles(height, kTileHeight), 1);
  gl.memory_barrier(GL_TEXTURE_UPDATE_BARRIER_BIT | GL_SHADER_IMAGE_ACCESS_BARRIER_BIT);
}

Status Pass::run_fragment(GLuint out, std::uint32_t width, std::uint32_t height) {
  const auto& gl = display_.api();
  gl.bind_framebuffer(GL_FRAMEBUFFER, framebuffer_);
  // Each time: a texture of the same name may be another.
  gl.framebuffer_texture(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, out, 0);
  if (gl.framebuffer_status(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) {
    return fail(ErrorCode::internal, "egl.gl", "the GPU cannot draw into a texture");
  }
  gl.bind_vertex_array(vertices_);
  gl.viewport(0, 0, static_cast<GLsizei>(width), static_cast<GLsizei>(height));
  gl.draw_arrays(GL_TRIANGLES, 0, 3);
  return {};
}

Status Pass::wait() {
  const auto& gl = display_.api();
  auto* const fence = gl.fence_sync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
  if (fence == nullptr) return fail(ErrorCode::internal, "egl.gl", "OpenGL gives no fence");
  const auto state = gl.client_wait_sync(fence, GL_SYNC_FLUSH_COMMANDS_BIT, kLongestWait);
  gl.delete_sync(fence);
  if (state == GL_ALREADY_SIGNALED || state == GL_CONDITION_SATISFIED) return {};
  return fail(ErrorCode::timed_out, "egl.timeout", "the GPU does not get a picture done",
              "Look whether it hangs: `dmesg`");
}

}  // namespace lumen::gpu::egl
