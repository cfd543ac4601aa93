// lumen/gamestream/control: Lumen's input events as a client's packets: the other way of input_host.hpp.
// Owner: one thread. Thread-safe: no.
#pragma once

#include <vector>

#include "gamestream/control/input_packets.hpp"
#include "media/input.hpp"

namespace lumen::gamestream::control {

class InputClient {
 public:
  // Appends the packets that say it: none for keys and buttons without a number there, for motion of less
  // than a pixel (it counts later), for what is down or up already, for what is no character, for fingers and
  // pens. ReleaseAll becomes one packet for each key and button that is down.
  void add(const InputEvent& event, std::vector<InputPacket>& out);

 private:
  void on(const PointerMoveTo& move, std::vector<InputPacket>& out);
  void on(const PointerMoveBy& move, std::vector<InputPacket>& out);
  void on(const PointerButton& button, std::vector<InputPacket>& out);
  void on(const Scroll& scroll, std::vector<InputPacket>& out);
  void on(const Key& key, std::vector<InputPacket>& out);
  void on(const ReleaseAll& release, std::vector<InputPacket>& out);
  void on(const lumen::Touch&, std::vector<InputPacket>&) {}
  void on(const lumen::Pen&, std::vector<InputPacket>&) {}
  void on(const Character& character, std::vector<InputPacket>& out);
  std::uint8_t modifiers() const;

  std::vector<std::uint16_t> keys_;  // evdev codes that are down; at most 256
  std::uint8_t buttons_ = 0;         // bit of each client button that is down
  double dx_ = 0, dy_ = 0;           // motion not told yet
};

}  // namespace lumen::gamestream::control
