// lumen/render: game pads by SDL: what they do as PadEvent or as steps through screens, and what a host wants
// of them. They may come and go at any time.
#pragma once

#include <SDL2/SDL.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/units.hpp"
#include "interface/screen_input.hpp"
#include "media/pad.hpp"

namespace lumen::render {

// SDL's axes and buttons as ours. Pure.
std::uint32_t pad_button_of(std::uint8_t sdl_button);  // 0: not one of ours
std::uint8_t trigger_of(std::int16_t sdl_axis);
std::int16_t upwards(std::int16_t sdl_axis);  // SDL's sticks are positive downwards

// Owner: the window's thread.
class Pads {
 public:
  using PadFn = std::function<void(const PadEvent&)>;
  using KeyFn = std::function<void(ScreenKey)>;

  Pads();
  ~Pads();
  Pads(const Pads&) = delete;
  Pads& operator=(const Pads&) = delete;

  // False: none of a pad's. States are told at flush(), but each press and release by itself.
  bool handle(const SDL_Event& event, const PadFn& on_pad);
  void flush(const PadFn& on_pad);
  // A step through screens, if the event is one; sticks count once until they come back to the middle.
  std::optional<ScreenKey> step(const SDL_Event& event);
  // A direction that is held goes on.
  void repeat_steps(Timestamp now, const KeyFn& on_key);

  // Says which pads there are, at the begin of a stream.
  void announce(const PadFn& on_pad);
  // Nothing rumbles and no direction goes on.
  void quieten();
  void feed_back(const PadFeedback& feedback);
  // When a second has passed: rumbles go on until the host says otherwise; SDL's end by themselves.
  void tick(Timestamp now);
  std::size_t count() const;
  // Select, start and both shoulder buttons of one pad, together: true once for each time.
  bool take_leave_combination() { return std::exchange(leave_, false); }

 private:
  struct Close {
    void operator()(SDL_GameController* pad) const { SDL_GameControllerClose(pad); }
  };
  struct Pad {
    std::unique_ptr<SDL_GameController, Close> device;
    SDL_JoystickID id = 0;
    PadArrival arrival;
    PadState state;
    PadRumble rumble;
    PadTriggerRumble triggers;
    bool changed = false;
  };
  void come(int device_index, const PadFn& on_pad);
  void go(SDL_JoystickID id, const PadFn& on_pad);
  void on_axis(Pad& pad, const SDL_ControllerAxisEvent& axis);
  void on_button(Pad& pad, const SDL_ControllerButtonEvent& button, const PadFn& on_pad);
  void on_sensor(const Pad& pad, const SDL_ControllerSensorEvent& sensor, const PadFn& on_pad);
  void on_touch(const Pad& pad, const SDL_Event& event, const PadFn& on_pad);
  void on_battery(const Pad& pad, SDL_JoystickPowerLevel level, const PadFn& on_pad);
  Pad* find(SDL_JoystickID id);
  std::optional<ScreenKey> stick_step(const SDL_ControllerAxisEvent& axis);
  std::optional<ScreenKey> hold(ScreenKey key);

  static void feed(Pad& pad, const PadRumble& rumble);
  static void feed(Pad& pad, const PadTriggerRumble& rumble);
  static void feed(Pad& pad, const PadLight& light);
  static void feed(Pad& pad, const PadMotionRequest& request);
  static void feed(Pad& pad, const PadAdaptiveTriggers& triggers);

  bool started_ = false, leave_ = false;
  std::array<std::optional<Pad>, kMaxPads> pads_;
  std::optional<ScreenKey> held_;
  Timestamp next_repeat_{}, next_rumble_{};
  bool stick_away_ = false;
};

}  // namespace lumen::render
