// Pictures of an output by wlr-screencopy, into shared memory. One copy is asked for at a time, nearly all
// the time, and comes when something was drawn.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "desktop/wayland/connection.hpp"
#include "desktop/wayland/shm_buffer.hpp"
#include "media/frames.hpp"
#include "media/mode.hpp"

struct zwlr_screencopy_frame_v1;
struct zwlr_screencopy_manager_v1;

namespace lumen::wlroots {

// Owner: the connection's thread. Destroyed before the connection.
class Screencopy {
 public:
  struct Params {
    wl_output* output = nullptr;
    bool pointer_drawn = false;
    std::function<void(const BorrowedFrame&)> on_frame;  // may be empty
    std::function<void(const Error& why)> on_failure;    // once: there are no more pictures
  };
  // `wlroots.capture` when the compositor offers no copies with damage.
  static Result<std::unique_ptr<Screencopy>> create(wayland::WaylandConnection& connection, EventLoop& loop,
                                                    Params params);
  Screencopy(const Screencopy&) = delete;
  Screencopy& operator=(const Screencopy&) = delete;
  ~Screencopy();

  // Pictures of this size, as often as its rate wants them; others are left out while the output changes.
  void set_mode(const Mode& mode);
  void set_pointer_drawn(bool drawn);
  void repaint();  // one picture with all of it, also when nothing was drawn
  // The output is gone, and its proxy with it: from now on nothing is asked for, whatever is called.
  void stop();

 private:
  struct Listeners;
  Screencopy(wayland::WaylandConnection& connection, EventLoop& loop, Params params);
  void ask(bool whole);
  void ask_at(Timestamp when);
  void cancel();
  void copy();
  void deliver(Timestamp presented);
  void retry();
  void fail_for_good(Error why);
  void note_damage(const Rect& rect);
  BorrowedFrame picture();  // as BorrowedFrame wants it: top row first, B before R
  bool is_awaited() const;

  wayland::WaylandConnection& connection_;
  EventLoop& loop_;
  Params params_;
  wayland::Proxy<wl_shm> shm_;
  wayland::Proxy<zwlr_screencopy_manager_v1> manager_;
  wayland::Proxy<zwlr_screencopy_frame_v1> frame_;
  std::optional<wayland::ShmFormat> offered_;
  std::optional<wayland::ShmBuffer> buffer_;
  std::vector<std::byte> straight_;  // the picture, where the compositor's is of another form
  std::array<Rect, 32> damage_;
  std::size_t damage_count_ = 0;
  bool whole_ = true;        // the copy that was asked for is a whole one
  bool all_damaged_ = true;  // since the frame before
  bool upside_down_ = false;
  std::uint64_t sequence_ = 0;
  Mode mode_;
  Timestamp strict_until_, last_;
  EventLoop::TimerId timer_ = 0;
  int failures_ = 0;  // in a row
};

}  // namespace lumen::wlroots
