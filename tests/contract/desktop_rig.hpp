// What the contract of interface/desktop.hpp is tested with: a desktop of some kind with its compositor
// running, what it gave, and a window on it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "desktop/testing/test_client.hpp"
#include "interface/desktop.hpp"
#include "interface/restore_journal.hpp"

namespace lumen::contract {

// One kind of desktop for one test, ready when it is made: compositor, bus and sound server run.
class DesktopRig {
 public:
  virtual ~DesktopRig() = default;
  virtual Result<std::unique_ptr<Desktop>> create(const DesktopParams& wanted, const DesktopEvents& events,
                                                  EventLoop& loop, Logger& log) = 0;
  // Where a program connects to be shown on the newest desktop; absolute. Asked after create().
  virtual std::string client_socket() = 0;
  // What must be as before when the desktop is gone: outputs with their modes, as text.
  virtual std::string snapshot() = 0;
  // For DesktopLossContract: ends the compositor as a crash does, and has it there again.
  virtual void kill_compositor() {}
  virtual void restart_compositor() {}
};

struct DesktopCase {
  std::string name;
  std::function<std::unique_ptr<DesktopRig>()> make_rig;
  Mode mode{1280, 720, 60'000}, other_mode{1000, 600, 60'000};
  // The pointer's looks are those of applications; false: a compositor in between makes its own of them.
  bool looks_of_applications = true;
};

inline std::string desktop_case_name(const testing::TestParamInfo<DesktopCase>& info) {
  return info.param.name;
}
inline void PrintTo(const DesktopCase& it, std::ostream* out) { *out << it.name; }

class MemoryJournal final : public RestoreJournal {
 public:
  Result<EntryId> write(std::string_view backend, std::string_view change) override {
    entries[next] = std::string{backend} + ": " + std::string{change};
    return next++;
  }
  void erase(EntryId id) override { entries.erase(id); }
  std::map<EntryId, std::string> entries;
  EntryId next = 1;
};

struct SeenPicture {
  std::uint32_t width = 0, height = 0;
  std::vector<std::uint32_t> pixels;  // 0x00RRGGBB
  std::size_t damage = 0;             // rectangles
  Timestamp presented, arrived;
};

// A desktop under test. Times out rather than hangs.
class DesktopScene {
 public:
  explicit DesktopScene(DesktopRig& rig, EventLoop& loop) : rig_{rig}, loop_{loop} {}

  void open(const Mode& mode) {
    DesktopEvents events;
    events.on_frame = [this](const BorrowedFrame& frame) { take(frame); };
    events.on_pointer = [this](const BorrowedPointer& told) {
      pointer = told;
      pointer_pixels.assign(told.pixels.begin(), told.pixels.end());
      pointer->pixels = {};
    };
    events.on_window_mapped = [this] { ++windows; };
    events.on_lost = [this](const Error& why) { lost.push_back(describe(why)); };
    DesktopParams params;
    params.mode = mode;
    params.journal = &journal;
    auto made = rig_.create(params, events, loop_, *log_);
    ASSERT_TRUE(made) << describe(made.error());
    desktop = *std::move(made);
  }
  // A window over the whole display, in front and with the keyboard, its picture seen without one wrong
  // pixel.
  void show_window(std::chrono::milliseconds limit = std::chrono::seconds{20}) {
    client = desktop_test::TestClient::connect(rig_.client_socket(), [this] { step(); }, false);
    ASSERT_TRUE(client) << "nobody listens at " << rig_.client_socket();
    const auto mode = desktop->mode();
    ASSERT_TRUE(run_until([&] { return client->output_width != 0; }));
    client->open_window({.fullscreen = true,
                         .output_width = static_cast<int>(mode.width),
                         .output_height = static_cast<int>(mode.height)});
    ASSERT_TRUE(run_until([&] { return client->activated && shows_client(); }, limit)) << what_is_wrong();
  }
  void close() {
    client.reset();
    desktop.reset();
  }

  bool run_until(const std::function<bool()>& done,
                 std::chrono::milliseconds limit = std::chrono::seconds{20}) {
    const auto end = Clock::now() + limit;
    while (!done()) {
      if (Clock::now() >= end) return false;
      step();
    }
    return true;
  }
  void run_for(std::chrono::milliseconds time) {
    run_until([] { return false; }, time);
  }

  bool shows_client() {
    return client && newest.width == static_cast<std::uint32_t>(client->configured_width) &&
           newest.height == static_cast<std::uint32_t>(client->configured_height) && is_right();
  }
  std::size_t wrong_pixels() const {
    std::size_t wrong = 0;
    for (std::uint32_t y = 0; y < newest.height; ++y) wrong += wrong_pixels_of(y);
    return wrong;
  }
  std::string what_is_wrong() const {
    return "frame " + std::to_string(newest.width) + "x" + std::to_string(newest.height) + " of " +
           std::to_string(frames) + ", window " + std::to_string(client->configured_width) + "x" +
           std::to_string(client->configured_height) + (client->activated ? " active, " : " inactive, ") +
           std::to_string(wrong_pixels()) + " wrong pixels";
  }

