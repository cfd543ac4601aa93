#include "desktop/wayland/shm_buffer.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "base/fd.hpp"

namespace lumen::wayland {
namespace {

constexpr std::uint32_t kMaxSide = 16'384, kMaxStrideRows = 4;
constexpr std::uint32_t kRgb = 0x34324752, kBgr = 0x34324742;  // DRM_FORMAT_RGB888, DRM_FORMAT_BGR888

bool is_sane(const ShmFormat& format) {
  if (format.width == 0 || format.height == 0 || format.width > kMaxSide || format.height > kMaxSide) {
    return false;
  }
  const bool is_packed = format.format == kRgb || format.format == kBgr;
  const std::uint32_t row = format.width * (is_packed ? 3 : 4);
  return format.stride_bytes >= row && format.stride_bytes <= row * kMaxStrideRows &&
         (is_packed || format.stride_bytes % 4 == 0) &&
         std::size_t{format.stride_bytes} * format.height <= std::size_t{INT32_MAX};
}

tl::unexpected<Error> no_memory() {
  return fail(ErrorCode::resource_exhausted, "wayland.shm", "there is no memory for a picture",
              "Free memory or file descriptors", errno);
}

}  // namespace

std::uint32_t drm_fourcc_of(std::uint32_t shm_format) {
  switch (shm_format) {
    case WL_SHM_FORMAT_ARGB8888:
      return 0x34325241;
    case WL_SHM_FORMAT_XRGB8888:
      return 0x34325258;
    default:
      return shm_format;
  }
}

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
