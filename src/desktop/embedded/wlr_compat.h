/* The thin layer over wlroots 0.15 … 0.19: what changed names or shape between them, under one name each.
 * LCE_WLR is the minor version. Built and run on 0.15. */
#ifndef LUMEN_DESKTOP_EMBEDDED_WLR_COMPAT_H
#define LUMEN_DESKTOP_EMBEDDED_WLR_COMPAT_H

#include <wlr/backend.h>
#include <wlr/backend/interface.h>
#include <wlr/config.h>
#include <wlr/interfaces/wlr_keyboard.h>
#include <wlr/interfaces/wlr_output.h>
#include <wlr/interfaces/wlr_tablet_tool.h>
#include <wlr/render/allocator.h>
#include <wlr/render/pixman.h>
#include <wlr/types/wlr_compositor.h>
#include <wlr/types/wlr_data_control_v1.h>
#include <wlr/types/wlr_data_device.h>
#include <wlr/types/wlr_output_layout.h>
#include <wlr/types/wlr_pointer_constraints_v1.h>
#include <wlr/types/wlr_presentation_time.h>
#include <wlr/types/wlr_primary_selection.h>
#include <wlr/types/wlr_primary_selection_v1.h>
#include <wlr/types/wlr_relative_pointer_v1.h>
#include <wlr/types/wlr_scene.h>
#include <wlr/types/wlr_server_decoration.h>
#include <wlr/types/wlr_tablet_tool.h>
#include <wlr/types/wlr_tablet_v2.h>
#include <wlr/types/wlr_viewporter.h>
#include <wlr/types/wlr_xcursor_manager.h>
#include <wlr/types/wlr_xdg_decoration_v1.h>
#include <wlr/types/wlr_xdg_output_v1.h>
#include <wlr/types/wlr_xdg_shell.h>
#include <wlr/util/log.h>
#include <wlr/util/region.h>
#include <wlr/version.h>
#define LCE_WLR WLR_VERSION_MINOR
#if LCE_WLR >= 16
#include <wlr/interfaces/wlr_buffer.h>
#include <wlr/types/wlr_subcompositor.h>
#else
#include <wlr/interfaces/wlr_input_device.h>
#include <wlr/types/wlr_output_damage.h>
#endif
#if WLR_HAS_XWAYLAND
#include <wlr/xwayland.h>
#endif

/* Scene: 0.16 made trees a type of their own, and surfaces buffers. */
#if LCE_WLR >= 16
#define LCE_ROOT(scene) (&(scene)->tree)
#define LCE_PARENT(tree) (tree)
static inline int lce_node_x(const struct wlr_scene_node* node) { return node->x; }
static inline int lce_node_y(const struct wlr_scene_node* node) { return node->y; }
static inline struct wlr_scene_node* lce_node_parent(struct wlr_scene_node* node) {
  return node->parent ? &node->parent->node : NULL;
}
static inline struct wlr_scene_node* lce_xdg_node(struct wlr_scene_tree* parent,
                                                  struct wlr_xdg_surface* xdg) {
  struct wlr_scene_tree* tree = wlr_scene_xdg_surface_create(parent, xdg);
  return tree ? &tree->node : NULL;
}
static inline struct wlr_scene_node* lce_surface_node(struct wlr_scene_tree* parent,
                                                      struct wlr_surface* surface) {
  struct wlr_scene_tree* tree = wlr_scene_subsurface_tree_create(parent, surface);
  return tree ? &tree->node : NULL;
}
static inline struct wlr_surface* lce_node_surface(struct wlr_scene_node* node) {
  if (node->type != WLR_SCENE_NODE_BUFFER) return NULL;
#if LCE_WLR >= 17
  struct wlr_scene_surface* surface = wlr_scene_surface_try_from_buffer(wlr_scene_buffer_from_node(node));
#else
  struct wlr_scene_surface* surface = wlr_scene_surface_from_buffer(wlr_scene_buffer_from_node(node));
#endif
  return surface ? surface->surface : NULL;
}
#else
#define LCE_ROOT(scene) (&(scene)->node)
#define LCE_PARENT(tree) (&(tree)->node)
static inline int lce_node_x(const struct wlr_scene_node* node) { return node->state.x; }
static inline int lce_node_y(const struct wlr_scene_node* node) { return node->state.y; }
static inline struct wlr_scene_node* lce_node_parent(struct wlr_scene_node* node) { return node->parent; }
static inline struct wlr_scene_node* lce_xdg_node(struct wlr_scene_tree* parent,
                                                  struct wlr_xdg_surface* xdg) {
  return wlr_scene_xdg_surface_create(&parent->node, xdg);
}
static inline struct wlr_scene_node* lce_surface_node(struct wlr_scene_tree* parent,
                                                      struct wlr_surface* surface) {
  return wlr_scene_subsurface_tree_create(&parent->node, surface);
}
static inline struct wlr_surface* lce_node_surface(struct wlr_scene_node* node) {
  return node->type == WLR_SCENE_NODE_SURFACE ? wlr_scene_surface_from_node(node)->surface : NULL;
}
#endif
/* A node that is known to be a tree, as one. */
static inline struct wlr_scene_tree* lce_node_tree(struct wlr_scene_node* node) {
  struct wlr_scene_tree* tree = NULL;
  return node ? wl_container_of(node, tree, node) : NULL;
}

