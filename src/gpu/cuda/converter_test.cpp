// What the fake GPU's kernels do is what the real one's must do: bench/gpu_check compares those with the same
// reference on real hardware.
#include "gpu/cuda/converter.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "codec/convert.hpp"
#include "gpu/cuda/buffer_pool.hpp"
#include "gpu/testing/fake_cuda.hpp"

namespace lumen::gpu::cuda {
namespace {

struct Rig {
  testing::FaultPlan faults;
  testing::FakeCuda fake{faults};
  std::shared_ptr<Context> context = *Context::create(fake.driver());
};

std::vector<std::uint8_t> noise(std::size_t bytes) {
  std::minstd_rand random{7};
  std::vector<std::uint8_t> values(bytes);
  for (auto& value : values) value = static_cast<std::uint8_t>(random() >> 8);
  return values;
}

// The fake's memory is the CPU's.
std::uint8_t* memory_at(CUdeviceptr address) {
  return reinterpret_cast<std::uint8_t*>(address);  // NOLINT(performance-no-int-to-ptr)
}

void expect_equal(const Plane& one, const Plane& two, std::size_t width, std::size_t rows) {
  for (std::size_t y = 0; y < rows; ++y) {
    ASSERT_EQ(std::memcmp(one.pixels + y * one.stride_bytes, two.pixels + y * two.stride_bytes, width), 0)
        << y;
  }
}

void expect_same_as_cpu(Rig& rig, std::uint32_t width, std::uint32_t height, ColorSpace color) {
  const auto source = *PackedBuffer::create(rig.context, width, height);
  const auto target = *BufferPool::create(rig.context, {.width = width, .height = height, .count = 1});
  const auto out = target->try_acquire();
  const auto pixels = noise(std::size_t{4} * width * height);
  ASSERT_TRUE(upload(*rig.context, pixels.data(), source->view()));
  const auto converter = *Converter::create(rig.context);
  ASSERT_TRUE(converter->to_nv12(source->view(), *out, color));
  EXPECT_EQ(out->color(), color);
  const auto pool = *PicturePool::create({.color = color, .width = width, .height = height, .count = 2});
  const auto wanted = pool->try_acquire(), got = pool->try_acquire();
  ASSERT_TRUE(out->download(got->picture()));
  const BorrowedFrame frame{.width = width,
                            .height = height,
                            .stride_bytes = std::size_t{4} * width,
                            .pixels = reinterpret_cast<const std::byte*>(pixels.data())};
  ASSERT_TRUE(codec::make_converter()->convert(frame, wanted->picture(), 0, height));
  const auto &one = wanted->picture(), &two = got->picture();
  expect_equal(one.planes[0], two.planes[0], one.coded_width(), one.coded_height());
  expect_equal(one.planes[1], two.planes[1], one.coded_width(), one.coded_height() / 2);
}

TEST(CudaConverter, makes_the_bytes_that_the_cpu_makes) {
  Rig rig;
  for (const auto matrix : {ColorMatrix::bt601, ColorMatrix::bt709}) {
    for (const auto range : {ColorRange::limited, ColorRange::full}) {
      expect_same_as_cpu(rig, 64, 48, {matrix, range});
      expect_same_as_cpu(rig, 67, 49, {matrix, range});
    }
  }
  EXPECT_TRUE(rig.fake.misuses().empty());
}

TEST(CudaConverter, turns_every_packed_format_into_bgrx) {
  Rig rig;
  const auto from = *PackedBuffer::create(rig.context, 21, 5), to = *PackedBuffer::create(rig.context, 21, 5);
  const auto converter = *Converter::create(rig.context);
  for (const auto& format : kPackedFormats) {
    // One pixel of each colour alone.
    const auto& at = format.layout;
    const std::uint32_t full = (1U << at.bits) - 1;
    for (const auto& [shift, wanted] :
         {std::pair{at.b, 0xFF0000FFU}, {at.g, 0xFF00FF00U}, {at.r, 0xFFFF0000U}}) {
      const std::uint32_t pixel = full << shift;
      for (std::size_t x = 0; x < 21; ++x)
        std::memcpy(memory_at(from->view().address) + std::size_t{at.bytes} * x, &pixel, at.bytes);
      ASSERT_TRUE(converter->to_bgrx(from->view(), at, to->view()));
      std::uint32_t got = 0;
      std::memcpy(&got, memory_at(to->view().address) + std::size_t{4} * 20, 4);
      EXPECT_EQ(got, wanted) << format.fourcc;
    }
  }
}

TEST(CudaConverter, refuses_rows_that_no_kernel_reads) {
  Rig rig;
  const auto converter = *Converter::create(rig.context);
  const auto pool = *BufferPool::create(rig.context, {.width = 64, .height = 2, .count = 1});
  const auto out = pool->try_acquire();
  const auto refused =
      converter->to_nv12({.address = 4096, .pitch_bytes = 260, .width = 64, .height = 2}, *out, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "cuda.pitch");
}

TEST(CudaConverter, any_call_that_fails_is_a_typed_error_and_leaves_nothing_behind) {
  Rig rig;
  const auto alive = rig.fake.alive();
  for (std::size_t call = 0; call < 5; ++call) {
    rig.faults.fail_after(call);
    const auto converter = Converter::create(rig.context);
    rig.faults.heal();
    EXPECT_EQ(converter.has_value(), call == 4);
    if (converter) continue;
    EXPECT_EQ(rig.fake.alive(), alive) << "after " << rig.faults.failed_call();
    EXPECT_TRUE(converter.error().id == "cuda.kernels" || call == 0) << converter.error().id;
  }
}

}  // namespace
}  // namespace lumen::gpu::cuda
