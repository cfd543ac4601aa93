// Clients that do allowed and forbidden things in random order while outputs come and go, with a cursor drawn
// or not: the compositor must survive, and serve the next client. Worth most under AddressSanitizer, and
// under valgrind, which sees into wlroots (--vex-iropt-register-updates=allregs-at-mem-access, for SIGBUS).
// Left out is what wlroots 0.15 itself does not survive: requests on a role whose wl_surface is gone, popups
// in a circle.
#include <linux/input-event-codes.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <random>
#include <string_view>

#include <gmock/gmock.h>
#include <wayland-client.h>

#include "desktop/embedded/test_compositor.hpp"
#include "pointer-constraints-unstable-v1-client-protocol.h"
#include "tablet-unstable-v2-client-protocol.h"
#include "xdg-shell-client-protocol.h"

namespace lumen::embedded {
namespace {

using Random = std::minstd_rand;

struct MonkeyWindow {
  wl_surface* surface = nullptr;
  xdg_surface* xdg = nullptr;
  xdg_toplevel* toplevel = nullptr;
  xdg_popup* popup = nullptr;
  bool configured = false;
};

class Monkey {
 public:
  Monkey(const std::string& socket_path, Random& random) : random_{random} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::abort();
    display_ = wl_display_connect_to_fd(fd);
    wl_registry_add_listener(keep(wl_display_get_registry(display_)), &kRegistry, this);
  }
  Monkey(const Monkey&) = delete;
  Monkey& operator=(const Monkey&) = delete;
  ~Monkey() {
    // The compositor sees a client that dies with everything open; here every proxy is freed without a word.
    for (auto* proxy : proxies_) wl_proxy_destroy(proxy);
    wl_display_disconnect(display_);
  }

  bool is_alive() const { return wl_display_get_error(display_) == 0; }
  bool is_ready() const { return constraints_ != nullptr && pointer_ != nullptr; }

  void pump() {
    while (wl_display_prepare_read(display_) != 0) {
      if (wl_display_dispatch_pending(display_) < 0) return;
    }
    wl_display_flush(display_);
    pollfd ready{.fd = wl_display_get_fd(display_), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 0) > 0) {
      wl_display_read_events(display_);
    } else {
      wl_display_cancel_read(display_);
    }
    wl_display_dispatch_pending(display_);
    wl_display_flush(display_);
  }

