#include "desktop/pipewire/frame_reader.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "desktop/pipewire/test_buffer.hpp"

namespace lumen::pipewire {
namespace {

constexpr auto kWidth = TestBuffer::kWidth, kHeight = TestBuffer::kHeight;

class FrameReaders : public testing::Test {
 protected:
  void SetUp() override {
    reader_.set_format({kWidth, kHeight, 0, 60'000, {}});
    for (auto* each : {&first_, &second_, &third_}) reader_.add(each->buffer);
  }
  struct Seen {
    std::uint32_t pixel = 0;
    std::vector<Rect> damage;
    Timestamp presented;
  };

  TestBuffer first_{0x111111}, second_{0x222222}, third_{0x333333};
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::vector<Seen> seen_;
  FrameReader reader_{nullptr,
                      [this](const BorrowedFrame& frame) {
                        auto& seen = seen_.emplace_back();
                        std::memcpy(&seen.pixel, frame.pixels, 4);
                        seen.damage.assign(frame.damage.begin(), frame.damage.end());
                        seen.presented = frame.presented;
                      },
                      *log_};
};

TEST_F(FrameReaders, keep_the_newest_picture_and_give_back_the_one_before) {
  EXPECT_EQ(reader_.take(first_.buffer, false), nullptr);
  EXPECT_EQ(reader_.take(second_.buffer, false), &first_.buffer);
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_TRUE(seen_[0].damage.empty());
  EXPECT_EQ(seen_[1].pixel, 0x222222U);
  EXPECT_EQ(seen_[1].damage, (std::vector<Rect>{{1, 1, 2, 2}}));
  reader_.show_again();
  EXPECT_EQ(seen_.back().pixel, 0x222222U);
  EXPECT_TRUE(seen_.back().damage.empty());
}

TEST_F(FrameReaders, a_picture_whose_damage_is_not_all_is_all_new) {
  reader_.take(first_.buffer, false);
  reader_.take(second_.buffer, true);
  EXPECT_TRUE(seen_.back().damage.empty());
  reader_.take(third_.buffer, false);
  EXPECT_EQ(seen_.back().damage.size(), 1U);
  reader_.forget_damage();
  reader_.take(first_.buffer, false);
  EXPECT_TRUE(seen_.back().damage.empty());
}

TEST_F(FrameReaders, a_kept_buffer_that_is_taken_away_is_not_looked_at_again) {
  reader_.take(first_.buffer, false);
  reader_.remove(first_.buffer);
  reader_.show_again();
  EXPECT_EQ(seen_.size(), 1U);
  EXPECT_EQ(reader_.take(second_.buffer, false), nullptr);
}

TEST_F(FrameReaders, a_picture_of_another_clock_was_drawn_when_it_came) {
  const auto before = SteadyTime{}.now();
  for (const auto pts : {std::int64_t{1}, std::int64_t{-5}, std::int64_t{INT64_MAX}}) {
    first_.header.pts = pts;
    reader_.take(first_.buffer, false);
    EXPECT_GE(seen_.back().presented, before) << pts;
    EXPECT_LE(seen_.back().presented, SteadyTime{}.now()) << pts;
  }
  first_.header.pts = to_ns(before);
  reader_.take(first_.buffer, false);
  EXPECT_EQ(seen_.back().presented, before);
}

TEST_F(FrameReaders, a_buffer_larger_than_its_memory_is_never_read) {
  TestBuffer liar{0x444444};
  liar.data.maxsize *= 2;
  liar.data.mapoffset = 0;
  reader_.add(liar.buffer);
  EXPECT_EQ(reader_.take(liar.buffer, false), &liar.buffer);
  EXPECT_TRUE(seen_.empty());
  EXPECT_EQ(reader_.refused(), 1U);
}

}  // namespace
}  // namespace lumen::pipewire
