// tests/vm: a desktop's dmabufs by way of EGL and OpenGL, as for an encoder, and back to the processor: the
// picture, for whoever knows what it must show, and its NV12, compared with what the processor makes of it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "gpu/egl/pass.hpp"
#include "gpu/egl/texture.hpp"
#include "interface/dmabuf_importer.hpp"

namespace lumen::vm {

// Owner: the thread that created it.
class ReadBackImporter final : public DmabufImporter {
 public:
  // On the GPU of this machine that Mesa drives in software, with LIBGL_ALWAYS_SOFTWARE=1. Fails as Display
  // does.
  static Result<std::unique_ptr<ReadBackImporter>> create();
  ~ReadBackImporter() override;
  ReadBackImporter(const ReadBackImporter&) = delete;
  ReadBackImporter& operator=(const ReadBackImporter&) = delete;

  std::vector<std::uint64_t> modifiers() const override;
  // Pixels, without the pointer.
  Result<Imported> import(const DmabufPicture& picture, const PointerPicture& pointer) override;

  const gpu::egl::Display& display() const { return *display_; }
  std::size_t pictures() const { return pictures_; }
  // Bytes of NV12, pointer and all, that the processor makes otherwise.
  std::size_t wrong_bytes() const { return wrong_bytes_; }
  // From then on every import fails.
  void fail_after(std::size_t pictures) { fail_after_ = pictures; }

 private:
  ReadBackImporter() = default;
  Status open();
  Status read_pixels(GLuint source, std::uint32_t width, std::uint32_t height);
  Status compare_nv12(GLuint source, const DmabufPicture& picture, const PointerPicture& pointer);

  std::unique_ptr<gpu::egl::Display> display_;
  std::unique_ptr<gpu::egl::DmabufTextures> textures_;
  std::unique_ptr<gpu::egl::Pass> to_bgrx_, to_nv12_;
  std::unique_ptr<gpu::egl::PointerTexture> pointer_;
  std::vector<std::byte> pixels_;
  std::size_t pictures_ = 0, wrong_bytes_ = 0;
  std::optional<std::size_t> fail_after_;
};

}  // namespace lumen::vm
