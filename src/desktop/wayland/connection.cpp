#include "desktop/wayland/connection.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "desktop/wayland/peer.hpp"
#include "xdg-output-unstable-v1-client-protocol.h"

namespace lumen::wayland {
namespace {

using namespace std::chrono_literals;

constexpr auto kConnectLimit = 2s;
constexpr std::size_t kMaxGlobals = 1024, kMaxOutputs = 64;  // of a compositor that means well
constexpr std::uint32_t kOutputVersion = 4, kXdgOutputVersion = 3;

Timestamp now() { return SteadyTime{}.now(); }

Result<UniqueFd> open_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  errno = fd ? ENAMETOOLONG : errno;
  if (fd && path.size() < sizeof address.sun_path) {
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  }
  const int error = errno;
  return fail(ErrorCode::unavailable, "wayland.connect",
              fmt::format("no compositor takes a connection at {}", path),
              "Check that the desktop session runs and that this is the person it belongs to", error);
}

int left_ms(Timestamp deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now());
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
}

}  // namespace

struct WaylandConnection::OutputState {
  OutputState(WaylandConnection& owner, std::uint32_t number) : connection{owner} { output.global = number; }
  OutputState(const OutputState&) = delete;
  OutputState& operator=(const OutputState&) = delete;
  ~OutputState() {
    if (logical != nullptr) zxdg_output_v1_destroy(logical);
    if (wl_output_get_version(output.proxy) >= WL_OUTPUT_RELEASE_SINCE_VERSION) {
      wl_output_release(output.proxy);
    } else {
      wl_output_destroy(output.proxy);
    }
  }
  void described() {
    output.described = true;
    if (connection.started_ && connection.on_outputs_changed) connection.on_outputs_changed();
  }

  WaylandConnection& connection;
  Output output;
  zxdg_output_v1* logical = nullptr;
};

// What the compositor calls.
struct WaylandConnection::Listeners {
  static WaylandConnection& connection_of(void* self) { return *static_cast<WaylandConnection*>(self); }
  static Output& output_of(void* self) { return static_cast<OutputState*>(self)->output; }

  static void global(void* self, wl_registry*, std::uint32_t number, const char* interface,
                     std::uint32_t version) {
    connection_of(self).add_global(number, interface, version);
  }
  static void global_remove(void* self, wl_registry*, std::uint32_t number) {
    connection_of(self).remove_global(number);
  }
  // NOLINTNEXTLINE(readability-function-size): the protocol decides how many arguments there are
  static void geometry(void* self, wl_output*, int x, int y, int, int, int, const char*, const char*,
                       int transform) {
    auto& output = output_of(self);
    output.transform = transform;
    if (static_cast<OutputState*>(self)->logical != nullptr) return;  // which knows better
    output.x = x;
    output.y = y;
  }
  static void mode(void* self, wl_output*, std::uint32_t flags, int width, int height, int refresh_mhz) {
    if ((flags & WL_OUTPUT_MODE_CURRENT) == 0) return;
    auto& output = output_of(self);
    output.width = width;
    output.height = height;
    output.refresh_mhz = refresh_mhz;
  }
  static void scale(void* self, wl_output*, int scale) { output_of(self).scale = scale; }
  static void name(void* self, wl_output*, const char* name) { output_of(self).name = name; }
  static void description(void* self, wl_output*, const char* text) { output_of(self).description = text; }
  static void done(void* self, wl_output*) { static_cast<OutputState*>(self)->described(); }

  static void logical_position(void* self, zxdg_output_v1*, int x, int y) {
    output_of(self).x = x;
    output_of(self).y = y;
  }
  static void logical_size(void* self, zxdg_output_v1*, int width, int height) {
    output_of(self).logical_width = width;
    output_of(self).logical_height = height;
  }
  static void logical_name(void* self, zxdg_output_v1*, const char* name) { output_of(self).name = name; }
  static void logical_done(void* self, zxdg_output_v1*) { static_cast<OutputState*>(self)->described(); }

  static void synchronised(void* self, wl_callback*, std::uint32_t) { *static_cast<bool*>(self) = true; }
};

WaylandConnection::WaylandConnection(Display display, EventLoop& loop, LostFn on_lost)
    : loop_{loop}, on_lost_{std::move(on_lost)}, display_{std::move(display)} {}

WaylandConnection::~WaylandConnection() {
  loop_.cancel(lost_timer_);
  loop_.cancel(dispatch_timer_);
  if (watched_) loop_.unwatch(wl_display_get_fd(display_.get()));
  outputs_.clear();
  if (xdg_outputs_ != nullptr) zxdg_output_manager_v1_destroy(xdg_outputs_);
  if (!lost_) wl_display_flush(display_.get());
}

