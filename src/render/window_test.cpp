// The real window on a real X server (Xvfb), watched and driven from outside: `import` (ImageMagick) reads
// the screen, `xdotool` moves, types and scrolls. Skipped where these programs are missing.
#include "render/window.hpp"

#include <SDL2/SDL.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/input-event-codes.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/fd.hpp"
#include "render/input_mapping.hpp"

#if defined(__has_feature)
#define LUMEN_HAS_FEATURE(feature) __has_feature(feature)
#else
#define LUMEN_HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || LUMEN_HAS_FEATURE(address_sanitizer)
#include <sanitizer/lsan_interface.h>
using ForgivenLeaks = __lsan::ScopedDisabler;
// SDL leaves libdbus's list of connections to the end of the process.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions();
const char* __lsan_default_suppressions() { return "leak:libdbus-1\n"; }
#else
struct ForgivenLeaks {};
#endif

namespace lumen::render {
namespace {

using ::testing::Contains;
using ::testing::Not;

constexpr std::uint32_t kScreenWidth = 640, kScreenHeight = 480;
constexpr auto kPatience = std::chrono::seconds{10};

// An X server of our own on a free display; ends with the object, or with the test.
class XServer {
 public:
  XServer() {
    std::array<int, 2> ends{-1, -1};
    if (pipe(ends.data()) != 0) return;
    const UniqueFd reader{ends[0]};
    UniqueFd writer{ends[1]};
    pid_ = fork();
    if (pid_ == 0) serve(writer.get());
    writer.reset();
    std::string number;  // then a newline, when it is ready; end of file when it could not start
    for (char next = 0; read(reader.get(), &next, 1) == 1 && next != '\n';) number += next;
    if (!number.empty()) display_ = ":" + number;
  }
  XServer(const XServer&) = delete;
  XServer& operator=(const XServer&) = delete;
  ~XServer() {
    if (pid_ <= 0) return;
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  const std::string& display() const { return display_; }  // empty: it did not start

 private:
  [[noreturn]] static void serve(int ready_fd) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto screen = std::to_string(kScreenWidth) + "x" + std::to_string(kScreenHeight) + "x24";
    execlp("Xvfb", "Xvfb", "-displayfd", std::to_string(ready_fd).c_str(), "-screen", "0", screen.c_str(),
           "-nolisten", "tcp", "-noreset", "-dpi", "96", nullptr);
    _exit(127);
  }

