#include "audio/block_pacer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace lumen::audio {
namespace {

using namespace std::chrono_literals;

constexpr AudioFormat kStereo{2, AudioQuality::normal, 5};
constexpr std::size_t kBlock = 240;
constexpr Timestamp kStart = from_ns(1'000'000'000);

// Counts up, so that a missing or repeated sample shows. Exact in a float, and within full scale.
class Ramp {
 public:
  std::vector<float> frames(std::size_t count) {
    std::vector<float> samples;
    for (std::size_t i = 0; i < count; ++i, ++next_) {
      const float value = static_cast<float>(next_ % 10'000 + 1) / 16'384.0F;
      samples.insert(samples.end(), {value, -value});
    }
    return samples;
  }

 private:
  std::size_t next_ = 0;
};

struct Taken {
  Timestamp at;
  bool silent;
  std::vector<float> samples;
};

// Lets time pass until `end`, taking each block at the very time it is due.
std::vector<Taken> run(BlockPacer& pacer, Timestamp end) {
  std::vector<Taken> taken;
  while (pacer.due() <= end) {
    const auto at = pacer.due();
    const auto block = pacer.take(at);
    if (!block) {
      ADD_FAILURE() << "due, but nothing there";
      break;
    }
    taken.push_back({at, block->silent, {block->samples.begin(), block->samples.end()}});
  }
  return taken;
}

// The same while `quantum` frames come every quantum's time.
std::vector<Taken> play(BlockPacer& pacer, Ramp& ramp, Timestamp begin, std::size_t quantum, int times,
                        double clock = 1.0) {
  std::vector<Taken> all;
  for (int i = 0; i < times; ++i) {
    const auto ns = static_cast<double>(quantum) * i / kSampleRateHz / clock * 1e9;
    const auto at = begin + Duration{static_cast<Duration::rep>(ns)};
    for (auto& taken : run(pacer, at - 1ns)) all.push_back(std::move(taken));
    pacer.push(ramp.frames(quantum), at);
    if (auto block = pacer.take(at)) {
      all.push_back({at, block->silent, {block->samples.begin(), block->samples.end()}});
    }
  }
  return all;
}

void expect_unbroken(const std::vector<Taken>& all) {
  Ramp expected;
  for (const auto& taken : all) {
    ASSERT_FALSE(taken.silent);
    ASSERT_EQ(taken.samples, expected.frames(kBlock));
  }
}

TEST(BlockPacer, silence_comes_at_once_and_keeps_an_even_pace) {
  BlockPacer pacer{kStereo, kStart};
  EXPECT_FALSE(pacer.take(kStart - 1ns));
  const auto taken = run(pacer, kStart + 1s);
  ASSERT_EQ(taken.size(), 201U);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    EXPECT_EQ(taken[i].at, kStart + i * 5ms);
    EXPECT_TRUE(taken[i].silent);
    EXPECT_EQ(taken[i].samples, std::vector<float>(2 * kBlock));
  }
}

class BlockPacerQuantum : public testing::TestWithParam<std::size_t> {};

TEST_P(BlockPacerQuantum, every_sample_comes_out_once_in_order_and_never_in_a_burst) {
  BlockPacer pacer{kStereo, kStart};
  Ramp ramp;
  const auto quantum = GetParam();
  const auto times = static_cast<int>(96'000 / quantum);
  const auto all = play(pacer, ramp, kStart, quantum, times);
  expect_unbroken(all);
  EXPECT_GE((all.size() + 1) * kBlock + quantum, 96'000 / quantum * quantum) << "nothing piles up";
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_GE(all[i].at - all[i - 1].at, 3750us);
  EXPECT_EQ(pacer.dropped_frames(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Of, BlockPacerQuantum,
                         testing::Values(16, 64, 128, 240, 256, 480, 1000, 1024, 2048, 8192));

TEST(BlockPacer, a_block_leaves_the_moment_it_is_complete) {
  BlockPacer pacer{kStereo, kStart};
  Ramp ramp;
  const auto all = play(pacer, ramp, kStart, kBlock, 200);
  ASSERT_EQ(all.size(), 200U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].at, kStart + i * 5ms);
}

TEST(BlockPacer, the_sources_clock_sets_the_pace) {
  for (const double clock : {0.999, 1.001}) {
    BlockPacer pacer{kStereo, kStart};
    Ramp ramp;
    const auto all = play(pacer, ramp, kStart, 256, 6'000, clock);
    expect_unbroken(all);
    EXPECT_GE(all.size() + 1, 6'000U * 256 / kBlock) << clock;  // the last may not be due yet
    EXPECT_EQ(pacer.dropped_frames(), 0U);
  }
}

TEST(BlockPacer, when_sound_stops_its_end_is_sent_and_silence_follows) {
  BlockPacer pacer{kStereo, kStart};
  Ramp ramp;
  pacer.push(ramp.frames(300), kStart);
  const auto taken = run(pacer, kStart + 100ms);
  ASSERT_GE(taken.size(), 3U);
  EXPECT_FALSE(taken[0].silent);
  EXPECT_TRUE(taken[1].silent);
  Ramp again;
  again.frames(kBlock);
  auto rest = again.frames(60);
  rest.resize(2 * kBlock);
  EXPECT_EQ(taken[1].samples, rest);
  EXPECT_EQ(taken[1].at - taken[0].at, 5ms + 6250us + BlockPacer::kPatience);
  EXPECT_EQ(taken[2].samples, std::vector<float>(2 * kBlock));
  for (std::size_t i = 2; i < taken.size(); ++i) EXPECT_EQ(taken[i].at - taken[i - 1].at, 5ms);
}

TEST(BlockPacer, sound_after_silence_is_not_delayed_by_it) {
  BlockPacer pacer{kStereo, kStart};
  run(pacer, kStart + 52ms);  // the last at 50
  Ramp ramp;
  pacer.push(ramp.frames(kBlock), kStart + 52ms);
  EXPECT_EQ(pacer.due(), kStart + 53750us);
  const auto block = pacer.take(pacer.due());
  ASSERT_TRUE(block);
  EXPECT_FALSE(block->silent);
  EXPECT_EQ(block->captured, kStart + 52ms);
}

TEST(BlockPacer, nothing_is_made_up_for_a_time_in_which_nobody_asked) {
  BlockPacer pacer{kStereo, kStart};
  ASSERT_TRUE(pacer.take(kStart + 1s));
  EXPECT_EQ(pacer.due(), kStart + 1s + 5ms);
}

TEST(BlockPacer, what_piles_up_is_dropped_from_its_old_end) {
  BlockPacer pacer{kStereo, kStart};
  Ramp ramp;
  for (int i = 0; i < 100; ++i) pacer.push(ramp.frames(kBlock), kStart);
  const std::size_t kept = 48 * 60;
  EXPECT_EQ(pacer.dropped_frames(), 100 * kBlock - kept);
  Ramp expected;
  expected.frames(100 * kBlock - kept);
  const auto block = pacer.take(kStart);
  ASSERT_TRUE(block);
  EXPECT_EQ(std::vector<float>(block->samples.begin(), block->samples.end()), expected.frames(kBlock));
}

TEST(BlockPacer, of_an_absurd_delivery_the_end_is_kept) {
  BlockPacer pacer{kStereo, kStart};
  Ramp ramp;
  pacer.push(ramp.frames(20'000), kStart);
  EXPECT_EQ(pacer.dropped_frames(), 20'000 - BlockPacer::kMaxPushFrames);
  EXPECT_TRUE(pacer.take(kStart));
}

TEST(BlockPacer, samples_are_bounded) {
  BlockPacer pacer{kStereo, kStart};
  constexpr auto kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> wild(2 * kBlock);
  wild[0] = std::nanf("");
  wild[1] = kInfinity;
  wild[2] = -kInfinity;
  wild[3] = 1.5F;
  wild[4] = 0.25F;
  pacer.push(wild, kStart);
  const auto block = pacer.take(kStart).value();
  EXPECT_EQ(block.samples[0], 0.0F);
  EXPECT_EQ(block.samples[1], 1.0F);
  EXPECT_EQ(block.samples[2], -1.0F);
  EXPECT_EQ(block.samples[3], 1.0F);
  EXPECT_EQ(block.samples[4], 0.25F);
}

// Any deliveries at any times: blocks are whole, sound is never reordered, the pace stays within bounds.
TEST(BlockPacer, survives_any_source) {
  std::mt19937 random{7};  // NOLINT: the same every time
  for (int round = 0; round < 12; ++round) {
    const AudioFormat format{static_cast<std::uint8_t>(round % 2 == 0 ? 6 : 8), AudioQuality::normal,
                             static_cast<std::uint8_t>(round % 3 == 0 ? 10 : 5)};
    BlockPacer pacer{format, kStart};
    auto time = kStart;
    Duration sent{};
    for (int i = 0; i < 250; ++i) {
      time += Duration{random() % 40'000'000};
      const std::vector<float> samples(std::size_t{random() % 3000} * format.channels, 0.5F);
      pacer.push(samples, time);
      while (const auto block = pacer.take(time)) {
        ASSERT_EQ(block->samples.size(), std::size_t{format.frames_per_packet()} * format.channels);
        sent += std::chrono::milliseconds{format.packet_ms};
        time += Duration{random() % 4'000'000};
      }
    }
    EXPECT_LE(sent, (time - kStart) * 4 / 3 + 20ms);
  }
}

}  // namespace
}  // namespace lumen::audio
