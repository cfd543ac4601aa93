// lumen-test-scene: pixel memory shared with the compositor.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.hpp"
#include "handles.hpp"
#include "scene.hpp"

namespace lumen::scene {

// One wl_buffer in a pool of its own. Does not move: the compositor's events point at it.
class ShmBuffer {
 public:
  static Result<std::unique_ptr<ShmBuffer>> create(wl_shm* shm, std::uint32_t width, std::uint32_t height);
  ShmBuffer(const ShmBuffer&) = delete;
  ShmBuffer& operator=(const ShmBuffer&) = delete;
  ~ShmBuffer();

  Canvas canvas() const { return {.pixels = pixels_, .stride = width_}; }
  bool has_size(std::uint32_t width, std::uint32_t height) const {
    return width == width_ && height == height_;
  }
  bool busy() const { return busy_; }  // the compositor reads it
  wl_buffer* lend() {
    busy_ = true;
    return buffer_.get();
  }

 private:
  ShmBuffer(std::uint32_t width, std::uint32_t height) : width_{width}, height_{height} {}
  std::size_t size_bytes() const { return std::size_t{width_} * height_ * sizeof(Pixel); }
  Status map(wl_shm* shm);
  static void on_release(void* self, wl_buffer* buffer);

  std::uint32_t width_, height_;
  Pixel* pixels_ = nullptr;
  bool busy_ = false;
  Handle<wl_buffer> buffer_;
};

// At most kMaxBuffers of the current size; those of an older size live until the compositor returns them.
class ShmBuffers {
 public:
  static constexpr std::size_t kMaxBuffers = 4;

  // Null when the compositor holds all of them. Allocates only until enough exist.
  Result<ShmBuffer*> acquire(wl_shm* shm, std::uint32_t width, std::uint32_t height);

 private:
  std::vector<std::unique_ptr<ShmBuffer>> buffers_;
};

}  // namespace lumen::scene
