// X11 applications on the compositor. Skipped where Xwayland is not installed.
#include <linux/input-event-codes.h>
#include <unistd.h>
#include <xcb/xcb.h>

#include <array>
#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "desktop/embedded/test_compositor.hpp"
#include "desktop/embedded/test_leaks.hpp"
#include "desktop/keymap/character_table.hpp"

namespace lumen::embedded {
namespace {

// An X11 client on its own thread, because Xlib's handshake blocks until the compositor has started Xwayland.
class X11Client {
 public:
  explicit X11Client(std::string display) : thread_{[this, display = std::move(display)] { run(display); }} {}
  X11Client(const X11Client&) = delete;
  X11Client& operator=(const X11Client&) = delete;
  ~X11Client() { finish(); }

  void finish() { stop_ = true; }
  bool is_finished() const { return finished_; }
  bool has_failed() const { return failed_; }
  int key_presses() const { return key_presses_; }
  int width() const { return width_; }
  // Of the newest key press, without modifiers, as the server maps keys when it comes.
  std::uint32_t keysym() const { return keysym_; }

 private:
  static constexpr std::uint32_t kWhite = 0xFFFFFF;

  void run(const std::string& display) {
    xcb_connection_t* connection = xcb_connect(display.c_str(), nullptr);
    failed_ = xcb_connection_has_error(connection) != 0;
    if (!failed_) show_window(connection);
    while (!stop_ && !failed_) {
      take_events(connection);
      ::poll(nullptr, 0, 2);
    }
    xcb_disconnect(connection);
    finished_ = true;
  }
  static void show_window(xcb_connection_t* connection) {
    const xcb_screen_t* screen = xcb_setup_roots_iterator(xcb_get_setup(connection)).data;
    const std::array<std::uint32_t, 2> values{kWhite,
                                              XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_STRUCTURE_NOTIFY};
    const xcb_window_t window = xcb_generate_id(connection);
    xcb_create_window(connection, XCB_COPY_FROM_PARENT, window, screen->root, 0, 0, 100, 100, 0,
                      XCB_WINDOW_CLASS_INPUT_OUTPUT, screen->root_visual,
                      XCB_CW_BACK_PIXEL | XCB_CW_EVENT_MASK, values.data());
    xcb_map_window(connection, window);
    xcb_flush(connection);
  }
  void take_events(xcb_connection_t* connection) {
    while (xcb_generic_event_t* event = xcb_poll_for_event(connection)) {
      const auto type = event->response_type & 0x7FU;
      if (type == XCB_KEY_PRESS) {
        look_up(connection, reinterpret_cast<xcb_key_press_event_t*>(event)->detail);
        ++key_presses_;
      }
      if (type == XCB_CONFIGURE_NOTIFY)
        width_ = reinterpret_cast<xcb_configure_notify_event_t*>(event)->width;
      ::free(event);
    }
  }

  void look_up(xcb_connection_t* connection, xcb_keycode_t code) {
    auto* reply =
        xcb_get_keyboard_mapping_reply(connection, xcb_get_keyboard_mapping(connection, code, 1), nullptr);
    if (reply != nullptr && reply->keysyms_per_keycode > 0)
      keysym_ = xcb_get_keyboard_mapping_keysyms(reply)[0];
    ::free(reply);
  }

  std::atomic<std::uint32_t> keysym_{0};
  std::atomic<bool> stop_{false}, finished_{false}, failed_{false};
  std::atomic<int> key_presses_{0}, width_{0};
  std::jthread thread_;
};

class XwaylandTest : public CompositorTest {
 protected:
  void SetUp() override {
    if (::access("/usr/bin/Xwayland", X_OK) != 0) GTEST_SKIP() << "Xwayland is not installed";
    start({.socket_dir = nullptr, .xkb_layout = nullptr, .xwayland = true});
    ASSERT_NE(lumen_comp_x11_display(comp_.get()), nullptr);
    output_ = output(320, 240);
  }
  bool is_white() { return shown_[output_].first_pixel == 0xFFFFFF; }