/* Damage of a scene output. */
static inline pixman_region32_t* lce_damage(struct wlr_scene_output* scene_output) {
#if LCE_WLR >= 19
  return &scene_output->WLR_PRIVATE.pending_commit_damage;
#elif LCE_WLR >= 18
  return &scene_output->pending_commit_damage;
#elif LCE_WLR >= 16
  return &scene_output->damage_ring.current;
#else
  return &scene_output->damage->current;
#endif
}
static inline void lce_damage_all(struct wlr_scene_output* scene_output) {
#if LCE_WLR >= 16
  struct wlr_output* output = scene_output->output;
  pixman_region32_t region;
  pixman_region32_init_rect(&region, 0, 0, (unsigned)output->width, (unsigned)output->height);
  struct wlr_output_event_damage event = {.output = output, .damage = &region};
  wl_signal_emit_mutable(&output->events.damage, &event);
  pixman_region32_fini(&region);
#else
  wlr_output_damage_add_whole(scene_output->damage);
#endif
}
#if LCE_WLR >= 17
#define lce_scene_commit(scene_output) wlr_scene_output_commit(scene_output, NULL)
#else
#define lce_scene_commit(scene_output) wlr_scene_output_commit(scene_output)
#endif

/* Outputs of an own backend: the state argument, and who applies a mode. */
#if LCE_WLR >= 16
#define LCE_STATE_ARGS struct wlr_output *wlr, const struct wlr_output_state *state
#define LCE_STATE
#else
#define LCE_STATE_ARGS struct wlr_output* wlr
#define LCE_STATE const struct wlr_output_state* state = &wlr->pending;
#endif
static inline void lce_wlr_output_init(struct wlr_output* output, struct wlr_backend* backend,
                                       const struct wlr_output_impl* impl, struct wl_display* display) {
#if LCE_WLR >= 18
  wlr_output_init(output, backend, impl, wl_display_get_event_loop(display), NULL);
#elif LCE_WLR >= 17
  wlr_output_init(output, backend, impl, display, NULL);
#else
  wlr_output_init(output, backend, impl, display);
#endif
}
static inline void lce_wlr_output_mode(struct wlr_output* output, int width, int height, int refresh_mhz) {
#if LCE_WLR >= 17
  struct wlr_output_state state;
  wlr_output_state_init(&state);
  wlr_output_state_set_enabled(&state, true);
  wlr_output_state_set_custom_mode(&state, width, height, refresh_mhz);
  wlr_output_commit_state(output, &state);
  wlr_output_state_finish(&state);
#else
  wlr_output_update_enabled(output, true);
  wlr_output_update_custom_mode(output, width, height, refresh_mhz);
#endif
}
#if LCE_WLR >= 17
typedef struct wlr_scene_output_layout lce_scene_layout;
#else
typedef void lce_scene_layout;
#endif
/* Makes the output visible to clients and gives it a place right of the others. */
static inline void lce_output_place(lce_scene_layout* scene_layout, struct wlr_scene* scene,
                                    struct wlr_output_layout* layout, struct wlr_output* output) {
#if LCE_WLR >= 17 /* scene outputs are no longer made by the layout */
  struct wlr_output_layout_output* entry = wlr_output_layout_add_auto(layout, output);
  wlr_scene_output_layout_add_output(scene_layout, entry, wlr_scene_output_create(scene, output));
#else
  (void)scene_layout;
  (void)scene;
  wlr_output_layout_add_auto(layout, output);
#endif
}

