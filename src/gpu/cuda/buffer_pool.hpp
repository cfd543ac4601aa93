// lumen/gpu/cuda: a fixed set of equal pictures in a GPU's memory, lent to whoever encodes them.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <span>
#include <utility>

#include "gpu/cuda/context.hpp"
#include "media/device_picture.hpp"

namespace lumen::gpu::cuda {

class BufferPool;

// NV12, as NVENC wants it: luma at `address`, rows `pitch_bytes` apart, chroma right behind the coded height.
class PooledPicture final : public DevicePicture {
 public:
  PooledPicture(BufferPool& pool, std::size_t slot, CUdeviceptr address, std::size_t pitch_bytes)
      : pool_{pool}, slot_{slot}, address_{address}, pitch_bytes_{pitch_bytes} {}

  std::uint32_t width() const override;
  std::uint32_t height() const override;
  ColorSpace color() const override { return color_; }
  const void* device() const override { return &context(); }
  Status download(const Picture& out) override;

  void set_color(ColorSpace color) { color_ = color; }  // by who fills it
  const Context& context() const;
  std::size_t slot() const { return slot_; }  // of the pool, 0…count-1
  CUdeviceptr address() const { return address_; }
  CUdeviceptr chroma_address() const { return address_ + chroma_offset_bytes(); }
  std::size_t chroma_offset_bytes() const { return pitch_bytes_ * ((height() + 1U) & ~1U); }
  std::size_t pitch_bytes() const { return pitch_bytes_; }

 private:
  friend class BufferPool;
  void give_back() noexcept override;
  Status download_plane(CUdeviceptr from, const Plane& to, std::size_t width_bytes, std::size_t rows) const;

  BufferPool& pool_;
  std::shared_ptr<BufferPool> keeps_pool_;  // while lent
  const std::size_t slot_;
  const CUdeviceptr address_;
  const std::size_t pitch_bytes_;
  ColorSpace color_;
  std::atomic<bool> lent_{false};  // release on return pairs with acquire in try_acquire()
};

// Turns into a DeviceLease.
using PooledLease = std::unique_ptr<PooledPicture, GiveBack>;

// try_acquire() from one thread, leases may die on any. No allocation after create(). The pool lives until
// its last lease is gone.
class BufferPool : public std::enable_shared_from_this<BufferPool> {
 public:
  struct Params {
    std::uint32_t width = 0, height = 0;  // pixels
    std::size_t count = 4;
  };
  // `cuda.size`, `cuda.memory`.
  static Result<std::shared_ptr<BufferPool>> create(std::shared_ptr<Context> context, const Params& params);
  // Of memory that somebody else took: `owner` keeps it. `cuda.size`.
  struct Memory {
    CUdeviceptr address = 0;      // a multiple of 16
    std::size_t pitch_bytes = 0;  // a multiple of 16
  };
  static Result<std::shared_ptr<BufferPool>> adopt(std::shared_ptr<Context> context, const Params& params,
                                                   std::span<const Memory> memory,
                                                   std::shared_ptr<void> owner);
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  PooledLease try_acquire();  // nullptr when all are lent
  std::uint32_t width() const { return width_; }
  std::uint32_t height() const { return height_; }
  const Context& context() const { return *context_; }

 private:
  BufferPool(std::shared_ptr<Context> context, const Params& params)
      : context_{std::move(context)}, width_{params.width}, height_{params.height} {}

  const std::shared_ptr<Context> context_;
  const std::uint32_t width_, height_;
  std::shared_ptr<void> owner_;         // of the memory; none: this
  std::deque<PooledPicture> pictures_;  // a deque never moves them
};

// Of a picture's memory.
constexpr std::size_t rows_of_nv12(std::uint32_t height) { return (std::size_t{height} + 1) / 2 * 3; }

}  // namespace lumen::gpu::cuda
