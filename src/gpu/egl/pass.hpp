// lumen/gpu/egl: one pass over a texture that takes it out of its tiles and puts its colours in order.
#pragma once

#include <memory>
#include <utility>

#include "gpu/egl/display.hpp"
#include "gpu/egl/texture.hpp"
#include "media/picture.hpp"
#include "media/pointer_picture.hpp"

namespace lumen::gpu::egl {

// The pointer's picture on the GPU: taken there when it is another, not when it moves. The display outlives
// it.
class PointerTexture {
 public:
  // `egl.gl`.
  static Result<std::unique_ptr<PointerTexture>> create(const Display& display);
  // What is drawn from now on. `egl.gl`; `egl.pointer` for one larger than a pointer may be.
  Status set(const PointerPicture& pointer);
  GLuint name() const { return texture_.name(); }
  const Rect& area() const { return area_; }

 private:
  PointerTexture(const Display& display, Texture texture) : display_{display}, texture_{std::move(texture)} {}
  const Display& display_;
  Texture texture_;
  Rect area_;
  std::uint64_t shape_ = 0;
};

// The first two write into a texture, the last into a buffer.
enum class PassKind : std::uint8_t { compute, fragment, nv12 };

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
  // Makes NV12 of it, the same bytes as codec/convert does, of the kind `nv12` only. `pitch_bytes` is a
  // multiple of 4 that has room for the width rounded up to four, and chroma begins `chroma_offset_bytes`
  // into the buffer.
  struct Nv12 {
    GLuint buffer = 0;
    std::size_t pitch_bytes = 0, chroma_offset_bytes = 0;
    ColorSpace color;
  };
  // With the pointer over it, where one is given.
  Status run_to_nv12(GLuint source, const Nv12& out, std::uint32_t width, std::uint32_t height,
                     const PointerTexture* pointer = nullptr);
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
