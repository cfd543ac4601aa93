// Tests only: an X11 program with a window over the whole screen, which paints test pictures and tells what
// it is told. It never waits for its server but when it connects.
#pragma once

#include <poll.h>
#include <xcb/xcb.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "desktop/testing/test_client.hpp"

namespace lumen::gamescope {

class X11Client {
 public:
  // nullptr: no server answers at `display`.
  static std::unique_ptr<X11Client> connect(const std::string& display) {
    std::unique_ptr<X11Client> client{new X11Client{xcb_connect(display.c_str(), nullptr)}};
    if (xcb_connection_has_error(client->connection_) != 0) return nullptr;
    client->open_window();
    return client;
  }
  X11Client(const X11Client&) = delete;
  X11Client& operator=(const X11Client&) = delete;
  ~X11Client() { xcb_disconnect(connection_); }

  std::uint32_t width() const { return screen_->width_in_pixels; }
  std::uint32_t height() const { return screen_->height_in_pixels; }

  // Test picture `seed` all over the window.
  void draw(std::uint32_t seed) {
    newest_seed_ = seed;
    for (std::uint32_t top = 0; top < height(); top += kBand) {
      const auto rows = std::min(kBand, height() - top);
      band_.clear();
      for (std::uint32_t y = top; y < top + rows; ++y)
        for (std::uint32_t x = 0; x < width(); ++x) band_.push_back(desktop_test::test_pixel(seed, x, y));
      xcb_put_image(connection_, XCB_IMAGE_FORMAT_Z_PIXMAP, window_, gc_, static_cast<std::uint16_t>(width()),
                    static_cast<std::uint16_t>(rows), 0, static_cast<std::int16_t>(top), 0,
                    screen_->root_depth, static_cast<std::uint32_t>(band_.size() * sizeof band_[0]),
                    reinterpret_cast<const std::uint8_t*>(band_.data()));
    }
    xcb_flush(connection_);
  }
  void fill(std::uint32_t color) {
    const xcb_rectangle_t whole{0, 0, static_cast<std::uint16_t>(width()),
                                static_cast<std::uint16_t>(height())};
    xcb_change_gc(connection_, gc_, XCB_GC_FOREGROUND, &color);
    xcb_poly_fill_rectangle(connection_, window_, gc_, 1, &whole);
    xcb_flush(connection_);
  }
  // Takes note of what has come: "motion X Y", "button N 1", "key CODE 0" with the kernel's codes of keys.
  void pump() {
    while (xcb_generic_event_t* event = xcb_poll_for_event(connection_)) {
      take(*event);
      std::free(event);
    }
  }
  bool is_gone() const { return xcb_connection_has_error(connection_) != 0; }
  bool has(const std::string& event) const { return std::ranges::find(events, event) != events.end(); }

  std::vector<std::string> events;

 private:
  static constexpr std::uint32_t kBand = 16;     // rows that fit into any request
  static constexpr std::uint8_t kKeyOffset = 8;  // of X11's codes to the kernel's

  explicit X11Client(xcb_connection_t* connection) : connection_{connection}, screen_{nullptr} {}

  void open_window() {
    screen_ = xcb_setup_roots_iterator(xcb_get_setup(connection_)).data;
    window_ = xcb_generate_id(connection_);
    gc_ = xcb_generate_id(connection_);
    const std::array<std::uint32_t, 2> values{
        0, XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_KEY_RELEASE | XCB_EVENT_MASK_BUTTON_PRESS |
               XCB_EVENT_MASK_BUTTON_RELEASE | XCB_EVENT_MASK_POINTER_MOTION | XCB_EVENT_MASK_EXPOSURE};
    xcb_create_window(connection_, XCB_COPY_FROM_PARENT, window_, screen_->root, 0, 0,
                      screen_->width_in_pixels, screen_->height_in_pixels, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT,
                      screen_->root_visual, XCB_CW_BACK_PIXEL | XCB_CW_EVENT_MASK, values.data());
    xcb_create_gc(connection_, gc_, window_, 0, nullptr);
    xcb_map_window(connection_, window_);
    xcb_flush(connection_);
  }
  void take(const xcb_generic_event_t& event) {
    const auto type = event.response_type & 0x7FU;
    if (type == XCB_EXPOSE) draw(newest_seed_);  // what was painted before is lost
    if (type == XCB_MOTION_NOTIFY) {
      const auto& motion = reinterpret_cast<const xcb_motion_notify_event_t&>(event);
      events.push_back(fmt::format("motion {} {}", motion.event_x, motion.event_y));
    } else if (type == XCB_BUTTON_PRESS || type == XCB_BUTTON_RELEASE) {
      const auto& button = reinterpret_cast<const xcb_button_press_event_t&>(event);
      events.push_back(fmt::format("button {} {}", button.detail, type == XCB_BUTTON_PRESS ? 1 : 0));
    } else if (type == XCB_KEY_PRESS || type == XCB_KEY_RELEASE) {
      const auto& key = reinterpret_cast<const xcb_key_press_event_t&>(event);
      events.push_back(fmt::format("key {} {}", key.detail - kKeyOffset, type == XCB_KEY_PRESS ? 1 : 0));
    }
  }

  xcb_connection_t* connection_;
  const xcb_screen_t* screen_;
  xcb_window_t window_ = 0;
  xcb_gcontext_t gc_ = 0;
  std::vector<std::uint32_t> band_;
  std::uint32_t newest_seed_ = 0;
};

}  // namespace lumen::gamescope
