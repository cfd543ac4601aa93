// lumen/gpu/import: a desktop's dmabufs to NV12 in CUDA's memory, on NVIDIA's GPUs: tiled ones by OpenGL,
// linear ones by Vulkan.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "gpu/cuda/context.hpp"
#include "gpu/egl/display.hpp"
#include "gpu/egl/pass.hpp"
#include "gpu/egl/texture.hpp"
#include "gpu/vulkan/bridge.hpp"
#include "gpu/vulkan/shared_pool.hpp"
#include "interface/dmabuf_importer.hpp"

namespace lumen::gpu {

// What it calls. A value, so that a test can put its own there.
struct Apis {
  cuda::Driver cuda;
  std::optional<egl::Api> egl;  // none: linear dmabufs only
  PFN_vkGetInstanceProcAddr vulkan = nullptr;
};
// The machine's. Fails as cuda::load_driver() and vulkan::load_loader() do.
Result<Apis> load_apis();

// Owner: the thread that created it, as OpenGL's context is there. Whatever fails, fails every picture after
// it: a GPU that is half gone is not asked again.
class Importer final : public DmabufImporter {
 public:
  // `cuda.…`, `vulkan.…`; `import.nothing` where the GPU takes dmabufs of no kind.
  static Result<std::unique_ptr<Importer>> create(const Apis& apis, std::shared_ptr<cuda::Context> cuda);
  ~Importer() override;
  Importer(const Importer&) = delete;
  Importer& operator=(const Importer&) = delete;

  std::vector<std::uint64_t> modifiers() const override { return modifiers_; }
  Result<Imported> import(const DmabufPicture& picture, const PointerPicture& pointer) override;

  // Of the pictures to come.
  void set_color(ColorSpace color) { color_ = color; }
  // Nobody takes its pictures any more: the next import fails with this.
  void switch_off(Error why) { off_ = std::move(why); }
  // Why OpenGL is not used; none: it is.
  const std::optional<Error>& egl_refusal() const { return egl_refusal_; }

  static constexpr std::size_t kPictures = 5;  // being filled, waiting, being encoded, kept, and one to spare

 private:
  explicit Importer(std::shared_ptr<cuda::Context> cuda) : cuda_{std::move(cuda)} {}
  Status open(const Apis& apis);
  Status open_egl(const Apis& apis);
  Result<Imported> try_import(const DmabufPicture& picture, const PointerPicture& pointer);
  Status fit_pool(std::uint32_t width, std::uint32_t height);
  Status import_tiled(const DmabufPicture& picture, cuda::PooledPicture& out, const PointerPicture& pointer);

  const std::shared_ptr<cuda::Context> cuda_;
  std::unique_ptr<egl::Display> display_;
  std::unique_ptr<egl::Pass> pass_;
  std::unique_ptr<egl::PointerTexture> pointer_;
  std::unique_ptr<egl::DmabufTextures> textures_;
  std::unique_ptr<vulkan::Device> device_;
  std::unique_ptr<vulkan::LinearBridge> bridge_;
  std::unique_ptr<vulkan::SharedPool> pool_;
  std::vector<std::unique_ptr<egl::MemoryBuffer>> buffers_;  // of the pool's pictures, for OpenGL
  std::vector<std::uint64_t> modifiers_;
  ColorSpace color_;
  std::optional<Error> off_, egl_refusal_;
};

}  // namespace lumen::gpu
