// A packet passes pacer and codec without an allocation once they are made. Replaces the allocation functions
// of this test program.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <new>
#include <vector>

#include "audio/block_pacer.hpp"
#include "audio/opus_decoder.hpp"
#include "audio/opus_encoder.hpp"

namespace {

thread_local std::size_t allocations = 0;

void* allocate(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc{};
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace lumen::audio {
namespace {

TEST(Allocation, none_per_packet_in_any_format) {
  for (const std::uint8_t channels : std::array<std::uint8_t, 3>{2, 6, 8}) {
    const AudioFormat format{channels, AudioQuality::high, 5};
    auto encoder = OpusEncoder::create(format).value();
    auto decoder = OpusDecoder::create(layout_of(format), format.packet_ms).value();
    auto now = from_ns(1);
    BlockPacer pacer{format, now};
    const std::vector<float> samples(std::size_t{128} * channels, 0.25F);
    std::size_t packets = 0;
    const auto before = allocations;
    for (int i = 0; i < 2000; ++i) {
      now += Duration{2'666'667};
      if (i % 500 < 400) pacer.push(samples, now);  // and silence now and then
      while (const auto block = pacer.take(now)) {
        if (decoder.decode(encoder.encode(block->samples).value())) ++packets;
      }
    }
    EXPECT_EQ(allocations, before);
    EXPECT_GT(packets, 900U);
  }
}

}  // namespace
}  // namespace lumen::audio
