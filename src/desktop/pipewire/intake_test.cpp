#include "desktop/pipewire/intake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "desktop/pipewire/test_buffer.hpp"

namespace lumen::pipewire {
namespace {

using testing::ElementsAre, testing::IsEmpty;

class Intakes : public testing::Test {
 protected:
  // What goes back to the source.
  std::vector<pw_buffer*> accept(TestBuffer& buffer) {
    std::vector<pw_buffer*> back;
    intake_.accept(buffer.stream_buffer, back);
    return back;
  }
  TestBuffer first_{1}, second_{2}, third_{3};
  Cursor cursor_;
  Intake intake_;
};

TEST_F(Intakes, a_newer_picture_sends_the_older_one_back_at_once) {
  EXPECT_THAT(accept(first_), IsEmpty());
  EXPECT_THAT(accept(second_), ElementsAre(&first_.stream_buffer));
  const auto haul = intake_.take(cursor_);
  EXPECT_EQ(haul.picture, &second_.stream_buffer);
  EXPECT_TRUE(haul.damage_is_lost);
  EXPECT_EQ(intake_.counts().overtaken, 1U);
  EXPECT_EQ(intake_.take(cursor_).picture, nullptr);
}

TEST_F(Intakes, what_the_loop_is_done_with_goes_back_with_the_next_turn) {
  accept(first_);
  intake_.take(cursor_);
  intake_.give_back(first_.stream_buffer);
  EXPECT_THAT(accept(second_), ElementsAre(&first_.stream_buffer));
  EXPECT_FALSE(intake_.take(cursor_).damage_is_lost);
}

TEST_F(Intakes, a_buffer_about_the_pointer_does_not_overtake_a_picture) {
  accept(first_);
  second_.chunk.size = 0;
  second_.cursor = {.id = 1, .position = {7, 3}};
  EXPECT_THAT(accept(second_), ElementsAre(&second_.stream_buffer));
  const auto haul = intake_.take(cursor_);
  EXPECT_EQ(haul.picture, &first_.stream_buffer);
  EXPECT_FALSE(haul.damage_is_lost);
  EXPECT_TRUE(haul.cursor_changed);
  EXPECT_EQ(cursor_.x(), 7);
}

TEST_F(Intakes, the_pointer_of_an_overtaken_picture_counts) {
  first_.cursor = {.id = 1, .position = {7, 3}};
  accept(first_);
  accept(second_);
  EXPECT_TRUE(intake_.take(cursor_).cursor_changed);
  EXPECT_EQ(cursor_.y(), 3);
}

TEST_F(Intakes, a_corrupted_picture_is_none_and_its_change_is_lost) {
  first_.chunk.flags = SPA_CHUNK_FLAG_CORRUPTED;
  EXPECT_THAT(accept(first_), ElementsAre(&first_.stream_buffer));
  second_.header.flags = SPA_META_HEADER_FLAG_CORRUPTED;
  EXPECT_THAT(accept(second_), ElementsAre(&second_.stream_buffer));
  const auto haul = intake_.take(cursor_);
  EXPECT_EQ(haul.picture, nullptr);
  EXPECT_TRUE(haul.damage_is_lost);
  EXPECT_EQ(intake_.counts().corrupted, 2U);
}

TEST_F(Intakes, what_is_no_more_is_neither_taken_nor_given_back) {
  accept(first_);
  intake_.take(cursor_);
  intake_.give_back(first_.stream_buffer);
  accept(second_);
  intake_.give_back(first_.stream_buffer);
  intake_.forget(first_.stream_buffer);
  intake_.forget(second_.stream_buffer);
  EXPECT_EQ(intake_.take(cursor_).picture, nullptr);
  EXPECT_THAT(accept(third_), IsEmpty());
}

}  // namespace
}  // namespace lumen::pipewire
