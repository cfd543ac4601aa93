// lumen/media: a picture in a GPU's memory, as an encoder of that GPU takes it. Says nothing of whose GPU:
// the encoder that it was made for knows.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "media/picture.hpp"

namespace lumen {

// NV12. Lent by the pool of who made it. Thread-safe: no, but it may be handed from one thread to another and
// given back on any. Who gives it back has read it: nothing on the GPU still will.
class DevicePicture {
 public:
  DevicePicture(const DevicePicture&) = delete;
  DevicePicture& operator=(const DevicePicture&) = delete;

  virtual std::uint32_t width() const = 0;   // visible pixels
  virtual std::uint32_t height() const = 0;  // visible pixels
  virtual ColorSpace color() const = 0;
  // Names what it is a picture of: who knows the name knows the class.
  virtual const void* device() const = 0;
  // Copies it into CPU memory: for when an encoder of the GPU failed, as it blocks until the GPU is done.
  // `out` is NV12 of this size, else `device.size`. Fails as the GPU does.
  virtual Status download(const Picture& out) = 0;

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