  LeaksExcused leaks_excused_;
  lumen_comp_output* output_ = nullptr;
};

TEST_F(XwaylandTest, fills_the_output_with_an_x11_window_and_gives_it_keys) {
  X11Client app{lumen_comp_x11_display(comp_.get())};
  ASSERT_TRUE(run_until([&] { return app.has_failed() || (windows_ == 1 && is_white()); }));
  ASSERT_FALSE(app.has_failed());
  EXPECT_TRUE(run_until([&] { return app.width() == 320; }));
  lumen_comp_key(comp_.get(), KEY_A, true);
  lumen_comp_key(comp_.get(), KEY_A, false);
  EXPECT_TRUE(run_until([&] { return app.key_presses() == 1; }));
  app.finish();
  EXPECT_TRUE(run_until([&] { return app.is_finished() && !is_white(); }));
}

TEST_F(XwaylandTest, gives_an_x11_window_characters_that_no_key_of_the_layout_makes) {
  X11Client app{lumen_comp_x11_display(comp_.get())};
  ASSERT_TRUE(run_until([&] { return app.has_failed() || (windows_ == 1 && is_white()); }));
  keymap::CharacterTable table;
  for (const char32_t character : {U'ß', U'你', U'ß', U'🙂'}) {
    const auto place = table.find(character);
    ASSERT_TRUE(place);
    const auto text = table.keymap();
    const int presses = app.key_presses();
    EXPECT_TRUE(lumen_comp_type(comp_.get(), place->is_new ? text.c_str() : nullptr, place->evdev_code));
    EXPECT_TRUE(run_until([&] { return app.key_presses() > presses; }));
    EXPECT_EQ(app.keysym(), character < 0x100 ? character : 0x0100'0000U + character);
  }
  const int presses = app.key_presses();
  lumen_comp_key(comp_.get(), KEY_A, true);
  EXPECT_TRUE(run_until([&] { return app.key_presses() > presses; }));
  EXPECT_EQ(app.keysym(), std::uint32_t{'a'});
}

TEST_F(XwaylandTest, survives_every_key_code_there_is) {
  X11Client app{lumen_comp_x11_display(comp_.get())};
  ASSERT_TRUE(run_until([&] { return app.has_failed() || (windows_ == 1 && is_white()); }));
  for (std::uint32_t code = 0; code <= KEY_CNT; ++code) {
    lumen_comp_key(comp_.get(), code, true);
    if (code % 32 == 0) stage_->run_for(std::chrono::milliseconds{1});
  }
  lumen_comp_release_all(comp_.get());
  const int presses = app.key_presses();
  lumen_comp_key(comp_.get(), KEY_A, true);
  EXPECT_TRUE(run_until([&] { return app.key_presses() > presses; }));
  EXPECT_FALSE(app.has_failed());
}

TEST_F(XwaylandTest, follows_a_new_mode) {
  X11Client app{lumen_comp_x11_display(comp_.get())};
  ASSERT_TRUE(run_until([&] { return app.has_failed() || app.width() == 320; }));
  const lumen_comp_mode mode{451, 333, 60'000};
  ASSERT_TRUE(lumen_comp_output_set_mode(output_, &mode));
  EXPECT_TRUE(run_until([&] { return app.width() == 451 && is_white() && shown_[output_].width == 451; }));
  app.finish();
  EXPECT_TRUE(run_until([&] { return app.is_finished(); }));
}

TEST_F(XwaylandTest, ends_with_an_x11_window_open) {
  X11Client app{lumen_comp_x11_display(comp_.get())};
  ASSERT_TRUE(run_until([&] { return app.has_failed() || (windows_ == 1 && is_white()); }));
  comp_.reset();
  app.finish();
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

}  // namespace
}  // namespace lumen::embedded
