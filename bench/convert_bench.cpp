// Colour conversion by kernel, format and size (bytes_per_second: read plus written), and what conversion and
// libx264 cost together per picture, in processor time of all threads, by input format.
// Four source frames in turn, as a compositor's swapchain has them: 4K does not stay in the caches.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "codec/convert.hpp"
#include "codec/software.hpp"
#include "contract/test_pictures.hpp"

namespace {

using namespace lumen;
using codec::ConvertKernel;

constexpr std::size_t kFrames = 4;

class Desktop {
 public:
  Desktop(std::uint32_t width, std::uint32_t height) : width_{width}, height_{height} {
    for (std::uint32_t n = 0; n < kFrames; ++n) {
      auto& pixels = frames_[n];
      pixels.resize(std::size_t{width} * height * 4);
      for (std::size_t i = 0; i < pixels.size(); ++i) {
        const auto pixel = static_cast<std::uint32_t>(i / 4);
        const contract::Scene scene{.step = n, .grain = 12};
        pixels[i] =
            static_cast<std::byte>(contract::luma_at(scene, pixel % width, pixel / width) + 8 * (i % 4));
      }
    }
  }

  BorrowedFrame frame(std::size_t n) const {
    return {.width = width_,
            .height = height_,
            .stride_bytes = std::size_t{width_} * 4,
            .pixels = frames_[n % kFrames].data()};
  }

 private:
  std::uint32_t width_, height_;
  std::array<std::vector<std::byte>, kFrames> frames_;
};

struct Size {
  std::uint32_t width, height;
};

std::shared_ptr<PicturePool> pool_for(Size size, PixelFormat format) {
  return *PicturePool::create({.format = format, .width = size.width, .height = size.height, .count = 2});
}

void convert(benchmark::State& state, ConvertKernel kernel, PixelFormat format, Size size) {
  if (!codec::is_supported(kernel)) return state.SkipWithError("not supported here");
  const Desktop desktop{size.width, size.height};
  const auto pool = pool_for(size, format);
  const auto lease = pool->try_acquire();
  const auto converter = codec::make_converter(kernel);
  std::size_t n = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(converter->convert(desktop.frame(n++), lease->picture(), 0, size.height));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(n * size.width * size.height * 11 / 2));
}

void convert_and_encode(benchmark::State& state, PixelFormat format, Size size) {
  const Desktop desktop{size.width, size.height};
  const Mode mode{size.width, size.height, 60'000};
  const auto pool = pool_for(size, format);
  const auto converter = codec::make_converter();
  const auto encoder =
      *codec::create_x264_encoder({.mode = mode, .format = format, .bitrate = codec::default_bitrate(mode)});
  std::uint64_t n = 0;
  for (auto _ : state) {
    CapturedFrame frame{.picture = *pool->try_acquire(), .sequence = n, .times = {}};
    benchmark::DoNotOptimize(converter->convert(desktop.frame(n), frame.picture.picture(), 0, size.height));
    benchmark::DoNotOptimize(encoder->encode(frame, FrameId{++n}, false));
  }
  state.SetLabel(encoder->description().name);
}

[[maybe_unused]] const bool kRegistered = [] {
  constexpr std::array<std::pair<const char*, Size>, 3> sizes{
      {{"720p", {1280, 720}}, {"1080p", {1920, 1080}}, {"2160p", {3840, 2160}}}};
  for (const auto& [label, size] : sizes) {
    for (const auto format : {PixelFormat::nv12, PixelFormat::i420}) {
      const std::string suffix = std::string{format == PixelFormat::nv12 ? "/nv12/" : "/i420/"} + label;
      for (const auto kernel : {ConvertKernel::scalar, ConvertKernel::avx2, ConvertKernel::avx512}) {
        const std::string name = "convert/" + std::string{codec::to_string(kernel)} + suffix;
        benchmark::RegisterBenchmark(name.c_str(), [=, s = size](benchmark::State& state) {
          convert(state, kernel, format, s);
        })->Unit(benchmark::kMillisecond);
      }
      benchmark::RegisterBenchmark(
          ("convert_and_encode" + suffix).c_str(),
          [=, s = size](benchmark::State& state) { convert_and_encode(state, format, s); })
          ->Unit(benchmark::kMillisecond)
          ->MeasureProcessCPUTime();
    }
  }
  return true;
}();

}  // namespace
