// lumen/gpu/egl: OpenGL on a GPU without a window or a display server, and what dmabufs it takes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gpu/cuda/context.hpp"
#include "gpu/egl/api.hpp"

namespace lumen::gpu::egl {

// Which GPU. Nothing set: the first that EGL names, software included.
struct DeviceWish {
  std::optional<Uuid> uuid;         // where EGL tells it
  std::optional<int> cuda_ordinal;  // where it does not, on NVIDIA
  std::string render_node;          // "/dev/dri/renderD128"
  // Whatever Mesa chooses by itself: the one way to software that imports dmabufs, with
  // LIBGL_ALWAYS_SOFTWARE=1 on virtio_gpu and vgem.
  bool surfaceless = false;
};

inline constexpr std::uint64_t kLinear = 0, kInvalid = 0x00FF'FFFF'FFFF'FFFF;  // DRM_FORMAT_MOD_…

struct Modifier {
  std::uint64_t value = 0;
  bool external_only = false;  // readable only as GL_TEXTURE_EXTERNAL_OES, of which OpenGL has none
};

// Owner: the thread that created it, on which its context is current until it is destroyed.
class Display {
 public:
  // `egl.no-device` (none, or none as wished), `egl.display`, `egl.context`.
  static Result<std::unique_ptr<Display>> create(const Api& api, const DeviceWish& wish = {});
  ~Display();
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;

  const Api& api() const { return api_; }
  EGLDisplay handle() const { return display_; }
  const std::string& renderer() const { return renderer_; }  // "NVIDIA H200/PCIe/SSE2"
  bool imports_dmabufs() const { return imports_dmabufs_; }
  // Whether buffers can be made of another API's memory (MemoryBuffer).
  bool imports_memory() const { return imports_memory_; }
  // Of pixels with this DRM format, as EGL orders them; empty where no dmabuf can be imported.
  std::vector<Modifier> modifiers(std::uint32_t fourcc) const;
  // What OpenGL can sample, tiled ones first, LINEAR last. INVALID, which leaves it to the driver, where it
  // takes dmabufs and lists no modifiers.
  std::vector<std::uint64_t> importable(std::uint32_t fourcc) const;
  // Ok, or what OpenGL complains of since the last call. `egl.gl`.
  Status check_gl(std::string_view what) const;

 private:
  explicit Display(const Api& api) : api_{api} {}
  Status open(const DeviceWish& wish);
  Status open_context();

  const Api api_;
  EGLDisplay display_ = EGL_NO_DISPLAY;
  EGLContext context_ = EGL_NO_CONTEXT;
  std::string renderer_;
  bool imports_dmabufs_ = false, lists_modifiers_ = false, imports_memory_ = false;
};

}  // namespace lumen::gpu::egl
