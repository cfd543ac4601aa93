#include "desktop/testing/test_client.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <fmt/format.h>
#include <wayland-client.h>
#include <xkbcommon/xkbcommon.h>

#include "base/units.hpp"
#include "pointer-constraints-unstable-v1-client-protocol.h"
#include "relative-pointer-unstable-v1-client-protocol.h"
#include "tablet-unstable-v2-client-protocol.h"
#include "xdg-shell-client-protocol.h"

namespace lumen::desktop_test {

namespace {

int whole(wl_fixed_t value) { return wl_fixed_to_int(value); }

template <class... Args>
void ignore(void* /*self*/, Args... /*args*/) {}

int connect_socket(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

constexpr const char* kTextType = "text/plain;charset=utf-8";

}  // namespace

ShmBuffer::~ShmBuffer() {
  if (buffer != nullptr) wl_buffer_destroy(buffer);
  if (pixels != nullptr) ::munmap(pixels, bytes);
}

// What the compositor says, written down.
// NOLINTBEGIN(readability-function-size): the protocol decides how many arguments there are
struct Listeners {
  static TestClient& of(void* self) { return *static_cast<TestClient*>(self); }
  template <class... Args>
  static void note(void* self, fmt::format_string<Args...> format, Args&&... args) {
    of(self).events.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  static void global(void* self, wl_registry* registry, std::uint32_t name, const char* interface,
                     std::uint32_t version);
  static void global_remove(void* self, wl_registry*, std::uint32_t name) {
    const auto found = std::ranges::find(of(self).outputs, name, &SeenOutput::global);
    if (found == of(self).outputs.end()) return;
    ++of(self).outputs_gone;
    wl_output_destroy(found->proxy);
    of(self).outputs.erase(found);
  }

  static void output_mode(void* self, wl_output* output, std::uint32_t flags, int width, int height,
                          int refresh_mhz) {
    if ((flags & WL_OUTPUT_MODE_CURRENT) == 0) return;
    of(self).output_width = width;
    of(self).output_height = height;
    of(self).output_refresh_mhz = refresh_mhz;
    const auto found = std::ranges::find(of(self).outputs, output, &SeenOutput::proxy);
    if (found == of(self).outputs.end()) return;
    found->width = width;
    found->height = height;
    found->refresh_mhz = refresh_mhz;
  }

  static void capabilities(void* self, wl_seat* seat, std::uint32_t capabilities);

  static void pointer_enter(void* self, wl_pointer*, std::uint32_t serial, wl_surface*, wl_fixed_t x,
                            wl_fixed_t y) {
    of(self).enter_serial_ = serial;
    note(self, "enter {} {}", whole(x), whole(y));
  }
  static void pointer_leave(void* self, wl_pointer*, std::uint32_t, wl_surface*) { note(self, "leave"); }
  static void pointer_motion(void* self, wl_pointer*, std::uint32_t, wl_fixed_t x, wl_fixed_t y) {
    note(self, "motion {:g} {:g}", wl_fixed_to_double(x), wl_fixed_to_double(y));
  }
  static void pointer_button(void* self, wl_pointer*, std::uint32_t serial, std::uint32_t,
                             std::uint32_t button, std::uint32_t state) {
    of(self).serial_ = serial;
    note(self, "button {} {}", button, state);
  }
  static void pointer_axis(void* self, wl_pointer*, std::uint32_t, std::uint32_t axis, wl_fixed_t value) {
    note(self, "axis {} {:g}", axis, wl_fixed_to_double(value));
  }
  static void pointer_axis_stop(void* self, wl_pointer*, std::uint32_t, std::uint32_t axis) {
    note(self, "axis_stop {}", axis);
  }
  static void pointer_discrete(void* self, wl_pointer*, std::uint32_t axis, int clicks) {
    note(self, "clicks {} {}", axis, clicks);
  }
  static void relative_motion(void* self, zwp_relative_pointer_v1*, std::uint32_t, std::uint32_t,
                              wl_fixed_t dx, wl_fixed_t dy, wl_fixed_t, wl_fixed_t) {
    note(self, "relative {:g} {:g}", wl_fixed_to_double(dx), wl_fixed_to_double(dy));
  }
  static void locked(void* self, zwp_locked_pointer_v1*) { note(self, "locked"); }
  static void unlocked(void* self, zwp_locked_pointer_v1*) { note(self, "unlocked"); }

  static void keymap(void* self, wl_keyboard*, std::uint32_t format, int fd, std::uint32_t size);
  static void keyboard_enter(void* self, wl_keyboard*, std::uint32_t serial, wl_surface*, wl_array*) {
    of(self).serial_ = serial;
    note(self, "focus");
  }
  static void keyboard_leave(void* self, wl_keyboard*, std::uint32_t, wl_surface*) { note(self, "unfocus"); }
  static void key(void* self, wl_keyboard*, std::uint32_t serial, std::uint32_t, std::uint32_t code,
                  std::uint32_t state) {
    of(self).serial_ = serial;
    note(self, "key {} {}", code, state);
    if (state == 0 || of(self).xkb_state_ == nullptr) return;
    std::array<char, 16> utf8{};
    xkb_state_key_get_utf8(of(self).xkb_state_, code + 8, utf8.data(), utf8.size());
    of(self).typed += utf8.data();
  }
  static void modifiers(void* self, wl_keyboard*, std::uint32_t, std::uint32_t depressed,
                        std::uint32_t latched, std::uint32_t locked, std::uint32_t group) {
    note(self, "modifiers {}", depressed);
    if (of(self).xkb_state_ != nullptr)
      xkb_state_update_mask(of(self).xkb_state_, depressed, latched, locked, 0, 0, group);
  }

  static const char* place_of(void* self, wl_surface* surface) {
    return surface == of(self).menu_surface_ ? "menu " : "";
  }
  static void touch_down(void* self, wl_touch*, std::uint32_t serial, std::uint32_t, wl_surface* surface,
                         int id, wl_fixed_t x, wl_fixed_t y) {
    of(self).serial_ = serial;
    note(self, "down {} {}{:g} {:g}", id, place_of(self, surface), wl_fixed_to_double(x),
         wl_fixed_to_double(y));
  }
  static void touch_up(void* self, wl_touch*, std::uint32_t, std::uint32_t, int id) {
    note(self, "up {}", id);
  }
  static void touch_motion(void* self, wl_touch*, std::uint32_t, int id, wl_fixed_t x, wl_fixed_t y) {
    note(self, "move {} {:g} {:g}", id, wl_fixed_to_double(x), wl_fixed_to_double(y));
  }
  static void touch_frame(void* self, wl_touch*) { note(self, "frame"); }
  static void touch_cancel(void* self, wl_touch*) { note(self, "cancel"); }

  static void tablet_added(void* self, zwp_tablet_seat_v2*, zwp_tablet_v2* tablet);
  static void tool_added(void* self, zwp_tablet_seat_v2*, zwp_tablet_tool_v2* tool);
  static void tool_type(void* self, zwp_tablet_tool_v2*, std::uint32_t type) {
    note(self, "tool {}", type == ZWP_TABLET_TOOL_V2_TYPE_ERASER ? "eraser" : "pen");
  }
  static const char* tool_name(void* self, zwp_tablet_tool_v2* tool) {
    return tool == of(self).tools_.front() ? "1" : "2";
  }
  static void tool_in(void* self, zwp_tablet_tool_v2* tool, std::uint32_t, zwp_tablet_v2*,
                      wl_surface* surface) {
    note(self, "in {}{}", place_of(self, surface), tool_name(self, tool));
  }
  static void tool_out(void* self, zwp_tablet_tool_v2*) { note(self, "out"); }
  static void tool_down(void* self, zwp_tablet_tool_v2*, std::uint32_t) { note(self, "tip down"); }
  static void tool_up(void* self, zwp_tablet_tool_v2*) { note(self, "tip up"); }
  static void tool_motion(void* self, zwp_tablet_tool_v2*, wl_fixed_t x, wl_fixed_t y) {
    note(self, "at {:g} {:g}", wl_fixed_to_double(x), wl_fixed_to_double(y));
  }
  static void tool_pressure(void* self, zwp_tablet_tool_v2*, std::uint32_t pressure) {
    note(self, "pressure {}", pressure);
  }
  static void tool_distance(void* self, zwp_tablet_tool_v2*, std::uint32_t distance) {
    note(self, "distance {}", distance);
  }
  static void tool_tilt(void* self, zwp_tablet_tool_v2*, wl_fixed_t x, wl_fixed_t y) {
    note(self, "tilt {:.0f} {:.0f}", wl_fixed_to_double(x), wl_fixed_to_double(y));
  }
  static void tool_button(void* self, zwp_tablet_tool_v2*, std::uint32_t, std::uint32_t button,
                          std::uint32_t state) {
    note(self, "barrel {} {}", button, state);
  }
  static void tool_frame(void* self, zwp_tablet_tool_v2*, std::uint32_t) { note(self, "frame"); }

  static void menu_configure(void* self, xdg_surface* surface, std::uint32_t serial);
  static void menu_done(void* self, xdg_popup*) { note(self, "menu done"); }

  static void ping(void*, xdg_wm_base* wm_base, std::uint32_t serial) { xdg_wm_base_pong(wm_base, serial); }
  static void toplevel_configure(void* self, xdg_toplevel*, int width, int height, wl_array* states) {
    auto& client = of(self);
    client.configured_width = client.wanted_width_ = width;
    client.configured_height = client.wanted_height_ = height;
    const auto* first = static_cast<const std::uint32_t*>(states->data);
    client.activated =
        std::find(first, first + states->size / sizeof *first, std::uint32_t{XDG_TOPLEVEL_STATE_ACTIVATED}) !=
        first + states->size / sizeof *first;
  }
  static void surface_configure(void* self, xdg_surface* surface, std::uint32_t serial) {
    auto& client = of(self);
    xdg_surface_ack_configure(surface, serial);
    ++client.configures;
    if (client.options_.redraw_on_configure || client.newest_ == nullptr) client.draw(client.next_seed_++);
  }
  static void cursor_frame_done(void* data, wl_callback* callback, std::uint32_t /*time*/) {
    auto& client = of(data);
    wl_callback_destroy(callback);
    ++client.cursor_callbacks;
    client.animate_cursor();
  }
  static void frame_done(void* self, wl_callback* callback, std::uint32_t) {
    auto& client = of(self);
    wl_callback_destroy(callback);
    client.callback_ = nullptr;
    ++client.callbacks;
    client.callback_times_ns.push_back(to_ns(SteadyTime{}.now()));
    if (client.options_.redraw_on_callback) client.draw(client.next_seed_++);
  }
  static void buffer_release(void* self, wl_buffer*) { static_cast<ShmBuffer*>(self)->busy = false; }

  static void data_offer(void* self, wl_data_device*, wl_data_offer* offer) {
    if (of(self).offer_ != nullptr) wl_data_offer_destroy(of(self).offer_);
    of(self).offer_ = offer;
  }
  static void selection(void* self, wl_data_device*, wl_data_offer* offer) {
    if (offer != nullptr) note(self, "selection");
  }
  static void source_send(void* self, wl_data_source*, const char*, int fd) {
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    of(self).copy_.reset(fd);
    of(self).copied_ = 0;
  }
};
// NOLINTEND(readability-function-size)

namespace {

constexpr wl_registry_listener kRegistry{Listeners::global, Listeners::global_remove};
constexpr wl_output_listener kOutput{ignore, Listeners::output_mode, ignore, ignore, ignore, ignore};
constexpr wl_seat_listener kSeat{Listeners::capabilities, ignore};
constexpr wl_pointer_listener kPointer{Listeners::pointer_enter,
                                       Listeners::pointer_leave,
                                       Listeners::pointer_motion,
                                       Listeners::pointer_button,
                                       Listeners::pointer_axis,
                                       ignore,
                                       ignore,
                                       Listeners::pointer_axis_stop,
                                       Listeners::pointer_discrete,
                                       ignore};
constexpr wl_keyboard_listener kKeyboard{Listeners::keymap,         Listeners::keyboard_enter,
                                         Listeners::keyboard_leave, Listeners::key,
                                         Listeners::modifiers,      ignore};
constexpr wl_touch_listener kTouch{Listeners::touch_down,
                                   Listeners::touch_up,
                                   Listeners::touch_motion,
                                   Listeners::touch_frame,
                                   Listeners::touch_cancel,
                                   ignore,
                                   ignore};
constexpr zwp_tablet_seat_v2_listener kTabletSeat{Listeners::tablet_added, Listeners::tool_added, ignore};
constexpr zwp_tablet_v2_listener kTablet{ignore, ignore, ignore, ignore, ignore};
constexpr zwp_tablet_tool_v2_listener kTool{Listeners::tool_type,
                                            ignore,
                                            ignore,
                                            ignore,
                                            ignore,
                                            ignore,
                                            Listeners::tool_in,
                                            Listeners::tool_out,
                                            Listeners::tool_down,
                                            Listeners::tool_up,
                                            Listeners::tool_motion,
                                            Listeners::tool_pressure,
                                            Listeners::tool_distance,
                                            Listeners::tool_tilt,
                                            ignore,
                                            ignore,
                                            ignore,
                                            Listeners::tool_button,
                                            Listeners::tool_frame};
constexpr xdg_surface_listener kMenuSurface{Listeners::menu_configure};
constexpr xdg_popup_listener kMenu{ignore, Listeners::menu_done, ignore};
constexpr zwp_relative_pointer_v1_listener kRelative{Listeners::relative_motion};
constexpr zwp_locked_pointer_v1_listener kLocked{Listeners::locked, Listeners::unlocked};
constexpr xdg_wm_base_listener kWmBase{Listeners::ping};
constexpr xdg_surface_listener kXdgSurface{Listeners::surface_configure};
constexpr xdg_toplevel_listener kToplevel{Listeners::toplevel_configure, ignore, ignore, ignore};
constexpr wl_callback_listener kFrame{Listeners::frame_done};
constexpr wl_callback_listener kCursorFrame{Listeners::cursor_frame_done};
constexpr wl_buffer_listener kBuffer{Listeners::buffer_release};
constexpr wl_data_device_listener kDataDevice{Listeners::data_offer, ignore, ignore, ignore, ignore,
                                              Listeners::selection};
constexpr wl_data_source_listener kDataSource{ignore, Listeners::source_send, ignore, ignore, ignore, ignore};

template <class Proxy>
Proxy* bind(wl_registry* registry, std::uint32_t name, const wl_interface& interface, std::uint32_t version) {
  return static_cast<Proxy*>(wl_registry_bind(registry, name, &interface, version));
}

}  // namespace

void Listeners::global(void* self, wl_registry* registry, std::uint32_t name, const char* interface,
                       std::uint32_t offered) {
  auto& client = of(self);
  const auto version = [offered](std::uint32_t wanted) { return std::min(offered, wanted); };
  const std::string_view is{interface};
  if (is == "wl_compositor") {
    client.compositor_ = bind<wl_compositor>(registry, name, wl_compositor_interface, version(4));
  } else if (is == "wl_shm") {
    client.shm_ = bind<wl_shm>(registry, name, wl_shm_interface, 1);
  } else if (is == "wl_seat") {
    client.seat_ = bind<wl_seat>(registry, name, wl_seat_interface, version(5));
    wl_seat_add_listener(client.seat_, &kSeat, self);
  } else if (is == "wl_output") {
    auto* output = bind<wl_output>(registry, name, wl_output_interface, version(2));
    wl_output_add_listener(output, &kOutput, self);
    client.outputs.push_back({.proxy = output, .global = name});
    ++client.outputs_seen;
  } else if (is == "xdg_wm_base") {
    client.wm_base_ = bind<xdg_wm_base>(registry, name, xdg_wm_base_interface, 1);
    xdg_wm_base_add_listener(client.wm_base_, &kWmBase, self);
  } else if (is == "zwp_pointer_constraints_v1") {
    client.constraints_ =
        bind<zwp_pointer_constraints_v1>(registry, name, zwp_pointer_constraints_v1_interface, 1);
  } else if (is == "zwp_relative_pointer_manager_v1") {
    client.relative_manager_ =
        bind<zwp_relative_pointer_manager_v1>(registry, name, zwp_relative_pointer_manager_v1_interface, 1);
  } else if (is == "zwp_tablet_manager_v2") {
    client.tablets_ = bind<zwp_tablet_manager_v2>(registry, name, zwp_tablet_manager_v2_interface, 1);
  } else if (is == "wl_data_device_manager") {
    client.data_manager_ =
        bind<wl_data_device_manager>(registry, name, wl_data_device_manager_interface, version(3));
  }
}

// The keymap of the seat may change at any time, and what is held stays held.
// NOLINTNEXTLINE(readability-function-size)
void Listeners::keymap(void* self, wl_keyboard*, std::uint32_t format, int fd, std::uint32_t size) {
  const UniqueFd owned{fd};
  auto& client = of(self);
  if (format != WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1 || size == 0) return;
  void* text = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (text == MAP_FAILED) return;
  if (client.xkb_ == nullptr) client.xkb_ = xkb_context_new(XKB_CONTEXT_NO_FLAGS);
  auto* keymap = xkb_keymap_new_from_string(client.xkb_, static_cast<const char*>(text),
                                            XKB_KEYMAP_FORMAT_TEXT_V1, XKB_KEYMAP_COMPILE_NO_FLAGS);
  ::munmap(text, size);
  if (keymap == nullptr) return;
  xkb_state_unref(client.xkb_state_);
  xkb_keymap_unref(client.keymap_);
  client.keymap_ = keymap;
  client.xkb_state_ = xkb_state_new(keymap);
}

void Listeners::tablet_added(void* self, zwp_tablet_seat_v2*, zwp_tablet_v2* tablet) {
  zwp_tablet_v2_add_listener(tablet, &kTablet, self);
  of(self).tablet_list_.push_back(tablet);
}

void Listeners::tool_added(void* self, zwp_tablet_seat_v2*, zwp_tablet_tool_v2* tool) {
  zwp_tablet_tool_v2_add_listener(tool, &kTool, self);
  of(self).tools_.push_back(tool);
}

void Listeners::capabilities(void* self, wl_seat* seat, std::uint32_t capabilities) {
  auto& client = of(self);
  if ((capabilities & WL_SEAT_CAPABILITY_POINTER) != 0 && client.pointer_ == nullptr) {
    client.pointer_ = wl_seat_get_pointer(seat);
    wl_pointer_add_listener(client.pointer_, &kPointer, self);
    if (client.relative_manager_ == nullptr) return;
    client.relative_ =
        zwp_relative_pointer_manager_v1_get_relative_pointer(client.relative_manager_, client.pointer_);
    zwp_relative_pointer_v1_add_listener(client.relative_, &kRelative, self);
  }
  if ((capabilities & WL_SEAT_CAPABILITY_KEYBOARD) != 0 && client.keyboard_ == nullptr) {
    client.keyboard_ = wl_seat_get_keyboard(seat);
    wl_keyboard_add_listener(client.keyboard_, &kKeyboard, self);
    if (client.data_manager_ == nullptr) return;
    client.data_device_ = wl_data_device_manager_get_data_device(client.data_manager_, seat);
    wl_data_device_add_listener(client.data_device_, &kDataDevice, self);
  }
}

std::unique_ptr<TestClient> TestClient::connect(const std::string& socket_path,
                                                const std::function<void()>& dispatch, bool keyboard) {
  const int fd = connect_socket(socket_path);
  if (fd < 0) return nullptr;
  std::unique_ptr<TestClient> client{new TestClient};  // the constructor is private
  client->display_ = wl_display_connect_to_fd(fd);
  client->registry_ = wl_display_get_registry(client->display_);
  wl_registry_add_listener(client->registry_, &kRegistry, client.get());
  const auto give_up = Clock::now() + std::chrono::seconds{10};
  const auto is_ready = [&] {
    return client->wm_base_ != nullptr && client->shm_ != nullptr &&
           (!keyboard || client->keyboard_ != nullptr);
  };
  while (!is_ready() && client->is_connected() && Clock::now() < give_up) {
    client->pump();
    dispatch();
  }
  if (client->wm_base_ == nullptr) return nullptr;
  return client;
}

TestClient::~TestClient() {
  buffers_.clear();
  cursor_buffer_.reset();
  menu_buffer_.reset();
  if (is_connected()) close_window();
  const auto destroy = [](auto* proxy) {
    if (proxy != nullptr) wl_proxy_destroy(reinterpret_cast<wl_proxy*>(proxy));
  };
  for (const auto& output : outputs) destroy(output.proxy);
  xkb_state_unref(xkb_state_);
  xkb_keymap_unref(keymap_);
  xkb_context_unref(xkb_);
  destroy(callback_);
  destroy(locked_);
  destroy(relative_);
  destroy(offer_);
  destroy(source_);
  destroy(data_device_);
  for (auto* tool : tools_) destroy(tool);
  for (auto* tablet : tablet_list_) destroy(tablet);
  destroy(tablet_seat_);
  destroy(tablets_);
  destroy(touch_);
  destroy(menu_);
  destroy(menu_xdg_);
  destroy(menu_surface_);
  destroy(pointer_);
  destroy(keyboard_);
  if (cursor_callback_ != nullptr) wl_callback_destroy(cursor_callback_);
  destroy(cursor_surface_);
  destroy(toplevel_);
  destroy(xdg_surface_);
  destroy(surface_);
  destroy(data_manager_);
  destroy(relative_manager_);
  destroy(constraints_);
  destroy(wm_base_);
  destroy(seat_);
  destroy(shm_);
  destroy(compositor_);
  destroy(registry_);
  wl_display_disconnect(display_);
}

int TestClient::fd() const { return wl_display_get_fd(display_); }
bool TestClient::is_connected() const { return wl_display_get_error(display_) == 0; }
void TestClient::flush() { wl_display_flush(display_); }

void TestClient::pump() {
  while (wl_display_prepare_read(display_) != 0) {
    if (wl_display_dispatch_pending(display_) < 0) return;
  }
  wl_display_flush(display_);
  pollfd ready{.fd = fd(), .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, 0) > 0) {
    wl_display_read_events(display_);
  } else {
    wl_display_cancel_read(display_);
  }
  wl_display_dispatch_pending(display_);
  wl_display_flush(display_);
  if (paste_) read_paste();
  if (copy_) write_copy();
}

void TestClient::open_window(const WindowOptions& options) {
  options_ = options;
  activated = false;
  surface_ = wl_compositor_create_surface(compositor_);
  xdg_surface_ = xdg_wm_base_get_xdg_surface(wm_base_, surface_);
  xdg_surface_add_listener(xdg_surface_, &kXdgSurface, this);
  toplevel_ = xdg_surface_get_toplevel(xdg_surface_);
  xdg_toplevel_add_listener(toplevel_, &kToplevel, this);
  if (options.fullscreen) {
    const auto found = std::ranges::find_if(outputs, [&](const SeenOutput& output) {
      return output.width == options.output_width && output.height == options.output_height;
    });
    xdg_toplevel_set_fullscreen(toplevel_, found == outputs.end() ? nullptr : found->proxy);
  }
  wl_surface_commit(surface_);
  flush();
}

void TestClient::close_window() {
  if (menu_ != nullptr) xdg_popup_destroy(std::exchange(menu_, nullptr));
  if (menu_xdg_ != nullptr) xdg_surface_destroy(std::exchange(menu_xdg_, nullptr));
  if (menu_surface_ != nullptr) wl_surface_destroy(std::exchange(menu_surface_, nullptr));
  if (toplevel_ != nullptr) xdg_toplevel_destroy(std::exchange(toplevel_, nullptr));
  if (xdg_surface_ != nullptr) xdg_surface_destroy(std::exchange(xdg_surface_, nullptr));
  if (surface_ != nullptr) wl_surface_destroy(std::exchange(surface_, nullptr));
  newest_ = nullptr;
  flush();
}

namespace {

void allocate(ShmBuffer& buffer, wl_shm* shm, int width, int height, std::uint32_t format) {
  buffer.width = width;
  buffer.height = height;
  buffer.bytes = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 4;
  buffer.fd.reset(::memfd_create("test-client", MFD_CLOEXEC));
  if (::ftruncate(buffer.fd.get(), static_cast<off_t>(buffer.bytes)) != 0) return;
  buffer.pixels = static_cast<std::uint32_t*>(
      ::mmap(nullptr, buffer.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, buffer.fd.get(), 0));
  wl_shm_pool* pool = wl_shm_create_pool(shm, buffer.fd.get(), static_cast<std::int32_t>(buffer.bytes));
  buffer.buffer = wl_shm_pool_create_buffer(pool, 0, width, height, width * 4, format);
  wl_buffer_add_listener(buffer.buffer, &kBuffer, &buffer);
  wl_shm_pool_destroy(pool);
}

}  // namespace

ShmBuffer& TestClient::take_buffer(int width, int height) {
  std::erase_if(buffers_, [&](const auto& buffer) {
    return !buffer->busy && (buffer->width != width || buffer->height != height) && buffer.get() != newest_;
  });
  for (auto& buffer : buffers_) {
    if (!buffer->busy && buffer->width == width && buffer->height == height) return *buffer;
  }
  auto& buffer = *buffers_.emplace_back(std::make_unique<ShmBuffer>());
  allocate(buffer, shm_, width, height, WL_SHM_FORMAT_XRGB8888);
  return buffer;
}

void Listeners::menu_configure(void* self, xdg_surface* surface, std::uint32_t serial) {
  auto& client = of(self);
  xdg_surface_ack_configure(surface, serial);
  wl_surface_attach(client.menu_surface_, client.menu_buffer_->buffer, 0, 0);
  wl_surface_commit(client.menu_surface_);
  client.menu_shown = true;
}

void TestClient::open_menu(int x, int y, int width, int height) {
  menu_buffer_ = std::make_unique<ShmBuffer>();
  allocate(*menu_buffer_, shm_, width, height, WL_SHM_FORMAT_XRGB8888);
  menu_surface_ = wl_compositor_create_surface(compositor_);
  menu_xdg_ = xdg_wm_base_get_xdg_surface(wm_base_, menu_surface_);
  xdg_surface_add_listener(menu_xdg_, &kMenuSurface, this);
  auto* place = xdg_wm_base_create_positioner(wm_base_);
  xdg_positioner_set_size(place, width, height);
  xdg_positioner_set_anchor_rect(place, x, y, 1, 1);
  xdg_positioner_set_anchor(place, XDG_POSITIONER_ANCHOR_TOP_LEFT);
  xdg_positioner_set_gravity(place, XDG_POSITIONER_GRAVITY_BOTTOM_RIGHT);
  menu_ = xdg_surface_get_popup(menu_xdg_, xdg_surface_, place);
  xdg_popup_add_listener(menu_, &kMenu, this);
  xdg_popup_grab(menu_, seat_, serial_);
  wl_surface_commit(menu_surface_);
  xdg_positioner_destroy(place);
  flush();
}

void TestClient::listen_to_touch() {
  touch_ = wl_seat_get_touch(seat_);
  wl_touch_add_listener(touch_, &kTouch, this);
  flush();
}

void TestClient::listen_to_tablets() {
  tablet_seat_ = zwp_tablet_manager_v2_get_tablet_seat(tablets_, seat_);
  zwp_tablet_seat_v2_add_listener(tablet_seat_, &kTabletSeat, this);
  flush();
}

void TestClient::drop_tablet_tools() {
  for (auto* tool : tools_) zwp_tablet_tool_v2_destroy(tool);
  tools_.clear();
  flush();
}

void TestClient::show(ShmBuffer& buffer, int x, int y, int width, int height) {
  if (options_.buffer_scale != 1) wl_surface_set_buffer_scale(surface_, options_.buffer_scale);
  wl_surface_attach(surface_, buffer.buffer, 0, 0);
  wl_surface_damage_buffer(surface_, x, y, width, height);
  if (callback_ == nullptr) {
    callback_ = wl_surface_frame(surface_);
    wl_callback_add_listener(callback_, &kFrame, this);
  }
  wl_surface_commit(surface_);
  buffer.busy = true;
  newest_ = &buffer;
  flush();
}

void TestClient::draw(std::uint32_t seed) {
  newest_seed = seed;
  const int width = options_.fixed_width != 0 ? options_.fixed_width : std::max(wanted_width_, 1);
  const int height = options_.fixed_height != 0 ? options_.fixed_height : std::max(wanted_height_, 1);
  auto& buffer = take_buffer(width, height);
  auto* pixel = buffer.pixels;
  for (std::uint32_t y = 0; y < static_cast<std::uint32_t>(height); ++y) {
    for (std::uint32_t x = 0; x < static_cast<std::uint32_t>(width); ++x) *pixel++ = test_pixel(seed, x, y);
  }
  show(buffer, 0, 0, width, height);
}

void TestClient::draw_part(std::uint32_t color, int x, int y, int width, int height) {
  const ShmBuffer& before = *newest_;
  auto& buffer = take_buffer(before.width, before.height);
  std::memcpy(buffer.pixels, before.pixels, before.bytes);
  for (int row = y; row < y + height; ++row) {
    std::fill_n(buffer.pixels + static_cast<std::ptrdiff_t>(row) * buffer.width + x, width, color);
  }
  show(buffer, x, y, width, height);
}

void TestClient::commit_undamaged() {
  wl_surface_commit(surface_);
  flush();
}

void TestClient::show_missing_memory() {
  auto& buffer = take_buffer(newest_->width, newest_->height);
  if (::ftruncate(buffer.fd.get(), 0) != 0) events.emplace_back("truncate failed");
  show(buffer, 0, 0, buffer.width, buffer.height);
}

void TestClient::truncate_newest_buffer() {
  if (::ftruncate(newest_->fd.get(), 0) != 0) events.emplace_back("truncate failed");
}

void TestClient::destroy_and_truncate_newest_buffer() {
  wl_buffer_destroy(std::exchange(newest_->buffer, nullptr));
  flush();
  truncate_newest_buffer();
}

void TestClient::lock_pointer() {
  locked_ = zwp_pointer_constraints_v1_lock_pointer(constraints_, surface_, pointer_, nullptr,
                                                    ZWP_POINTER_CONSTRAINTS_V1_LIFETIME_PERSISTENT);
  zwp_locked_pointer_v1_add_listener(locked_, &kLocked, this);
  flush();
}

void TestClient::set_cursor(int width, int height, std::uint32_t argb, int hot_x, int hot_y) {
  if (cursor_surface_ == nullptr) cursor_surface_ = wl_compositor_create_surface(compositor_);
  cursor_buffer_ = std::make_unique<ShmBuffer>();
  allocate(*cursor_buffer_, shm_, width, height, WL_SHM_FORMAT_ARGB8888);
  std::fill_n(cursor_buffer_->pixels, width * height, argb);
  wl_pointer_set_cursor(pointer_, enter_serial_, cursor_surface_, hot_x, hot_y);
  wl_surface_attach(cursor_surface_, cursor_buffer_->buffer, 0, 0);
  wl_surface_damage_buffer(cursor_surface_, 0, 0, width, height);
  wl_surface_commit(cursor_surface_);
  flush();
}

void TestClient::animate_cursor() {
  auto& shown = *cursor_buffer_;
  std::fill_n(shown.pixels, shown.width * shown.height,
              0xFF000000U | (static_cast<std::uint32_t>(cursor_callbacks) & 0xFFU));
  cursor_callback_ = wl_surface_frame(cursor_surface_);
  wl_callback_add_listener(cursor_callback_, &kCursorFrame, this);
  wl_surface_attach(cursor_surface_, shown.buffer, 0, 0);
  wl_surface_damage_buffer(cursor_surface_, 0, 0, shown.width, shown.height);
  wl_surface_commit(cursor_surface_);
  flush();
}

void TestClient::hide_cursor() {
  wl_pointer_set_cursor(pointer_, enter_serial_, nullptr, 0, 0);
  flush();
}

void TestClient::offer_text(std::string text) {
  offered_text_ = std::move(text);
  if (source_ != nullptr) wl_data_source_destroy(source_);
  source_ = wl_data_device_manager_create_data_source(data_manager_);
  wl_data_source_add_listener(source_, &kDataSource, this);
  wl_data_source_offer(source_, kTextType);
  wl_data_device_set_selection(data_device_, source_, serial_);
  flush();
}

void TestClient::request_paste() {
  std::array<int, 2> fds{};
  if (offer_ == nullptr || ::pipe2(fds.data(), O_CLOEXEC) != 0) return;
  ::fcntl(fds[0], F_SETFL, O_NONBLOCK);
  wl_data_offer_receive(offer_, kTextType, fds[1]);
  flush();
  ::close(fds[1]);
  paste_.reset(fds[0]);
  pasted.clear();
  paste_done = false;
}

void TestClient::abandon_pastes(int count) {
  for (int i = 0; i < count; ++i) {
    request_paste();
    if (paste_) abandoned_.push_back(std::move(paste_));
  }
}

void TestClient::write_copy() {
  const std::string_view rest = std::string_view{offered_text_}.substr(copied_);
  const auto count = ::write(copy_.get(), rest.data(), rest.size());
  if (count > 0) copied_ += static_cast<std::size_t>(count);
  if (copied_ == offered_text_.size() || (count < 0 && errno != EAGAIN)) copy_.reset();
}

void TestClient::read_paste() {
  std::array<char, 4096> part{};
  for (;;) {
    const auto count = ::read(paste_.get(), part.data(), part.size());
    if (count < 0) return;
    if (count == 0) break;
    pasted.append(part.data(), static_cast<std::size_t>(count));
  }
  paste_.reset();
  paste_done = true;
}

}  // namespace lumen::desktop_test
