// lumen/worker: what the host is told of the pointer while a client draws it: where it is, newest wins, and
// each look that the client does not have, in pieces, one look at a time. Where the pointer cannot be apart
// (the desktop paints it, or its look cannot be given), it is drawn into the picture and that is told.
#pragma once

#include <array>
#include <functional>
#include <optional>

#include "base/event_loop.hpp"
#include "link/messages.hpp"
#include "media/mode.hpp"
#include "media/pointer.hpp"

namespace lumen::worker {

// Owner: the event loop's thread.
class PointerTeller {
 public:
  struct Calls {
    std::function<bool(const link::ToHost&)> send;  // false: there is no room, or other things need it
    std::function<void(bool drawn)> draw;           // into the picture from now on, or not
    std::function<void()> ask;                      // for on_pointer() again
  };
  static constexpr Duration kBetweenStates = std::chrono::milliseconds{4};
  static constexpr Duration kBetweenLooks = std::chrono::milliseconds{33};  // the longer, the larger they are
  static constexpr std::size_t kLookBytesPerSecond = 1U << 20U;

  // Looks are numbered from after `last_image`: not as those of an earlier process were, which a client may
  // still have. `loop` outlives it.
  PointerTeller(Calls calls, EventLoop& loop, std::uint32_t last_image = 0)
      : calls_{std::move(calls)}, loop_{loop}, last_image_{last_image} {}
  ~PointerTeller();
  PointerTeller(const PointerTeller&) = delete;
  PointerTeller& operator=(const PointerTeller&) = delete;

  // What the client wants. It may be another one: it has no look, and everything is told anew, no faster than
  // ever.
  void set_wish(const link::SetPointer& wish);
  // What the desktop can, which may be another one.
  void set_able(bool able);
  void on_pointer(const BorrowedPointer& pointer, const Mode& mode);
  void taken(std::uint32_t image);

 private:
  struct Slot {
    std::uint32_t image = 0;  // 0: the client has nothing there
    std::uint64_t used = 0;
    std::size_t hash = 0;
    PointerImage look;
  };
  struct Sending {
    std::uint32_t image = 0;
    std::size_t slot = 0, offset = 0;  // offset: all before it has gone
    bool is_all_gone() const { return offset == bytes; }
    std::size_t bytes = 0;
  };

  bool is_apart() const { return wish_.apart && able_ && !odd_; }
  void decide();
  void take_look(const BorrowedPointer& pointer);
  void choose_look();
  void begin(Timestamp now);
  void work();
  void send_piece();
  void send_state(Timestamp now);
  void arm(Timestamp when);

  const Calls calls_;
  EventLoop& loop_;
  link::SetPointer wish_;
  bool able_ = false, odd_ = false, visible_ = true;
  bool known_ = false;         // the desktop has told of it since it was asked
  std::optional<bool> drawn_;  // as the desktop was told
  PointerState state_;
  std::optional<PointerState> told_;
  std::optional<PointerImage> look_;  // as it is now
  std::size_t look_hash_ = 0;
  bool look_is_new_ = false;  // whether the client has it was not looked for yet
  bool look_waits_ = false;   // the client neither has it nor is it on its way
  std::array<Slot, kPointerSlots> slots_;
  std::optional<Sending> sending_;
  std::uint32_t last_image_;
  std::uint64_t uses_ = 0;
  Timestamp state_due_{}, look_due_{}, armed_{};
  EventLoop::TimerId timer_ = 0;
};

}  // namespace lumen::worker
