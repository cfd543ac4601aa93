/* Windows and popups of Wayland clients (xdg-shell). They are maximised, with the server's decorations, which
 * are none; full screen only if they ask (it would put browsers into their full-screen mode). */
#include <stdlib.h>

#include "desktop/embedded/impl.h"

static struct wlr_surface* xdg_surface(const struct lce_window* window) { return window->xdg->surface; }

static struct lce_window* xdg_parent(const struct lce_window* window) {
  struct wlr_xdg_surface* parent = LCE_TOPLEVEL_PARENT(window->xdg);
  return parent ? lce_window_of_node(parent->data) : NULL;
}

static bool xdg_is_unmanaged(const struct lce_window* window) {
  (void)window;
  return false;
}

static void xdg_resize(struct lce_window* window, const struct wlr_box* box) {
  struct wlr_xdg_toplevel* toplevel = window->xdg->toplevel;
  const bool fullscreen = toplevel->requested.fullscreen;
  int width = box->width, height = box->height;
  if (!fullscreen) {
    width = lce_window_fit(width, toplevel->current.min_width, toplevel->current.max_width);
    height = lce_window_fit(height, toplevel->current.min_height, toplevel->current.max_height);
  }
  if ((int64_t)toplevel->scheduled.width != width || (int64_t)toplevel->scheduled.height != height)
    wlr_xdg_toplevel_set_size(LCE_TOPLEVEL(window->xdg), (__typeof__(toplevel->scheduled.width))width,
                              (__typeof__(toplevel->scheduled.height))height);
  if (!toplevel->scheduled.maximized) wlr_xdg_toplevel_set_maximized(LCE_TOPLEVEL(window->xdg), true);
  if (toplevel->scheduled.fullscreen != fullscreen)
    wlr_xdg_toplevel_set_fullscreen(LCE_TOPLEVEL(window->xdg), fullscreen);
}

/* A window that keeps a smaller size than it was given is centred. */
static void xdg_place(struct lce_window* window, const struct wlr_box* box) {
  if (!window->node) return;
  if (!xdg_parent(window)) xdg_resize(window, box);
  const struct wlr_box geometry = lce_xdg_geometry(window->xdg);
  const int x = box->x + (geometry.width < box->width ? (box->width - geometry.width) / 2 : 0);
  const int y = box->y + (geometry.height < box->height ? (box->height - geometry.height) / 2 : 0);
  if (x != lce_node_x(window->node) || y != lce_node_y(window->node))
    wlr_scene_node_set_position(window->node, x, y);
}

static void xdg_activate(struct lce_window* window) {
  wlr_xdg_toplevel_set_activated(LCE_TOPLEVEL(window->xdg), true);
}

static void xdg_deactivate(struct lce_window* window, const struct lce_window* next) {
  (void)next;
  wlr_xdg_toplevel_set_activated(LCE_TOPLEVEL(window->xdg), false);
}

static const struct lce_window_kind xdg_kind = {
    .surface = xdg_surface,
    .parent = xdg_parent,
    .is_unmanaged = xdg_is_unmanaged,
    .place = xdg_place,
    .activate = xdg_activate,
    .deactivate = xdg_deactivate,
};

static void on_map(struct wl_listener* listener, void* data) {
  (void)data;
  struct lce_window* window = wl_container_of(listener, window, map);
  lce_window_mapped(window);
}

static void on_unmap(struct wl_listener* listener, void* data) {
  (void)data;
  struct lce_window* window = wl_container_of(listener, window, unmap);
  window->placeable = false; /* it starts anew with a first commit */
  lce_window_unmapped(window);
}

static void first_commit(struct lce_window* window) {
  window->placeable = true; /* parent and size limits are known now */
  window->output = lce_window_pick_output(window);
#if LCE_WLR >= 18
  if (window->decoration)
    wlr_xdg_toplevel_decoration_v1_set_mode(window->decoration,
                                            WLR_XDG_TOPLEVEL_DECORATION_V1_MODE_SERVER_SIDE);
  wlr_xdg_surface_schedule_configure(window->xdg);
#endif
}

static void on_commit(struct wl_listener* listener, void* data) {
  (void)data;
  struct lce_window* window = wl_container_of(listener, window, commit);
  if (!window->placeable && !window->mapped) first_commit(window);
  lce_window_place(window);
}

static void on_fullscreen(struct wl_listener* listener, void* data) {
  (void)data;
  struct lce_window* window = wl_container_of(listener, window, fullscreen);
  if (!window->placeable) return;
  lce_window_place(window);
  wlr_xdg_surface_schedule_configure(window->xdg);
}

