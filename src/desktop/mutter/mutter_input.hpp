// lumen/desktop/mutter: input events in the words of Mutter's RemoteDesktop sessions. Private to
// lumen/desktop/mutter. Thread-safe: no.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>

#include "desktop/mutter/mutter_session.hpp"
#include "media/input.hpp"
#include "media/mode.hpp"

namespace lumen::mutter {

class Input {
 public:
  explicit Input(Session& session) : session_{session} {}

  // Mutter gives its seat a keyboard with the first key, which is lost thereby: this one is nobody's.
  void prepare();
  // Positions refer to a monitor of the size in `mode`.
  void inject(const InputEvent& event, const Mode& mode);

 private:
  static constexpr std::size_t kMaxSlots = 10;  // fingers that Mutter takes
  static constexpr std::size_t kMaxCode = 768;  // evdev's codes of keys and buttons

  void deliver(const PointerMoveTo& event, const Mode& mode);
  void deliver(const PointerMoveBy& event, const Mode& mode);
  void deliver(const PointerButton& event, const Mode& mode);
  void deliver(const Scroll& event, const Mode& mode);
  void deliver(const Key& event, const Mode& mode);
  void deliver(const Touch& event, const Mode& mode);
  void deliver(const Pen& /*event*/, const Mode& /*mode*/) {}  // Mutter takes none from outside
  void deliver(const Character& event, const Mode& mode);
  void deliver(const ReleaseAll& event, const Mode& mode);
  void scroll(std::uint32_t axis, int v120);
  std::optional<std::uint32_t> slot_of(std::uint32_t id) const;
  void lift(std::uint32_t slot);

  Session& session_;
  std::bitset<kMaxCode> keys_, buttons_;                         // held
  std::array<std::optional<std::uint32_t>, kMaxSlots> touches_;  // finger of each slot
};

}  // namespace lumen::mutter
