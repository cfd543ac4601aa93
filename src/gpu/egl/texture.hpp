// lumen/gpu/egl: textures: a dmabuf's, cached for as long as the buffer comes back, and one of our own that
// is known to CUDA.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "gpu/cuda/packed_buffer.hpp"
#include "gpu/egl/display.hpp"
#include "interface/dmabuf_importer.hpp"

namespace lumen::gpu::egl {

// Owner of a texture's name; the display outlives it, and is current.
class Texture {
 public:
  // Immutable, one level, `format` a sized one such as GL_RGBA8. `egl.gl`.
  static Result<Texture> create(const Display& display, GLenum format, std::uint32_t width,
                                std::uint32_t height);
  // Without storage, for an image of another's.
  static Result<Texture> create_empty(const Display& display);
  Texture(Texture&& other) noexcept : display_{other.display_}, name_{std::exchange(other.name_, 0)} {}
  Texture& operator=(Texture&&) = delete;
  Texture(const Texture&) = delete;
  Texture& operator=(const Texture&) = delete;
  ~Texture();

  GLuint name() const { return name_; }

 private:
  Texture(const Display& display, GLuint name) : display_{&display}, name_{name} {}
  const Display* display_;
  GLuint name_;
};

// Textures of a source's dmabufs. A buffer is known by its file, as descriptors are numbered anew.
class DmabufTextures {
 public:
  // The display outlives it.
  explicit DmabufTextures(const Display& display) : display_{display} {}
  ~DmabufTextures();
  DmabufTextures(const DmabufTextures&) = delete;
  DmabufTextures& operator=(const DmabufTextures&) = delete;

  // Valid until kMostBuffers others were asked for. `egl.import` where EGL refuses it, `egl.gl`.
  Result<GLuint> texture_of(const DmabufPicture& picture);
  static constexpr std::size_t kMostBuffers = 16;  // more than a source makes

 private:
  struct Key {
    ino_t file = 0;
    DmabufPicture picture;  // descriptors left out
    bool operator==(const Key& other) const;
  };
  struct Entry {
    Key key;
    EGLImageKHR image;
    Texture texture;
    std::uint64_t used;
  };
  Result<EGLImageKHR> import(const DmabufPicture& picture) const;
  void forget_oldest();
  void forget(Entry& entry);

  const Display& display_;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::uint64_t uses_ = 0;
};

// A texture of ours that CUDA reads. Registered once: that costs more than a frame has.
class RegisteredTexture {
 public:
  // `texture` has storage of 4 bytes a pixel. `cuda.register`.
  static Result<std::unique_ptr<RegisteredTexture>> create(std::shared_ptr<cuda::Context> context,
                                                           Texture texture);
  ~RegisteredTexture();
  RegisteredTexture(const RegisteredTexture&) = delete;
  RegisteredTexture& operator=(const RegisteredTexture&) = delete;

  GLuint name() const { return texture_.name(); }
  // Queues the copy of all that OpenGL was told before; `out` has the texture's size. `cuda.map`,
  // `cuda.copy`.
  Status copy_to(const cuda::PackedView& out);

 private:
  RegisteredTexture(std::shared_ptr<cuda::Context> context, Texture texture)
      : context_{std::move(context)}, texture_{std::move(texture)} {}

  const std::shared_ptr<cuda::Context> context_;
  Texture texture_;
  CUgraphicsResource resource_ = nullptr;
};

// A buffer in memory that another API took. The display outlives it, and is current.
class MemoryBuffer {
 public:
  // `fd` is of all its `memory_bytes`, as Vulkan exports them (OPAQUE_FD, dedicated). `egl.memory`.
  static Result<std::unique_ptr<MemoryBuffer>> create(const Display& display, UniqueFd fd,
                                                      std::uint64_t memory_bytes, std::size_t bytes);
  ~MemoryBuffer();
  MemoryBuffer(const MemoryBuffer&) = delete;
  MemoryBuffer& operator=(const MemoryBuffer&) = delete;

  GLuint name() const { return name_; }

 private:
  explicit MemoryBuffer(const Display& display) : display_{display} {}
  const Display& display_;
  GLuint memory_ = 0, name_ = 0;
};

}  // namespace lumen::gpu::egl
