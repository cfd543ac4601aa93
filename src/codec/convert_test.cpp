#include "codec/convert.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace lumen::codec {

void PrintTo(ConvertKernel kernel, std::ostream* out) { *out << to_string(kernel); }

namespace {

constexpr std::byte kUntouched{0xA5};

// A picture whose planes are separate allocations, larger than needed and filled with kUntouched.
class TestPicture {
 public:
  TestPicture(PixelFormat format, ColorSpace color, std::uint32_t width, std::uint32_t height)
      : picture_{format, color, width, height, {}} {
    const std::uint32_t chroma_rows = picture_.coded_height() / 2;
    add(0, picture_.coded_width(), picture_.coded_height());
    if (format == PixelFormat::nv12) {
      add(1, picture_.coded_width(), chroma_rows);
    } else {
      add(1, picture_.coded_width() / 2, chroma_rows);
      add(2, picture_.coded_width() / 2, chroma_rows);
    }
  }

  const Picture& picture() const { return picture_; }
  std::uint8_t luma(std::size_t x, std::size_t y) const { return at(0, x, y); }
  // Of the 2 × 2 block x, y.
  std::uint8_t cb(std::size_t x, std::size_t y) const { return planar() ? at(1, x, y) : at(1, 2 * x, y); }
  std::uint8_t cr(std::size_t x, std::size_t y) const { return planar() ? at(2, x, y) : at(1, 2 * x + 1, y); }
  const std::array<std::vector<std::byte>, 3>& memory() const { return memory_; }

  // True when each byte outside the planes' rows, and of luma rows outside [first, end), still has its value.
  bool is_untouched_outside(std::uint32_t first_row, std::uint32_t end_row) const {
    for (std::size_t plane = 0; plane < memory_.size(); ++plane) {
      const std::uint32_t half = plane == 0 ? 1 : 2;
      for (std::size_t i = 0; i < memory_[plane].size(); ++i) {
        const bool row_written =
            row_of(plane, i) >= first_row / half && row_of(plane, i) < (end_row + half - 1) / half;
        if (memory_[plane][i] != kUntouched && !(row_written && column_of(plane, i) < width_[plane]))
          return false;
      }
    }
    return true;
  }

 private:
  static constexpr std::size_t kMargin = 128;

  bool planar() const { return picture_.format == PixelFormat::i420; }
  std::uint8_t at(std::size_t plane, std::size_t x, std::size_t y) const {
    return std::to_integer<std::uint8_t>(memory_[plane][kMargin + y * stride(plane) + x]);
  }
  std::size_t stride(std::size_t plane) const { return picture_.planes[plane].stride_bytes; }
  std::size_t row_of(std::size_t plane, std::size_t i) const {
    return i < kMargin ? memory_[plane].size() : (i - kMargin) / stride(plane);
  }
  std::size_t column_of(std::size_t plane, std::size_t i) const {
    return i < kMargin ? memory_[plane].size() : (i - kMargin) % stride(plane);
  }
  void add(std::size_t plane, std::uint32_t width, std::uint32_t height) {
    width_[plane] = width;
    const std::size_t stride_bytes = width + 5U;
    memory_[plane].assign(stride_bytes * height + 2 * kMargin, kUntouched);
    picture_.planes[plane] = {memory_[plane].data() + kMargin, stride_bytes};
  }

