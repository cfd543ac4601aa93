#include "desktop/remote/remote_input.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace lumen::remote {
namespace {

using testing::ElementsAre, testing::IsEmpty;

struct Log final : Notifier {
  void move_to(double x, double y) override { said.push_back(fmt::format("to {} {}", x, y)); }
  void move_by(double dx, double dy) override { said.push_back(fmt::format("by {} {}", dx, dy)); }
  void button(std::uint16_t code, bool pressed) override {
    said.push_back(fmt::format("button {} {}", code, pressed));
  }
  void clicks(Axis axis, int count) override {
    said.push_back(fmt::format("clicks {} {}", axis == Axis::vertical ? "v" : "h", count));
  }
  void scroll(double dx, double dy) override { said.push_back(fmt::format("scroll {} {}", dx, dy)); }
  void key(std::uint16_t code, bool pressed) override {
    said.push_back(fmt::format("key {} {}", code, pressed));
  }
  void symbol(std::uint32_t keysym, bool pressed) override {
    said.push_back(fmt::format("symbol {:x} {}", keysym, pressed));
  }
  void touch_down(std::uint32_t slot, double x, double y) override {
    said.push_back(fmt::format("down {} {} {}", slot, x, y));
  }
  void touch_move(std::uint32_t slot, double x, double y) override {
    said.push_back(fmt::format("move {} {} {}", slot, x, y));
  }
  void touch_up(std::uint32_t slot) override { said.push_back(fmt::format("up {}", slot)); }
  std::vector<std::string> said;
};

class RemoteInputs : public testing::Test {
 protected:
  std::vector<std::string> inject(const InputEvent& event) {
    log_.said.clear();
    input_.inject(event, {1920, 1080, 60'000});
    return log_.said;
  }
  Log log_;
  RemoteInput input_{log_};
};

TEST_F(RemoteInputs, the_corners_are_pixels_of_the_picture) {
  EXPECT_THAT(inject(PointerMoveTo{0, 0}), ElementsAre("to 0 0"));
  EXPECT_THAT(inject(PointerMoveTo{65'535, 65'535}), ElementsAre("to 1919 1079"));
}

TEST_F(RemoteInputs, a_motion_that_is_no_number_is_dropped) {
  EXPECT_THAT(inject(PointerMoveBy{1.5F, -0.25F}), ElementsAre("by 1.5 -0.25"));
  EXPECT_THAT(inject(PointerMoveBy{NAN, 1}), IsEmpty());
}

TEST_F(RemoteInputs, whole_clicks_are_clicks_and_the_rest_is_a_length) {
  EXPECT_THAT(inject(Scroll{120, 0}), ElementsAre("clicks v 1"));
  EXPECT_THAT(inject(Scroll{-300, 0}), ElementsAre("clicks v -2", "scroll 0 -5"));
  EXPECT_THAT(inject(Scroll{0, 12}), ElementsAre("scroll 1 0"));
}

TEST_F(RemoteInputs, characters_are_their_symbols) {
  EXPECT_THAT(inject(Character{U'A'}), ElementsAre("symbol 41 true", "symbol 41 false"));
  EXPECT_THAT(inject(Character{U'€'}), ElementsAre("symbol 20ac true", "symbol 20ac false"));
  EXPECT_THAT(inject(Character{U'\n'}), ElementsAre("symbol ff0d true", "symbol ff0d false"));
}

TEST_F(RemoteInputs, release_all_lets_go_of_what_is_held_and_of_nothing_else) {
  inject(Key{30, true});
  inject(Key{31, true});
  inject(Key{31, false});
  inject(PointerButton{272, true});
  inject(Touch{.phase = TouchPhase::down, .id = 77});
  EXPECT_THAT(inject(ReleaseAll{}), ElementsAre("key 30 false", "button 272 false", "up 0"));
  EXPECT_THAT(inject(ReleaseAll{}), IsEmpty());
}

TEST_F(RemoteInputs, fingers_keep_their_slots_and_more_than_there_are_is_too_many) {
  for (std::uint32_t id = 0; id < RemoteInput::kMaxSlots; ++id) {
    EXPECT_THAT(inject(Touch{.phase = TouchPhase::down, .id = 100 + id}),
                ElementsAre(fmt::format("down {} 0 0", id)));
  }
  EXPECT_THAT(inject(Touch{.phase = TouchPhase::down, .id = 7}), IsEmpty());
  EXPECT_THAT(inject(Touch{.phase = TouchPhase::move, .id = 7}), IsEmpty());
  EXPECT_THAT(inject(Touch{.phase = TouchPhase::cancel, .id = 103}), ElementsAre("up 3"));
  EXPECT_THAT(inject(Touch{.phase = TouchPhase::down, .id = 7}), ElementsAre("down 3 0 0"));
}

TEST_F(RemoteInputs, codes_that_are_none_and_pens_are_dropped) {
  EXPECT_THAT(inject(Key{60'000, true}), IsEmpty());
  EXPECT_THAT(inject(PointerButton{60'000, true}), IsEmpty());
  EXPECT_THAT(inject(Pen{}), IsEmpty());
}

}  // namespace
}  // namespace lumen::remote
