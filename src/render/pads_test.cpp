// SDL's virtual pads: plugged in and out, pressed and made to rumble without a device.
#include "render/pads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace lumen::render {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

struct Felt {
  std::uint16_t strong = 0, weak = 0, left = 0, right = 0;
  std::array<std::uint8_t, 3> light{};
  int rumbles = 0;
};

class VirtualPads : public testing::Test {
 protected:
  void SetUp() override {
    SDL_SetHint(SDL_HINT_JOYSTICK_ALLOW_BACKGROUND_EVENTS, "1");  // no window has the focus here
    SDL_SetHint(SDL_HINT_JOYSTICK_HIDAPI, "0");
    ASSERT_EQ(SDL_InitSubSystem(SDL_INIT_EVENTS), 0) << SDL_GetError();
    pads_ = std::make_unique<Pads>();
    poll();
    told_.clear();
  }
  void TearDown() override {
    pads_.reset();
    SDL_QuitSubSystem(SDL_INIT_EVENTS);
  }

  int plug() {
    SDL_VirtualJoystickDesc desc{};
    desc.version = SDL_VIRTUAL_JOYSTICK_DESC_VERSION;
    desc.type = SDL_JOYSTICK_TYPE_GAMECONTROLLER;
    desc.naxes = SDL_CONTROLLER_AXIS_MAX;
    desc.nbuttons = SDL_CONTROLLER_BUTTON_MAX;
    desc.name = "Lumen's test pad";
    desc.userdata = &felt_;
    desc.Rumble = [](void* to, Uint16 low, Uint16 high) {
      auto* felt = static_cast<Felt*>(to);
      felt->strong = low;
      felt->weak = high;
      ++felt->rumbles;
      return 0;
    };
    desc.RumbleTriggers = [](void* to, Uint16 left, Uint16 right) {
      auto* felt = static_cast<Felt*>(to);
      felt->left = left;
      felt->right = right;
      return 0;
    };
    desc.SetLED = [](void* to, Uint8 red, Uint8 green, Uint8 blue) {
      static_cast<Felt*>(to)->light = {red, green, blue};
      return 0;
    };
    const int index = SDL_JoystickAttachVirtualEx(&desc);
    EXPECT_GE(index, 0) << SDL_GetError();
    device_ = SDL_JoystickFromInstanceID(SDL_JoystickGetDeviceInstanceID(index));
    poll();
    device_ = SDL_JoystickFromInstanceID(SDL_JoystickGetDeviceInstanceID(index));
    return index;
  }
  void press(int button, bool down) { SDL_JoystickSetVirtualButton(device_, button, down ? 1 : 0); }
  void move(int axis, int to) { SDL_JoystickSetVirtualAxis(device_, axis, static_cast<Sint16>(to)); }

  void poll() {
    SDL_GameControllerUpdate();
    for (SDL_Event event; SDL_PollEvent(&event) == 1;) {
      if (const auto key = pads_->step(event)) keys_.push_back(*key);
      pads_->handle(event, [this](const PadEvent& told) { told_.push_back(told); });
    }
    pads_->flush([this](const PadEvent& told) { told_.push_back(told); });
  }

  Felt felt_;
  std::unique_ptr<Pads> pads_;
  SDL_Joystick* device_ = nullptr;
  std::vector<PadEvent> told_;
  std::vector<ScreenKey> keys_;
};

TEST_F(VirtualPads, a_pad_that_is_plugged_in_says_what_it_can_and_one_that_goes_is_gone) {
  const int index = plug();
  ASSERT_FALSE(told_.empty());
  const auto* arrival = std::get_if<PadArrival>(&told_.front());
  ASSERT_NE(arrival, nullptr);
  EXPECT_EQ(arrival->slot, 0);
  EXPECT_NE(arrival->capabilities & pad_capability::kRumble, 0);
  EXPECT_NE(arrival->identity, 0U);
  EXPECT_EQ(pads_->count(), 1U);
  ASSERT_EQ(SDL_JoystickDetachVirtual(index), 0);
  poll();
  EXPECT_THAT(told_, Contains(PadEvent{PadGone{0}}));
  EXPECT_EQ(pads_->count(), 0U);
}

TEST_F(VirtualPads, buttons_sticks_and_triggers_are_told) {
  plug();
  told_.clear();
  press(SDL_CONTROLLER_BUTTON_A, true);
  poll();
  EXPECT_THAT(told_, ElementsAre(PadEvent{PadState{.slot = 0, .buttons = pad_button::kA}}));
  told_.clear();
  press(SDL_CONTROLLER_BUTTON_A, false);
  move(SDL_CONTROLLER_AXIS_LEFTY, -32768);
  move(SDL_CONTROLLER_AXIS_TRIGGERRIGHT, 32767);
  poll();
  ASSERT_FALSE(told_.empty());
  const auto last = std::get<PadState>(told_.back());
  EXPECT_EQ(last.buttons, 0U);
  EXPECT_EQ(last.left_y, 32767);  // up
  EXPECT_EQ(last.right_trigger, 255);
}