Result<std::unique_ptr<WaylandConnection>> WaylandConnection::connect(const std::string& socket_path,
                                                                      EventLoop& loop, LostFn on_lost) {
  LUMEN_TRY(auto fd, open_socket(socket_path));
  auto display = own(wl_display_connect_to_fd(fd.release()), wl_display_disconnect);
  if (!display) {
    return fail(ErrorCode::resource_exhausted, "wayland.connect", "there is no memory for a connection",
                "Free memory or file descriptors", errno);
  }
  std::unique_ptr<WaylandConnection> made{
      new WaylandConnection{std::move(display), loop, std::move(on_lost)}};
  LUMEN_CHECK_OK(made->start());
  return made;
}

std::string WaylandConnection::peer() const { return peer_of(wl_display_get_fd(display_.get())); }

Status WaylandConnection::start() {
  static constexpr wl_registry_listener kRegistry{Listeners::global, Listeners::global_remove};
  registry_ = own(wl_display_get_registry(display_.get()), wl_registry_destroy);
  wl_registry_add_listener(registry_.get(), &kRegistry, this);
  const auto deadline = now() + kConnectLimit;
  LUMEN_CHECK_OK(roundtrip(deadline - now()));
  const auto described = [this] {
    return std::ranges::all_of(outputs_, [](const auto& state) { return state->output.described; });
  };
  if (const auto version = std::min(offered("zxdg_output_manager_v1"), kXdgOutputVersion); version > 0) {
    xdg_outputs_ = static_cast<zxdg_output_manager_v1*>(
        bind_raw(zxdg_output_manager_v1_interface, 1, kXdgOutputVersion));
    for (auto& output : outputs_) describe_logically(*output);
  }
  LUMEN_CHECK_OK(roundtrip(deadline - now()));
  LUMEN_CHECK_OK(wait(described, deadline - now()));
  watch(false);
  if (!watched_) {
    return fail(ErrorCode::resource_exhausted, "wayland.connect", "the connection cannot be watched",
                "Free file descriptors");
  }
  started_ = true;
  schedule_dispatch();
  return {};
}

// ---- globals and outputs.

void WaylandConnection::add_global(std::uint32_t number, std::string_view interface, std::uint32_t version) {
  if (globals_.size() >= kMaxGlobals) return;
  globals_.push_back({number, std::string{interface}, version});
  if (interface == "wl_output") add_output(number, version);
}

void WaylandConnection::remove_global(std::uint32_t number) {
  std::erase_if(globals_, [number](const Global& global) { return global.number == number; });
  const auto gone =
      std::erase_if(outputs_, [number](const auto& state) { return state->output.global == number; });
  if (gone > 0 && started_ && on_outputs_changed) on_outputs_changed();
}

std::uint32_t WaylandConnection::offered(std::string_view interface) const {
  const auto found = std::ranges::find(globals_, interface, &Global::interface);
  return found == globals_.end() ? 0 : found->version;
}

void* WaylandConnection::bind_raw(const wl_interface& interface, std::uint32_t min_version,
                                  std::uint32_t max_version) {
  const auto found = std::ranges::find(globals_, std::string_view{interface.name}, &Global::interface);
  if (found == globals_.end() || found->version < min_version) return nullptr;
  return wl_registry_bind(registry_.get(), found->number, &interface, std::min(found->version, max_version));
}

void WaylandConnection::add_output(std::uint32_t number, std::uint32_t version) {
  static constexpr wl_output_listener kOutput{Listeners::geometry, Listeners::mode, Listeners::done,
                                              Listeners::scale,    Listeners::name, Listeners::description};
  if (outputs_.size() >= kMaxOutputs || version < WL_OUTPUT_DONE_SINCE_VERSION) return;
  auto* proxy = static_cast<wl_output*>(
      wl_registry_bind(registry_.get(), number, &wl_output_interface, std::min(version, kOutputVersion)));
  if (proxy == nullptr) return;
  auto& state = *outputs_.emplace_back(std::make_unique<OutputState>(*this, number));
  state.output.proxy = proxy;
  wl_output_add_listener(proxy, &kOutput, &state);
  if (xdg_outputs_ != nullptr) describe_logically(state);
}

void WaylandConnection::describe_logically(OutputState& state) {
  static constexpr zxdg_output_v1_listener kLogical{Listeners::logical_position, Listeners::logical_size,
                                                    Listeners::logical_done, Listeners::logical_name, ignore};
  state.logical = zxdg_output_manager_v1_get_xdg_output(xdg_outputs_, state.output.proxy);
  if (state.logical != nullptr) zxdg_output_v1_add_listener(state.logical, &kLogical, &state);
}

std::vector<const Output*> WaylandConnection::outputs() const {
  std::vector<const Output*> all;
  for (const auto& state : outputs_) {
    if (state->output.described) all.push_back(&state->output);
  }
  return all;
}

const Output* WaylandConnection::output_named(std::string_view name) const {
  const auto all = outputs();
  const auto found = std::ranges::find(all, name, [](const Output* output) { return output->name; });
  return found == all.end() ? nullptr : *found;
}

// ---- sending, receiving.

