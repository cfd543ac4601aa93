#include "worker/pointer_teller.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace lumen::worker {
namespace {

using namespace std::chrono_literals;

constexpr Mode kMode{640, 480, 60'000};

class PointerTelling : public testing::Test {
 protected:
  void SetUp() override {
    loop_ = EventLoop::create().value();
    teller_ = std::make_unique<PointerTeller>(calls(), *loop_);
    teller_->set_able(true);
  }
  PointerTeller::Calls calls() {
    return {.send =
                [this](const link::ToHost& message) {
                  if (!has_room_) return false;
                  if (const auto* state = std::get_if<PointerState>(&message)) states_.push_back(*state);
                  if (const auto* piece = std::get_if<PointerPiece>(&message)) pieces_.push_back(*piece);
                  return true;
                },
            .draw = [this](bool drawn) { drawn_.push_back(drawn); },
            .ask = [this] { ++asked_; }};
  }
  void wish_apart() {
    teller_->set_wish({.apart = true});
    drawn_.clear();
  }
  void show(std::uint32_t side, int colour, std::int32_t x = 5, std::int32_t y = 6) {
    pixels_.assign(std::size_t{side} * side * 4, static_cast<std::byte>(colour));
    teller_->on_pointer({.visible = true, .x = x, .y = y, .width = side, .height = side, .pixels = pixels_},
                        kMode);
  }
  void run_for(Duration time) {
    loop_->call_at(SteadyTime{}.now() + time, [this] { loop_->stop(); });
    loop_->run();
  }
  bool run_until(const std::function<bool()>& done) {
    for (int i = 0; i < 2000 && !done(); ++i) run_for(1ms);
    return done();
  }
  const PointerState& newest() const { return states_.back(); }

  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<PointerTeller> teller_;
  bool has_room_ = true;
  std::vector<PointerState> states_;
  std::vector<PointerPiece> pieces_;
  std::vector<bool> drawn_;
  int asked_ = 0;
  std::vector<std::byte> pixels_;
};

TEST_F(PointerTelling, says_nothing_while_nobody_wants_it) {
  show(16, 1);
  run_for(10ms);
  EXPECT_TRUE(states_.empty());
  EXPECT_TRUE(pieces_.empty());
}

TEST_F(PointerTelling, takes_it_out_of_the_picture_and_asks_for_it) {
  teller_->set_wish({.drawn = true});
  EXPECT_EQ(drawn_.back(), true);
  teller_->set_wish({.apart = true});
  EXPECT_EQ(drawn_.back(), true);  // nothing is known yet: without, there would be none at all
  EXPECT_EQ(asked_, 1);
  EXPECT_TRUE(states_.empty());
  show(16, 1);
  EXPECT_EQ(drawn_.back(), false);
  ASSERT_EQ(states_.size(), 1U);
  EXPECT_EQ(newest(), (PointerState{PointerPlace::apart, 1, 5, 6}));
  ASSERT_EQ(pieces_.size(), 1U);
  EXPECT_EQ(pieces_[0].image, 1U);
  EXPECT_EQ(pieces_[0].pixels, pixels_);
}

TEST_F(PointerTelling, tells_the_newest_place_and_not_each) {
  wish_apart();
  for (int i = 0; i < 100; ++i) show(16, 1, i, i);
  ASSERT_TRUE(run_until([&] { return newest().x == 99; }));
  EXPECT_LT(states_.size(), 20U);
  show(16, 1, -5, 10'000);
  ASSERT_TRUE(run_until([&] { return newest().x == 0; }));
  EXPECT_EQ(newest().y, kMode.height - 1);
  EXPECT_EQ(pieces_.size(), 1U);
}

TEST_F(PointerTelling, sends_one_look_at_a_time_and_of_those_that_wait_the_newest) {
  wish_apart();
  show(16, 1);
  for (int colour = 2; colour < 10; ++colour) show(16, colour);
  run_for(2 * PointerTeller::kBetweenLooks);
  EXPECT_EQ(pieces_.size(), 1U);  // it was not taken yet
  teller_->taken(1);
  ASSERT_TRUE(run_until([&] { return pieces_.size() == 2; }));
  EXPECT_EQ(pieces_[1].pixels.front(), std::byte{9});
  ASSERT_TRUE(run_until([&] { return newest().image == pieces_[1].image; }));
}

TEST_F(PointerTelling, a_large_look_goes_in_pieces_and_waits_for_room) {
  wish_apart();
  show(256, 1);
  EXPECT_EQ(pieces_.size(), 1U);  // others have their turn between them
  ASSERT_TRUE(run_until([&] { return pieces_.size() == 16; }));
  PointerAssembly assembly;
  std::optional<PointerImage> whole;
  for (const auto& piece : pieces_) whole = assembly.push(piece);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->pixels, pixels_);
  teller_->taken(1);
  has_room_ = false;
  show(256, 2);
  run_for(350ms);  // the one before was long
  EXPECT_EQ(pieces_.size(), 16U);
  has_room_ = true;
  EXPECT_TRUE(run_until([&] { return pieces_.size() == 32; }));
}

TEST_F(PointerTelling, a_look_that_the_client_has_is_named_and_not_sent_again) {
  wish_apart();
  show(16, 1);
  teller_->taken(1);
  show(16, 2);
  ASSERT_TRUE(run_until([&] { return pieces_.size() == 2; }));
  teller_->taken(2);
  show(16, 1);
  ASSERT_TRUE(run_until([&] { return newest().image == 1; }));
  show(16, 2);
  ASSERT_TRUE(run_until([&] { return newest().image == 2; }));
  EXPECT_EQ(pieces_.size(), 2U);
}

TEST_F(PointerTelling, a_new_client_gets_every_look_anew) {
  wish_apart();
  show(16, 1);
  wish_apart();
  show(16, 1);
  ASSERT_TRUE(run_until([&] { return pieces_.size() == 2; }));
  teller_->taken(1);  // of the client before
  show(16, 2);
  run_for(2 * PointerTeller::kBetweenLooks);
  EXPECT_EQ(pieces_.size(), 2U);
}

TEST_F(PointerTelling, a_client_that_wishes_again_and_again_is_told_no_faster) {
  wish_apart();
  const auto begun = SteadyTime{}.now();
  for (int i = 0; i < 100; ++i) {
    teller_->set_wish({.drawn = true});
    teller_->set_wish({.apart = true});
    show(16, i);
    run_for(1ms);
  }
  const auto periods = (SteadyTime{}.now() - begun) / PointerTeller::kBetweenLooks;
  EXPECT_LE(pieces_.size(), static_cast<std::size_t>(periods) + 1U);
}

TEST_F(PointerTelling, looks_are_numbered_from_where_it_is_told_and_never_0) {
  teller_ = std::make_unique<PointerTeller>(calls(), *loop_, 0xFFFFFFFF);
  teller_->set_able(true);
  wish_apart();
  show(16, 1);
  ASSERT_EQ(pieces_.size(), 1U);
  EXPECT_EQ(pieces_[0].image, 1U);
  teller_ = std::make_unique<PointerTeller>(calls(), *loop_, 41);
  teller_->set_able(true);
  wish_apart();
  show(16, 1);
  ASSERT_EQ(pieces_.size(), 2U);
  EXPECT_EQ(pieces_[1].image, 42U);
}

TEST_F(PointerTelling, keeps_no_more_looks_than_the_client_has_slots) {
  wish_apart();
  for (int colour = 0; colour <= kPointerSlots; ++colour) {
    show(8, colour);
    const auto count = static_cast<std::size_t>(colour) + 1;
    ASSERT_TRUE(run_until([&] { return pieces_.size() == count; }));
    teller_->taken(pieces_.back().image);
  }
  EXPECT_EQ(pieces_.back().slot, pieces_.front().slot);  // the one that was not used for longest
  show(8, 0);
  EXPECT_TRUE(run_until([&] { return pieces_.size() == kPointerSlots + 2U; }));
}

TEST_F(PointerTelling, tells_that_it_is_hidden) {
  wish_apart();
  show(16, 1);
  teller_->on_pointer({.visible = false, .x = 5, .y = 6}, kMode);
  ASSERT_TRUE(run_until([&] { return newest().place == PointerPlace::hidden; }));
  EXPECT_EQ(drawn_, (std::vector<bool>{false}));
  show(16, 1);
  EXPECT_TRUE(run_until([&] { return newest().place == PointerPlace::apart; }));
}

TEST_F(PointerTelling, what_cannot_be_given_is_drawn_into_the_picture_meanwhile) {
  wish_apart();
  show(16, 1);
  show(257, 1);
  ASSERT_TRUE(run_until([&] { return newest().place == PointerPlace::in_picture; }));
  EXPECT_EQ(drawn_, (std::vector<bool>{false, true}));
  teller_->on_pointer({.visible = true, .x = 1, .y = 1}, kMode);  // no pixels
  show(16, 1);
  ASSERT_TRUE(run_until([&] { return newest().place == PointerPlace::apart; }));
  EXPECT_EQ(drawn_, (std::vector<bool>{false, true, false}));
}

TEST_F(PointerTelling, a_hot_spot_outside_of_its_look_cannot_be_given) {
  wish_apart();
  show(4, 1);
  pixels_.assign(64, std::byte{});
  for (const std::int32_t hotspot : {-1, 4, 1 << 30}) {
    teller_->on_pointer({.visible = true, .hotspot_x = hotspot, .width = 4, .height = 4, .pixels = pixels_},
                        kMode);
    EXPECT_EQ(drawn_.back(), true);
  }
}

TEST_F(PointerTelling, a_desktop_that_paints_it_anyway_is_told_of_as_such) {
  teller_->set_able(false);
  wish_apart();
  ASSERT_EQ(states_.size(), 1U);
  EXPECT_EQ(newest().place, PointerPlace::in_picture);
  teller_->set_able(true);  // another desktop has come
  show(16, 1);
  EXPECT_EQ(drawn_.back(), false);
  EXPECT_TRUE(run_until([&] { return newest().place == PointerPlace::apart; }));
}

TEST_F(PointerTelling, goes_back_into_the_picture_when_the_client_wants_it_there) {
  wish_apart();
  show(16, 1);
  teller_->set_wish({.drawn = true});
  EXPECT_EQ(newest().place, PointerPlace::in_picture);
  EXPECT_EQ(drawn_.back(), true);
}

}  // namespace
}  // namespace lumen::worker
