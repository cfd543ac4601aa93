#include "simulation/stream.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "flow/frame_loss.hpp"

namespace lumen::simulation {
namespace {

using std::chrono::milliseconds;

// The fates of the data of every frame's first block.
class Recorder final : public FrameObserver {
 public:
  void sent(const SentFrame& frame) override {
    const auto data = frame.layout.block[0].data;
    for (std::size_t i = 0; i < data; ++i) lost.push_back(frame.fates[i].outcome != Outcome::arrived);
  }
  std::vector<bool> lost;
};

Stream run(const StreamParams& params, const LinkParams& link, std::uint64_t frames, std::uint64_t seed = 1) {
  Stream stream{params, link, seed};
  for (std::uint64_t i = 0; i < frames; ++i) stream.send_frame();
  stream.finish();
  return stream;
}

// Counts how many datagrams had arrived when a frame was said to be complete.
class CompletionCheck final : public FrameObserver {
 public:
  void sent(const SentFrame& frame) override {
    if (!frame.complete) return;
    std::size_t until = 0;
    for (const auto& fate : frame.fates)
      until += fate.arrives <= *frame.complete && fate.arrives != Timestamp{};
    EXPECT_EQ(until, frame.layout.data());
    ++frames;
  }
  int frames = 0;
};

StreamParams with(Code code, double percent, Recovery recovery = Recovery::idr) {
  return {.idr_size = 1, .code = code, .fixed_percent = percent, .recovery = recovery};
}

TEST(Stream, over_a_clean_link_shows_every_frame_without_a_stall) {
  const auto stream = run({.size_spread = 0.5}, {.delay = milliseconds{10}}, 1'000);
  EXPECT_EQ(stream.playback().frames_shown, 1'000U);
  EXPECT_EQ(stream.playback().stalls.count(), 0U);
  EXPECT_EQ(stream.stats().entries, 1U);
}

TEST(Stream, loses_as_many_frames_as_the_model_of_its_link_says) {
  for (const LossModel& model : {LossModel{0.02, 1}, LossModel{0.05, 8}}) {
    for (const double percent : {5, 10, 20}) {
      constexpr double kFrames = 20'000;
      const auto stream = run(with(Code::leopard, percent), {.loss = model}, 20'000);
      const auto m = static_cast<std::size_t>(percent);
      const auto expected = kFrames * frame_loss(100, m, model);
      EXPECT_NEAR(static_cast<double>(stream.stats().frames_beyond_repair), expected,
                  4 * std::sqrt(expected) + 1)
          << percent;
      EXPECT_EQ(stream.playback().frames_lost, stream.stats().frames_beyond_repair);
    }
  }
}

TEST(Stream, meets_the_same_losses_under_every_code_and_policy) {
  const LinkParams link{.loss = {0.1, 3}, .delay = milliseconds{5}};
  const auto losses = [&](const StreamParams& params) {
    Recorder recorder;
    Stream stream{params, link, 9};
    stream.observe(&recorder);
    for (int i = 0; i < 300; ++i) stream.send_frame();
    return recorder.lost;
  };
  const auto bare = losses(with(Code::none, 0, Recovery::none));
  EXPECT_EQ(losses(with(Code::leopard, 30, Recovery::none)), bare);
  EXPECT_EQ(losses(with(Code::gamestream, 20, Recovery::invalidation)), bare);
}

TEST(Stream, of_the_same_seed_is_the_same_to_the_nanosecond) {
  const LinkParams link{.loss = {0.05, 4},
                        .delay = milliseconds{5},
                        .jitter = milliseconds{2},
                        .reordered = 0.01,
                        .duplicated = 0.01};
  EXPECT_EQ(run({}, link, 2'000, 3).digest(), run({}, link, 2'000, 3).digest());
  EXPECT_NE(run({}, link, 2'000, 3).digest(), run({}, link, 2'000, 4).digest());
}

TEST(Stream, with_any_code_mends_frames_that_none_would_lose) {
  const LinkParams link{.loss = {0.01, 1}};
  const auto bare = run(with(Code::none, 0), link, 2'000);
  const auto mended = run(with(Code::leopard, 20), link, 2'000);
  EXPECT_GT(bare.stats().frames_beyond_repair, 1'000U);
  EXPECT_EQ(bare.stats().frames_mended, 0U);
  EXPECT_EQ(mended.stats().frames_beyond_repair, 0U);
  EXPECT_EQ(mended.stats().frames_mended, bare.stats().frames_beyond_repair) << "the same traces";
}

// One block of 400 averages what four of 100 do not.
TEST(Stream, has_a_frame_complete_when_as_many_datagrams_as_it_has_data_have_arrived) {
  CompletionCheck check;
  Stream stream{with(Code::leopard, 30), {.loss = {0.05, 2}, .delay = milliseconds{5}, .reordered = 0.05}, 1};
  stream.observe(&check);
  for (int i = 0; i < 200; ++i) stream.send_frame();
  EXPECT_GT(check.frames, 150);
}

TEST(Stream, in_one_block_loses_fewer_frames_than_in_four_of_as_much_parity) {
  auto leopard = with(Code::leopard, 20), gamestream = with(Code::gamestream, 20);
  leopard.data_shards = gamestream.data_shards = 800;
  const LinkParams link{.loss = {0.1, 4}};
  EXPECT_LT(5 * run(leopard, link, 2'000).stats().frames_beyond_repair,
            run(gamestream, link, 2'000).stats().frames_beyond_repair);
}

TEST(Stream, stalls_for_a_round_trip_and_no_longer_when_it_may_ask) {
  const LinkParams link{.loss = {0.002, 1}, .delay = milliseconds{20}};
  auto params = with(Code::none, 0, Recovery::none);
  params.idr_every = 120;
  const auto never = run(params, link, 20'000);
  const auto asks = run(with(Code::none, 0, Recovery::idr), link, 20'000);
  EXPECT_GT(never.playback().stalls.quantile(0.5), milliseconds{300});
  EXPECT_GT(asks.playback().stalls.quantile(0.5), milliseconds{40});
  EXPECT_LT(asks.playback().stalls.quantile(0.5), milliseconds{120});
}

TEST(Stream, sends_larger_frames_for_idr_but_not_for_invalidation) {
  const LinkParams link{.loss = {0.002, 1}, .delay = milliseconds{20}};
  auto idr = with(Code::none, 0, Recovery::idr), invalidation = with(Code::none, 0, Recovery::invalidation);
  idr.idr_size = invalidation.idr_size = 4;
  EXPECT_GT(run(idr, link, 5'000).stats().data_asked, 20'000U);
  EXPECT_EQ(run(invalidation, link, 5'000).stats().data_asked, 300U) << "the first frame";
}

TEST(Stream, asks_no_more_than_once_a_round_trip_while_it_is_broken) {
  const auto stream = run(with(Code::none, 0), {.loss = {0.05, 1}, .delay = milliseconds{20}}, 6'000);
  EXPECT_LT(stream.playback().asks, 100'000U / 40);
}

TEST(Stream, that_adapts_follows_the_link) {
  Stream stream{{}, {.delay = milliseconds{5}}, 1};
  const auto run_for = [&](int frames, const LossModel& loss) {
    stream.set_link({.loss = loss, .delay = milliseconds{5}});
    for (int i = 0; i < frames; ++i) stream.send_frame();
    return stream.parity().parity_for(100);
  };
  const auto clean = run_for(3'600, {});
  const auto lossy = run_for(600, {0.1, 1});
  const auto clean_again = run_for(3'600, {});
  EXPECT_LT(clean, 10U);
  EXPECT_GT(lossy, 30U);
  EXPECT_LT(clean_again, 10U);
}

TEST(Stream, waits_for_a_bottleneck_and_loses_what_overflows) {
  auto params = with(Code::none, 0);  // 100 datagrams of 1440 bytes 60 times a second: 69 Mbit/s
  const auto narrow = run(params, {.rate = BitsPerSecond{60'000'000}}, 600);
  EXPECT_GT(narrow.link().overflowed, 1'000U);
  const auto wide = run(params, {.rate = BitsPerSecond{80'000'000}}, 600);
  EXPECT_EQ(wide.link().overflowed, 0U);
  EXPECT_EQ(wide.playback().frames_shown, 600U);
}

}  // namespace
}  // namespace lumen::simulation
