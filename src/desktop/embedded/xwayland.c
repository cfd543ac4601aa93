/* Windows of X11 clients, through Xwayland, which wlroots starts when the first of them connects. */
#include <stdlib.h>
#include <unistd.h>

#include "desktop/embedded/impl.h"

#if WLR_HAS_XWAYLAND

#define SIZE_HINT_MAX (1U << 5) /* ICCCM PMaxSize */

static struct wlr_surface* x11_surface(const struct lce_window* window) { return window->x11->surface; }

static struct lce_window* x11_parent(const struct lce_window* window) {
  return window->x11->parent ? window->x11->parent->data : NULL;
}

static bool x11_is_unmanaged(const struct lce_window* window) { return window->x11->override_redirect; }

static void x11_size(const struct lce_window* window, const struct wlr_box* box, int* width, int* height) {
  const struct wlr_xwayland_surface* x11 = window->x11;
  const __typeof__(x11->size_hints) hints = x11->size_hints;
  *width = box->width;
  *height = box->height;
  if (x11_parent(window)) {
    *width = lce_window_fit(x11->width, 1, box->width);
    *height = lce_window_fit(x11->height, 1, box->height);
  } else if (hints && ((unsigned)hints->flags & SIZE_HINT_MAX) && !x11->fullscreen) {
    *width = lce_window_fit(box->width, 1, hints->max_width);
    *height = lce_window_fit(box->height, 1, hints->max_height);
  }
}

static void x11_place(struct lce_window* window, const struct wlr_box* box) {
  struct wlr_xwayland_surface* x11 = window->x11;
  int width, height;
  x11_size(window, box, &width, &height);
  const int x = box->x + (box->width - width) / 2, y = box->y + (box->height - height) / 2;
  if (x11->x != x || x11->y != y || x11->width != width || x11->height != height)
    wlr_xwayland_surface_configure(x11, (int16_t)x, (int16_t)y, (uint16_t)width, (uint16_t)height);
  if (window->node) wlr_scene_node_set_position(window->node, x, y);
}

static void x11_activate(struct lce_window* window) {
  if (x11_is_unmanaged(window)) return;
  wlr_xwayland_surface_activate(window->x11, true);
  wlr_xwayland_surface_restack(window->x11, NULL, XCB_STACK_MODE_ABOVE);
}

/* X11 has one active window: activating the next one of them is enough, and clearing it first would blink. */
static void x11_deactivate(struct lce_window* window, const struct lce_window* next) {
  if (!next || next->kind != window->kind) wlr_xwayland_surface_activate(window->x11, false);
}

static const struct lce_window_kind x11_kind = {
    .surface = x11_surface,
    .parent = x11_parent,
    .is_unmanaged = x11_is_unmanaged,
    .place = x11_place,
    .activate = x11_activate,
    .deactivate = x11_deactivate,
};

static void on_node_destroy(struct wl_listener* listener,
                            void* data) { /* since 0.18 it goes with the surface */
  (void)data;
  struct lce_window* window = wl_container_of(listener, window, node_destroy);
  wl_list_remove(&window->node_destroy.link);
  window->node = NULL;
}

static void on_map(struct wl_listener* listener, void* data) {
  (void)data;
  struct lce_window* window = wl_container_of(listener, window, map);
  window->node = lce_surface_node(window->comp->windows_tree, window->x11->surface);
  if (!window->node) return;
  window->node->data = window;
  lce_listen(&window->node_destroy, &window->node->events.destroy, on_node_destroy);
  window->output = lce_window_pick_output(window);
  wlr_scene_node_set_position(window->node, window->x11->x, window->x11->y);
  lce_window_mapped(window);
}

static void on_unmap(struct wl_listener* listener, void* data) {
  (void)data;
  struct lce_window* window = wl_container_of(listener, window, unmap);
  if (window->mapped) lce_window_unmapped(window);
  if (window->node) wlr_scene_node_destroy(window->node);
}

static void on_configure(struct wl_listener* listener, void* data) {
  struct lce_window* window = wl_container_of(listener, window, configure);
  const struct wlr_xwayland_surface_configure_event* event = data;
  struct wlr_xwayland_surface* x11 = window->x11;
  if (window->mapped && !x11_is_unmanaged(window) &&
      !x11_parent(window)) { /* it keeps the size it was given */
    wlr_xwayland_surface_configure(x11, x11->x, x11->y, x11->width, x11->height);
    return;
  }
  wlr_xwayland_surface_configure(x11, event->x, event->y, event->width, event->height);
  if (window->node) wlr_scene_node_set_position(window->node, event->x, event->y);
}

