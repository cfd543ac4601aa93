// lumen/media: a picture in a GPU's memory. Says nothing of whose GPU: the encoder that it was made for
// knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/result.hpp"

namespace lumen {

// B, G, R, ignored in memory order, top row first, whatever the desktop drew. Lent by the pool of who made
// it. Thread-safe: no, but it may be handed from one thread to another and given back on any.
class DevicePicture {
 public:
  DevicePicture(const DevicePicture&) = delete;
  DevicePicture& operator=(const DevicePicture&) = delete;

  virtual std::uint32_t width() const = 0;   // visible pixels
  virtual std::uint32_t height() const = 0;  // visible pixels
  // Copies it into CPU memory: for when an encoder of the GPU failed, as it blocks until the GPU is done.
  // `stride_bytes` is at least four times the width. Fails as the GPU does.
  virtual Status download(std::byte* pixels, std::size_t stride_bytes) = 0;

 protected:
  DevicePicture() = default;
  virtual ~DevicePicture() = default;

 private:
  friend struct GiveBack;
  virtual void give_back() noexcept = 0;
};

struct GiveBack {
  void operator()(DevicePicture* picture) const noexcept { picture->give_back(); }
};
// Its pool lives at least as long.
using DeviceLease = std::unique_ptr<DevicePicture, GiveBack>;

}  // namespace lumen
