// lumen/gpu/egl: one pass over a texture that takes it out of its tiles and puts its colours in order.
#pragma once

#include <memory>

#include "gpu/egl/display.hpp"
#include "gpu/egl/texture.hpp"

namespace lumen::gpu::egl {

// `buffer` writes into a buffer, the others into a texture.
enum class PassKind : std::uint8_t { compute, fragment, buffer };

// Whatever the source's format, `out` then holds the bytes B, G, R, 255. Owner: the display's thread.
class Pass {
 public:
  // `egl.shader` with what the driver says of the program. The display outlives it.
  static Result<std::unique_ptr<Pass>> create(const Display& display, PassKind kind = PassKind::compute);
  ~Pass();
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  // Queues it. `out` is GL_RGBA8; both are at least `width` by `height`. `egl.gl`.
  Status run(GLuint source, GLuint out, std::uint32_t width, std::uint32_t height);
  // The same into a buffer, of the kind `buffer` only: rows are `pitch_bytes` apart, a multiple of 16 that
  // has room for the width rounded up to four pixels.
  Status run_to_buffer(GLuint source, GLuint out, std::size_t pitch_bytes, std::uint32_t width,
                       std::uint32_t height);
  // Blocks until all that was queued is done, and the source may be drawn into again: `egl.timeout` after a
  // second.
  Status wait();

 private:
  Pass(const Display& display, PassKind kind) : display_{display}, kind_{kind} {}
  Status build();
  Status add_shader(GLenum kind, const char* source);
  void run_compute(GLuint out, std::uint32_t width, std::uint32_t height);
  Status run_fragment(GLuint out, std::uint32_t width, std::uint32_t height);

  const Display& display_;
  const PassKind kind_;
  GLuint program_ = 0, framebuffer_ = 0, vertices_ = 0;
};

}  // namespace lumen::gpu::egl