#if LCE_WLR < 16
static bool is_alive(const struct wlr_xdg_client* client, const struct wlr_xdg_surface* wanted) {
  const struct wlr_xdg_surface* xdg;
  wl_list_for_each(xdg, &client->surfaces, link) if (xdg == wanted) return true;
  return false;
}

/* 0.15 forgets a parent when it is unmapped and takes the parent's parent instead: one that never was mapped,
 * or is its own parent (as a circle of two ends), would be kept after its end. */
static void drop_bad_parent(struct wlr_xdg_surface* xdg) {
  struct wlr_xdg_toplevel* toplevel = xdg->toplevel;
  if (!toplevel->parent) return;
  if (!is_alive(xdg->client, toplevel->parent)) {
    wl_list_init(&toplevel->parent_unmap.link);
    toplevel->parent = NULL;
  } else if (!toplevel->parent->mapped || toplevel->parent == xdg) {
    wlr_xdg_toplevel_set_parent(xdg, NULL);
  }
}
#else
static void drop_bad_parent(struct wlr_xdg_surface* xdg) { (void)xdg; }
#endif

static void on_parent(struct wl_listener* listener, void* data) {
  (void)data;
  struct lce_window* window = wl_container_of(listener, window, parent);
  drop_bad_parent(window->xdg);
  if (window->placeable) lce_arrange(window->comp);
}

static void on_destroy(struct wl_listener* listener, void* data) {
  (void)data;
  struct lce_window* window = wl_container_of(listener, window, destroy);
  struct wl_listener* const listeners[] = {&window->map,    &window->unmap,      &window->destroy,
                                           &window->commit, &window->fullscreen, &window->parent};
  for (size_t i = 0; i < sizeof listeners / sizeof *listeners; i++) wl_list_remove(&listeners[i]->link);
  if (window->node) wl_list_remove(&window->node_destroy.link);
  window->xdg->data = NULL;
  lce_window_destroy(window);
}

/* The scene destroys the node with the surface's role, which may end long before the surface. */
static void on_node_destroy(struct wl_listener* listener, void* data) {
  (void)data;
  struct lce_window* window = wl_container_of(listener, window, node_destroy);
  wl_list_remove(&window->node_destroy.link);
  window->node = NULL;
  window->xdg->data = NULL;
}

static void new_toplevel(struct lumen_comp* comp, struct wlr_xdg_surface* xdg) {
  drop_bad_parent(xdg);
  struct lce_window* window = lce_window_create(comp, &xdg_kind);
  if (window) {
    window->xdg = xdg;
    window->node = lce_xdg_node(comp->windows_tree, xdg);
  }
  if (!window || !window->node) {
    if (window) lce_window_destroy(window);
    wl_client_post_no_memory(wl_resource_get_client(xdg->resource));
    return;
  }
  window->node->data = window;
  xdg->data = window->node;
  lce_listen(&window->node_destroy, &window->node->events.destroy, on_node_destroy);
  lce_listen(&window->map, LCE_XDG_MAP(xdg), on_map);
  lce_listen(&window->unmap, LCE_XDG_UNMAP(xdg), on_unmap);
  lce_listen(&window->destroy, LCE_XDG_DESTROY(xdg), on_destroy);
  lce_listen(&window->commit, &xdg->surface->events.commit, on_commit);
  lce_listen(&window->fullscreen, &xdg->toplevel->events.request_fullscreen, on_fullscreen);
  lce_listen(&window->parent, &xdg->toplevel->events.set_parent, on_parent);
}

struct popup { /* lives as long as its node */
  struct wlr_xdg_surface* xdg;
  struct wl_listener node_destroy;
};

static void on_popup_node_destroy(struct wl_listener* listener, void* data) {
  (void)data;
  struct popup* popup = wl_container_of(listener, popup, node_destroy);
  wl_list_remove(&popup->node_destroy.link);
  popup->xdg->data = NULL; /* another popup may still name it as its parent */
  free(popup);
}

static void keep_inside_output(struct wlr_xdg_surface* xdg, const struct lce_window* window) {
  struct wlr_box box;
  if (!window || !window->output || !window->node) return;
  lce_output_box(window->output, &box);
  box.x -= lce_node_x(window->node);
  box.y -= lce_node_y(window->node);
  wlr_xdg_popup_unconstrain_from_box(xdg->popup, &box);
}

