// What a packet of each format costs to encode and to decode, and what pacing it costs.
#include <benchmark/benchmark.h>

#include <random>

#include "audio/block_pacer.hpp"
#include "audio/opus_decoder.hpp"
#include "audio/opus_encoder.hpp"

namespace {

using namespace lumen;

AudioFormat format_of(const benchmark::State& state) {
  return {.channels = static_cast<std::uint8_t>(state.range(0)),
          .quality = state.range(1) == 0 ? AudioQuality::normal : AudioQuality::high};
}

// Music is between silence and noise; noise is the dearest.
std::vector<float> noise(const AudioFormat& format, std::size_t packets) {
  std::mt19937 random{1};  // NOLINT: the same every time
  std::uniform_real_distribution<float> sample{-0.5F, 0.5F};
  std::vector<float> samples(packets * format.frames_per_packet() * format.channels);
  for (auto& value : samples) value = sample(random);
  return samples;
}

constexpr std::size_t kPackets = 64;

void encode(benchmark::State& state) {
  const auto format = format_of(state);
  auto encoder = audio::OpusEncoder::create(format).value();
  const auto samples = noise(format, kPackets);
  const auto block = samples.size() / kPackets;
  std::size_t n = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(encoder.encode(std::span{samples}.subspan(n++ % kPackets * block, block)));
  }
}

void decode(benchmark::State& state) {
  const auto format = format_of(state);
  auto encoder = audio::OpusEncoder::create(format).value();
  auto decoder = audio::OpusDecoder::create(audio::layout_of(format), format.packet_ms).value();
  const auto packet = encoder.encode(noise(format, 1)).value();
  for (auto _ : state) benchmark::DoNotOptimize(decoder.decode(packet));
}

void pace(benchmark::State& state) {
  const auto format = format_of(state);
  const auto samples = noise(format, 1);
  auto now = from_ns(1);
  audio::BlockPacer pacer{format, now};
  for (auto _ : state) {
    now += std::chrono::milliseconds{format.packet_ms};
    pacer.push(samples, now);
    benchmark::DoNotOptimize(pacer.take(now));
  }
}

void formats(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"channels", "high"});
  for (const std::int64_t channels : {2, 6, 8}) benchmark->Args({channels, 0})->Args({channels, 1});
  benchmark->Unit(benchmark::kMicrosecond);
}

BENCHMARK(encode)->Apply(formats);
BENCHMARK(decode)->Apply(formats);
BENCHMARK(pace)->Apply(formats);

}  // namespace