  pid_t pid_ = -1;
  std::string display_;
};

// NOLINTBEGIN(concurrency-mt-unsafe): this test has one thread
// Restores an environment variable at the end of the scope.
class ScopedEnv {
 public:
  ScopedEnv(const char* name, const char* value) : name_{name} {
    if (const char* old = std::getenv(name)) old_ = old;
    value != nullptr ? setenv(name, value, 1) : unsetenv(name);
  }
  ScopedEnv(const ScopedEnv&) = delete;
  ScopedEnv& operator=(const ScopedEnv&) = delete;
  ~ScopedEnv() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

int shell(const std::string& command) { return std::system(command.c_str()); }
// NOLINTEND(concurrency-mt-unsafe)

struct Rgb {
  int red, green, blue;
  bool near(const Rgb& other, int tolerance) const {
    return std::abs(red - other.red) <= tolerance && std::abs(green - other.green) <= tolerance &&
           std::abs(blue - other.blue) <= tolerance;
  }
};

// Left half red, right half blue, in the given colour space.
struct TwoColors {
  std::array<std::vector<std::byte>, 3> planes;
  PictureView view;
};

constexpr Rgb kRed{220, 30, 40}, kBlue{30, 60, 210}, kBlack{0, 0, 0};

std::array<std::byte, 3> ycbcr(Rgb c, ColorSpace space) {
  const bool hd = space.matrix == ColorMatrix::bt709, full = space.range == ColorRange::full;
  const double y = hd ? 0.2126 * c.red + 0.7152 * c.green + 0.0722 * c.blue
                      : 0.299 * c.red + 0.587 * c.green + 0.114 * c.blue;
  const double cb = (c.blue - y) / (hd ? 1.8556 : 1.772), cr = (c.red - y) / (hd ? 1.5748 : 1.402);
  const auto byte = [](double value) { return static_cast<std::byte>(std::lround(value)); };
  return {byte(full ? y : 16 + y * 219 / 255), byte(128 + cb * (full ? 1 : 224 / 255.0)),
          byte(128 + cr * (full ? 1 : 224 / 255.0))};
}

TwoColors two_colors(Size size, PixelFormat format = PixelFormat::i420, ColorSpace space = {}) {
  const std::size_t coded_width = (size.width + 1U) & ~1U, coded_height = (size.height + 1U) & ~1U;
  const bool nv12 = format == PixelFormat::nv12;
  const auto red = ycbcr(kRed, space), blue = ycbcr(kBlue, space);
  TwoColors out;
  for (std::size_t y = 0; y < coded_height; ++y) {
    for (std::size_t x = 0; x < coded_width; ++x) {
      const auto& color = x < coded_width / 2 ? red : blue;
      out.planes[0].push_back(color[0]);
      if (y % 2 != 0 || x % 2 != 0) continue;
      out.planes[1].push_back(color[1]);
      out.planes[nv12 ? 1 : 2].push_back(color[2]);
    }
  }
  const std::size_t chroma = nv12 ? coded_width : coded_width / 2;
  out.view = {.format = format, .color = space, .width = size.width, .height = size.height, .planes = {}};
  out.view.planes = {ConstPlane{out.planes[0].data(), coded_width}, ConstPlane{out.planes[1].data(), chroma},
                     ConstPlane{out.planes[2].data(), nv12 ? 0 : chroma}};
  return out;
}

class RealWindow : public ::testing::TestWithParam<const char*> {
 protected:
  static void SetUpTestSuite() { server = std::make_unique<XServer>(); }
  static void TearDownTestSuite() { server.reset(); }

  void SetUp() override {
    if (server->display().empty() || shell("command -v import xdotool >/dev/null") != 0) {
      GTEST_SKIP() << "needs Xvfb, import and xdotool";
    }
    env_display_.emplace("DISPLAY", server->display().c_str());
    env_wayland_.emplace("WAYLAND_DISPLAY", nullptr);
    env_driver_.emplace("SDL_RENDER_DRIVER", GetParam());
    if (GetParam() == std::string_view{"opengl"}) driver_leaks_.emplace();
    auto window = create_window({.title = "lumen-window-test",
                                 .width = kScreenWidth,
                                 .height = kScreenHeight,
                                 .on_choice = [this](std::string_view text) { choice_ = text; }});
    ASSERT_TRUE(window) << describe(window.error());
    window_ = std::move(*window);
    xdotool("search --sync --name '^lumen-window-test' windowmove --sync 0 0 windowfocus --sync");
    ASSERT_TRUE(window_->poll([](const InputEvent&) {}));
  }

  void present(const TwoColors& picture) {
    const auto shown = window_->present(picture.view);
    ASSERT_TRUE(shown) << describe(shown.error());
  }

  static void xdotool(const std::string& arguments) {
    EXPECT_EQ(shell("timeout 10 xdotool " + arguments + " >/dev/null"), 0) << arguments;
  }

  static std::vector<unsigned char> screenshot() {
    std::vector<unsigned char> pixels(std::size_t{kScreenWidth} * kScreenHeight * 3);
    auto* pipe = popen("import -silent -window root -depth 8 rgb:-", "r");
    const auto got = std::fread(pixels.data(), 1, pixels.size(), pipe);
    pclose(pipe);
    EXPECT_EQ(got, pixels.size());
    return pixels;
  }

