// lumen-test-scene: Wayland objects have owners.
#pragma once

#include <memory>

#include <wayland-client.h>
#include <xdg-shell-client-protocol.h>

namespace lumen::scene {

struct WaylandDelete {
  void operator()(wl_display* it) const { wl_display_disconnect(it); }
  void operator()(wl_registry* it) const { wl_registry_destroy(it); }
  void operator()(wl_compositor* it) const { wl_compositor_destroy(it); }
  void operator()(wl_shm* it) const { wl_shm_destroy(it); }
  void operator()(wl_shm_pool* it) const { wl_shm_pool_destroy(it); }
  void operator()(wl_buffer* it) const { wl_buffer_destroy(it); }
  void operator()(wl_seat* it) const { wl_seat_destroy(it); }
  void operator()(wl_pointer* it) const { wl_pointer_destroy(it); }
  void operator()(wl_keyboard* it) const { wl_keyboard_destroy(it); }
  void operator()(wl_surface* it) const { wl_surface_destroy(it); }
  void operator()(wl_callback* it) const { wl_callback_destroy(it); }
  void operator()(xdg_wm_base* it) const { xdg_wm_base_destroy(it); }
  void operator()(xdg_surface* it) const { xdg_surface_destroy(it); }
  void operator()(xdg_toplevel* it) const { xdg_toplevel_destroy(it); }
};

template <class T>
using Handle = std::unique_ptr<T, WaylandDelete>;

}  // namespace lumen::scene
