// lumen/media: pictures in CPU memory, and the pool that lends them. Values only; no platform headers.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace lumen {

enum class PixelFormat : std::uint8_t { nv12, i420 };
enum class ColorMatrix : std::uint8_t { bt601, bt709 };
enum class ColorRange : std::uint8_t { limited, full };

// Says how Y'CbCr relates to R'G'B'; the bitstream carries the same as VUI tags.
struct ColorSpace {
  ColorMatrix matrix = ColorMatrix::bt709;
  ColorRange range = ColorRange::limited;
  bool operator==(const ColorSpace&) const = default;
};

struct Rect {
  std::int32_t x = 0, y = 0, width = 0, height = 0;  // pixels
  bool operator==(const Rect&) const = default;
};

struct Plane {
  std::byte* pixels = nullptr;
  std::size_t stride_bytes = 0;
};

struct ConstPlane {
  const std::byte* pixels = nullptr;
  std::size_t stride_bytes = 0;
};

// A 4:2:0 picture. `width`/`height` are what is visible; the planes hold coded_width() by coded_height(),
// both even, the added column and row repeating their neighbour (H.264 4:2:0 cannot crop odd sizes).
// nv12: planes[0] Y, planes[1] interleaved Cb Cr. i420: planes[0] Y, [1] Cb, [2] Cr.
struct Picture {
  PixelFormat format = PixelFormat::nv12;
  ColorSpace color{};
  std::uint32_t width = 0, height = 0;
  std::array<Plane, 3> planes{};

  std::uint32_t coded_width() const { return (width + 1U) & ~1U; }
  std::uint32_t coded_height() const { return (height + 1U) & ~1U; }
};

// The same, read only, as a decoder lends it: the memory is valid during the call that receives it.
struct PictureView {
  PixelFormat format = PixelFormat::i420;
  ColorSpace color{};
  std::uint32_t width = 0, height = 0;  // visible
  std::array<ConstPlane, 3> planes{};
};

// A fixed set of equal pictures. try_acquire() from one thread, leases may die on any. No allocation
// after create(). The pool lives until its last lease is gone.
class PicturePool : public std::enable_shared_from_this<PicturePool> {
 public:
  class Lease {
   public:
    Lease(Lease&& other) noexcept : pool_{std::move(other.pool_)}, slot_{other.slot_} {}
    Lease& operator=(Lease&& other) noexcept;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { release(); }
    const Picture& picture() const { return pool_->pictures_[slot_]; }
    // Which of the pool's pictures this is, 0…count-1; stable, for per-picture bookkeeping.
    std::size_t slot() const { return slot_; }

   private:
    friend class PicturePool;
    Lease(std::shared_ptr<PicturePool> pool, std::size_t slot) : pool_{std::move(pool)}, slot_{slot} {}
    void release() noexcept;
    std::shared_ptr<PicturePool> pool_;
    std::size_t slot_;
  };

  struct Params {
    PixelFormat format = PixelFormat::nv12;
    ColorSpace color{};
    std::uint32_t width = 0, height = 0;
    std::size_t count = 4;
  };
  static Result<std::shared_ptr<PicturePool>> create(const Params& params);
  PicturePool(const PicturePool&) = delete;
  PicturePool& operator=(const PicturePool&) = delete;
  ~PicturePool() = default;

  std::optional<Lease> try_acquire();  // nullopt when all are lent
  std::size_t count() const { return pictures_.size(); }
  // What every picture of the pool looks like; its planes belong to picture 0 and are not to be touched.
  const Picture& picture_size() const { return pictures_.front(); }

 private:
  explicit PicturePool(const Params& params);
  std::vector<std::byte> memory_;
  std::vector<Picture> pictures_;
  std::vector<std::atomic<bool>> lent_;  // release on return pairs with acquire in try_acquire()
};

using PictureLease = PicturePool::Lease;

}  // namespace lumen