  void act() {
    auto& window = windows_[pick(windows_.size())];
    switch (pick(19)) {
      case 0:
        return open_toplevel(window);
      case 1:
        return open_popup(window);
      case 2:
      case 3:
      case 4:
        return draw(window);
      case 5:
        return unmap(window);
      case 6:
        return drop_role(window);
      case 7:
        return drop_all(window);
      case 8:
        return adopt(window);
      case 9:
        return resize_wishes(window);
      case 10:
        return set_cursor();
      case 11:
        return constrain(window);
      case 12:
        return drop_constraint();
      case 13:
        return drop_cursor();
      case 14:
        return shrink_pool(window);
      case 15:
        return listen_to_touch();
      case 16:
        return listen_to_tablets();
      case 17:
        return drop_input();
      default:
        if (window.surface != nullptr) wl_surface_commit(window.surface);
    }
  }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }
  int size() { return 1 + static_cast<int>(pick(400)); }

  template <class Proxy>
  Proxy* keep(Proxy* proxy) {
    proxies_.push_back(reinterpret_cast<wl_proxy*>(proxy));
    return proxy;
  }
  template <class Proxy>
  void forget(Proxy*& proxy, void (*destroy)(Proxy*)) {
    if (proxy == nullptr) return;
    std::erase(proxies_, reinterpret_cast<wl_proxy*>(proxy));
    destroy(std::exchange(proxy, nullptr));
  }

  void begin(MonkeyWindow& window) {
    if (window.surface == nullptr) window.surface = keep(wl_compositor_create_surface(compositor_));
    if (window.xdg == nullptr) {
      window.xdg = keep(xdg_wm_base_get_xdg_surface(wm_base_, window.surface));
      xdg_surface_add_listener(window.xdg, &kXdgSurface, &window);
    }
    window.configured = false;
  }
  void open_toplevel(MonkeyWindow& window) {
    if (window.toplevel != nullptr || window.popup != nullptr) return;
    begin(window);
    window.toplevel = keep(xdg_surface_get_toplevel(window.xdg));
    xdg_toplevel_add_listener(window.toplevel, &kToplevel, nullptr);
    wl_surface_commit(window.surface);
  }
  void open_popup(MonkeyWindow& window) {
    const auto index = static_cast<std::size_t>(&window - windows_.data());
    const auto& parent = windows_[pick(index + 1)];  // never a circle
    if (window.toplevel != nullptr || window.popup != nullptr || parent.xdg == nullptr || &parent == &window)
      return;
    begin(window);
    xdg_positioner* positioner = xdg_wm_base_create_positioner(wm_base_);
    xdg_positioner_set_size(positioner, size(), size());
    xdg_positioner_set_anchor_rect(positioner, size(), size(), size(), size());
    xdg_positioner_set_constraint_adjustment(positioner, static_cast<std::uint32_t>(pick(64)));
    window.popup = keep(xdg_surface_get_popup(window.xdg, parent.xdg, positioner));
    xdg_popup_add_listener(window.popup, &kPopup, nullptr);
    if (pick(2) == 0) xdg_popup_grab(window.popup, seat_, static_cast<std::uint32_t>(pick(100)));
    wl_surface_commit(window.surface);
    xdg_positioner_destroy(positioner);
  }
  wl_buffer* make_buffer(int width, int height) {
    const int bytes = width * height * 4;
    const UniqueFd memory{::memfd_create("monkey", MFD_CLOEXEC)};
    if (::ftruncate(memory.get(), bytes) != 0) std::abort();
    wl_shm_pool* pool = wl_shm_create_pool(shm_, memory.get(), bytes);
    const auto format = pick(2) == 0 ? WL_SHM_FORMAT_XRGB8888 : WL_SHM_FORMAT_ARGB8888;
    wl_buffer* buffer = wl_shm_pool_create_buffer(pool, 0, width, height, width * 4, format);
    wl_shm_pool_destroy(pool);
    if (pick(8) == 0 && ::ftruncate(memory.get(), 0) != 0) std::abort();
    memory_.reset(::dup(memory.get()));
    return buffer;
  }
  void draw(MonkeyWindow& window) {
    if (window.surface == nullptr || !window.configured) return;
    const bool full = pick(2) == 0;
    wl_buffer* buffer = full ? make_buffer(320, 240) : make_buffer(size(), size());
    wl_surface_attach(window.surface, buffer, 0, 0);
    wl_surface_damage_buffer(window.surface, -5, -5, 1 << 30, 1 << 30);
    wl_surface_commit(window.surface);
    wl_buffer_destroy(buffer);
  }
  static void unmap(MonkeyWindow& window) {
    if (window.surface == nullptr) return;
    wl_surface_attach(window.surface, nullptr, 0, 0);
    wl_surface_commit(window.surface);
    window.configured = false;
  }
  void drop_role(MonkeyWindow& window) {
    forget(window.toplevel, xdg_toplevel_destroy);
    forget(window.popup, xdg_popup_destroy);
    window.configured = false;
  }
  void drop_all(MonkeyWindow& window) {
    drop_role(window);
    forget(window.xdg, xdg_surface_destroy);
    forget(window.surface, wl_surface_destroy);
  }
  void adopt(MonkeyWindow& child) {
    auto& parent = windows_[pick(windows_.size())];
    if (child.toplevel != nullptr && &parent != &child)
      xdg_toplevel_set_parent(child.toplevel, parent.toplevel);
  }
  void resize_wishes(MonkeyWindow& window) {
    if (window.toplevel == nullptr) return;
    if (pick(2) == 0) xdg_toplevel_set_fullscreen(window.toplevel, nullptr);
    if (pick(2) == 0) xdg_toplevel_unset_fullscreen(window.toplevel);
    if (pick(2) == 0) xdg_toplevel_set_min_size(window.toplevel, size(), size());
    if (pick(2) == 0) xdg_toplevel_set_max_size(window.toplevel, pick(4) == 0 ? INT32_MAX : size() + 400, 0);
    if (pick(4) == 0 && window.xdg != nullptr)
      xdg_surface_set_window_geometry(window.xdg, -size(), size(), size(), size());
  }
  void set_cursor() {
    if (cursor_ == nullptr) cursor_ = keep(wl_compositor_create_surface(compositor_));
    wl_buffer* buffer = make_buffer(size(), size());
    wl_surface_attach(cursor_, pick(4) == 0 ? nullptr : buffer, size(), -size());
    wl_surface_damage(cursor_, 0, 0, 1000, 1000);
    wl_pointer_set_cursor(pointer_, enter_serial_, pick(4) == 0 ? nullptr : cursor_, size(), -size());
    wl_surface_commit(cursor_);
    wl_buffer_destroy(buffer);
  }
  void shrink_pool(MonkeyWindow& window) {
    draw(window);
    if (memory_ && ::ftruncate(memory_.get(), 5000) != 0) std::abort();
  }
  void drop_cursor() { forget(cursor_, wl_surface_destroy); }
  void constrain(MonkeyWindow& window) {
    if (window.surface == nullptr || locked_ != nullptr) return;
    const auto lifetime = pick(2) == 0 ? ZWP_POINTER_CONSTRAINTS_V1_LIFETIME_ONESHOT
                                       : ZWP_POINTER_CONSTRAINTS_V1_LIFETIME_PERSISTENT;
    locked_ = keep(
        zwp_pointer_constraints_v1_lock_pointer(constraints_, window.surface, pointer_, nullptr, lifetime));
    zwp_locked_pointer_v1_set_cursor_position_hint(locked_, wl_fixed_from_int(size() * 10'000),
                                                   wl_fixed_from_int(-size()));
    wl_surface_commit(window.surface);
  }
  void listen_to_touch() {
    if (touch_ == nullptr) touch_ = keep(wl_seat_get_touch(seat_));
  }
  void listen_to_tablets() {
    if (tablet_seat_ != nullptr || tablets_ == nullptr) return;
    tablet_seat_ = keep(zwp_tablet_manager_v2_get_tablet_seat(tablets_, seat_));
    zwp_tablet_seat_v2_add_listener(tablet_seat_, &kTabletSeat, this);
  }
  void drop_input() {
    if (tool_ == nullptr)
      return;  // before its answer comes, libwayland itself ends clients that drop the seat
    switch (pick(4)) {
      case 0:
        return forget(touch_, wl_touch_destroy);
      case 1:
        return forget(tablet_, zwp_tablet_v2_destroy);
      case 2:
        return forget(tool_, zwp_tablet_tool_v2_destroy);
      default:
        return forget(tablet_seat_, zwp_tablet_seat_v2_destroy);
    }
  }
  void drop_constraint() { forget(locked_, zwp_locked_pointer_v1_destroy); }

  static Monkey& of(void* self) { return *static_cast<Monkey*>(self); }
  static void on_global(void* self, wl_registry* registry, std::uint32_t name, const char* interface,
                        std::uint32_t) {
    auto& monkey = of(self);
    const std::string_view is{interface};
    const auto bind = [&]<class Proxy>(Proxy*& proxy, const wl_interface& type, std::uint32_t version) {
      proxy = monkey.keep(static_cast<Proxy*>(wl_registry_bind(registry, name, &type, version)));
    };
    if (is == "wl_compositor") bind(monkey.compositor_, wl_compositor_interface, 4);
    if (is == "wl_shm") bind(monkey.shm_, wl_shm_interface, 1);
    if (is == "xdg_wm_base") {
      bind(monkey.wm_base_, xdg_wm_base_interface, 1);
      xdg_wm_base_add_listener(monkey.wm_base_, &kWmBase, self);
    }
    if (is == "wl_seat") {
      bind(monkey.seat_, wl_seat_interface, 1);
      monkey.pointer_ = monkey.keep(wl_seat_get_pointer(monkey.seat_));
      wl_pointer_add_listener(monkey.pointer_, &kPointer, self);
    }
    if (is == "zwp_tablet_manager_v2") bind(monkey.tablets_, zwp_tablet_manager_v2_interface, 1);
    if (is == "zwp_pointer_constraints_v1")
      bind(monkey.constraints_, zwp_pointer_constraints_v1_interface, 1);
  }
  // NOLINTNEXTLINE(readability-function-size): the protocol decides
  static void on_enter(void* self, wl_pointer*, std::uint32_t serial, wl_surface*, wl_fixed_t, wl_fixed_t) {
    of(self).enter_serial_ = serial;
  }
  static void on_tablet(void* self, zwp_tablet_seat_v2*, zwp_tablet_v2* tablet) {
    of(self).tablet_ = of(self).keep(tablet);
  }
  static void on_tool(void* self, zwp_tablet_seat_v2*, zwp_tablet_tool_v2* tool) {
    of(self).tool_ = of(self).keep(tool);
  }
  static void on_configure(void* window, xdg_surface* surface, std::uint32_t serial) {
    static_cast<MonkeyWindow*>(window)->configured = true;
    xdg_surface_ack_configure(surface, serial);
  }
  static void on_ping(void*, xdg_wm_base* wm_base, std::uint32_t serial) {
    xdg_wm_base_pong(wm_base, serial);
  }
  template <class... Args>
  static void ignore(void* /*self*/, Args... /*args*/) {}

  static constexpr wl_registry_listener kRegistry{on_global, ignore};
  static constexpr wl_pointer_listener kPointer{on_enter, ignore, ignore, ignore, ignore,
                                                ignore,   ignore, ignore, ignore, ignore};
  static constexpr zwp_tablet_seat_v2_listener kTabletSeat{on_tablet, on_tool, ignore};
  static constexpr xdg_wm_base_listener kWmBase{on_ping};
  static constexpr xdg_surface_listener kXdgSurface{on_configure};
  static constexpr xdg_toplevel_listener kToplevel{ignore, ignore, ignore, ignore};
  static constexpr xdg_popup_listener kPopup{ignore, ignore, ignore};

  Random& random_;
  wl_display* display_ = nullptr;
  std::vector<wl_proxy*> proxies_;
  wl_compositor* compositor_ = nullptr;
  wl_shm* shm_ = nullptr;
  wl_seat* seat_ = nullptr;
  wl_pointer* pointer_ = nullptr;
  xdg_wm_base* wm_base_ = nullptr;
  zwp_pointer_constraints_v1* constraints_ = nullptr;
  zwp_locked_pointer_v1* locked_ = nullptr;
  wl_surface* cursor_ = nullptr;
  wl_touch* touch_ = nullptr;
  zwp_tablet_manager_v2* tablets_ = nullptr;
  zwp_tablet_seat_v2* tablet_seat_ = nullptr;
  zwp_tablet_v2* tablet_ = nullptr;
  zwp_tablet_tool_v2* tool_ = nullptr;  // the newest one
  UniqueFd memory_;                     // of the newest buffer
  std::uint32_t enter_serial_ = 0;
  std::array<MonkeyWindow, 5> windows_;
};

