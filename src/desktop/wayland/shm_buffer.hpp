// Memory that a compositor draws or copies into, and the buffer on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "desktop/wayland/proxy.hpp"

namespace lumen::wayland {

struct ShmFormat {
  std::uint32_t width = 0, height = 0;  // pixels
  std::uint32_t stride_bytes = 0;
  std::uint32_t format = 0;  // wl_shm.format
  bool operator==(const ShmFormat&) const = default;
};

// The same as a format of DRM's.
std::uint32_t drm_fourcc_of(std::uint32_t shm_format);

struct UnmapPicture {
  std::size_t size_bytes = 0;
  void operator()(std::byte* memory) const noexcept;
};

// Owner: the connection's thread. Destroyed before its connection.
class ShmBuffer {
 public:
  // Sides of 1 to 16384 pixels and 4 bytes a pixel: anything else, or a stride shorter than a row or longer
  // than four, is `wayland.shm-format`. Without memory `wayland.shm`. The memory cannot be made smaller by
  // the compositor, so that reading it is safe.
  static Result<ShmBuffer> create(wl_shm* shm, const ShmFormat& format);
  ShmBuffer(ShmBuffer&&) = default;
  ShmBuffer& operator=(ShmBuffer&&) = default;
  ~ShmBuffer() = default;

  wl_buffer* buffer() const { return buffer_.get(); }
  const ShmFormat& format() const { return format_; }
  std::span<std::byte> bytes() const { return {memory_.get(), memory_.get_deleter().size_bytes}; }

 private:
  ShmBuffer() = default;

  ShmFormat format_;
  std::unique_ptr<std::byte, UnmapPicture> memory_;
  Proxy<wl_buffer> buffer_;
};

}  // namespace lumen::wayland