  // Waits for an event of the window that is exactly this.
  bool sees(std::string_view event) {
    return run_until(
        [&] { return std::ranges::any_of(client->events, [&](const auto& each) { return each == event; }); },
        std::chrono::seconds{5});
  }
  // Waits for an event of this kind whose last two numbers are near to (x, y).
  bool sees_at(std::string_view kind, double x, double y, double tolerance) {
    return sees_numbers(kind, is_near(x, y, tolerance));
  }
  // The same for the pointer, whether it came in there or moved there.
  bool sees_pointer_at(double x, double y, double tolerance) {
    return sees_any_of({"motion", "enter"}, is_near(x, y, tolerance));
  }
  using Numbers = std::vector<double>;
  bool sees_numbers(std::string_view kind, const std::function<bool(const Numbers&)>& right) {
    return sees_any_of({kind}, right);
  }
  bool sees_any_of(const std::vector<std::string_view>& kinds,
                   const std::function<bool(const Numbers&)>& right) {
    const auto is_right = [&](const std::string& event) {
      std::istringstream words{event};
      std::string first;
      words >> first;
      Numbers numbers;
      for (double number = 0; words >> number;) numbers.push_back(number);
      return std::ranges::find(kinds, first) != kinds.end() && right(numbers);
    };
    return run_until([&] { return std::ranges::any_of(client->events, is_right); }, std::chrono::seconds{5});
  }
  // The whole display is 0…65535; pixel p of it.
  PointerMoveTo to_pixel(std::uint32_t x, std::uint32_t y) const {
    const auto mode = desktop->mode();
    return {static_cast<std::uint16_t>(std::lround(x * 65'535.0 / (mode.width - 1))),
            static_cast<std::uint16_t>(std::lround(y * 65'535.0 / (mode.height - 1)))};
  }

  MemoryJournal journal;
  std::unique_ptr<Desktop> desktop;
  std::unique_ptr<desktop_test::TestClient> client;
  SeenPicture newest;
  int frames = 0, windows = 0;
  std::vector<std::string> lost;
  std::optional<BorrowedPointer> pointer;  // without its pixels
  std::vector<std::byte> pointer_pixels;

 private:
  static std::function<bool(const Numbers&)> is_near(double x, double y, double tolerance) {
    return [=](const Numbers& numbers) {
      return numbers.size() >= 2 && std::fabs(numbers[numbers.size() - 2] - x) <= tolerance &&
             std::fabs(numbers.back() - y) <= tolerance;
    };
  }
  std::size_t wrong_pixels_of(std::uint32_t y) const {
    std::size_t wrong = 0;
    for (std::uint32_t x = 0; x < newest.width; ++x)
      wrong += newest.pixels[std::size_t{y} * newest.width + x] !=
               desktop_test::test_pixel(client->newest_seed, x, y);
    return wrong;
  }
  // Asked with every turn, so each picture is looked at once: a busy machine spent its turns on this alone.
  bool is_right() {
    const auto looked_at = std::pair{frames, client->newest_seed};
    if (looked_at == looked_at_) return was_right_;
    looked_at_ = looked_at;
    was_right_ = true;
    for (std::uint32_t y = 0; was_right_ && y < newest.height; ++y) was_right_ = wrong_pixels_of(y) == 0;
    return was_right_;
  }
  // A turn for everybody, of two milliseconds at most.
  void step() {
    loop_.call_at(Clock::now() + std::chrono::milliseconds{2}, [this] { loop_.stop(); });
    loop_.run();
    if (client) client->pump();
  }
  void take(const BorrowedFrame& frame) {
    ++frames;
    newest.arrived = Clock::now();
    newest.presented = frame.presented;
    newest.width = frame.width;
    newest.height = frame.height;
    newest.damage = frame.damage.size();
    newest.pixels.resize(std::size_t{frame.width} * frame.height);
    for (std::uint32_t y = 0; y < frame.height; ++y) {
      const auto* row = reinterpret_cast<const std::uint32_t*>(frame.pixels + y * frame.stride_bytes);
      for (std::uint32_t x = 0; x < frame.width; ++x)
        newest.pixels[std::size_t{y} * frame.width + x] = row[x] & 0xFFFFFFU;
    }
  }

  std::pair<int, std::uint32_t> looked_at_{-1, 0};
  bool was_right_ = false;
  DesktopRig& rig_;
  EventLoop& loop_;
  std::shared_ptr<Logger> log_ = make_null_logger();
};

}  // namespace lumen::contract