static void on_fullscreen(struct wl_listener* listener, void* data) {
  (void)data;
  struct lce_window* window = wl_container_of(listener, window, fullscreen);
  wlr_xwayland_surface_set_fullscreen(window->x11, window->x11->fullscreen);
  lce_arrange(window->comp);
}

static void on_activate(struct wl_listener* listener, void* data) {
  (void)data;
  struct lce_window* window = wl_container_of(listener, window, activate);
  if (window->mapped && !x11_is_unmanaged(window)) lce_window_focus(window->comp, window);
}

static void watch_surface(struct lce_window* window) {
#if LCE_WLR >= 17
  struct wlr_surface* surface = window->x11->surface;
  lce_listen(&window->map, &surface->events.map, on_map);
  lce_listen(&window->unmap, &surface->events.unmap, on_unmap);
#else
  lce_listen(&window->map, &window->x11->events.map, on_map);
  lce_listen(&window->unmap, &window->x11->events.unmap, on_unmap);
#endif
}

static void unwatch_surface(struct lce_window* window) {
  wl_list_remove(&window->map.link);
  wl_list_remove(&window->unmap.link);
}

#if LCE_WLR >= 17 /* the surface comes and goes */
static void on_associate(struct wl_listener* listener, void* data) {
  (void)data;
  struct lce_window* window = wl_container_of(listener, window, associate);
  watch_surface(window);
}

static void on_dissociate(struct wl_listener* listener, void* data) {
  (void)data;
  struct lce_window* window = wl_container_of(listener, window, dissociate);
  unwatch_surface(window);
}
#endif

static void on_destroy(struct wl_listener* listener, void* data) {
  (void)data;
  struct lce_window* window = wl_container_of(listener, window, destroy);
#if LCE_WLR >= 17
  wl_list_remove(&window->associate.link);
  wl_list_remove(&window->dissociate.link);
#else
  unwatch_surface(window);
#endif
  wl_list_remove(&window->destroy.link);
  wl_list_remove(&window->configure.link);
  wl_list_remove(&window->fullscreen.link);
  wl_list_remove(&window->activate.link);
  window->x11->data = NULL;
  lce_window_destroy(window);
}

static void on_new_surface(struct wl_listener* listener, void* data) {
  struct lumen_comp* comp = wl_container_of(listener, comp, x11_new);
  struct wlr_xwayland_surface* x11 = data;
  struct lce_window* window = lce_window_create(comp, &x11_kind);
  if (!window) return;
  window->x11 = x11;
  window->placeable = true;
  x11->data = window;
#if LCE_WLR >= 17
  lce_listen(&window->associate, &x11->events.associate, on_associate);
  lce_listen(&window->dissociate, &x11->events.dissociate, on_dissociate);
#else
  watch_surface(window);
#endif
  lce_listen(&window->destroy, &x11->events.destroy, on_destroy);
  lce_listen(&window->configure, &x11->events.request_configure, on_configure);
  lce_listen(&window->fullscreen, &x11->events.request_fullscreen, on_fullscreen);
  lce_listen(&window->activate, &x11->events.request_activate, on_activate);
}

static void on_ready(struct wl_listener* listener, void* data) {
  (void)data;
  struct lumen_comp* comp = wl_container_of(listener, comp, x11_ready);
  wlr_xwayland_set_seat(comp->xwayland, comp->seat);
}

/* wlroots would accept X11 connections all the same and fail at the first one. */
static bool is_installed(void) {
  const char* path = getenv("WLR_XWAYLAND");
  return access(path ? path : "/usr/bin/Xwayland", X_OK) == 0;
}

void lce_xwayland_start(struct lumen_comp* comp) {
  if (!is_installed()) {
    lce_log(comp, true, "Xwayland is not installed: X11 applications cannot start here. Install xwayland");
    return;
  }
  comp->xwayland = wlr_xwayland_create(comp->display, comp->global, true);
  if (!comp->xwayland) {
    lce_log(comp, true,
            "no X11 display socket could be made in /tmp/.X11-unix: X11 applications cannot start");
    return;
  }
  lce_listen(&comp->x11_new, &comp->xwayland->events.new_surface, on_new_surface);
  lce_listen(&comp->x11_ready, &comp->xwayland->events.ready, on_ready);
}

/* Before 0.18 this leaks the X window manager; provoking its own clean-up can hang in xcb_flush(). */
void lce_xwayland_stop(struct lumen_comp* comp) {
  if (comp->xwayland) wlr_xwayland_destroy(comp->xwayland);
  comp->xwayland = NULL;
}

#else

void lce_xwayland_start(struct lumen_comp* comp) {
  lce_log(comp, true, "this wlroots has no XWayland: X11 applications cannot start");
}
void lce_xwayland_stop(struct lumen_comp* comp) { (void)comp; }

#endif
