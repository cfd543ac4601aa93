// lumen/interface: reads pictures that desktops draw into a GPU's memory. Depends on base and media only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "media/device_picture.hpp"
#include "media/pointer_picture.hpp"

namespace lumen {

// A picture in a GPU's memory. The fds stay the capture's.
struct DmabufPicture {
  static constexpr std::size_t kMaxPlanes = 4;
  struct Plane {
    int fd = -1;
    std::uint32_t offset_bytes = 0, stride_bytes = 0;
  };
  std::uint32_t width = 0, height = 0;  // pixels
  std::uint32_t fourcc = 0;             // one of media/packed_pixels.hpp
  std::uint64_t modifier = 0;
  std::array<Plane, kMaxPlanes> planes{};
  std::size_t plane_count = 0;
};

// Contract: called on the capture's thread; outlives the capture.
class DmabufImporter {
 public:
  // One of the two: pixels that the CPU reads, or a picture that stays with the GPU, with the pointer in it.
  // Neither: whoever takes them is behind, and this one is left out.
  struct Imported {
    const std::byte* pixels = nullptr;  // B, G, R, ignored; top row first
    std::size_t stride_bytes = 0;
    DeviceLease device;
  };
  virtual ~DmabufImporter() = default;
  // What it can read, best first, LINEAR last. The same for as long as it lives.
  virtual std::vector<std::uint64_t> modifiers() const = 0;
  // `pointer` is to be drawn over a picture that stays with the GPU; over pixels, the caller draws it.
  // Pixels are valid until the next call, the lease is the caller's; the source has its dmabuf back when this
  // returns. Fails: the capture goes on in shared memory and does not ask again.
  virtual Result<Imported> import(const DmabufPicture& picture, const PointerPicture& pointer) = 0;
};

}  // namespace lumen