/* Popups belong to their parent's node. */
static void new_popup(struct wlr_xdg_surface* xdg) {
  struct wlr_xdg_surface* parent = lce_xdg_of(xdg->popup->parent);
  if (!parent || !parent->data) {
    wl_list_remove(
        &xdg->popup->link); /* 0.15 would leave it in the list of a parent that ends without role */
    wl_list_init(&xdg->popup->link);
    wl_resource_post_error(xdg->client->resource, XDG_WM_BASE_ERROR_INVALID_POPUP_PARENT,
                           "the parent of the popup has no role");
    return;
  }
  struct popup* popup = calloc(1, sizeof *popup);
  struct wlr_scene_node* node = popup ? lce_xdg_node(lce_node_tree(parent->data), xdg) : NULL;
  if (!node) {
    free(popup);
    wl_client_post_no_memory(wl_resource_get_client(xdg->resource));
    return;
  }
  popup->xdg = xdg;
  xdg->data = node;
  lce_listen(&popup->node_destroy, &node->events.destroy, on_popup_node_destroy);
  keep_inside_output(xdg, lce_window_of_node(parent->data));
}

#if LCE_WLR >= 18 /* a popup is first configured by the compositor, on its first commit */
struct popup_start {
  struct wl_listener commit, destroy;
  struct wlr_xdg_surface* xdg;
};

static void on_popup_destroy(struct wl_listener* listener, void* data) {
  (void)data;
  struct popup_start* popup = wl_container_of(listener, popup, destroy);
  wl_list_remove(&popup->commit.link);
  wl_list_remove(&popup->destroy.link);
  free(popup);
}

static void on_popup_commit(struct wl_listener* listener, void* data) {
  (void)data;
  struct popup_start* popup = wl_container_of(listener, popup, commit);
  if (!popup->xdg->initial_commit) return;
  new_popup(popup->xdg);
  wlr_xdg_surface_schedule_configure(popup->xdg);
}

static void on_new_popup(struct wl_listener* listener, void* data) {
  (void)listener;
  struct wlr_xdg_popup* wlr = data;
  struct popup_start* popup = calloc(1, sizeof *popup);
  if (!popup) return;
  popup->xdg = wlr->base;
  lce_listen(&popup->commit, &wlr->base->surface->events.commit, on_popup_commit);
  lce_listen(&popup->destroy, &wlr->events.destroy, on_popup_destroy);
}

static void on_new_xdg(struct wl_listener* listener, void* data) {
  struct lumen_comp* comp = wl_container_of(listener, comp, new_xdg);
  new_toplevel(comp, ((struct wlr_xdg_toplevel*)data)->base);
}
#else
static void on_new_xdg(struct wl_listener* listener, void* data) {
  struct lumen_comp* comp = wl_container_of(listener, comp, new_xdg);
  struct wlr_xdg_surface* xdg = data;
  if (xdg->role == WLR_XDG_SURFACE_ROLE_POPUP)
    new_popup(xdg);
  else
    new_toplevel(comp, xdg);
}
#endif

static void on_new_decoration(struct wl_listener* listener, void* data) {
  (void)listener;
  struct wlr_xdg_toplevel_decoration_v1* decoration = data;
#if LCE_WLR >= 18 /* not before the surface's first commit */
  struct lce_window* window = lce_window_of_node(decoration->toplevel->base->data);
  if (window && !window->placeable) {
    window->decoration = decoration;
    return;
  }
#endif
  wlr_xdg_toplevel_decoration_v1_set_mode(decoration, WLR_XDG_TOPLEVEL_DECORATION_V1_MODE_SERVER_SIDE);
}

void lce_xdg_start(struct lumen_comp* comp) {
  wlr_server_decoration_manager_set_default_mode(wlr_server_decoration_manager_create(comp->display),
                                                 WLR_SERVER_DECORATION_MANAGER_MODE_SERVER);
  lce_listen(&comp->new_decoration,
             &wlr_xdg_decoration_manager_v1_create(comp->display)->events.new_toplevel_decoration,
             on_new_decoration);
  comp->xdg_shell = lce_xdg_shell_global(comp->display);
#if LCE_WLR >= 18
  lce_listen(&comp->new_xdg, &comp->xdg_shell->events.new_toplevel, on_new_xdg);
  lce_listen(&comp->new_popup, &comp->xdg_shell->events.new_popup, on_new_popup);
#else
  lce_listen(&comp->new_xdg, &comp->xdg_shell->events.new_surface, on_new_xdg);
#endif
}
