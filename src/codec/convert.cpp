#include "codec/convert.hpp"

#include <array>

#include "codec/convert_kernel.hpp"

namespace lumen::codec {
namespace {

// Indexed by matrix, then range.
constexpr std::array<std::array<ConvertCoefficients, 2>, 2> kCoefficients{{
    {convert_coefficients({ColorMatrix::bt601, ColorRange::limited}),
     convert_coefficients({ColorMatrix::bt601, ColorRange::full})},
    {convert_coefficients({ColorMatrix::bt709, ColorRange::limited}),
     convert_coefficients({ColorMatrix::bt709, ColorRange::full})},
}};

const ConvertCoefficients& coefficients_for(ColorSpace color) {
  return kCoefficients[static_cast<std::size_t>(color.matrix)][static_cast<std::size_t>(color.range)];
}

RowPairKernel rows_function(ConvertKernel kernel) {
  switch (kernel) {
    case ConvertKernel::avx512:
      return convert_rows_avx512;
    case ConvertKernel::avx2:
      return convert_rows_avx2;
    case ConvertKernel::scalar:
      break;
  }
  return convert_rows_scalar;
}

Status check(const BorrowedFrame& frame, const Picture& out) {
  if (frame.width == 0 || frame.height == 0 || frame.width != out.width || frame.height != out.height) {
    return fail(ErrorCode::invalid_argument, "convert.size", "frame and picture differ in size");
  }
  if (frame.pixels == nullptr || frame.stride_bytes < std::size_t{frame.width} * 4) {
    return fail(ErrorCode::invalid_argument, "convert.stride", "frame rows are shorter than its width");
  }
  const bool planar = out.format == PixelFormat::i420;
  const std::size_t chroma_width = planar ? out.coded_width() / 2 : out.coded_width();
  if (out.planes[0].stride_bytes < out.coded_width() || out.planes[1].stride_bytes < chroma_width ||
      (planar && out.planes[2].stride_bytes < chroma_width)) {
    return fail(ErrorCode::invalid_argument, "convert.stride",
                "picture rows are shorter than its coded width");
  }
  return {};
}

Status check_rows(const BorrowedFrame& frame, std::uint32_t first_row, std::uint32_t end_row) {
  const bool end_ok = end_row == frame.height || (end_row < frame.height && end_row % 2 == 0);
  if (first_row % 2 != 0 || first_row > end_row || !end_ok) {
    return fail(ErrorCode::invalid_argument, "convert.rows", "row range is not even or not in the frame");
  }
  return {};
}

RowPair row_pair(const BorrowedFrame& frame, const Picture& out, std::size_t row) {
  const auto* pixels = reinterpret_cast<const std::uint8_t*>(frame.pixels);
  const std::size_t below = row + 1 < frame.height ? row + 1 : row;  // an odd height repeats its last row
  const auto line = [&out](std::size_t plane, std::size_t y) {
    return reinterpret_cast<std::uint8_t*>(out.planes[plane].pixels) + y * out.planes[plane].stride_bytes;
  };
  return {.top = pixels + row * frame.stride_bytes,
          .bottom = pixels + below * frame.stride_bytes,
          .y_top = line(0, row),
          .y_bottom = line(0, row + 1),
          .cb = line(1, row / 2),
          .cr = out.format == PixelFormat::i420 ? line(2, row / 2) : nullptr,
          .width = frame.width};
}

class RowConverter final : public ColorConverter {
 public:
  explicit RowConverter(RowPairKernel kernel) : kernel_{kernel} {}

  Status convert(const BorrowedFrame& frame, const Picture& out, std::uint32_t first_row,
                 std::uint32_t end_row) override {
    LUMEN_CHECK_OK(check(frame, out));
    LUMEN_CHECK_OK(check_rows(frame, first_row, end_row));
    const ConvertCoefficients& coefficients = coefficients_for(out.color);
    for (std::size_t row = first_row; row < end_row; row += 2) {
      kernel_(row_pair(frame, out, row), coefficients);
    }
    return {};
  }

 private:
  RowPairKernel kernel_;
};

}  // namespace

std::string_view to_string(ConvertKernel kernel) noexcept {
  switch (kernel) {
    case ConvertKernel::scalar:
      return "scalar";
    case ConvertKernel::avx2:
      return "avx2";
    case ConvertKernel::avx512:
      return "avx512";
  }
  return "unknown";
}

bool is_supported(ConvertKernel kernel) noexcept {
#if defined(__x86_64__)
  // The compiler's runtime asks CPUID and, through XGETBV, whether the kernel saves these registers.
  switch (kernel) {
    case ConvertKernel::scalar:
      return true;
    case ConvertKernel::avx2:
      return __builtin_cpu_supports("avx2") != 0;
    case ConvertKernel::avx512:
      return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0;
  }
  return false;
#else
  return kernel == ConvertKernel::scalar;
#endif
}

ConvertKernel best_convert_kernel() noexcept {
  if (is_supported(ConvertKernel::avx512)) return ConvertKernel::avx512;
  return is_supported(ConvertKernel::avx2) ? ConvertKernel::avx2 : ConvertKernel::scalar;
}

std::unique_ptr<ColorConverter> make_converter(ConvertKernel kernel) {
  // An unsupported kernel would end in SIGILL: take the best one instead.
  return std::make_unique<RowConverter>(rows_function(is_supported(kernel) ? kernel : best_convert_kernel()));
}

}  // namespace lumen::codec
