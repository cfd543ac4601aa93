// The pointer beside the picture: where it is and what it looks like.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "desktop/embedded/test_desktop.hpp"

namespace lumen::embedded {
namespace {

using namespace std::chrono_literals;

struct SeenPointer {
  BorrowedPointer pointer;  // without its pixels
  std::vector<std::uint32_t> pixels;
};

class PointerApart : public EmbeddedDesktopTest {
 protected:
  void start_and_watch() {
    on_pointer_ = [this](const BorrowedPointer& pointer) {
      ++told_;
      auto& seen = seen_.emplace(SeenPointer{pointer, std::vector<std::uint32_t>(pointer.pixels.size() / 4)});
      if (!pointer.pixels.empty())
        std::memcpy(seen.pixels.data(), pointer.pixels.data(), pointer.pixels.size());
      seen.pointer.pixels = {};
    };
    start({640, 480, 60'000});
  }
  TestClient& app_with_pointer() {
    start_and_watch();
    auto& app = client_with_window();
    move_to(100, 100);
    take_events(app);
    return app;
  }
  void move_to(int x, int y) {
    desktop_->inject(PointerMoveTo{static_cast<std::uint16_t>(std::lround(x * 65'535 / 639.0)),
                                   static_cast<std::uint16_t>(std::lround(y * 65'535 / 479.0))});
  }
  bool is_at(int x, int y) const { return seen_ && seen_->pointer.x == x && seen_->pointer.y == y; }
  bool looks(std::uint32_t width, std::uint32_t height, std::uint32_t argb) const {
    return seen_ && seen_->pointer.visible && seen_->pointer.width == width &&
           seen_->pointer.height == height && seen_->pixels.size() == std::size_t{width} * height &&
           std::ranges::all_of(seen_->pixels, [argb](std::uint32_t pixel) { return pixel == argb; });
  }

  std::optional<SeenPointer> seen_;
  int told_ = 0;
};

TEST_F(PointerApart, tells_where_it_is) {
  app_with_pointer();
  EXPECT_TRUE(run_until([&] { return is_at(100, 100); }));
  move_to(639, 0);
  EXPECT_TRUE(run_until([&] { return is_at(639, 0); }));
  desktop_->inject(PointerMoveBy{-10, 20});
  EXPECT_TRUE(run_until([&] { return is_at(629, 20); }));
}

TEST_F(PointerApart, tells_many_motions_at_once) {
  app_with_pointer();
  stage_->run_for(60ms);
  const int before = told_;
  for (int i = 0; i < 100; ++i) desktop_->inject(PointerMoveBy{1, 1});
  EXPECT_TRUE(run_until([&] { return is_at(200, 200); }));
  EXPECT_EQ(told_, before + 1);
}

TEST_F(PointerApart, looks_as_the_application_wants_it) {
  auto& app = app_with_pointer();
  app.set_cursor(16, 12, 0x80402000, 8, 6);
  EXPECT_TRUE(run_until([&] { return looks(16, 12, 0x80402000); }));
  EXPECT_EQ(seen_->pointer.hotspot_x, 8);
  EXPECT_EQ(seen_->pointer.hotspot_y, 6);
  app.set_cursor(256, 256, 0xFF00FF00, 0, 0);
  EXPECT_TRUE(run_until([&] { return looks(256, 256, 0xFF00FF00); }));
}

TEST_F(PointerApart, looks_like_an_arrow_where_no_application_sets_it) {
  start_and_watch();
  ASSERT_TRUE(run_until([&] { return frames_ > 0; }));
  move_to(50, 60);
  ASSERT_TRUE(run_until([&] { return is_at(50, 60); }));
  EXPECT_TRUE(seen_->pointer.visible);
  EXPECT_GT(seen_->pointer.width, 8U);
  EXPECT_TRUE(std::ranges::any_of(seen_->pixels, [](std::uint32_t pixel) { return pixel >> 24U == 0xFFU; }));
  EXPECT_TRUE(std::ranges::any_of(seen_->pixels, [](std::uint32_t pixel) { return pixel >> 24U == 0; }));
}

TEST_F(PointerApart, is_hidden_where_the_application_hides_it) {
  auto& app = app_with_pointer();
  app.hide_cursor();
  EXPECT_TRUE(run_until([&] { return seen_ && !seen_->pointer.visible; }));
}

TEST_F(PointerApart, has_no_look_that_can_be_given_where_it_is_too_large) {
  auto& app = app_with_pointer();
  app.set_cursor(257, 16, 0xFFFFFFFF, 0, 0);
  EXPECT_TRUE(run_until([&] { return seen_->pointer.visible && seen_->pixels.empty(); }));
  app.set_cursor(16, 16, 0xFFFF0000, 0, 0);
  EXPECT_TRUE(run_until([&] { return looks(16, 16, 0xFFFF0000); }));
}

TEST_F(PointerApart, is_told_again_when_asked_for_and_also_while_it_is_drawn) {
  auto& app = app_with_pointer();
  app.set_cursor(16, 16, 0xFFFF0000, 0, 0);
  ASSERT_TRUE(run_until([&] { return looks(16, 16, 0xFFFF0000); }));
  desktop_->set_pointer_drawn(true);
  seen_.reset();
  desktop_->tell_pointer();
  EXPECT_TRUE(run_until([&] { return looks(16, 16, 0xFFFF0000) && is_at(100, 100); }));
}

TEST_F(PointerApart, costs_no_frames) {
  auto& app = app_with_pointer();
  stage_->run_for(100ms);
  const auto count = frames_;
  app.set_cursor(16, 16, 0xFFFF0000, 0, 0);
  for (int i = 0; i < 10; ++i) {
    desktop_->inject(PointerMoveBy{3, 3});
    stage_->run_for(5ms);
  }
  ASSERT_TRUE(run_until([&] { return is_at(130, 130); }));
  EXPECT_EQ(frames_, count);
}

TEST_F(PointerApart, an_animated_one_goes_on_while_the_picture_stands_still_and_costs_no_frames) {
  auto& app = app_with_pointer();
  app.set_cursor(16, 16, 0xFFFF0000, 0, 0);
  ASSERT_TRUE(run_until([&] { return looks(16, 16, 0xFFFF0000); }));
  stage_->run_for(200ms);  // nothing ticks any more
  const auto frames = frames_;
  app.animate_cursor();
  EXPECT_TRUE(run_until([&] { return app.cursor_callbacks >= 20; }));
  EXPECT_EQ(frames_, frames);
}

TEST_F(PointerApart, one_whose_client_waits_goes_on_when_it_leaves_the_picture) {
  auto& app = app_with_pointer();
  app.set_cursor(16, 16, 0xFFFF0000, 0, 0);
  desktop_->set_pointer_drawn(true);
  app.animate_cursor();
  ASSERT_TRUE(run_until([&] { return app.cursor_callbacks >= 3; }));
  desktop_->set_pointer_drawn(false);
  const auto before = app.cursor_callbacks;
  EXPECT_TRUE(run_until([&] { return app.cursor_callbacks >= before + 20; }));
}

}  // namespace
}  // namespace lumen::embedded
