// lumen/gamestream/control: a client's input packets as Lumen's input events (spec part 3, sections 8, 9 and
// 11).
//
// Keeps what the client holds, so that a key or button goes down once and comes up once whatever arrives, and
// everything comes up when the client goes. Events wait in order until drained; neighbouring motion merges
// into one event and neighbouring scrolls add up, edges are never merged or reordered. When a desktop takes
// nothing for so long that edges no longer fit, all of them become one ReleaseAll: a lost key press is less
// bad than one that never ends.
//
// Fingers: down, move, up and cancel of at most kMaxTouches at a time; hovering fingers are nothing to a
// touch screen. Pen: after a stroke it hovers if this client has ever told of hovering, else it is away,
// because nothing would say when it leaves.
//
// Owner: one thread. Allocates in the constructor only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/units.hpp"
#include "gamestream/control/input_packets.hpp"
#include "gamestream/control/pad_host.hpp"
#include "gamestream/control/text_assembler.hpp"
#include "media/input.hpp"

namespace lumen::gamestream::control {

// What a paired client may do.
struct InputPermissions {
  bool keyboard = true, pointer = true, touch = true, pads = true, text = true;
  bool operator==(const InputPermissions&) const = default;
};

// Where the desktop's picture lies in the video, as shares of it: all of it, unless there are bars.
struct PictureArea {
  double left = 0, top = 0, width = 1, height = 1;
};

// What the session's desktop takes. The rest is dropped and told as UnsupportedInput.
struct DesktopInput {
  bool touch = true, pen = true, text = true;
};

struct InputParams {
  InputPermissions permissions;
  DesktopInput desktop;
  PictureArea picture;
  PadParams pads;
  // The client sets flag bit 0 for nothing but Yen and Ro (Moonlight Qt; Android sets it for whole
  // keyboards).
  bool japanese_keys = false;
  // Drops KEY_SLEEP, Ctrl+Alt+Fn, and keys while Alt and Print Screen are held.
  bool block_system_keys = true;
};

// Input that the session's desktop cannot take.
enum class UnsupportedInput : std::uint8_t { text, touch, pen };

struct InputCounters {
  std::uint64_t packets = 0;
  std::uint64_t over_rate = 0;    // dropped: more than kPacketsPerSecond
  std::uint64_t not_allowed = 0;  // dropped: permissions, blocked keys
  // Dropped: unknown keys, a picture of no size, repeats, releases of nothing, pads that are not there.
  std::uint64_t meaningless = 0;
  std::uint64_t unsupported = 0;  // dropped: see UnsupportedInput
  std::uint64_t merged = 0;       // motion and scrolls that became part of an earlier event
  std::uint64_t overflows = 0;    // times that the waiting events became one ReleaseAll
};

class InputHost {
 public:
  static constexpr std::size_t kMaxWaiting = 256;
  static constexpr double kPacketsPerSecond = 2000;  // releases always pass

  explicit InputHost(const InputParams& params);

  void take(const InputPacket& packet, Timestamp now);
  // Everything held comes up: the client went away or fell silent, or its rights changed.
  void release_all();
  void set_permissions(const InputPermissions& permissions);  // releases what was held under the old ones
  void set_desktop(const DesktopInput& desktop) { params_.desktop = desktop; }
  void set_picture(const PictureArea& picture) { params_.picture = picture; }

  // Appends what waits to `out`, in order.
  void drain(std::vector<InputEvent>& out);
  void drain_pads(std::vector<PadEvent>& out) { pads_.drain(out); }
  void repeat_pads() { pads_.repeat(); }
  // A kind that came for the first time; each kind once per object.
  std::optional<UnsupportedInput> take_unsupported();
  const InputCounters& counters() const { return counters_; }

 private:
  bool within_rate(const InputPacket& packet, Timestamp now);
  bool allowed(const InputPacket& packet) const;
  void on(const KeyInput& key);
  void on(const TextInput& text);
  void on(const MouseMoveBy& move);
  void on(const MouseMoveTo& move);
  void on(const MouseButton& button);
  void on(const VerticalScroll& scroll);
  void on(const HorizontalScroll& scroll);
  void on(const EnableHaptics&) {}  // ControlHost's
  void on(const Touch& touch);
  void on(const Pen& pen);
  template <class PadPacket>
    requires requires(PadHost& pads, const PadPacket& packet) { pads.take(packet); }
  void on(const PadPacket& packet) {
    if (!pads_.take(packet)) ++counters_.meaningless;
  }
  void press(const KeyInput& key);
  void release(std::uint8_t virtual_key);
  bool held(std::uint16_t evdev_code) const;
  std::uint8_t held_modifiers() const;
  bool blocked(std::uint16_t evdev_code, std::uint8_t modifiers) const;
  void cancel_touches();
  std::optional<lumen::Pen> after(const Pen& pen) const;  // nullopt: it changes nothing
  void read_pen(const Pen& from, lumen::Pen& to) const;
  bool room_for(std::size_t edges);           // false: it overflowed
  bool push_motion(const InputEvent& event);  // false: it overflowed
  bool merge(const InputEvent& motion);       // into the newest waiting event
  void push_scroll(const Scroll& scroll);
  void forget_held();
  bool anything_held() const;
  void tell(UnsupportedInput kind);

  InputParams params_;
  std::vector<InputEvent> waiting_;             // at most kMaxWaiting
  std::array<std::uint16_t, 256> held_keys_{};  // by virtual key: the evdev code it pressed, 0 = up
  std::uint8_t held_buttons_ = 0;               // bit of each client button
  std::vector<std::uint32_t> touches_;          // ids of the fingers that are down; at most kMaxTouches
  lumen::Pen pen_;                              // as the desktop knows it
  bool pen_hovers_ = false;                     // this client tells of hovering
  PadHost pads_;
  TextAssembler text_;
  std::uint8_t unsupported_told_ = 0, unsupported_new_ = 0;  // bit of each kind
  double allowance_ = kPacketsPerSecond;                     // packets
  std::optional<Timestamp> last_packet_;
  InputCounters counters_;
};

}  // namespace lumen::gamestream::control
