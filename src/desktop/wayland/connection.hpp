// lumen/desktop/wayland: a client's connection to a compositor, for desktops that are somebody else's. It is
// driven by an EventLoop and never blocks, but in wait() and roundtrip(), which have a limit.
// Depends on base only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"
#include "desktop/wayland/proxy.hpp"

struct zxdg_output_manager_v1;
struct zxdg_output_v1;

namespace lumen::wayland {

// An output (wl_output) as the compositor describes it.
struct Output {
  wl_output* proxy = nullptr;                 // owned by the connection; gone when the output is
  std::uint32_t global = 0;                   // its number in the registry
  std::string name;                           // "HEADLESS-1"; empty where the compositor tells none
  std::string description;                    // for people
  int width = 0, height = 0;                  // pixels of the current mode
  int refresh_mhz = 0;                        // milli-hertz
  int scale = 1;                              // whole; what applications are told at least
  int transform = 0;                          // wl_output.transform
  int x = 0, y = 0;                           // in the compositor's logical pixels
  int logical_width = 0, logical_height = 0;  // logical pixels; 0 where the compositor tells none
  bool described = false;                     // all of the above has come once
};

struct Global {
  std::uint32_t number = 0;
  std::string interface;
  std::uint32_t version = 0;
};

// Owner: the thread of the event loop. Thread-safe: no. Destroy what was bound before the connection.
class WaylandConnection {
 public:
  using LostFn = std::function<void(const Error& why)>;

  // Connects, and knows the globals and outputs when it returns. `on_lost` is called once, from the event
  // loop, when the compositor goes away (`wayland.lost`) or refuses what was sent (`wayland.protocol`); not
  // after the destructor, not for a failure of connect() itself. Fails with `wayland.connect` or
  // `wayland.timeout` (nobody answers within two seconds).
  static Result<std::unique_ptr<WaylandConnection>> connect(const std::string& socket_path, EventLoop& loop,
                                                            LostFn on_lost);
  WaylandConnection(const WaylandConnection&) = delete;
  WaylandConnection& operator=(const WaylandConnection&) = delete;
  ~WaylandConnection();

  wl_display* display() const { return display_.get(); }
  bool is_lost() const { return lost_; }
  // "PID START": the compositor's process, for ever.
  std::string peer() const;

  // The version that is offered; 0: none. With several of a kind (seats) the first.
  std::uint32_t offered(std::string_view interface) const;
  // Null when it is not offered with at least `min_version`. At most `max_version` is bound.
  //   auto shm = connection->bind(wl_shm_interface, wl_shm_destroy, 1, 1);
  template <class T>
  Proxy<T> bind(const wl_interface& interface, void (*destroy)(T*), std::uint32_t min_version,
                std::uint32_t max_version) {
    return own(static_cast<T*>(bind_raw(interface, min_version, max_version)), destroy);
  }

  // Sends what was asked for; what does not fit into the socket goes when there is room. Never blocks. Call
  // it after requests outside of callbacks of the compositor.
  void flush();

  // The compositor does not read: what is sent now is kept here, and of that there is room for little (4
  // KiB). Wait for on_drained with what can wait, or the connection is lost (`wayland.timeout`).
  bool is_congested() const { return wants_write_; }
  std::function<void()> on_drained;

  // Lets events in until `done`, at most `limit`: `wayland.timeout`, or `wayland.lost`. Only objects of
  // `queue` are called meanwhile (null: those of the default one, outputs included); the others' events come
  // afterwards, from the loop.
  Status wait(const std::function<bool()>& done, Duration limit, wl_event_queue* queue = nullptr);
  // Until the compositor has done all that was asked before.
  Status roundtrip(Duration limit);
  // A queue of its own for objects that wait() is to call alone; it is dispatched from the loop too.
  wl_event_queue* make_queue();

  // The outputs that are there now and described. Valid until the next event.
  std::vector<const Output*> outputs() const;
  const Output* output_named(std::string_view name) const;
  // Called when outputs() is another, or one of them is described anew.
  std::function<void()> on_outputs_changed;

 private:
  struct Listeners;
  struct OutputState;
  using Display = Proxy<wl_display>;

  WaylandConnection(Display display, EventLoop& loop, LostFn on_lost);
  Status start();
  void* bind_raw(const wl_interface& interface, std::uint32_t min_version, std::uint32_t max_version);
  void add_global(std::uint32_t number, std::string_view interface, std::uint32_t version);
  void remove_global(std::uint32_t number);
  void add_output(std::uint32_t number, std::uint32_t version);
  void describe_logically(OutputState& output);
  void on_ready();
  bool read_available();  // false: the connection is dead
  bool dispatch_all();
  void schedule_dispatch();
  void watch(bool writable);
  void lose();
  Error reason() const;

  EventLoop& loop_;
  LostFn on_lost_;
  Display display_;  // after everything that is on it, in destruction
  std::vector<Proxy<wl_event_queue>> queues_;
  Proxy<wl_registry> registry_;
  std::vector<Global> globals_;
  zxdg_output_manager_v1* xdg_outputs_ = nullptr;
  std::vector<std::unique_ptr<OutputState>> outputs_;
  EventLoop::TimerId lost_timer_ = 0, dispatch_timer_ = 0;
  bool lost_ = false, watched_ = false, wants_write_ = false, started_ = false;
};

}  // namespace lumen::wayland