  static Rgb pixel(const std::vector<unsigned char>& shot, std::size_t x, std::size_t y) {
    const auto* at = &shot[(y * kScreenWidth + x) * 3];
    return {at[0], at[1], at[2]};
  }

  // Polls the window until `done`, at most kPatience.
  bool poll_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      SDL_WaitEventTimeout(nullptr, 20);
      open_ = window_->poll([this](const InputEvent& event) { sent_.push_back(event); });
    }
    return true;
  }

  bool arrives(const InputEvent& wanted) {
    return poll_until([&] { return std::ranges::find(sent_, wanted) != sent_.end(); });
  }

  bool screen_shows(std::size_t x, std::size_t y, Rgb wanted) {
    Rgb is{};
    if (poll_until([&] { return (is = pixel(screenshot(), x, y)).near(wanted, 6); })) return true;
    ADD_FAILURE() << "at " << x << "," << y << ": " << is.red << " " << is.green << " " << is.blue;
    return false;
  }

  std::optional<ForgivenLeaks> driver_leaks_;  // OpenGL drivers leak a little per context: not ours
  std::unique_ptr<ClientWindow> window_;
  std::vector<InputEvent> sent_;
  std::string choice_;
  bool open_ = true;

 private:
  inline static std::unique_ptr<XServer> server;
  std::optional<ScopedEnv> env_display_, env_wayland_, env_driver_;
};

TEST_P(RealWindow, says_how_it_draws) { EXPECT_EQ(choice_, std::string{"x11, "} + GetParam()); }

TEST_P(RealWindow, shows_true_colours_in_every_space_and_format) {
  for (int kind = 0; kind < 8; ++kind) {
    SCOPED_TRACE(kind);
    const ColorSpace space{.matrix = (kind & 1) != 0 ? ColorMatrix::bt709 : ColorMatrix::bt601,
                           .range = (kind & 2) != 0 ? ColorRange::full : ColorRange::limited};
    present(two_colors({kScreenWidth, kScreenHeight}, (kind & 4) != 0 ? PixelFormat::nv12 : PixelFormat::i420,
                       space));
    EXPECT_TRUE(screen_shows(100, 240, kRed));
    EXPECT_TRUE(screen_shows(540, 240, kBlue));
  }
}

TEST_P(RealWindow, keeps_the_pictures_shape_between_black_bars_at_any_size) {
  present(two_colors({641, 363}));  // odd: 640 × 362 in the window, from y 59
  EXPECT_TRUE(screen_shows(320 - 20, 62, kRed));
  EXPECT_TRUE(screen_shows(630, 415, kBlue));
  EXPECT_TRUE(screen_shows(320, 55, kBlack));
  EXPECT_TRUE(screen_shows(320, 425, kBlack));
  present(two_colors({100, 200}));  // 240 × 480, from x 200
  EXPECT_TRUE(screen_shows(205, 5, kRed));
  EXPECT_TRUE(screen_shows(435, 475, kBlue));
  EXPECT_TRUE(screen_shows(190, 240, kBlack));
}

TEST_P(RealWindow, follows_a_resize_without_a_new_picture) {
  present(two_colors({640, 480}));
  ASSERT_TRUE(screen_shows(600, 460, kBlue));
  xdotool("search --name '^lumen-window-test' windowsize 320 240");
  EXPECT_TRUE(screen_shows(300, 220, kBlue));
  EXPECT_TRUE(screen_shows(20, 220, kRed));
}

TEST_P(RealWindow, pointer_arrives_in_picture_coordinates) {
  present(two_colors({320, 120}));  // 640 × 240 in the window, from y 120
  xdotool("mousemove 160 180");
  EXPECT_TRUE(arrives(to_picture(160, 180, {0, 120, 640, 240})));
  xdotool("mousemove 639 479");  // in the lower bar: the picture's last pixel
  EXPECT_TRUE(arrives(to_picture(639, 359, {0, 120, 640, 240})));
}

TEST_P(RealWindow, buttons_and_wheel_arrive) {
  present(two_colors({640, 480}));
  xdotool("mousemove 300 200 click 3 click 5 click 4");
  EXPECT_TRUE(arrives(PointerButton{BTN_RIGHT, true}));
  EXPECT_TRUE(arrives(PointerButton{BTN_RIGHT, false}));
  EXPECT_TRUE(arrives(Scroll{.vertical_v120 = 120, .horizontal_v120 = 0}));
  EXPECT_TRUE(arrives(Scroll{.vertical_v120 = -120, .horizontal_v120 = 0}));
}

TEST_P(RealWindow, keys_arrive_pressed_and_released) {
  xdotool("key a key Right key Shift_R key KP_Enter key F12");
  for (const auto code :
       std::to_array<std::uint16_t>({KEY_A, KEY_RIGHT, KEY_RIGHTSHIFT, KEY_KPENTER, KEY_F12})) {
    EXPECT_TRUE(arrives(Key{code, true})) << code;
    EXPECT_TRUE(arrives(Key{code, false})) << code;
  }
}

TEST_P(RealWindow, losing_the_focus_releases_everything) {
  xdotool("keydown w");
  EXPECT_TRUE(arrives(Key{KEY_W, true}));
  xdotool("search --maxdepth 0 '.*' windowfocus");
  EXPECT_TRUE(arrives(ReleaseAll{}));
  xdotool("keyup w");
}

TEST_P(RealWindow, ctrl_alt_q_closes_and_the_letter_is_not_sent) {
  xdotool("key ctrl+alt+q");
  EXPECT_TRUE(poll_until([this] { return !open_; }));
  EXPECT_THAT(sent_, Contains(InputEvent{ReleaseAll{}}));
  EXPECT_THAT(sent_, Not(Contains(InputEvent{Key{KEY_Q, true}})));
  EXPECT_FALSE(window_->poll([](const InputEvent&) {}));
}

TEST_P(RealWindow, the_hosts_pointer_is_drawn_where_the_host_has_it_while_captured) {
  present(two_colors({320, 240}));  // twice as large in the window
  const PointerGeometry geometry{.width = 8, .height = 8, .hotspot_x = 4, .hotspot_y = 4};
  PointerImage look{geometry, std::vector<std::byte>(geometry.bytes(), std::byte{0})};
  for (std::size_t i = 1; i < look.pixels.size(); i += 2) look.pixels[i] = std::byte{255};  // green, opaque
  PointerView pointer{
      .place = PointerPlace::apart, .x = 80, .y = 60, .look = std::make_shared<const PointerImage>(look)};
  constexpr Rgb kGreen{0, 255, 0};
  xdotool("mousemove 300 200");
  window_->set_pointer(pointer);
  EXPECT_TRUE(screen_shows(160, 120, kRed));  // the window system's own shows it
  xdotool("key ctrl+alt+g");
  EXPECT_TRUE(screen_shows(153, 113, kGreen));
  EXPECT_TRUE(screen_shows(166, 126, kGreen));
  EXPECT_TRUE(screen_shows(150, 120, kRed));
  pointer.x = 240;
  window_->set_pointer(pointer);
  EXPECT_TRUE(screen_shows(480, 120, kGreen));
  EXPECT_TRUE(screen_shows(160, 120, kRed));
  pointer.place = PointerPlace::hidden;
  window_->set_pointer(pointer);
  EXPECT_TRUE(screen_shows(480, 120, kBlue));
  xdotool("key ctrl+alt+g");
}

TEST_P(RealWindow, the_window_systems_pointer_has_the_hosts_look_over_the_picture) {
  present(two_colors({640, 480}));
  xdotool("mousemove 300 200");
  EXPECT_TRUE(poll_until([] { return SDL_ShowCursor(SDL_QUERY) == SDL_DISABLE; }));
  const PointerGeometry geometry{.width = 8, .height = 8};
  const PointerImage look{geometry, std::vector<std::byte>(geometry.bytes(), std::byte{255})};
  window_->set_pointer(
      {.place = PointerPlace::apart, .x = 300, .y = 200, .look = std::make_shared<const PointerImage>(look)});
  EXPECT_TRUE(poll_until(
      [] { return SDL_ShowCursor(SDL_QUERY) == SDL_ENABLE && SDL_GetCursor() != SDL_GetDefaultCursor(); }));
  window_->set_pointer({.place = PointerPlace::hidden});
  EXPECT_TRUE(poll_until([] { return SDL_ShowCursor(SDL_QUERY) == SDL_DISABLE; }));
  // Somebody else moves it: drawn where the host has it.
  window_->set_pointer(
      {.place = PointerPlace::apart, .x = 100, .y = 100, .look = std::make_shared<const PointerImage>(look)});
  EXPECT_TRUE(screen_shows(104, 104, {255, 255, 255}));
}

TEST_P(RealWindow, captured_pointer_sends_movement_until_released) {
  present(two_colors({640, 480}));
  xdotool("mousemove 10 10 mousemove 310 210");
  EXPECT_TRUE(arrives(to_picture(310, 210, {0, 0, 640, 480})));
  xdotool("key ctrl+alt+g");
  EXPECT_TRUE(arrives(Key{KEY_LEFTALT, false}));
  sent_.clear();
  float moved = 0;
  xdotool("mousemove_relative 40 0");
  EXPECT_TRUE(poll_until([&] {
    for (const auto& event : std::exchange(sent_, {})) {
      EXPECT_FALSE(std::holds_alternative<PointerMoveTo>(event));
      if (const auto* by = std::get_if<PointerMoveBy>(&event)) moved += by->dx;
    }
    return moved > 0;
  }));
  xdotool("key ctrl+alt+g");
  EXPECT_TRUE(arrives(Key{KEY_LEFTALT, false}));
  xdotool("mousemove 100 100");
  EXPECT_TRUE(arrives(to_picture(100, 100, {0, 0, 640, 480})));
}

TEST_P(RealWindow, message_is_shown_in_the_title) {
  window_->set_message("waiting for the host");
  xdotool("search --sync --name '^lumen-window-test: waiting for the host$'");
  window_->set_message("");
  xdotool("search --sync --name '^lumen-window-test$'");
}

TEST_P(RealWindow, impossible_picture_is_refused_and_the_next_one_shows) {
  auto picture = two_colors({640, 480});
  picture.view.width = 0;
  EXPECT_EQ(window_->present(picture.view).error().id, "window.picture");
  picture.view.width = 640;
  present(picture);
  EXPECT_TRUE(screen_shows(100, 240, kRed));
}

INSTANTIATE_TEST_SUITE_P(Renderer, RealWindow, ::testing::Values("software", "opengl"),
                         [](const auto& with) { return std::string{with.param}; });

TEST(Window, without_a_display_says_what_to_do) {
  const ScopedEnv display{"DISPLAY", nullptr}, wayland{"WAYLAND_DISPLAY", nullptr};
  const ScopedEnv runtime{"XDG_RUNTIME_DIR", "/nonexistent"};
  const auto window = create_window({});
  ASSERT_FALSE(window);
  EXPECT_EQ(window.error().id, "window.no-display");
  EXPECT_EQ(window.error().remedy, "Set DISPLAY or WAYLAND_DISPLAY, or use --headless");
}

TEST(HeadlessSink, accepts_everything_and_stays_open) {
  const auto sink = create_headless_sink();
  EXPECT_TRUE(sink->present({}));
  sink->set_message("anything");
  EXPECT_TRUE(sink->poll([](const InputEvent&) { ADD_FAILURE(); }));
}

}  // namespace
}  // namespace lumen::render