class MonkeyTest : public CompositorTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  void act_as_host() {
    switch (random_() % 14) {
      case 0:
        if (outputs_.size() < 3) outputs_.push_back(output(320 + static_cast<int>(random_() % 50), 240));
        break;
      case 1:
        if (!outputs_.empty()) {
          lumen_comp_output_destroy(outputs_.back());
          outputs_.pop_back();
        }
        break;
      case 2:
        lumen_comp_set_pointer_drawn(comp_.get(), random_() % 2 == 0);
        break;
      case 3:
        lumen_comp_release_all(comp_.get());
        break;
      case 4:
        lumen_comp_key(comp_.get(), KEY_A, random_() % 2 == 0);
        break;
      case 5:
        lumen_comp_pointer_button(comp_.get(), BTN_LEFT, random_() % 2 == 0);
        break;
      case 6:
        lumen_comp_pointer_scroll(comp_.get(), 40, -120);
        break;
      case 7:
        lumen_comp_set_clipboard_text(comp_.get(), "text", 4);
        break;
      default:
        act_on_output();
    }
  }
  void act_on_output() {
    if (outputs_.empty()) return;
    auto* output = outputs_[random_() % outputs_.size()];
    const lumen_comp_mode mode{320, 200 + static_cast<int>(random_() % 2) * 40, 240'000};
    switch (random_() % 6) {
      case 0:
        lumen_comp_output_set_mode(output, &mode);
        break;
      case 1:
        lumen_comp_output_repaint(output);
        break;
      case 2:
        lumen_comp_touch(output, static_cast<lumen_comp_touch_phase>(random_() % 4),
                         static_cast<std::uint32_t>(random_() % 3), place(), place());
        break;
      case 3:
        use_pen(output);
        break;
      default:
        lumen_comp_pointer_move_to(output, place(), place());
    }
  }
  double place() { return static_cast<double>(random_() % 350); }
  void use_pen(lumen_comp_output* output) {
    lumen_comp_pen pen{};
    pen.near = random_() % 4 != 0;
    pen.touching = pen.near && random_() % 2 == 0;
    pen.eraser = random_() % 4 == 0;
    pen.buttons = pen.near ? static_cast<std::uint32_t>(random_() % 8) : 0U;
    pen.x = place();
    pen.y = place();
    for (auto count = random_() % 3; count > 0; --count) lumen_comp_set_pen(output, &pen);
  }
  std::unique_ptr<Monkey> newcomer() { return std::make_unique<Monkey>(socket_path(), random_); }

  Random random_{GetParam()};
  std::vector<lumen_comp_output*> outputs_;
};

TEST_P(MonkeyTest, does_not_bring_the_compositor_down) {
  start();
  outputs_.push_back(output());
  std::array<std::unique_ptr<Monkey>, 3> monkeys;
  for (int step = 0; step < 1500; ++step) {
    for (auto& monkey : monkeys) {
      if (!monkey || !monkey->is_alive() || random_() % 200 == 0) monkey = newcomer();
      monkey->pump();
      if (monkey->is_ready()) monkey->act();
    }
    if (random_() % 4 == 0) act_as_host();
    lumen_comp_dispatch(comp_.get());
  }
  if (outputs_.empty()) outputs_.push_back(output());
  monkeys = {};
  stage_->run_for(std::chrono::milliseconds{20});
  while (outputs_.size() > 1) {
    lumen_comp_output_destroy(outputs_.back());
    outputs_.pop_back();
  }
  lumen_comp_set_pointer_drawn(comp_.get(), false);
  EXPECT_TRUE(shows(outputs_.front(), client_with_window(), 3));
}

INSTANTIATE_TEST_SUITE_P(Seeds, MonkeyTest, ::testing::Range(1U, 13U));

}  // namespace
}  // namespace lumen::embedded
