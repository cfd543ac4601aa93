// lumen/gpu/cuda: the kernels of kernels.cu.cpp: packed pixels to B, G, R, 255, and those to NV12.
#pragma once

#include <cstdint>
#include <memory>

#include "gpu/cuda/buffer_pool.hpp"
#include "gpu/cuda/packed_buffer.hpp"
#include "media/packed_pixels.hpp"

namespace lumen::gpu::cuda {

// All work is queued on the context's stream; nothing waits. Thread-safe: no.
class Converter {
 public:
  // Has the driver compile the kernels, some 10 ms: once per session. `cuda.kernels`.
  static Result<std::unique_ptr<Converter>> create(std::shared_ptr<Context> context);
  ~Converter();
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  // The same bytes as codec/convert makes; `out` has the size of `bgrx`, and gets the colours. `cuda.launch`;
  // `cuda.pitch` where rows begin where no kernel reads.
  Status to_nv12(const PackedView& bgrx, PooledPicture& out, ColorSpace color);
  // `out` has the size of `from`.
  Status to_bgrx(const PackedView& from, const PackedLayout& layout, const PackedView& out);

 private:
  explicit Converter(std::shared_ptr<Context> context) : context_{std::move(context)} {}
  Status load();
  Status launch(CUfunction kernel, std::uint32_t columns, std::uint32_t rows, void** arguments);

  const std::shared_ptr<Context> context_;
  CUmodule module_ = nullptr;
  CUfunction to_nv12_ = nullptr, to_bgrx_ = nullptr;
};

}  // namespace lumen::gpu::cuda
