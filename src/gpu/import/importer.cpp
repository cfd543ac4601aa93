#include "gpu/import/importer.hpp"

#include <algorithm>
#include <utility>

namespace lumen::gpu {
namespace {

using egl::kLinear;
constexpr std::uint32_t kXrgb = fourcc('X', 'R', '2', '4');

}  // namespace

Result<Apis> load_apis() {
  Apis apis;
  LUMEN_TRY(apis.cuda, cuda::load_driver());
  LUMEN_TRY(apis.vulkan, vulkan::load_loader());
  if (auto egl = egl::load_api()) apis.egl = *egl;
  return apis;
}

Result<std::unique_ptr<Importer>> Importer::create(const Apis& apis, std::shared_ptr<cuda::Context> cuda) {
  std::unique_ptr<Importer> importer{new Importer{std::move(cuda)}};
  LUMEN_CHECK_OK(importer->open(apis));
  return importer;
}

Status Importer::open(const Apis& apis) {
  LUMEN_TRY(device_, vulkan::Device::create(apis.vulkan, cuda_->uuid()));
  LUMEN_TRY(bridge_, vulkan::LinearBridge::create(*device_));
  if (auto opened = open_egl(apis); !opened) egl_refusal_ = std::move(opened).error();
  if (device_->imports_dmabufs()) {
    std::erase(modifiers_, kLinear);  // as Vulkan reads it
    modifiers_.push_back(kLinear);
  }
  if (!modifiers_.empty()) return {};
  return fail(ErrorCode::unsupported, "import.nothing", cuda_->name() + " takes no desktop's pictures",
              "Install all of the GPU's driver: its Vulkan and EGL parts too");
}

Status Importer::open_egl(const Apis& apis) {
  if (!apis.egl) return fail(ErrorCode::unsupported, "egl.absent", "there is no EGL here", "Install libegl1");
  LUMEN_TRY(display_, egl::Display::create(*apis.egl, {.uuid = cuda_->uuid(), .cuda_ordinal = 0}));
  if (!display_->imports_memory())
    return fail(ErrorCode::unsupported, "egl.memory", "this OpenGL shares no memory with Vulkan",
                "Install the GPU's own driver");
  LUMEN_TRY(pass_, egl::Pass::create(*display_, egl::PassKind::nv12));
  LUMEN_TRY(pointer_, egl::PointerTexture::create(*display_));
  textures_ = std::make_unique<egl::DmabufTextures>(*display_);
  modifiers_ = display_->importable(kXrgb);
  return {};
}

// The pool's pictures may be lent yet: they keep their memory, and the device is the last to go.
Importer::~Importer() {
  if (bridge_) bridge_->forget_results();
  buffers_.clear();
}

Result<DmabufImporter::Imported> Importer::import(const DmabufPicture& picture,
                                                  const PointerPicture& pointer) {
  if (off_) return tl::unexpected<Error>{*off_};
  auto imported = try_import(picture, pointer);
  if (!imported) off_ = imported.error();
  return imported;
}

Result<DmabufImporter::Imported> Importer::try_import(const DmabufPicture& picture,
                                                      const PointerPicture& pointer) {
  LUMEN_CHECK_OK(fit_pool(picture.width, picture.height));
  auto out = pool_->try_acquire();
  if (out == nullptr) return Imported{};  // the encoder is behind
  if (picture.modifier == kLinear) {
    LUMEN_CHECK_OK(bridge_->copy(picture, *pool_, *out, color_, pointer));
  } else {
    LUMEN_CHECK_OK(import_tiled(picture, *out, pointer));
  }
  Imported imported;
  imported.device = std::move(out);
  return imported;
}

Status Importer::fit_pool(std::uint32_t width, std::uint32_t height) {
  if (pool_ && pool_->width() == width && pool_->height() == height) return {};
  bridge_->forget_results();
  buffers_.clear();
  pool_.reset();
  LUMEN_TRY(pool_, vulkan::SharedPool::create(*device_, cuda_, {width, height, kPictures}));
  if (!pass_) return {};
  for (std::size_t slot = 0; slot < pool_->count(); ++slot) {
    const auto& buffer = pool_->buffer(slot);
    LUMEN_TRY(auto fd, buffer.export_fd());
    LUMEN_TRY(auto for_gl,
              egl::MemoryBuffer::create(*display_, std::move(fd), buffer.memory_bytes(), buffer.bytes()));
    buffers_.push_back(std::move(for_gl));
  }
  return {};
}

Status Importer::import_tiled(const DmabufPicture& picture, cuda::PooledPicture& out,
                              const PointerPicture& pointer) {
  if (!pass_) return fail(ErrorCode::unsupported, "egl.import", "tiled dmabufs need OpenGL");
  LUMEN_TRY(const auto source, textures_->texture_of(picture));
  const egl::Pass::Nv12 target{buffers_[out.slot()]->name(), out.pitch_bytes(), out.chroma_offset_bytes(),
                               color_};
  out.set_color(color_);
  LUMEN_CHECK_OK(pointer_->set(pointer));
  LUMEN_CHECK_OK(pass_->run_to_nv12(source, target, picture.width, picture.height, pointer_.get()));
  return pass_->wait();
}

}  // namespace lumen::gpu
