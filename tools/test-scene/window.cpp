#include "window.hpp"

#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace lumen::scene {
namespace {

constexpr std::uint32_t kMaxSide = 16'384;  // keeps a picture's size in bytes within wl_shm's 31 bits

timespec to_timespec(Duration time) {
  constexpr Duration::rep kSecond = 1'000'000'000;
  return {.tv_sec = time.count() / kSecond, .tv_nsec = time.count() % kSecond};
}

// `first` zero fires at once; `interval` zero fires once.
Result<UniqueFd> start_timer(Duration first, Duration interval) {
  UniqueFd timer{timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
  const itimerspec setting{.it_interval = to_timespec(interval),
                           .it_value = to_timespec(std::max(first, Duration{1}))};
  if (!timer || timerfd_settime(timer.get(), 0, &setting, nullptr) != 0) {
    return fail(ErrorCode::resource_exhausted, "scene.timer", "Cannot start a timer", {}, errno);
  }
  return timer;
}

bool expired(const UniqueFd& timer) {
  std::uint64_t times = 0;
  return timer && read(timer.get(), &times, sizeof times) == sizeof times;
}

std::uint64_t monotonic_us() { return static_cast<std::uint64_t>(to_ns(SteadyTime{}.now())) / 1000; }

template <class T>
Handle<T> bind(wl_registry* registry, std::uint32_t name, const wl_interface& interface,
               std::uint32_t version) {
  return Handle<T>{static_cast<T*>(wl_registry_bind(registry, name, &interface, version))};
}

}  // namespace

Result<std::unique_ptr<Window>> Window::open(Options options) {
  std::unique_ptr<Window> window{new Window{std::move(options)}};
  LUMEN_CHECK_OK(window->connect());
  LUMEN_CHECK_OK(window->create_surface());
  LUMEN_CHECK_OK(window->start_timers());
  return window;
}

Status Window::connect() {
  static constexpr wl_registry_listener kListener{
      .global =
          [](void* self, wl_registry* registry, std::uint32_t name, const char* interface,
             std::uint32_t version) {
            static_cast<Window*>(self)->on_global(registry, name, interface, version);
          },
      .global_remove = [](void*, wl_registry*, std::uint32_t) {}};
  display_.reset(wl_display_connect(nullptr));
  if (!display_) {
    return fail(ErrorCode::unavailable, "scene.no-display", "No Wayland display answers",
                "Set WAYLAND_DISPLAY to a running compositor's socket", errno);
  }
  registry_.reset(wl_display_get_registry(display_.get()));
  wl_registry_add_listener(registry_.get(), &kListener, this);
  wl_display_roundtrip(display_.get());
  if (compositor_ && shm_ && wm_base_) return {};
  return fail(ErrorCode::unsupported, "scene.compositor",
              "The compositor lacks wl_compositor 4, wl_shm or xdg_wm_base");
}

void Window::on_global(wl_registry* registry, std::uint32_t name, const char* interface,
                       std::uint32_t version) {
  static constexpr xdg_wm_base_listener kPing{
      .ping = [](void*, xdg_wm_base* base, std::uint32_t serial) { xdg_wm_base_pong(base, serial); }};
  const auto is = [interface](const wl_interface& known) { return std::strcmp(interface, known.name) == 0; };
  if (is(wl_compositor_interface) && version >= 4) {
    compositor_ = bind<wl_compositor>(registry, name, wl_compositor_interface, 4);
  } else if (is(wl_shm_interface)) {
    shm_ = bind<wl_shm>(registry, name, wl_shm_interface, 1);
  } else if (is(xdg_wm_base_interface)) {
    wm_base_ = bind<xdg_wm_base>(registry, name, xdg_wm_base_interface, 1);
    xdg_wm_base_add_listener(wm_base_.get(), &kPing, this);
  } else if (is(wl_seat_interface) && !seat_) {
    seat_.emplace(Seat::Params{
        .seat = bind<wl_seat>(registry, name, wl_seat_interface, std::min(version, Seat::kMaxVersion)),
        .print_events = options_.print_events});
  }
}

Status Window::create_surface() {
  static constexpr xdg_surface_listener kSurface{
      .configure = [](void* self, xdg_surface*, std::uint32_t serial) {
        static_cast<Window*>(self)->on_configure(serial);
      }};
  static constexpr xdg_toplevel_listener kToplevel{
      .configure =
          [](void* self, xdg_toplevel*, std::int32_t width, std::int32_t height, wl_array*) {
            static_cast<Window*>(self)->asked_width_ = static_cast<std::uint32_t>(std::max(width, 0));
            static_cast<Window*>(self)->asked_height_ = static_cast<std::uint32_t>(std::max(height, 0));
          },
      .close = [](void* self, xdg_toplevel*) { static_cast<Window*>(self)->running_ = false; },
      .configure_bounds = nullptr,
      .wm_capabilities = nullptr};
  surface_.reset(wl_compositor_create_surface(compositor_.get()));
  xdg_surface_.reset(xdg_wm_base_get_xdg_surface(wm_base_.get(), surface_.get()));
  xdg_surface_add_listener(xdg_surface_.get(), &kSurface, this);
  toplevel_.reset(xdg_surface_get_toplevel(xdg_surface_.get()));
  xdg_toplevel_add_listener(toplevel_.get(), &kToplevel, this);
  xdg_toplevel_set_app_id(toplevel_.get(), options_.app_id.c_str());
  xdg_toplevel_set_title(toplevel_.get(), "Lumen test scene");
  xdg_toplevel_set_fullscreen(toplevel_.get(), nullptr);
  wl_surface_commit(surface_.get());
  return {};
}

Status Window::start_timers() {
  if (options_.rate_hz) {
    const auto period = std::chrono::duration<double>{1 / *options_.rate_hz};
    const auto interval = std::chrono::duration_cast<Duration>(period);
    LUMEN_TRY(timers_[timer_tick], start_timer(interval, interval));
  }
  if (options_.exit_after) {
    LUMEN_TRY(timers_[timer_exit], start_timer(*options_.exit_after, Duration::zero()));
  }
  if (options_.hang_after) {
    LUMEN_TRY(timers_[timer_hang], start_timer(*options_.hang_after, Duration::zero()));
  }
  return {};
}

void Window::on_configure(std::uint32_t serial) {
  xdg_surface_ack_configure(xdg_surface_.get(), serial);
  const bool known = asked_width_ != 0 && asked_height_ != 0;  // zero: the compositor leaves it to us
  width_ = known ? std::min(asked_width_, kMaxSide) : 1280;
  height_ = known ? std::min(asked_height_, kMaxSide) : 720;
  configured_ = resized_ = true;
}

Result<int> Window::run() {
  while (running_ && wl_display_get_error(display_.get()) == 0) {
    LUMEN_CHECK_OK(draw_if_due());
    turn();
  }
  if (wl_display_get_error(display_.get()) == EPROTO) {
    return fail(ErrorCode::internal, "scene.protocol", "The compositor refused a request");
  }
  return exit_status_;
}

// Waits for the compositor or a timer, once.
void Window::turn() {
  auto* display = display_.get();
  if (wl_display_prepare_read(display) != 0) {  // events are queued already
    wl_display_dispatch_pending(display);
    return;
  }
  const bool flushed = wl_display_flush(display) >= 0 || errno != EAGAIN;
  std::array<pollfd, 1 + timer_count> ready{};
  ready[0] = {.fd = wl_display_get_fd(display),
              .events = static_cast<short>(flushed ? POLLIN : POLLIN | POLLOUT),
              .revents = 0};
  for (std::size_t i = 0; i < timer_count; ++i)
    ready[1 + i] = {.fd = timers_[i].get(), .events = POLLIN, .revents = 0};
  poll(ready.data(), ready.size(), -1);
  if ((ready[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
    wl_display_read_events(display);
  } else {
    wl_display_cancel_read(display);
  }
  wl_display_dispatch_pending(display);
  run_timers();
}

void Window::run_timers() {
  if (expired(timers_[timer_tick])) wants_frame_ = true;
  if (expired(timers_[timer_exit])) {
    running_ = false;
    exit_status_ = options_.exit_status;
  }
  while (expired(timers_[timer_hang])) {
    for (;;) pause();  // answers nothing any more, ends only by a signal
  }
}

bool Window::frame_due() const {
  if (!configured_) return false;
  if (resized_) return true;
  return wants_frame_ && (options_.rate_hz || !frame_callback_);
}

Status Window::draw_if_due() {
  if (options_.still && seat_ && seat_->take_changed()) wants_frame_ = true;
  if (!frame_due()) return {};
  LUMEN_TRY(auto* buffer, buffers_.acquire(shm_.get(), width_, height_));
  if (buffer == nullptr) return {};  // the next release wakes us
  if (!scene_ || scene_->width() != width_ || scene_->height() != height_) scene_.emplace(width_, height_);
  const testing::InbandCode code{.frame_number = frames_ + 1, .drawn_us = monotonic_us()};
  scene_->draw(buffer->canvas(), code, seat_ ? seat_->marks() : InputMarks{});
  commit(*buffer);
  return {};
}

void Window::commit(ShmBuffer& buffer) {
  static constexpr wl_callback_listener kListener{.done = [](void* self, wl_callback*, std::uint32_t) {
    static_cast<Window*>(self)->frame_callback_.reset();
  }};
  if (!options_.rate_hz && !frame_callback_) {
    frame_callback_.reset(wl_surface_frame(surface_.get()));
    wl_callback_add_listener(frame_callback_.get(), &kListener, this);
  }
  wl_surface_attach(surface_.get(), buffer.lend(), 0, 0);
  wl_surface_damage_buffer(surface_.get(), 0, 0, static_cast<std::int32_t>(width_),
                           static_cast<std::int32_t>(height_));
  wl_surface_commit(surface_.get());
  ++frames_;
  resized_ = false;
  wants_frame_ = !options_.rate_hz && !options_.still;
}

}  // namespace lumen::scene
