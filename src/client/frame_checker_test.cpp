#include "client/frame_checker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "client/picture_copy.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;

// A grey 4:2:0 full-range picture with the code drawn by luma alone, patches in their true colours.
class CodedPicture {
 public:
  CodedPicture(std::uint32_t width, std::uint32_t height, std::uint32_t number, Timestamp drawn)
      : width_{width}, height_{height}, bgrx_(std::size_t{width} * height * 4, std::byte{128}) {
    testing::draw_code(bgrx_.data(), width * 4, {number, static_cast<std::uint64_t>(to_ns(drawn) / 1000)});
    pool_ = PicturePool::create({.format = PixelFormat::i420,
                                 .color = {ColorMatrix::bt709, ColorRange::full},
                                 .width = width,
                                 .height = height,
                                 .count = 1})
                .value();
    lease_.emplace(*pool_->try_acquire());
    convert();
  }
  PictureView view() const { return view_of(lease_->picture(), lease_->picture().color); }

 private:
  double channel(std::uint32_t x, std::uint32_t y, std::size_t c) const {
    return std::to_integer<int>(bgrx_[(std::size_t{y} * width_ + x) * 4 + c]);
  }
  void convert() {
    const auto& picture = lease_->picture();
    for (std::uint32_t y = 0; y < height_; ++y) {
      for (std::uint32_t x = 0; x < width_; ++x) {
        const double b = channel(x, y, 0), g = channel(x, y, 1), r = channel(x, y, 2);
        const double luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        put(picture.planes[0], x, y, luma);
        put(picture.planes[1], x / 2, y / 2, 128 + (b - luma) / 1.8556);
        put(picture.planes[2], x / 2, y / 2, 128 + (r - luma) / 1.5748);
      }
    }
  }
  static void put(const Plane& plane, std::uint32_t x, std::uint32_t y, double value) {
    plane.pixels[y * plane.stride_bytes + x] =
        static_cast<std::byte>(std::clamp(static_cast<int>(value + 0.5), 0, 255));
  }
  std::uint32_t width_, height_;
  std::vector<std::byte> bgrx_;
  std::shared_ptr<PicturePool> pool_;
  std::optional<PictureLease> lease_;
};

class FrameCheckerTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kWidth = 640, kHeight = 64;
  void show(std::uint32_t number, std::uint32_t width = kWidth) {
    const CodedPicture picture{width, kHeight, number, time_ - 5ms};
    AccessUnit unit;
    unit.received = unit.complete = time_;
    const auto view = picture.view();
    checker_.check({view, unit, time_, time_});
    time_ += 16ms;
  }
  FrameChecker checker_;
  Timestamp time_{100s};
};

TEST_F(FrameCheckerTest, a_whole_run_is_correct) {
  for (std::uint32_t i = 10; i < 30; ++i) show(i);
  const auto facts = checker_.snapshot();
  EXPECT_EQ(facts.drawn, 20U);
  EXPECT_EQ(facts.correct, 20U);
  EXPECT_EQ(facts.lost, 0U);
  EXPECT_NEAR(to_ms(facts.latency.total.quantile(0.5)), 5.0, 0.2);
  EXPECT_EQ(facts.longest_freeze, 16ms);
}

TEST_F(FrameCheckerTest, missing_numbers_are_lost_frames) {
  for (const auto i : {1U, 2U, 5U, 6U}) show(i);
  const auto facts = checker_.snapshot();
  EXPECT_EQ(facts.drawn, 6U);
  EXPECT_EQ(facts.lost, 2U);
  EXPECT_EQ(facts.correct, 4U);
}

TEST_F(FrameCheckerTest, a_still_picture_is_a_repeat_and_a_step_back_is_out_of_order) {
  for (const auto i : {7U, 8U, 8U, 8U, 7U, 9U}) show(i);
  const auto facts = checker_.snapshot();
  EXPECT_EQ(facts.repeated, 2U);
  EXPECT_EQ(facts.out_of_order, 1U);
  EXPECT_EQ(facts.correct, 3U);
}

TEST_F(FrameCheckerTest, a_restarted_scene_is_told_apart) {
  for (const auto i : {500U, 501U, 1U, 2U}) show(i);
  const auto facts = checker_.snapshot();
  EXPECT_EQ(facts.scene_restarts, 1U);
  EXPECT_EQ(facts.drawn, 4U);
  EXPECT_EQ(facts.out_of_order, 0U);
}

TEST_F(FrameCheckerTest, a_wrong_size_is_not_correct) {
  checker_.expect({kWidth, kHeight, 60'000});
  show(1);
  show(2, 704);
  const auto facts = checker_.snapshot();
  EXPECT_EQ(facts.wrong_size, 1U);
  EXPECT_EQ(facts.correct, 1U);
}

TEST_F(FrameCheckerTest, wrong_colour_tags_are_noticed) {
  const CodedPicture picture{kWidth, kHeight, 1, time_};
  auto view = picture.view();
  view.color = {ColorMatrix::bt601, ColorRange::full};
  checker_.check({view, AccessUnit{}, time_, time_});
  EXPECT_EQ(checker_.snapshot().wrong_color, 1U);
}

TEST_F(FrameCheckerTest, a_picture_without_a_code_is_counted_once_the_scene_is_up) {
  const auto pool =
      PicturePool::create({.format = PixelFormat::i420, .width = kWidth, .height = kHeight, .count = 1})
          .value();
  const auto lease = pool->try_acquire();
  const auto view = view_of(lease->picture(), {});
  checker_.check({view, AccessUnit{}, time_, time_});
  EXPECT_EQ(checker_.snapshot().unreadable, 0U);
  EXPECT_EQ(checker_.snapshot().before_scene, 1U);
  show(1);
  checker_.check({view, AccessUnit{}, time_, time_});
  EXPECT_EQ(checker_.snapshot().unreadable, 1U);
}

}  // namespace
}  // namespace lumen::client
