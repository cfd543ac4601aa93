#include "worker/desktop_keeper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/test_backends.hpp"

namespace lumen::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Mode kMode{1280, 720, 60'000}, kOther{800, 600, 60'000};

class KeepDesktop : public testing::Test {
 protected:
  void SetUp() override { loop_ = EventLoop::create().value(); }

  Status open(const std::string& use) {
    KeeperParams params{.wish = {.use = use}, .mode = kMode};
    params.backends = {fake_backend("kwin", kwin_), fake_backend("portal", portal_)};
    params.find_places = [] { return std::vector<DesktopPlace>(1); };
    params.make_private = [this](const DesktopParams& wanted,
                                 const DesktopEvents&) -> Result<std::unique_ptr<Desktop>> {
      return std::make_unique<FakeDesktop>(private_, "private", wanted.mode);
    };
    KeeperEvents events{.on_frame = [](const BorrowedFrame&) {},
                        .on_window_mapped = [] {},
                        .on_responding = [](bool) {},
                        .on_trouble = [this](const std::string& reason) { troubles_.push_back(reason); }};
    keeper_ = std::make_unique<DesktopKeeper>(std::move(params), std::move(events), *loop_, *log_);
    return keeper_->open();
  }
  bool run_until(const std::function<bool()>& done) {
    const auto end = Clock::now() + std::chrono::seconds{10};
    while (!done() && Clock::now() < end) run_for(std::chrono::milliseconds{5});
    return done();
  }
  void run_for(std::chrono::milliseconds time) {
    loop_->call_at(Clock::now() + time, [this] { loop_->stop(); });
    loop_->run();
  }
  static Error gone() { return {ErrorCode::unavailable, "test.gone", "it crashed", ""}; }

  std::unique_ptr<EventLoop> loop_;
  std::shared_ptr<Logger> log_ = make_null_logger();
  FakeWorld kwin_, portal_, private_;
  std::vector<std::string> troubles_;
  std::unique_ptr<DesktopKeeper> keeper_;
};

TEST_F(KeepDesktop, the_best_is_shown) {
  ASSERT_TRUE(open("auto"));
  EXPECT_FALSE(keeper_->is_private());
  EXPECT_EQ(keeper_->description(), "kwin 1.0");
  EXPECT_EQ(kwin_.made, 1);
  EXPECT_EQ(portal_.made, 0);
}

TEST_F(KeepDesktop, one_that_cannot_be_made_is_passed_over_and_named) {
  kwin_.can_be_made = false;
  ASSERT_TRUE(open("auto"));
  EXPECT_EQ(keeper_->description(), "portal 1.0; not kwin: kwin is broken");
}

TEST_F(KeepDesktop, the_private_one_is_shown_where_there_is_no_other) {
  kwin_.usable = portal_.usable = false;
  ASSERT_TRUE(open("auto"));
  EXPECT_TRUE(keeper_->is_private());
}

TEST_F(KeepDesktop, a_named_one_is_not_replaced_by_another) {
  kwin_.can_be_made = false;
  const auto opened = open("kwin");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().id, "test.broken");
  EXPECT_EQ(private_.made, 0);
}

TEST_F(KeepDesktop, one_that_never_gave_a_picture_is_left_for_the_next_best) {
  ASSERT_TRUE(open("auto"));
  kwin_.events.on_lost(gone());
  ASSERT_TRUE(run_until([&] { return portal_.made == 1; }));
  EXPECT_EQ(keeper_->description(), "portal 1.0");
  portal_.events.on_lost(gone());
  ASSERT_TRUE(run_until([&] { return private_.made == 1; }));
  EXPECT_EQ(kwin_.made, 1);
}

TEST_F(KeepDesktop, one_that_dies_at_once_each_time_is_tried_less_and_less_often) {
  ASSERT_TRUE(open("kwin"));
  const auto end = Clock::now() + std::chrono::milliseconds{1600};
  int made = 0;
  while (Clock::now() < end) {
    if (kwin_.made > made && keeper_->desktop() != nullptr) {
      made = kwin_.made;
      kwin_.events.on_lost(gone());
    }
    run_for(std::chrono::milliseconds{2});
  }
  EXPECT_GE(kwin_.made, 2);
  EXPECT_LE(kwin_.made, 4);  // after 0.2, 0.4, 0.8 s
}

TEST_F(KeepDesktop, a_lost_desktop_is_told_and_comes_back_in_the_mode_wanted_by_then) {
  ASSERT_TRUE(open("auto"));
  kwin_.events.on_frame({});
  kwin_.usable = portal_.usable = false;
  kwin_.events.on_lost(gone());
  ASSERT_TRUE(run_until([&] { return troubles_.size() == 1; }));
  EXPECT_THAT(troubles_[0], HasSubstr("kwin 1.0 is gone: it crashed"));
  EXPECT_EQ(keeper_->desktop(), nullptr);
  EXPECT_EQ(kwin_.gone, 1);
  keeper_->inject(Key{30, true});  // nobody is there to take it
  keeper_->repaint();
  EXPECT_TRUE(keeper_->set_mode(kOther));
  run_for(std::chrono::milliseconds{300});
  EXPECT_EQ(private_.made, 0) << "another desktop would be a surprise";
  kwin_.usable = true;
  ASSERT_TRUE(run_until([&] { return troubles_.size() == 2; }));
  EXPECT_EQ(troubles_[1], "");
  EXPECT_THAT(kwin_.modes, ElementsAre(kMode, kOther));
  EXPECT_THAT(kwin_.inputs, IsEmpty());
  keeper_->inject(Key{30, true});
  EXPECT_EQ(kwin_.inputs.size(), 1U);
}

TEST_F(KeepDesktop, what_a_desktop_that_is_gone_says_later_is_not_heard) {
  ASSERT_TRUE(open("auto"));
  kwin_.events.on_frame({});
  const auto old = kwin_.events;
  old.on_lost(gone());
  old.on_lost(gone());
  ASSERT_TRUE(run_until([&] { return troubles_.size() == 2; }));
  old.on_lost(gone());
  run_for(std::chrono::milliseconds{50});
  EXPECT_EQ(troubles_.size(), 2U);
  EXPECT_NE(keeper_->desktop(), nullptr);
}

TEST_F(KeepDesktop, ends_in_the_middle_of_waiting) {
  ASSERT_TRUE(open("kwin"));
  kwin_.usable = false;
  kwin_.events.on_lost(gone());
  ASSERT_TRUE(run_until([&] { return !troubles_.empty(); }));
  keeper_.reset();
  run_for(std::chrono::milliseconds{300});
  EXPECT_EQ(kwin_.made, 1);
}

TEST_F(KeepDesktop, the_mode_of_a_desktop_that_is_there_is_changed_at_once) {
  ASSERT_TRUE(open("private"));
  EXPECT_TRUE(keeper_->set_mode(kOther));
  EXPECT_THAT(private_.modes, ElementsAre(kMode, kOther));
}

}  // namespace
}  // namespace lumen::worker
