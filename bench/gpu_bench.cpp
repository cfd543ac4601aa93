// gpu_bench [--check]: what a picture costs from the desktop's memory to the encoder's, on this machine's
// NVIDIA GPU. Medians of 300 pictures, in microseconds:
//   gpu    between two CUDA events around the picture: all that the GPU and the drivers made it wait
//   wall   from the first call until the picture is there
//   submit of that, how long the calls took before anything waited
//   cpu    processor time of this thread
// --check compares every path's pixels with the CPU's first, and has FFmpeg encode and decode there. Exit
// status: 0, 1 where pixels are wrong, 3 where there is no such GPU.
#include <time.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include <fmt/format.h>

#include "gpu_parts.hpp"

namespace lumen::bench {
namespace {

using gpu::cuda::BufferPool;
using gpu::cuda::Event;
using gpu::cuda::PackedBuffer;
using gpu::vulkan::SharedPool;

constexpr int kPictures = 300, kWarmUp = 20, kNaivePictures = 60;
constexpr Size kSizes[]{{5120, 1440}, {3840, 2160}, {1920, 1080}};

double now_us(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return 1e6 * static_cast<double>(time.tv_sec) + 1e-3 * static_cast<double>(time.tv_nsec);
}

double median(std::vector<double>& values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

using Work = std::function<Status()>;

// `wait` is what the path itself has to wait for.
Status measure(Gpu& gpu, const std::string& name, const Work& submit, const Work& wait = {},
               int pictures = kPictures) {
  LUMEN_TRY(auto before, Event::create(*gpu.cuda, true));
  LUMEN_TRY(auto after, Event::create(*gpu.cuda, true));
  std::vector<double> gpu_us, wall_us, submit_us, cpu_us;
  for (int picture = 0; picture < pictures + kWarmUp; ++picture) {
    LUMEN_CHECK_OK(before.record());
    LUMEN_CHECK_OK(before.wait());
    const double begin = now_us(CLOCK_MONOTONIC), cpu_begin = now_us(CLOCK_THREAD_CPUTIME_ID);
    LUMEN_CHECK_OK(before.record());
    LUMEN_CHECK_OK(submit());
    const double submitted = now_us(CLOCK_MONOTONIC);
    if (wait) {
      LUMEN_CHECK_OK(wait());
    }
    LUMEN_CHECK_OK(after.record());
    LUMEN_CHECK_OK(after.wait());
    const double end = now_us(CLOCK_MONOTONIC), cpu_end = now_us(CLOCK_THREAD_CPUTIME_ID);
    LUMEN_TRY(const auto ms, after.elapsed_ms(before));
    if (picture < kWarmUp) continue;
    gpu_us.push_back(1e3 * static_cast<double>(ms));
    wall_us.push_back(end - begin);
    submit_us.push_back(submitted - begin);
    cpu_us.push_back(cpu_end - cpu_begin);
  }
  fmt::print("{:52} {:8.1f} {:8.1f} {:8.1f} {:8.1f}\n", name, median(gpu_us), median(wall_us),
             median(submit_us), median(cpu_us));
  return {};
}

// Where no work of CUDA's is in between: by the wall clock alone, as an event would be such work.
Status measure_alone(const std::string& name, const Work& submit, const Work& wait = {}) {
  std::vector<double> wall_us, submit_us, cpu_us;
  for (int picture = 0; picture < kPictures + kWarmUp; ++picture) {
    const double begin = now_us(CLOCK_MONOTONIC), cpu_begin = now_us(CLOCK_THREAD_CPUTIME_ID);
    LUMEN_CHECK_OK(submit());
    const double submitted = now_us(CLOCK_MONOTONIC);
    if (wait) {
      LUMEN_CHECK_OK(wait());
    }
    const double end = now_us(CLOCK_MONOTONIC), cpu_end = now_us(CLOCK_THREAD_CPUTIME_ID);
    if (picture < kWarmUp) continue;
    wall_us.push_back(end - begin);
    submit_us.push_back(submitted - begin);
    cpu_us.push_back(cpu_end - cpu_begin);
  }
  fmt::print("{:52} {:>8} {:8.1f} {:8.1f} {:8.1f}\n", name, "", median(wall_us), median(submit_us),
             median(cpu_us));
  return {};
}

Status measure_floor(Gpu& gpu, Size size) {
  LUMEN_TRY(const auto from, PackedBuffer::create(gpu.cuda, size.width, size.height));
  LUMEN_TRY(const auto to, PackedBuffer::create(gpu.cuda, size.width, size.height));
  LUMEN_CHECK_OK(measure(gpu, "floor: one pitched device copy",
                         [&] { return gpu::cuda::copy(*gpu.cuda, from->view(), to->view()); }));
  LUMEN_TRY(const auto pool, BufferPool::create(gpu.cuda, {size.width, size.height, 1}));
  const auto out = pool->try_acquire();
  return measure(gpu, "CUDA kernel, BGRx to NV12",
                 [&] { return gpu.converter->to_nv12(from->view(), *out, {}); });
}

const NoisePointer& noise_pointer() {
  static const NoisePointer pointer;
  return pointer;
}

Result<gpu::egl::Texture> source_texture(Gpu& gpu, Size size) {
  const auto pixels = noise(std::size_t{4} * size.width * size.height, 1);
  return upload(*gpu.egl, GL_RGBA8, size, GL_BGRA, GL_UNSIGNED_INT_8_8_8_8_REV, pixels.data());
}

// The way of a driver that shares no memory between OpenGL and Vulkan.
Status measure_registered(Gpu& gpu, Size size, gpu::egl::PassKind kind, const char* name) {
  LUMEN_TRY(const auto source, source_texture(gpu, size));
  LUMEN_TRY(auto texture, gpu::egl::Texture::create(*gpu.egl, GL_RGBA8, size.width, size.height));
  LUMEN_TRY(const auto registered, gpu::egl::RegisteredTexture::create(gpu.cuda, std::move(texture)));
  LUMEN_TRY(const auto pass, gpu::egl::Pass::create(*gpu.egl, kind));
  LUMEN_TRY(const auto out, PackedBuffer::create(gpu.cuda, size.width, size.height));
  LUMEN_CHECK_OK(measure_alone(
      fmt::format("GL {} alone", name),
      [&] { return pass->run(source.name(), registered->name(), size.width, size.height); },
      [&] { return pass->wait(); }));
  return measure(gpu, fmt::format("GL {}, registered texture, device copy", name), [&]() -> Status {
    LUMEN_CHECK_OK(pass->run(source.name(), registered->name(), size.width, size.height));
    return registered->copy_to(out->view());
  });
}

// As a first version of everything looks: all made anew for each picture.
Status measure_naive_gl(Gpu& gpu, Size size) {
  LUMEN_TRY(const auto source, source_texture(gpu, size));
  LUMEN_TRY(const auto pass, gpu::egl::Pass::create(*gpu.egl, gpu::egl::PassKind::fragment));
  return measure(
      gpu, "naive: GL fragment pass, all made per picture",
      [&]() -> Status {
        LUMEN_TRY(auto texture, gpu::egl::Texture::create(*gpu.egl, GL_RGBA8, size.width, size.height));
        LUMEN_TRY(const auto registered, gpu::egl::RegisteredTexture::create(gpu.cuda, std::move(texture)));
        LUMEN_TRY(const auto out, PackedBuffer::create(gpu.cuda, size.width, size.height));
        LUMEN_CHECK_OK(pass->run(source.name(), registered->name(), size.width, size.height));
        LUMEN_CHECK_OK(registered->copy_to(out->view()));
        return gpu.cuda->wait();
      },
      {}, kNaivePictures);
}

Status measure_shared_gl(Gpu& gpu, Size size) {
  LUMEN_TRY(const auto device, gpu::vulkan::Device::create(gpu.vulkan, gpu.cuda->uuid()));
  LUMEN_TRY(const auto source, source_texture(gpu, size));
  LUMEN_TRY(const auto pass, gpu::egl::Pass::create(*gpu.egl, gpu::egl::PassKind::nv12));
  LUMEN_TRY(const auto pool, SharedPool::create(*device, gpu.cuda, {size.width, size.height, 2}));
  const auto out = pool->try_acquire();
  LUMEN_TRY(const auto buffer, import(*gpu.egl, pool->buffer_of(*out)));
  const gpu::egl::Pass::Nv12 target{buffer->name(), out->pitch_bytes(), out->chroma_offset_bytes(), {}};
  const auto submit = [&] { return pass->run_to_nv12(source.name(), target, size.width, size.height); };
  const auto wait = [&] { return pass->wait(); };
  LUMEN_CHECK_OK(measure_alone("GL pass to NV12 in shared memory", submit, wait));
  LUMEN_TRY(const auto pointer, gpu::egl::PointerTexture::create(*gpu.egl));
  PointerPicture drawn = noise_pointer().on(size);
  const auto with_pointer = [&]() -> Status {
    LUMEN_CHECK_OK(pointer->set(drawn));
    return pass->run_to_nv12(source.name(), target, size.width, size.height, pointer.get());
  };
  LUMEN_CHECK_OK(measure_alone("  with a pointer", with_pointer, wait));
  LUMEN_CHECK_OK(measure_alone(
      "  with another pointer each time",
      [&] {
        ++drawn.shape;
        return with_pointer();
      },
      wait));
  return measure(gpu, "  right after work of CUDA's", submit, wait);
}

Status measure_vulkan(Gpu& gpu, Size size, gpu::vulkan::QueueKind queue, const char* name) {
  LUMEN_TRY(const auto device, gpu::vulkan::Device::create(gpu.vulkan, gpu.cuda->uuid(), queue));
  const std::uint32_t stride = size.width * 4;
  LUMEN_TRY(const auto source, upload(*device, gpu.cuda, noise(std::size_t{stride} * size.height, 2)));
  LUMEN_TRY(const auto bridge, gpu::vulkan::LinearBridge::create(*device));
  LUMEN_TRY(const auto pool, SharedPool::create(*device, gpu.cuda, {size.width, size.height, 2}));
  const auto out = pool->try_acquire();
  PointerPicture drawn;
  const auto copy = [&] {
    return bridge->copy(source->buffer(), 1, {size.width, size.height, 0, stride, kBgrx}, *pool, *out, {},
                        drawn);
  };
  LUMEN_CHECK_OK(measure_alone(name, copy));
  drawn = noise_pointer().on(size);
  LUMEN_CHECK_OK(measure_alone("  with a pointer", copy));
  LUMEN_CHECK_OK(measure_alone("  with another pointer each time", [&] {
    ++drawn.shape;
    return copy();
  }));
  drawn = {};
  return measure(gpu, "  right after work of CUDA's", copy);
}

Status measure_naive_vulkan(Gpu& gpu, Size size) {
  LUMEN_TRY(const auto device, gpu::vulkan::Device::create(gpu.vulkan, gpu.cuda->uuid()));
  const std::uint32_t stride = size.width * 4;
  LUMEN_TRY(const auto source, upload(*device, gpu.cuda, noise(std::size_t{stride} * size.height, 2)));
  return measure(
      gpu, "naive: Vulkan bridge, all made per picture",
      [&]() -> Status {
        LUMEN_TRY(const auto pool, SharedPool::create(*device, gpu.cuda, {size.width, size.height, 1}));
        const auto out = pool->try_acquire();
        LUMEN_TRY(const auto bridge, gpu::vulkan::LinearBridge::create(*device));
        return bridge->copy(source->buffer(), 1, {size.width, size.height, 0, stride, kBgrx}, *pool, *out,
                            {});
      },
      {}, kNaivePictures);
}

Status measure_all(Gpu& gpu) {
  using gpu::egl::PassKind;
  using gpu::vulkan::QueueKind;
  for (const auto size : kSizes) {
    fmt::print("\n{:52} {:>8} {:>8} {:>8} {:>8}\n", fmt::format("{}x{}, us", size.width, size.height), "gpu",
               "wall", "submit", "cpu");
    LUMEN_CHECK_OK(measure_floor(gpu, size));
    LUMEN_CHECK_OK(measure_shared_gl(gpu, size));
    LUMEN_CHECK_OK(measure_registered(gpu, size, PassKind::compute, "compute pass"));
    LUMEN_CHECK_OK(measure_registered(gpu, size, PassKind::fragment, "fragment pass"));
    LUMEN_CHECK_OK(measure_naive_gl(gpu, size));
    for (const auto& [queue, name] : {std::pair{QueueKind::graphics, "Vulkan bridge, graphics queue"},
                                      {QueueKind::compute, "Vulkan bridge, compute queue"}}) {
      if (const auto done = measure_vulkan(gpu, size, queue, name); !done)
        fmt::print("{:52} {}\n", name, describe(done.error()));
    }
    LUMEN_CHECK_OK(measure_naive_vulkan(gpu, size));
  }
  return {};
}

int run(bool check) {
  auto gpu = open_gpu();
  if (!gpu) {
    fmt::print(stderr, "gpu_bench: {}\n", describe(gpu.error()));
    return 3;
  }
  fmt::print("{}, OpenGL on {}, dmabufs {}\n", gpu->cuda->name(), gpu->egl->renderer(),
             gpu->egl->imports_dmabufs() ? "importable" : "not importable");
  if (check && (!check_pixels(*gpu) || !check_codecs(*gpu))) return 1;
  if (const auto measured = measure_all(*gpu); !measured) {
    fmt::print(stderr, "gpu_bench: {}\n", describe(measured.error()));
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace lumen::bench

int main(int argc, char** argv) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  return lumen::bench::run(argc == 2 && std::strcmp(argv[1], "--check") == 0);
}
