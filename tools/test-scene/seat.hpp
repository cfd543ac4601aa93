// lumen-test-scene: pointer and keyboard, as marks in the picture and as lines on standard output.
#pragma once

#include <utility>

#include "handles.hpp"
#include "scene.hpp"

namespace lumen::scene {

// Does not move: the compositor's events point at it.
class Seat {
 public:
  struct Params {
    Handle<wl_seat> seat;
    bool print_events = false;
  };
  explicit Seat(Params params);
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  ~Seat() = default;

  static constexpr std::uint32_t kMaxVersion = 5;

  const InputMarks& marks() const { return marks_; }
  bool take_changed() { return std::exchange(changed_, false); }

 private:
  void on_capabilities(std::uint32_t capabilities);
  void move_pointer(wl_fixed_t x, wl_fixed_t y);
  void leave();
  void press(const char* what, std::uint32_t code, std::uint32_t state);
  void scroll(std::uint32_t axis, wl_fixed_t value) const;
  static const wl_pointer_listener& pointer_listener();
  static const wl_keyboard_listener& keyboard_listener();

  bool print_events_, changed_ = false;
  InputMarks marks_;
  Handle<wl_seat> seat_;
  Handle<wl_pointer> pointer_;
  Handle<wl_keyboard> keyboard_;
};

}  // namespace lumen::scene
