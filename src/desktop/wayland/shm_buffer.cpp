#include "desktop/wayland/shm_buffer.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "base/fd.hpp"

namespace lumen::wayland {
namespace {

constexpr std::uint32_t kMaxSide = 16'384, kPixelBytes = 4, kMaxStrideRows = 4;

bool is_sane(const ShmFormat& format) {
  if (format.width == 0 || format.height == 0 || format.width > kMaxSide || format.height > kMaxSide) {
    return false;
  }
  const std::uint32_t row = format.width * kPixelBytes;
  return format.stride_bytes >= row && format.stride_bytes <= row * kMaxStrideRows &&
         format.stride_bytes % kPixelBytes == 0 &&
         std::size_t{format.stride_bytes} * format.height <= std::size_t{INT32_MAX};
}

tl::unexpected<Error> no_memory() {
  return fail(ErrorCode::resource_exhausted, "wayland.shm", "there is no memory for a picture",
              "Free memory or file descriptors", errno);
}

}  // namespace

void UnmapPicture::operator()(std::byte* memory) const noexcept { ::munmap(memory, size_bytes); }

Result<ShmBuffer> ShmBuffer::create(wl_shm* shm, const ShmFormat& format) {
  if (!is_sane(format)) {
    return fail(ErrorCode::malformed, "wayland.shm-format",
                fmt::format("a picture of {}x{} pixels with {} bytes a row is refused", format.width,
                            format.height, format.stride_bytes),
                "The compositor asks for nonsense; report it there");
  }
  const std::size_t size = std::size_t{format.stride_bytes} * format.height;
  const UniqueFd fd{::memfd_create("lumen-picture", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(size)) != 0 ||
      ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return no_memory();
  }
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return no_memory();
  ShmBuffer made;
  made.format_ = format;
  made.memory_ = {static_cast<std::byte*>(memory), UnmapPicture{size}};
  const auto pool =
      own(wl_shm_create_pool(shm, fd.get(), static_cast<std::int32_t>(size)), wl_shm_pool_destroy);
  if (!pool) return no_memory();
  made.buffer_ = own(wl_shm_pool_create_buffer(pool.get(), 0, static_cast<std::int32_t>(format.width),
                                               static_cast<std::int32_t>(format.height),
                                               static_cast<std::int32_t>(format.stride_bytes), format.format),
                     wl_buffer_destroy);
  if (!made.buffer_) return no_memory();
  return made;
}

}  // namespace lumen::wayland