/* xdg-shell: 0.16 typed toplevels, 0.17 moved map/unmap to the surface, 0.18 split the signals. */
#if LCE_WLR >= 16
#define LCE_TOPLEVEL(xdg) ((xdg)->toplevel)
#define LCE_TOPLEVEL_PARENT(xdg) ((xdg)->toplevel->parent ? (xdg)->toplevel->parent->base : NULL)
#else
#define LCE_TOPLEVEL(xdg) (xdg)
#define LCE_TOPLEVEL_PARENT(xdg) ((xdg)->toplevel->parent)
#endif
#if LCE_WLR >= 17
#define LCE_XDG_MAP(xdg) (&(xdg)->surface->events.map)
#define LCE_XDG_UNMAP(xdg) (&(xdg)->surface->events.unmap)
#else
#define LCE_XDG_MAP(xdg) (&(xdg)->events.map)
#define LCE_XDG_UNMAP(xdg) (&(xdg)->events.unmap)
#endif
#if LCE_WLR >= 18
#define LCE_XDG_DESTROY(xdg) (&(xdg)->toplevel->events.destroy)
#else
#define LCE_XDG_DESTROY(xdg) (&(xdg)->events.destroy)
#endif
static inline struct wlr_xdg_surface* lce_xdg_of(struct wlr_surface* surface) {
#if LCE_WLR >= 17
  return surface ? wlr_xdg_surface_try_from_wlr_surface(surface) : NULL;
#else
  return surface && wlr_surface_is_xdg_surface(surface) ? wlr_xdg_surface_from_wlr_surface(surface) : NULL;
#endif
}
static inline struct wlr_box lce_xdg_geometry(struct wlr_xdg_surface* xdg) {
#if LCE_WLR >= 19
  return xdg->geometry;
#else
  struct wlr_box box;
  wlr_xdg_surface_get_geometry(xdg, &box);
  return box;
#endif
}

#if WLR_HAS_XWAYLAND && LCE_WLR >= 19
#define lce_unmanaged_wants_focus wlr_xwayland_surface_override_redirect_wants_focus
#elif WLR_HAS_XWAYLAND
#define lce_unmanaged_wants_focus wlr_xwayland_or_surface_wants_focus
#endif

