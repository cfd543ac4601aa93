#include "codec/encoder_probe.hpp"

#include <time.h>

#include <algorithm>
#include <vector>

#include "codec/encoder_parts.hpp"
#include "codec/software.hpp"

namespace lumen::codec {
namespace {

constexpr std::uint32_t kRefreshMhz = 60'000;
constexpr std::uint32_t kWarmUp = 4;  // pictures: the first is an IDR, and memory is taken

Timestamp now() { return SteadyTime{}.now(); }

Duration process_cpu() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return std::chrono::seconds{spent.tv_sec} + Duration{spent.tv_nsec};
}

std::uint32_t to_us(Duration duration) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(us, 1, UINT32_MAX));
}

struct Calls {
  std::vector<Duration> each;
  Duration cpu{};  // of all of them
};

Result<Calls> time_calls(VideoEncoder& encoder, const MovingScene& scene, const EncoderProbeParams& params) {
  LUMEN_TRY(const auto pool,
            PicturePool::create({.width = params.width, .height = params.height, .count = 1}));
  Calls calls;
  const Timestamp until = now() + params.time;
  for (std::uint32_t step = 0; step < kWarmUp + params.max_pictures; ++step) {
    if (calls.each.size() >= params.min_pictures && now() >= until) break;
    auto lease = pool->try_acquire();
    scene.draw(lease->picture(), step);
    const CapturedFrame frame{.picture = std::move(*lease), .sequence = step, .times = {}};
    const Duration cpu_before = process_cpu();
    const Timestamp begin = now();
    LUMEN_TRY(const auto unit, encoder.encode(frame, FrameId{step + 1}, false));
    static_cast<void>(unit);
    if (step < kWarmUp) continue;
    calls.each.push_back(now() - begin);
    calls.cpu += process_cpu() - cpu_before;
  }
  return calls;
}

EncoderMeasurement unavailable(Codec codec, const Error& error) {
  return {.codec = codec, .cores = core_count(), .text = error.what + ". " + error.remedy};
}

}  // namespace

EncoderMeasurement measure_encoder(Codec codec, const MovingScene& scene, const EncoderProbeParams& params) {
  const Mode mode{params.width, params.height, kRefreshMhz};
  const EncoderFactory make = params.make_encoder ? params.make_encoder : create_encoder;
  const auto encoder =
      make({.codec = codec, .mode = mode, .bitrate = default_bitrate(mode), .preset = params.preset});
  if (!encoder) return unavailable(codec, encoder.error());
  auto calls = time_calls(**encoder, scene, params);
  if (!calls) return unavailable(codec, calls.error());
  const auto count = static_cast<std::uint32_t>(calls->each.size());
  std::ranges::sort(calls->each);
  return {.codec = codec,
          .width = params.width,
          .height = params.height,
          .pictures = count,
          .call_us = to_us(calls->each[count / 2]),
          .cpu_us = to_us(calls->cpu / count),
          .cores = core_count(),
          .text = (*encoder)->description().name};
}

}  // namespace lumen::codec
