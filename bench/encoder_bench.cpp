// What a picture costs each encoder and decoder, on this machine: time of the call, time of all cores, and
// how far the largest picture goes beyond its share of the bitrate.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "codec/moving_scene.hpp"
#include "codec/software.hpp"

namespace {

using namespace lumen;

constexpr std::uint32_t kRefreshMhz = 60'000, kWarmUp = 10;

double process_cpu_ms() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e3 + static_cast<double>(spent.tv_nsec) / 1e6;
}

const codec::MovingScene& scene_of(std::uint32_t width, std::uint32_t height) {
  static std::map<std::uint32_t, codec::MovingScene> scenes;
  return scenes.try_emplace(width, width, height).first->second;
}

class Source {
 public:
  Source(Codec codec, std::uint32_t width, std::uint32_t height)
      : config_{.codec = codec,
                .mode = {width, height, kRefreshMhz},
                .bitrate = codec::default_bitrate({width, height, kRefreshMhz})},
        scene_{scene_of(width, height)},
        pool_{*PicturePool::create({.width = width, .height = height, .count = 1})},
        encoder_{*codec::create_encoder(config_)} {}

  CapturedFrame picture() {
    auto lease = pool_->try_acquire();
    scene_.draw(lease->picture(), step_++);
    return {.picture = std::move(*lease), .sequence = step_, .times = {}};
  }
  AccessUnitView encode(const CapturedFrame& frame, bool idr = false) {
    return encoder_->encode(frame, FrameId{step_}, idr).value();
  }
  double shares(std::size_t bytes) const {
    return static_cast<double>(bytes) * 8 * 60 / static_cast<double>(config_.bitrate.value);
  }
  const VideoEncoder& encoder() const { return *encoder_; }

 private:
  EncoderConfig config_;
  const codec::MovingScene& scene_;
  std::shared_ptr<PicturePool> pool_;
  std::unique_ptr<VideoEncoder> encoder_;
  std::uint32_t step_ = 0;
};

void encode(benchmark::State& state, Codec codec, std::uint32_t width, std::uint32_t height) {
  Source source{codec, width, height};
  double cpu = 0, sum = 0, largest = 0, idr = 0;
  for (std::uint32_t i = 0; i < kWarmUp; ++i) {
    const double shares = source.shares(source.encode(source.picture()).bytes.size());
    if (i == 0) idr = shares;
  }
  for (auto _ : state) {
    state.PauseTiming();
    const CapturedFrame frame = source.picture();
    const double before = process_cpu_ms();
    state.ResumeTiming();
    const AccessUnitView unit = source.encode(frame);
    state.PauseTiming();
    cpu += process_cpu_ms() - before;
    sum += source.shares(unit.bytes.size());
    largest = std::max(largest, source.shares(unit.bytes.size()));
    state.ResumeTiming();
  }
  idr = std::max(idr, source.shares(source.encode(source.picture(), true).bytes.size()));
  const auto pictures = static_cast<double>(state.iterations());
  state.counters["cpu_ms"] = cpu / pictures;
  state.counters["mean_share"] = sum / pictures;
  state.counters["max_share"] = largest;
  state.counters["idr_share"] = idr;
  state.SetLabel(source.encoder().description().name);
}

void decode(benchmark::State& state, Codec codec, std::uint32_t width, std::uint32_t height) {
  constexpr std::size_t kUnits = 30;
  Source source{codec, width, height};
  std::vector<AccessUnit> units;
  while (units.size() < kUnits) {
    const auto unit = source.encode(source.picture());
    units.push_back({.id = unit.id,
                     .codec = codec,
                     .kind = unit.kind,
                     .width = width,
                     .height = height,
                     .bytes = {unit.bytes.begin(), unit.bytes.end()}});
  }
  const auto decoder = *codec::create_decoder(codec);
  std::size_t next = 0;
  for (auto _ : state) {
    if (!decoder->decode(units[next])) state.SkipWithError("a picture did not decode");
    next = (next + 1) % kUnits;
  }
  state.SetLabel(decoder->name());
}

void register_all() {
  for (const auto codec : {Codec::h264, Codec::hevc, Codec::av1}) {
    for (const auto& [width, height] : {std::pair{1280U, 720U}, std::pair{1920U, 1080U}}) {
      const std::string what = std::string{to_string(codec)} + "/" + std::to_string(height) + "p";
      benchmark::RegisterBenchmark(("encode/" + what).c_str(), encode, codec, width, height)
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
      benchmark::RegisterBenchmark(("decode/" + what).c_str(), decode, codec, width, height)
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    }
  }
}

const bool kRegistered = (register_all(), true);

}  // namespace