void WaylandConnection::watch(bool writable) {
  wants_write_ = writable;
  const std::uint32_t events = EPOLLIN | (writable ? std::uint32_t{EPOLLOUT} : 0U);
  watched_ = loop_.watch(wl_display_get_fd(display_.get()), events, [this](std::uint32_t) { on_ready(); })
                 .has_value();
}

// A broken pipe is not told by writing: what the compositor said before it hung up is still to be read.
void WaylandConnection::flush() {
  if (lost_) return;
  const bool full = wl_display_flush(display_.get()) < 0 && errno == EAGAIN;
  if (wl_display_get_error(display_.get()) != 0) return lose();
  if (!watched_ || full == wants_write_) return;
  watch(full);
  if (!full && on_drained) on_drained();
}

void WaylandConnection::on_ready() {
  if (!read_available()) return lose();
  flush();
}

bool WaylandConnection::dispatch_all() {
  for (const auto& queue : queues_) {
    if (wl_display_dispatch_queue_pending(display_.get(), queue.get()) < 0) return false;
  }
  return wl_display_dispatch_pending(display_.get()) >= 0;
}

bool WaylandConnection::read_available() {
  while (wl_display_prepare_read(display_.get()) != 0) {
    if (!dispatch_all()) return false;
  }
  pollfd ready{.fd = wl_display_get_fd(display_.get()), .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, 0) > 0) {
    if (wl_display_read_events(display_.get()) < 0) return false;
  } else {
    wl_display_cancel_read(display_.get());
  }
  return dispatch_all();
}

// Events that wait() read for others lie in memory: no descriptor tells of them.
void WaylandConnection::schedule_dispatch() {
  if (dispatch_timer_ != 0 || !started_) return;
  dispatch_timer_ = loop_.call_at(now(), [this] {
    dispatch_timer_ = 0;
    if (!lost_) on_ready();
  });
}

Status WaylandConnection::wait(const std::function<bool()>& done, Duration limit, wl_event_queue* queue) {
  const auto deadline = now() + limit;
  auto* display = display_.get();
  const auto dispatch = [&] {
    return queue != nullptr ? wl_display_dispatch_queue_pending(display, queue)
                            : wl_display_dispatch_pending(display);
  };
  schedule_dispatch();
  while (!lost_ && dispatch() >= 0) {
    if (done()) return {};
    const bool full = wl_display_flush(display) < 0 && errno == EAGAIN;
    const auto prepared =
        queue != nullptr ? wl_display_prepare_read_queue(display, queue) : wl_display_prepare_read(display);
    if (prepared != 0) continue;
    pollfd ready{.fd = wl_display_get_fd(display), .events = POLLIN, .revents = 0};
    if (full) ready.events |= POLLOUT;
    const int left = left_ms(deadline);
    if (::poll(&ready, 1, left) > 0 && (ready.revents & ~POLLOUT) != 0) {
      if (wl_display_read_events(display) < 0) break;
      continue;
    }
    wl_display_cancel_read(display);
    if (left == 0) {
      return fail(ErrorCode::timed_out, "wayland.timeout", "the compositor does not answer",
                  "Look whether the desktop hangs");
    }
  }
  if (!lost_) lose();
  return tl::unexpected{reason()};
}

Status WaylandConnection::roundtrip(Duration limit) {
  static constexpr wl_callback_listener kDone{Listeners::synchronised};
  bool done = false;
  const auto callback = own(wl_display_sync(display_.get()), wl_callback_destroy);
  wl_callback_add_listener(callback.get(), &kDone, &done);
  return wait([&done] { return done; }, limit);
}

wl_event_queue* WaylandConnection::make_queue() {
  return queues_.emplace_back(own(wl_display_create_queue(display_.get()), wl_event_queue_destroy)).get();
}

// ---- the end.

Error WaylandConnection::reason() const {
  if (wl_display_get_error(display_.get()) == EPROTO) {
    const wl_interface* interface = nullptr;
    std::uint32_t id = 0;
    const auto code = wl_display_get_protocol_error(display_.get(), &interface, &id);
    return {ErrorCode::internal, "wayland.protocol",
            fmt::format("the compositor refused a request: error {} of {}", code,
                        interface != nullptr ? interface->name : "an object"),
            "Report this with the compositor's name and version", 0};
  }
  if (wl_display_get_error(display_.get()) == EAGAIN) {
    return {ErrorCode::timed_out, "wayland.timeout", "the compositor takes nothing any more",
            "Look whether the desktop hangs", 0};
  }
  return {ErrorCode::unavailable, "wayland.lost", "the compositor went away",
          "Start the desktop again; its own log says why it ended", 0};
}

void WaylandConnection::lose() {
  if (std::exchange(lost_, true)) return;
  if (std::exchange(watched_, false)) loop_.unwatch(wl_display_get_fd(display_.get()));
  if (!started_) return;  // connect() tells
  lost_timer_ = loop_.call_at(now(), [this] {
    lost_timer_ = 0;
    if (const auto tell = std::exchange(on_lost_, nullptr)) tell(reason());
  });
}

}  // namespace lumen::wayland
