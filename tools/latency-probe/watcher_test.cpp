#include "tools/latency-probe/watcher.hpp"

#include <gtest/gtest.h>

#include <array>

namespace lumen::probe {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kWidth = 640, kHeight = 64;

// A decoded picture of the scene, in grey but for its middle.
class Shown {
 public:
  Shown(std::uint32_t number, Timestamp drawn, bool flash) {
    std::vector<std::byte> bgrx(std::size_t{kWidth} * kHeight * 4, std::byte{128});
    testing::draw_code(bgrx.data(), std::size_t{kWidth} * 4,
                       {.frame_number = number, .drawn_us = static_cast<std::uint64_t>(to_ns(drawn) / 1000)});
    for (std::size_t i = 0; i < luma_.size(); ++i) luma_[i] = bgrx[i * 4];
    cb_.fill(std::byte{static_cast<unsigned char>(flash ? 70 : 180)});
    cr_.fill(std::byte{static_cast<unsigned char>(flash ? 70 : 180)});
  }
  PictureView view() const {
    return {.format = PixelFormat::i420,
            .color = {},
            .width = kWidth,
            .height = kHeight,
            .planes = {ConstPlane{luma_.data(), kWidth}, ConstPlane{cb_.data(), kWidth / 2},
                       ConstPlane{cr_.data(), kWidth / 2}}};
  }

 private:
  std::array<std::byte, std::size_t{kWidth} * kHeight> luma_{};
  std::array<std::byte, std::size_t{kWidth} * kHeight / 4> cb_{}, cr_{};
};

class Watching : public ::testing::Test {
 protected:
  // Drawn at so many milliseconds, decoded six later.
  void show(std::uint32_t number, int drawn_ms, bool flash = false) {
    const auto drawn = at(drawn_ms), decoded = at(drawn_ms + 6);
    const Shown shown{number, drawn, flash};
    const auto view = shown.view();
    AccessUnit unit;
    unit.received = decoded - milliseconds{3};
    unit.complete = decoded - milliseconds{2};
    watcher_.on_picture({view, unit, decoded - milliseconds{1}, decoded});
  }
  static Timestamp at(int ms) { return from_ns(1'000'000'000) + milliseconds{ms}; }
  ProbeRun run() const {
    ProbeRun run;
    watcher_.fill(run);
    return run;
  }
  Watcher watcher_;
};

TEST_F(Watching, a_frame_is_measured_from_its_own_draw_time) {
  show(1, 100);
  const auto frames = run().frames;
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].total, milliseconds{6});
  EXPECT_EQ(frames[0].receive, milliseconds{1});
  EXPECT_EQ(frames[0].wait, milliseconds{1});
  EXPECT_EQ(frames[0].decode, milliseconds{1});
  EXPECT_EQ(watcher_.first_frame(), at(106));
}

TEST_F(Watching, repeats_do_not_count_and_gaps_do) {
  for (const auto& [number, drawn] : {std::pair{1, 0}, {1, 0}, {2, 16}, {5, 64}})
    show(static_cast<std::uint32_t>(number), drawn);
  EXPECT_EQ(run().frames.size(), 3U);
  EXPECT_EQ(run().frames_lost, 2U);
}

TEST_F(Watching, a_key_is_answered_by_the_first_frame_that_shows_it) {
  show(1, 0);
  watcher_.key_sent(at(10));
  show(2, 16);
  EXPECT_TRUE(watcher_.is_key_pending());
  show(3, 33, true);
  EXPECT_FALSE(watcher_.is_key_pending());
  show(4, 50, true);
  const auto keys = run().keys;
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].to_draw, milliseconds{23});
  EXPECT_EQ(keys[0].to_pixel, milliseconds{29});
}

TEST_F(Watching, a_flip_without_a_key_and_a_key_without_a_flip_are_no_answers) {
  show(1, 0);
  show(2, 16, true);
  watcher_.key_sent(at(20));
  show(3, 33, true);
  watcher_.give_key_up();
  EXPECT_TRUE(run().keys.empty());
  EXPECT_EQ(run().keys_lost, 1U);
}

TEST_F(Watching, beginning_anew_forgets_what_was_measured_but_not_the_square) {
  show(1, 0);
  watcher_.begin();
  EXPECT_TRUE(run().frames.empty());
  EXPECT_EQ(watcher_.flash(), false);
  watcher_.key_sent(at(10));
  show(2, 16, true);
  EXPECT_EQ(run().keys.size(), 1U);
  EXPECT_EQ(run().frames_lost, 0U);
}

TEST_F(Watching, what_was_presented_is_added_to_its_frame) {
  show(1, 0);
  show(2, 16);
  watcher_.presented(1, at(9));
  watcher_.presented(77, at(9));
  const auto frames = run().frames;
  EXPECT_EQ(frames[0].present, milliseconds{3});
  EXPECT_FALSE(frames[1].present);
}

}  // namespace
}  // namespace lumen::probe