  Picture picture_;
  std::array<std::vector<std::byte>, 3> memory_;
  std::array<std::size_t, 3> width_{};
};

// BGRx pixels that end exactly where the next page is unreadable, and begin where the previous one is.
class GuardedFrame {
 public:
  GuardedFrame(std::uint32_t width, std::uint32_t height, std::size_t row_gap, std::uint32_t seed)
      : frame_{.width = width, .height = height, .stride_bytes = std::size_t{width} * 4 + row_gap} {
    const std::size_t used = frame_.stride_bytes * (height - 1U) + std::size_t{width} * 4;
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    size_ = (used + page - 1) / page * page + 2 * page;
    memory_ = static_cast<std::byte*>(
        ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    frame_.pixels = memory_ + size_ - page - used;
    std::mt19937 random{seed};
    std::generate(memory_ + page, memory_ + size_ - page,
                  [&random] { return static_cast<std::byte>(random()); });
    ::mprotect(memory_, page, PROT_NONE);
    ::mprotect(memory_ + size_ - page, page, PROT_NONE);
  }
  GuardedFrame(const GuardedFrame&) = delete;
  GuardedFrame& operator=(const GuardedFrame&) = delete;
  ~GuardedFrame() { ::munmap(memory_, size_); }

  const BorrowedFrame& frame() const { return frame_; }
  std::byte* pixel(std::uint32_t x, std::uint32_t y) const {
    return const_cast<std::byte*>(frame_.pixels) + y * frame_.stride_bytes + std::size_t{x} * 4;
  }

 private:
  BorrowedFrame frame_;
  std::byte* memory_ = nullptr;
  std::size_t size_ = 0;
};

struct Real {
  double y, cb, cr;
};

// The definition (ITU-T H.273), in real numbers.
Real convert_exactly(ColorSpace color, double b, double g, double r) {
  const double kr = color.matrix == ColorMatrix::bt709 ? 0.2126 : 0.299;
  const double kb = color.matrix == ColorMatrix::bt709 ? 0.0722 : 0.114;
  const double luma = kb * b + (1 - kr - kb) * g + kr * r;
  const double cb = (b - luma) / (2 * (1 - kb)), cr = (r - luma) / (2 * (1 - kr));
  if (color.range == ColorRange::full) return {luma, 128 + cb, 128 + cr};
  return {16 + luma * 219 / 255, 128 + cb * 224 / 255, 128 + cr * 224 / 255};
}

Real exact_block(ColorSpace color, const GuardedFrame& source, std::uint32_t block_x, std::uint32_t block_y) {
  std::array<double, 3> sum{};
  for (const std::uint32_t dy : {0U, 1U}) {
    for (const std::uint32_t dx : {0U, 1U}) {
      const std::uint32_t x = std::min(2 * block_x + dx, source.frame().width - 1);
      const std::uint32_t y = std::min(2 * block_y + dy, source.frame().height - 1);
      for (std::size_t c = 0; c < 3; ++c) sum[c] += std::to_integer<int>(source.pixel(x, y)[c]);
    }
  }
  return convert_exactly(color, sum[0] / 4, sum[1] / 4, sum[2] / 4);
}

double worst_error(const GuardedFrame& source, const TestPicture& out) {
  const Picture& picture = out.picture();
  double worst = 0;
  for (std::uint32_t y = 0; y < picture.coded_height(); ++y) {
    for (std::uint32_t x = 0; x < picture.coded_width(); ++x) {
      const std::byte* p = source.pixel(std::min(x, picture.width - 1), std::min(y, picture.height - 1));
      const Real exact = convert_exactly(picture.color, std::to_integer<int>(p[0]),
                                         std::to_integer<int>(p[1]), std::to_integer<int>(p[2]));
      worst = std::max(worst, std::abs(exact.y - out.luma(x, y)));
    }
  }
  for (std::uint32_t y = 0; y < picture.coded_height() / 2; ++y) {
    for (std::uint32_t x = 0; x < picture.coded_width() / 2; ++x) {
      const Real exact = exact_block(picture.color, source, x, y);
      worst = std::max({worst, std::abs(exact.cb - out.cb(x, y)), std::abs(exact.cr - out.cr(x, y))});
    }
  }
  return worst;
}

constexpr std::array kColors{
    ColorSpace{ColorMatrix::bt601, ColorRange::limited}, ColorSpace{ColorMatrix::bt601, ColorRange::full},
    ColorSpace{ColorMatrix::bt709, ColorRange::limited}, ColorSpace{ColorMatrix::bt709, ColorRange::full}};

using KernelCase = std::tuple<ConvertKernel, PixelFormat>;

class Converter : public testing::TestWithParam<KernelCase> {
 protected:
  void SetUp() override {
    if (!is_supported(kernel())) GTEST_SKIP() << "this processor has no " << to_string(kernel());
  }
  static ConvertKernel kernel() { return std::get<0>(GetParam()); }
  static PixelFormat format() { return std::get<1>(GetParam()); }
  static TestPicture picture(const BorrowedFrame& frame, ColorSpace color = {}) {
    return {format(), color, frame.width, frame.height};
  }
  static Status convert(const GuardedFrame& source, const TestPicture& out) {
    return make_converter(kernel())->convert(source.frame(), out.picture(), 0, source.frame().height);
  }
};

// 0.52 rather than 0.5: the fixed point may take the other side of a near tie. 0.5 more at the clamp of full
// range.
TEST_P(Converter, is_within_one_step_of_the_real_number_in_each_colour_space) {
  for (const ColorSpace color : kColors) {
    const GuardedFrame source{322, 38, 0, 7};
    const TestPicture out = picture(source.frame(), color);
    ASSERT_TRUE(convert(source, out));
    EXPECT_LT(worst_error(source, out), 0.52);
  }
}

TEST_P(Converter, black_white_grey_and_the_primaries_are_within_one_step) {
  constexpr std::array<std::uint8_t, 4> kLevels{0, 127, 128, 255};
  for (const ColorSpace color : kColors) {
    const GuardedFrame source{128, 2, 0, 1};
    for (std::uint32_t x = 0; x < 128; ++x) {
      const std::uint32_t pick = x / 2;  // each combination fills one 2 × 2 block
      const std::array<std::uint8_t, 4> bgrx{kLevels[pick % 4], kLevels[pick / 4 % 4], kLevels[pick / 16],
                                             255};
      for (const std::uint32_t y : {0U, 1U}) std::memcpy(source.pixel(x, y), bgrx.data(), 4);
    }
    const TestPicture out = picture(source.frame(), color);
    ASSERT_TRUE(convert(source, out));
    EXPECT_LT(worst_error(source, out), 0.52);
    const bool limited = color.range == ColorRange::limited;
    EXPECT_EQ(out.luma(0, 0), limited ? 16 : 0);
    EXPECT_EQ(out.luma(127, 1), limited ? 235 : 255);
    for (const std::size_t grey : {0U, 63U}) {
      EXPECT_EQ(out.cb(grey, 0), 128);
      EXPECT_EQ(out.cr(grey, 0), 128);
    }
  }
}

TEST_P(Converter, every_kernel_gives_the_same_bytes_at_every_width) {
  for (std::uint32_t width = 1; width < 200; width += width < 140 ? 1 : 7) {
    const GuardedFrame source{width, 5, width % 3 * 4U, width};
    const ColorSpace color = kColors[width % kColors.size()];
    const TestPicture out = picture(source.frame(), color), reference = picture(source.frame(), color);
    ASSERT_TRUE(convert(source, out));
    ASSERT_TRUE(make_converter(ConvertKernel::scalar)->convert(source.frame(), reference.picture(), 0, 5));
    ASSERT_EQ(out.memory(), reference.memory()) << "width " << width;
  }
}

TEST_P(Converter, touches_nothing_outside_the_frame_and_the_planes) {
  for (const auto& [width, height] : {std::pair{64U, 4U}, {65U, 5U}, {97U, 3U}, {130U, 2U}, {641U, 7U}}) {
    const GuardedFrame source{width, height, 0, 3};  // an access outside would end this test with SIGSEGV
    const TestPicture out = picture(source.frame());
    ASSERT_TRUE(convert(source, out));
    EXPECT_TRUE(out.is_untouched_outside(0, out.picture().coded_height()));
    EXPECT_LT(worst_error(source, out), 0.52);
  }
}

TEST_P(Converter, an_odd_size_repeats_its_last_column_and_row) {
  const GuardedFrame source{131, 7, 8, 5};
  const TestPicture out = picture(source.frame());
  ASSERT_TRUE(convert(source, out));
  for (std::size_t y = 0; y < 8; ++y) EXPECT_EQ(out.luma(131, y), out.luma(130, y));
  for (std::size_t x = 0; x < 132; ++x) EXPECT_EQ(out.luma(x, 7), out.luma(x, 6));
}

TEST_P(Converter, a_row_range_leaves_the_other_rows_alone) {
  const GuardedFrame source{130, 9, 0, 6};
  const TestPicture whole = picture(source.frame()), parts = picture(source.frame());
  const auto converter = make_converter(kernel());
  ASSERT_TRUE(converter->convert(source.frame(), parts.picture(), 4, 6));
  EXPECT_TRUE(parts.is_untouched_outside(4, 6));
  ASSERT_TRUE(converter->convert(source.frame(), parts.picture(), 2, 2));
  EXPECT_TRUE(parts.is_untouched_outside(4, 6));
  ASSERT_TRUE(converter->convert(source.frame(), parts.picture(), 6, 9));
  EXPECT_TRUE(parts.is_untouched_outside(4, 10));
  ASSERT_TRUE(converter->convert(source.frame(), parts.picture(), 0, 4));
  ASSERT_TRUE(convert(source, whole));
  EXPECT_EQ(parts.memory(), whole.memory());
}

TEST_P(Converter, a_wrong_size_or_row_range_is_refused_before_anything_is_written) {
  const GuardedFrame source{64, 9, 0, 6};
  const TestPicture out = picture(source.frame()), larger{format(), {}, 66, 9};
  const auto converter = make_converter(kernel());
  const auto id_of = [](const Status& status) { return status ? "" : status.error().id; };
  EXPECT_EQ(id_of(converter->convert(source.frame(), larger.picture(), 0, 9)), "convert.size");
  for (const auto& [first, end] : {std::pair{1U, 4U}, {0U, 3U}, {4U, 2U}, {0U, 10U}, {0U, 11U}}) {
    EXPECT_EQ(id_of(converter->convert(source.frame(), out.picture(), first, end)), "convert.rows");
  }
  BorrowedFrame narrow = source.frame();
  narrow.stride_bytes = 63 * 4;
  EXPECT_EQ(id_of(converter->convert(narrow, out.picture(), 0, 9)), "convert.stride");
  Picture thin = out.picture();
  thin.planes[1].stride_bytes = 31;
  EXPECT_EQ(id_of(converter->convert(source.frame(), thin, 0, 9)), "convert.stride");
  EXPECT_TRUE(out.is_untouched_outside(0, 0));
}

std::string kernel_case_name(const testing::TestParamInfo<KernelCase>& kernel) {
  const bool nv12 = std::get<1>(kernel.param) == PixelFormat::nv12;
  return std::string{to_string(std::get<0>(kernel.param))} + (nv12 ? "_nv12" : "_i420");
}

INSTANTIATE_TEST_SUITE_P(Kernels, Converter,
                         testing::Combine(testing::Values(ConvertKernel::scalar, ConvertKernel::avx2,
                                                          ConvertKernel::avx512),
                                          testing::Values(PixelFormat::nv12, PixelFormat::i420)),
                         kernel_case_name);

TEST(ConvertKernel, the_best_one_is_supported) {
  EXPECT_TRUE(is_supported(ConvertKernel::scalar));
  EXPECT_TRUE(is_supported(best_convert_kernel()));
  EXPECT_NE(make_converter(), nullptr);
}

}  // namespace
}  // namespace lumen::codec
