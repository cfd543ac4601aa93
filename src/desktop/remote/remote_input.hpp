// lumen/desktop/remote: input events for desktops that are steered by single notifications (Mutter's own
// sessions, the portal's): what is held is remembered, positions and scrolling are put into their units.
// Thread-safe: no.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>

#include "media/input.hpp"
#include "media/mode.hpp"

namespace lumen::remote {

enum class Axis : std::uint32_t { vertical = 0, horizontal = 1 };

// How such a desktop is told. Positions are pixels of its picture.
class Notifier {
 public:
  virtual ~Notifier() = default;
  virtual void move_to(double x, double y) = 0;
  virtual void move_by(double dx, double dy) = 0;
  virtual void button(std::uint16_t evdev_code, bool pressed) = 0;
  virtual void clicks(Axis axis, int count) = 0;  // of the wheel; positive: down, right
  virtual void scroll(double dx, double dy) = 0;  // ten is one click
  virtual void key(std::uint16_t evdev_code, bool pressed) = 0;
  virtual void symbol(std::uint32_t keysym, bool pressed) = 0;  // X11's number of a character
  virtual void touch_down(std::uint32_t slot, double x, double y) = 0;
  virtual void touch_move(std::uint32_t slot, double x, double y) = 0;
  virtual void touch_up(std::uint32_t slot) = 0;
};

class RemoteInput {
 public:
  static constexpr std::size_t kMaxSlots = 9;  // fingers at once; slot numbers are below

  explicit RemoteInput(Notifier& notifier) : notifier_{notifier} {}
  // Positions refer to a picture of the size in `mode`. Pens are dropped: no such desktop takes one.
  void inject(const InputEvent& event, const Mode& mode);

 private:
  static constexpr std::size_t kMaxCode = 768;  // evdev's codes of keys and buttons

  void deliver(const PointerMoveTo& event, const Mode& mode);
  void deliver(const PointerMoveBy& event, const Mode& mode);
  void deliver(const PointerButton& event, const Mode& mode);
  void deliver(const Scroll& event, const Mode& mode);
  void deliver(const Key& event, const Mode& mode);
  void deliver(const Touch& event, const Mode& mode);
  void deliver(const Pen& /*event*/, const Mode& /*mode*/) {}
  void deliver(const Character& event, const Mode& mode);
  void deliver(const ReleaseAll& event, const Mode& mode);
  void scroll(Axis axis, int v120);
  std::optional<std::uint32_t> slot_of(std::uint32_t id) const;
  void touch_down(std::uint32_t id, double x, double y);
  void lift(std::uint32_t slot);

  Notifier& notifier_;
  std::bitset<kMaxCode> keys_, buttons_;                         // held
  std::array<std::optional<std::uint32_t>, kMaxSlots> touches_;  // finger in each slot
};

}  // namespace lumen::remote
