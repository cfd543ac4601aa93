// What FFmpeg makes of our GPU: pictures of our context, NVENC's answer, NVDEC's pictures beside the CPU's.
#include <cstring>

#include <fmt/format.h>

#include "codec/decoder_choice.hpp"
#include "codec/encoder_chain.hpp"
#include "codec/hardware.hpp"
#include "codec/moving_scene.hpp"
#include "codec/software.hpp"
#include "gpu_parts.hpp"

namespace lumen::bench {
namespace {

constexpr std::uint32_t kWidth = 1920, kHeight = 1080;
constexpr int kPictures = 60;

struct Streamer {
  std::shared_ptr<PicturePool> pool = *PicturePool::create({.width = kWidth, .height = kHeight, .count = 2});
  codec::MovingScene scene{kWidth, kHeight};
  AccessUnit unit;

  Status encode(VideoEncoder& encoder, std::uint32_t step, DeviceLease device = nullptr) {
    CapturedFrame frame{
        .picture = *pool->try_acquire(), .device = std::move(device), .sequence = step, .times = {}};
    if (frame.device == nullptr) scene.draw(frame.picture.picture(), step);
    LUMEN_TRY(const auto view, encoder.encode(frame, FrameId{step + 1}, false));
    unit = {.codec = view.codec,
            .kind = view.kind,
            .width = kWidth,
            .height = kHeight,
            .bytes = {view.bytes.begin(), view.bytes.end()}};
    return {};
  }
};

// Luma and chroma of NV12 and of I420, pixel for pixel.
std::size_t differences(const PictureView& nv12, const PictureView& i420) {
  std::size_t wrong = 0;
  for (std::size_t y = 0; y < kHeight; ++y) {
    for (std::size_t x = 0; x < kWidth; ++x) {
      const auto at = [&](const PictureView& view, std::size_t plane, std::size_t column, std::size_t row) {
        return view.planes[plane].pixels[row * view.planes[plane].stride_bytes + column];
      };
      if (at(nv12, 0, x, y) != at(i420, 0, x, y)) ++wrong;
      if (y % 2 == 0 && at(nv12, 1, x, y / 2) != at(i420, 1 + x % 2, x / 2, y / 2)) ++wrong;
    }
  }
  return wrong;
}

bool tell(const std::string& what, const Status& status, const std::string& more = {}) {
  fmt::print("{:4} {}{}\n", status ? "ok" : "BAD", what, status ? more : ": " + describe(status.error()));
  return status.has_value();
}

Status check_nvdec(Codec codec) {
  LUMEN_TRY(
      const auto encoder,
      codec::create_encoder({.codec = codec, .mode = {kWidth, kHeight, 60'000}, .bitrate = {20'000'000}}));
  LUMEN_TRY(const auto gpu, codec::create_nvdec_decoder(codec));
  LUMEN_TRY(const auto cpu, codec::create_decoder(codec));
  Streamer streamer;
  Duration gpu_time{}, cpu_time{};
  for (std::uint32_t step = 0; step < kPictures; ++step) {
    LUMEN_CHECK_OK(streamer.encode(*encoder, step));
    const auto begin = SteadyTime{}.now();
    LUMEN_TRY(const auto one, gpu->decode(streamer.unit));
    const auto middle = SteadyTime{}.now();
    LUMEN_TRY(const auto two, cpu->decode(streamer.unit));
    gpu_time += middle - begin;
    cpu_time += SteadyTime{}.now() - middle;
    if (const auto wrong = differences(one, two); wrong != 0) {
      return fail(ErrorCode::internal, "bench.pixels", fmt::format("{} wrong in picture {}", wrong, step));
    }
  }
  const auto ms = [](Duration time) { return 1e-6 * static_cast<double>(time.count()) / kPictures; };
  fmt::print("     {} of 1920x1080: NVDEC with its copy {:.2f} ms a picture, CPU {:.2f} ms\n",
             to_string(codec), ms(gpu_time), ms(cpu_time));
  return {};
}

// NVENC is not there: software goes on, with the very pictures that lie on the GPU.
Status check_chain(Gpu& gpu) {
  const auto log = make_logger("gpu_bench");
  codec::EncoderChain chain{
      {{"NVENC", [&](const EncoderConfig& config) { return codec::create_nvenc_encoder(config, gpu.cuda); },
        true},
       {"software", codec::create_encoder}},
      *log};
  LUMEN_TRY(const auto encoder,
            chain.create({.codec = Codec::h264, .mode = {kWidth, kHeight, 60'000}, .bitrate = {20'000'000}}));
  LUMEN_TRY(const auto pool, gpu::cuda::BufferPool::create(gpu.cuda, {kWidth, kHeight, 3}));
  LUMEN_TRY(const auto source, gpu::cuda::PackedBuffer::create(gpu.cuda, kWidth, kHeight));
  const auto pixels = noise(std::size_t{4} * kWidth * kHeight, 5);
  LUMEN_CHECK_OK(gpu::cuda::upload(*gpu.cuda, pixels.data(), source->view()));
  Streamer streamer;
  LUMEN_TRY(const auto decoder, codec::create_decoder(Codec::h264));
  for (std::uint32_t step = 0; step < 5; ++step) {
    auto picture = pool->try_acquire();
    LUMEN_CHECK_OK(gpu.converter->to_nv12(source->view(), *picture, {}));
    LUMEN_CHECK_OK(streamer.encode(*encoder, step, std::move(picture)));
    LUMEN_TRY(const auto shown, decoder->decode(streamer.unit));
    static_cast<void>(shown);
  }
  fmt::print("     encoded by {}\n", encoder->description().name);
  return {};
}

}  // namespace

bool check_codecs(Gpu& gpu) {
  bool ok = true;
  for (const auto codec : {Codec::h264, Codec::hevc, Codec::av1}) {
    const auto encoder = codec::create_nvenc_encoder(
        {.codec = codec, .mode = {kWidth, kHeight, 60'000}, .bitrate = {20'000'000}}, gpu.cuda);
    fmt::print("     NVENC {}: {}\n", to_string(codec), encoder ? "opens" : describe(encoder.error()));
    ok &= encoder || encoder.error().id == "encoder.unavailable";
  }
  ok &= tell("an encoder that fails is followed by software, with the GPU's pictures", check_chain(gpu));
  // AV1 is not every chip's.
  if (const auto av1 = check_nvdec(Codec::av1); !av1)
    fmt::print("     NVDEC AV1: {}\n", describe(av1.error()));
  for (const auto codec : {Codec::h264, Codec::hevc}) {
    ok &= tell(fmt::format("NVDEC decodes {} as the CPU does, {} pictures", to_string(codec), kPictures),
               check_nvdec(codec));
  }
  ok &= tell("FFmpeg's pictures of our context, copied on the GPU", codec::check_cuda_frames(gpu.cuda));
  return ok;
}

}  // namespace lumen::bench