/* Input. */
#if LCE_WLR >= 16
typedef struct wlr_keyboard_key_event lce_key_event;
#else
typedef struct wlr_event_keyboard_key lce_key_event;
#endif
#if LCE_WLR >= 18
#define LCE_PRESSED WL_POINTER_BUTTON_STATE_PRESSED
#define LCE_RELEASED WL_POINTER_BUTTON_STATE_RELEASED
#else
#define LCE_PRESSED WLR_BUTTON_PRESSED
#define LCE_RELEASED WLR_BUTTON_RELEASED
#endif
/* `clicks`: whole wheel clicks, all that clients of 0.15 can be told beside the distance. */
static inline void lce_seat_scroll(struct wlr_seat* seat, uint32_t time_ms, bool horizontal, int v120,
                                   int clicks) {
  const double distance = v120 / 8.0; /* one click is 15 degrees */
#if LCE_WLR >= 18
  (void)clicks;
  wlr_seat_pointer_notify_axis(
      seat, time_ms, horizontal ? WL_POINTER_AXIS_HORIZONTAL_SCROLL : WL_POINTER_AXIS_VERTICAL_SCROLL,
      distance, v120, WL_POINTER_AXIS_SOURCE_WHEEL, WL_POINTER_AXIS_RELATIVE_DIRECTION_IDENTICAL);
#else
  wlr_seat_pointer_notify_axis(seat, time_ms,
                               horizontal ? WLR_AXIS_ORIENTATION_HORIZONTAL : WLR_AXIS_ORIENTATION_VERTICAL,
                               distance, LCE_WLR >= 16 ? v120 : clicks, WLR_AXIS_SOURCE_WHEEL);
#endif
}
static inline bool lce_accepts_touch(struct wlr_seat* seat, struct wlr_surface* surface) {
#if LCE_WLR >= 18
  return wlr_surface_accepts_touch(surface, seat);
#else
  return wlr_surface_accepts_touch(seat, surface);
#endif
}
static inline bool lce_accepts_tablet(struct wlr_tablet_v2_tablet* tablet, struct wlr_surface* surface) {
#if LCE_WLR >= 18
  return wlr_surface_accepts_tablet_v2(surface, tablet);
#else
  return wlr_surface_accepts_tablet_v2(tablet, surface);
#endif
}
/* To the client of `point`, which has a surface. The points stay. */
static inline void lce_send_touch_cancel(struct wlr_seat* seat, struct wlr_touch_point* point) {
#if LCE_WLR >= 18
  wlr_seat_touch_send_cancel(seat, point->client);
#else
  wlr_seat_touch_send_cancel(seat, point->surface);
#endif
}
#if LCE_WLR >= 18
static inline uint32_t lce_untold_up(struct wlr_seat_touch_grab* grab, uint32_t time_ms,
                                     struct wlr_touch_point* point) {
  (void)grab, (void)time_ms, (void)point;
  return 0;
}
#else
static inline void lce_untold_up(struct wlr_seat_touch_grab* grab, uint32_t time_ms,
                                 struct wlr_touch_point* point) {
  (void)grab, (void)time_ms, (void)point;
}
#endif
/* Ends a point without telling its client that the finger is up. wlroots has no call for it: a grab that
 * keeps the word to itself does. */
static inline void lce_forget_touch(struct wlr_seat* seat, int32_t id) {
  static const struct wlr_touch_grab_interface untold = {.up = lce_untold_up};
  struct wlr_seat_touch_grab silence = {.interface = &untold, .seat = seat};
  struct wlr_seat_touch_grab* before = seat->touch_state.grab;
  seat->touch_state.grab = &silence;
  wlr_seat_touch_notify_up(seat, 0, id);
  seat->touch_state.grab = before;
}
static inline bool lce_has_hint(const struct wlr_pointer_constraint_v1* constraint) {
#if LCE_WLR >= 18
  return constraint->current.cursor_hint.enabled;
#else
  return constraint->current.committed & WLR_POINTER_CONSTRAINT_V1_STATE_CURSOR_HINT;
#endif
}

/* Globals. */
static inline struct wlr_compositor* lce_compositor_global(struct wl_display* display,
                                                           struct wlr_renderer* renderer) {
#if LCE_WLR >= 16
  wlr_subcompositor_create(display);
#endif
#if LCE_WLR >= 17
  return wlr_compositor_create(display, 5, renderer);
#else
  return wlr_compositor_create(display, renderer);
#endif
}
static inline struct wlr_xdg_shell* lce_xdg_shell_global(struct wl_display* display) {
#if LCE_WLR >= 16
  return wlr_xdg_shell_create(display, 3);
#else
  return wlr_xdg_shell_create(display);
#endif
}
static inline struct wlr_output_layout* lce_layout_create(struct wl_display* display) {
#if LCE_WLR >= 18
  return wlr_output_layout_create(display);
#else
  (void)display;
  return wlr_output_layout_create();
#endif
}
static inline void lce_presentation_global(struct wlr_scene* scene, struct wl_display* display,
                                           struct wlr_backend* backend) {
#if LCE_WLR >= 19
  (void)scene;
  wlr_presentation_create(display, backend, 1);
#elif LCE_WLR >= 18
  (void)scene;
  wlr_presentation_create(display, backend);
#else
  wlr_scene_set_presentation(scene, wlr_presentation_create(display, backend));
#endif
}

#endif