TEST_F(VirtualPads, a_press_and_its_release_between_two_polls_are_both_told) {
  plug();
  told_.clear();
  press(SDL_CONTROLLER_BUTTON_B, true);
  SDL_GameControllerUpdate();
  press(SDL_CONTROLLER_BUTTON_B, false);
  poll();
  EXPECT_THAT(told_, ElementsAre(PadEvent{PadState{.buttons = pad_button::kB}}, PadEvent{PadState{}}));
}

TEST_F(VirtualPads, what_the_host_wants_reaches_the_pad) {
  plug();
  pads_->feed_back(PadRumble{.slot = 0, .strong = 0x8000, .weak = 0x1000});
  EXPECT_EQ(felt_.strong, 0x8000);
  EXPECT_EQ(felt_.weak, 0x1000);
  pads_->feed_back(PadTriggerRumble{.slot = 0, .left = 7, .right = 9});
  EXPECT_EQ(felt_.left, 7);
  pads_->feed_back(PadLight{.slot = 0, .red = 1, .green = 2, .blue = 3});
  EXPECT_THAT(felt_.light, ElementsAre(1, 2, 3));
  pads_->feed_back(PadRumble{.slot = 9, .strong = 1});  // nobody there
  pads_->quieten();
  EXPECT_EQ(felt_.strong, 0);
  EXPECT_EQ(felt_.left, 0);
}

TEST_F(VirtualPads, a_stream_that_begins_hears_of_the_pads_that_are_there) {
  plug();
  std::vector<PadEvent> told;
  pads_->announce([&](const PadEvent& event) { told.push_back(event); });
  ASSERT_EQ(told.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<PadArrival>(told[0]));
  EXPECT_TRUE(std::holds_alternative<PadState>(told[1]));
}

TEST_F(VirtualPads, the_combination_that_leaves_counts_once) {
  plug();
  for (const auto button :
       {SDL_CONTROLLER_BUTTON_BACK, SDL_CONTROLLER_BUTTON_START, SDL_CONTROLLER_BUTTON_LEFTSHOULDER}) {
    press(button, true);
  }
  poll();
  EXPECT_FALSE(pads_->take_leave_combination());
  press(SDL_CONTROLLER_BUTTON_RIGHTSHOULDER, true);
  poll();
  EXPECT_TRUE(pads_->take_leave_combination());
  EXPECT_FALSE(pads_->take_leave_combination());
}

TEST_F(VirtualPads, the_cross_and_the_stick_step_through_screens) {
  plug();
  press(SDL_CONTROLLER_BUTTON_DPAD_DOWN, true);
  poll();
  press(SDL_CONTROLLER_BUTTON_DPAD_DOWN, false);
  poll();
  move(SDL_CONTROLLER_AXIS_LEFTX, 30'000);
  poll();
  move(SDL_CONTROLLER_AXIS_LEFTX, 31'000);  // still the same step
  poll();
  move(SDL_CONTROLLER_AXIS_LEFTX, 0);
  poll();
  press(SDL_CONTROLLER_BUTTON_A, true);
  poll();
  EXPECT_THAT(keys_, ElementsAre(ScreenKey::down, ScreenKey::right, ScreenKey::accept));
}

TEST_F(VirtualPads, a_direction_that_is_held_goes_on_until_it_is_let_go) {
  plug();
  press(SDL_CONTROLLER_BUTTON_DPAD_UP, true);
  poll();
  std::vector<ScreenKey> more;
  const auto later = SteadyTime{}.now() + 1s;
  pads_->repeat_steps(later, [&](ScreenKey key) { more.push_back(key); });
  pads_->repeat_steps(later, [&](ScreenKey key) { more.push_back(key); });
  EXPECT_THAT(more, ElementsAre(ScreenKey::up));
  press(SDL_CONTROLLER_BUTTON_DPAD_UP, false);
  poll();
  more.clear();
  pads_->repeat_steps(later + 1s, [&](ScreenKey key) { more.push_back(key); });
  EXPECT_THAT(more, IsEmpty());
}

TEST(PadValues, triggers_and_sticks_reach_their_ends) {
  EXPECT_EQ(trigger_of(0), 0);
  EXPECT_EQ(trigger_of(-5), 0);
  EXPECT_EQ(trigger_of(32767), 255);
  EXPECT_EQ(upwards(32767), -32768);
  EXPECT_EQ(upwards(-32768), 32767);
  EXPECT_EQ(pad_button_of(255), 0U);
  EXPECT_EQ(pad_button_of(SDL_CONTROLLER_BUTTON_TOUCHPAD), pad_button::kTouchpad);
}

}  // namespace
}  // namespace lumen::render
