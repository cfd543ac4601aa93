// lumen/gpu/cuda: packed pixels in the GPU's memory.
#pragma once

#include <memory>
#include <utility>

#include "gpu/cuda/context.hpp"

namespace lumen::gpu::cuda {

struct PackedView {
  CUdeviceptr address = 0;
  std::size_t pitch_bytes = 0;  // of 4-byte pixels a multiple of 4, of B, G, R, 255 a multiple of 16
  std::uint32_t width = 0, height = 0;
};

// Room for one picture of 4-byte pixels. What is queued on the context's stream reads and writes it in order.
class PackedBuffer {
 public:
  // `cuda.memory`.
  static Result<std::unique_ptr<PackedBuffer>> create(std::shared_ptr<Context> context, std::uint32_t width,
                                                      std::uint32_t height);
  ~PackedBuffer();
  PackedBuffer(const PackedBuffer&) = delete;
  PackedBuffer& operator=(const PackedBuffer&) = delete;

  const PackedView& view() const { return view_; }

 private:
  explicit PackedBuffer(std::shared_ptr<Context> context) : context_{std::move(context)} {}
  const std::shared_ptr<Context> context_;
  PackedView view_;
};

// Queues a copy of 4-byte pixels; both have one size. `cuda.copy`.
Status copy(const Context& context, const PackedView& from, const PackedView& to);
// To and from CPU memory, rows one after the other; waits until it is done. `cuda.copy`, `cuda.lost`.
Status upload(const Context& context, const void* pixels, const PackedView& to);
Status download(const Context& context, const PackedView& from, void* pixels);

}  // namespace lumen::gpu::cuda
