#include "fec/audio_code.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "fec/test_shards.hpp"

namespace lumen::fec::test {
namespace {

class AudioKernel : public testing::TestWithParam<Kernel> {
 protected:
  AudioCode code{GetParam()};
};

void encode(const AudioCode& code, const Shards& shards, std::size_t bytes) {
  const auto data = shards.data(kAudioDataShards);
  code.encode(std::span{data}.first<kAudioDataShards>(),
              shards.from(kAudioDataShards).first<kAudioParityShards>(), bytes);
}

TEST_P(AudioKernel, any_two_of_six_shards_may_be_lost) {
  std::mt19937 random{1};
  for (const auto bytes : std::array<std::size_t, 6>{1, 40, 64, 97, 240, 1400}) {
    for (unsigned lost = 0; lost < 64; ++lost) {
      const auto sent = random_shards(random, kAudioShards, bytes);
      encode(code, sent, bytes);
      const Shards received{sent};
      std::array<bool, kAudioShards> present{};
      for (std::size_t i = 0; i < kAudioShards; ++i) {
        present[i] = (lost >> i & 1U) == 0;
        if (!present[i] && i < kAudioDataShards) std::ranges::fill(received.shard(i), std::byte{0xEE});
      }
      const Shards before{received};
      const auto all = received.pointers().first<kAudioShards>();
      const bool is_possible = std::ranges::count(present, true) >= 4;
      ASSERT_EQ(code.recover(all, present, bytes), is_possible) << lost;
      ASSERT_EQ(received, is_possible ? sent : before) << lost << " x " << bytes;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, AudioKernel, testing::ValuesIn(supported_kernels()),
                         [](const auto& test) { return std::string{to_string(test.param)}; });

}  // namespace
}  // namespace lumen::fec::test
