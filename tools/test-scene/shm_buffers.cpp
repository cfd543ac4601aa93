#include "shm_buffers.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"

namespace lumen::scene {
namespace {

auto no_memory() {
  return fail(ErrorCode::resource_exhausted, "scene.memory", "Cannot create a shared picture",
              "Free some memory or use a smaller display", errno);
}

}  // namespace

Result<std::unique_ptr<ShmBuffer>> ShmBuffer::create(wl_shm* shm, std::uint32_t width, std::uint32_t height) {
  std::unique_ptr<ShmBuffer> buffer{new ShmBuffer{width, height}};
  LUMEN_CHECK_OK(buffer->map(shm));
  return buffer;
}

ShmBuffer::~ShmBuffer() {
  buffer_.reset();
  if (pixels_ != nullptr) munmap(pixels_, size_bytes());
}

Status ShmBuffer::map(wl_shm* shm) {
  static constexpr wl_buffer_listener kListener{.release = on_release};
  const UniqueFd memory{memfd_create("lumen-test-scene", MFD_CLOEXEC)};
  if (!memory || ftruncate(memory.get(), static_cast<off_t>(size_bytes())) != 0) return no_memory();
  void* mapped = mmap(nullptr, size_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (mapped == MAP_FAILED) return no_memory();
  pixels_ = static_cast<Pixel*>(mapped);
  const auto width = static_cast<std::int32_t>(width_), height = static_cast<std::int32_t>(height_);
  const Handle<wl_shm_pool> pool{
      wl_shm_create_pool(shm, memory.get(), static_cast<std::int32_t>(size_bytes()))};
  buffer_.reset(wl_shm_pool_create_buffer(pool.get(), 0, width, height, width * 4, WL_SHM_FORMAT_XRGB8888));
  wl_buffer_add_listener(buffer_.get(), &kListener, this);
  return {};
}

void ShmBuffer::on_release(void* self, wl_buffer* /*buffer*/) {
  static_cast<ShmBuffer*>(self)->busy_ = false;
}

Result<ShmBuffer*> ShmBuffers::acquire(wl_shm* shm, std::uint32_t width, std::uint32_t height) {
  std::erase_if(buffers_, [&](const auto& it) { return !it->busy() && !it->has_size(width, height); });
  std::size_t current = 0;
  for (const auto& buffer : buffers_) {
    if (!buffer->has_size(width, height)) continue;
    if (!buffer->busy()) return buffer.get();
    ++current;
  }
  if (current == kMaxBuffers) return nullptr;
  LUMEN_TRY(auto created, ShmBuffer::create(shm, width, height));
  return buffers_.emplace_back(std::move(created)).get();
}

}  // namespace lumen::scene
