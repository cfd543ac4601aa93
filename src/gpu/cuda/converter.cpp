#include "gpu/cuda/converter.hpp"

#include <array>

#include "media/convert_coefficients.hpp"

namespace lumen::gpu::cuda {
namespace {

constexpr const char* kKernels =
#include "gpu/cuda/kernels.ptx.inc"
    ;
// Of threads. Wide ones read whole lines of memory; to_nv12 has four columns and two rows a thread.
constexpr std::uint32_t kBlockWidth = 32, kBlockHeight = 8;

constexpr std::uint32_t blocks(std::uint32_t threads, std::uint32_t block) {
  return (threads + block - 1) / block;
}

// As kernels.cu.cpp has them.
struct GpuWeights {
  std::int32_t b, g, r;
};
struct GpuCoefficients {
  GpuWeights y, cb, cr;
  std::int32_t y_bias, chroma_bias;
};
static_assert(sizeof(GpuCoefficients) == 44);
static_assert(sizeof(PackedLayout) == 20);

GpuCoefficients gpu_coefficients(ColorSpace color) {
  const auto c = convert_coefficients(color);
  return {{c.y.b, c.y.g, c.y.r}, {c.cb.b, c.cb.g, c.cb.r}, {c.cr.b, c.cr.g, c.cr.r}, c.y_bias, c.chroma_bias};
}

Status bad_pitch() {
  return fail(ErrorCode::invalid_argument, "cuda.pitch", "rows of this picture begin where no kernel reads");
}

}  // namespace

Result<std::unique_ptr<Converter>> Converter::create(std::shared_ptr<Context> context) {
  std::unique_ptr<Converter> converter{new Converter{std::move(context)}};
  LUMEN_CHECK_OK(converter->load());
  return converter;
}

Status Converter::load() {
  LUMEN_TRY(const auto current, Current::push(*context_));
  const auto& driver = context_->driver();
  constexpr std::string_view kWhat = "compiling the kernels";
  LUMEN_CHECK_OK(context_->check(driver.module_load(&module_, kKernels), "cuda.kernels", kWhat));
  LUMEN_CHECK_OK(
      context_->check(driver.module_function(&to_nv12_, module_, "to_nv12"), "cuda.kernels", kWhat));
  return context_->check(driver.module_function(&to_bgrx_, module_, "to_bgrx"), "cuda.kernels", kWhat);
}

Converter::~Converter() {
  if (module_ == nullptr) return;
  const auto current = Current::push(*context_);
  if (current) context_->driver().module_unload(module_);
}

Status Converter::launch(CUfunction kernel, std::uint32_t columns, std::uint32_t rows, void** arguments) {
  LUMEN_TRY(const auto current, Current::push(*context_));
  const auto result =
      context_->driver().launch(kernel, blocks(columns, kBlockWidth), blocks(rows, kBlockHeight), 1,
                                kBlockWidth, kBlockHeight, 1, 0, context_->stream(), arguments, nullptr);
  return context_->check(result, "cuda.launch", "starting a kernel");
}

Status Converter::to_nv12(const PackedView& bgrx, PooledPicture& out, ColorSpace color) {
  if (bgrx.address % 16 != 0 || bgrx.pitch_bytes % 16 != 0) return bad_pitch();
  out.set_color(color);
  auto from = bgrx;
  auto luma = out.address(), chroma = out.chroma_address();
  auto pitch = out.pitch_bytes();
  auto coefficients = gpu_coefficients(color);
  std::array<void*, 9> arguments{&from.address, &from.pitch_bytes, &from.width, &from.height, &luma,
                                 &pitch,        &chroma,           &pitch,      &coefficients};
  return launch(to_nv12_, (bgrx.width + 3) / 4, (bgrx.height + 1) / 2, arguments.data());
}

Status Converter::to_bgrx(const PackedView& from, const PackedLayout& layout, const PackedView& out) {
  if (out.address % 4 != 0 || out.pitch_bytes % 4 != 0 ||
      (layout.bytes == 4 && (from.address % 4 != 0 || from.pitch_bytes % 4 != 0))) {
    return bad_pitch();
  }
  auto source = from;
  auto target = out;
  auto how = layout;
  std::array<void*, 7> arguments{&source.address, &source.pitch_bytes, &source.width, &source.height,
                                 &target.address, &target.pitch_bytes, &how};
  return launch(to_bgrx_, from.width, from.height, arguments.data());
}

}  // namespace lumen::gpu::cuda
