// lumen-test-scene: a full-screen surface on a Wayland compositor, and the loop that draws into it.
//
// When a frame is drawn: without --rate, as soon as the compositor asks for the next one (frame callback);
// with --rate, at every tick of a timer; with --still, after input. A new size is drawn at once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/fd.hpp"
#include "handles.hpp"
#include "options.hpp"
#include "seat.hpp"
#include "shm_buffers.hpp"

namespace lumen::scene {

// Owner: the main thread. Does not move: the compositor's events point at it.
class Window {
 public:
  // Fails with `scene.no-display`, or `scene.compositor` when it lacks what is needed.
  static Result<std::unique_ptr<Window>> open(Options options);
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
  ~Window() = default;

  // Until closed, the time is over (then Options::exit_status) or the compositor went away. Returns the
  // exit status.
  Result<int> run();

 private:
  enum TimerKind : std::size_t { timer_tick, timer_exit, timer_hang, timer_count };

  explicit Window(Options options) : options_{std::move(options)} {}
  Status connect();
  Status create_surface();
  Status start_timers();
  void on_global(wl_registry* registry, std::uint32_t name, const char* interface, std::uint32_t version);
  void on_configure(std::uint32_t serial);
  void turn();
  void run_timers();
  bool frame_due() const;
  Status draw_if_due();
  void commit(ShmBuffer& buffer);

  const Options options_;
  std::array<UniqueFd, timer_count> timers_;
  bool running_ = true;
  int exit_status_ = 0;

  bool configured_ = false;
  bool resized_ = false;     // draw now, whatever the pacing says
  bool wants_frame_ = true;  // the pacing wants one
  std::uint32_t asked_width_ = 0, asked_height_ = 0, width_ = 0, height_ = 0;  // pixels
  std::uint32_t frames_ = 0;                                                   // committed
  std::optional<Scene> scene_;

  Handle<wl_display> display_;  // first: everything below dies before it
  Handle<wl_registry> registry_;
  Handle<wl_compositor> compositor_;
  Handle<wl_shm> shm_;
  Handle<xdg_wm_base> wm_base_;
  std::optional<Seat> seat_;
  ShmBuffers buffers_;
  Handle<wl_surface> surface_;
  Handle<xdg_surface> xdg_surface_;
  Handle<xdg_toplevel> toplevel_;
  Handle<wl_callback> frame_callback_;  // pending: the compositor has not yet asked for the next frame
};

}  // namespace lumen::scene
