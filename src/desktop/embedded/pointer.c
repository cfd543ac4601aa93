/* The pointer: position, focus, buttons, wheel, and clients that lock or confine it. */
#include <math.h>

#include "desktop/embedded/impl.h"

#define FARTHEST 65536.0 /* pixels; no single motion is larger */

struct wlr_surface* lce_surface_at(struct lumen_comp* comp, double x, double y, double* surface_x,
                                   double* surface_y, struct lce_window** window) {
  struct wlr_scene_node* node = wlr_scene_node_at(&comp->windows_tree->node, x, y, surface_x, surface_y);
  struct wlr_surface* surface = node ? lce_node_surface(node) : NULL;
  *window = surface ? lce_window_of_node(node) : NULL;
  return surface;
}

static struct wlr_surface* surface_below(struct lumen_comp* comp, double* surface_x, double* surface_y,
                                         struct lce_window** window) {
  return lce_surface_at(comp, comp->pointer.x, comp->pointer.y, surface_x, surface_y, window);
}

bool lce_place_in(const struct lumen_comp_output* output, double* x, double* y) {
  struct wlr_box box;
  if (isnan(*x) || isnan(*y)) return false;
  lce_output_box(output, &box);
  *x = box.x + fmax(0, fmin(*x, box.width - 1));
  *y = box.y + fmax(0, fmin(*y, box.height - 1));
  return true;
}

static void move_inside(struct lumen_comp* comp, double x, double y) {
  wlr_output_layout_closest_point(comp->layout, NULL, x, y, &comp->pointer.x, &comp->pointer.y);
  lce_cursor_move(comp);
}

/* A client that had the pointer locked may say where it should reappear. */
static void apply_hint(struct lumen_comp* comp, const struct wlr_pointer_constraint_v1* constraint) {
  const struct lce_pointer* pointer = &comp->pointer;
  if (constraint->type != WLR_POINTER_CONSTRAINT_V1_LOCKED || !lce_has_hint(constraint)) return;
  move_inside(comp, pointer->origin_x + constraint->current.cursor_hint.x,
              pointer->origin_y + constraint->current.cursor_hint.y);
  wlr_seat_pointer_warp(comp->seat, pointer->x - pointer->origin_x, pointer->y - pointer->origin_y);
}

static struct wlr_pointer_constraint_v1* forget_constraint(struct lumen_comp* comp) {
  struct wlr_pointer_constraint_v1* constraint = comp->pointer.constraint;
  if (!constraint) return NULL;
  wl_list_remove(&comp->pointer.constraint_destroy.link);
  comp->pointer.constraint = NULL;
  apply_hint(comp, constraint);
  return constraint;
}

static void on_constraint_destroy(struct wl_listener* listener, void* data) {
  (void)data;
  struct lumen_comp* comp = wl_container_of(listener, comp, pointer.constraint_destroy);
  forget_constraint(comp); /* telling the client would destroy a one-shot constraint again */
}

static void set_constraint(struct lumen_comp* comp, struct wlr_pointer_constraint_v1* constraint) {
  struct lce_pointer* pointer = &comp->pointer;
  if (pointer->constraint == constraint) return;
  struct wlr_pointer_constraint_v1* before = forget_constraint(comp);
  if (before) wlr_pointer_constraint_v1_send_deactivated(before); /* frees a one-shot one */
  if (!constraint) return;
  pointer->constraint = constraint;
  lce_listen(&pointer->constraint_destroy, &constraint->events.destroy, on_constraint_destroy);
  wlr_pointer_constraint_v1_send_activated(constraint);
}

static void on_new_constraint(struct wl_listener* listener, void* data) {
  struct lumen_comp* comp = wl_container_of(listener, comp, pointer.new_constraint);
  struct wlr_pointer_constraint_v1* constraint = data;
  if (constraint->surface == comp->seat->pointer_state.focused_surface) set_constraint(comp, constraint);
}

static void leave(struct lumen_comp* comp) {
  set_constraint(comp, NULL);
  if (comp->seat->pointer_state.focused_surface) wlr_seat_pointer_notify_clear_focus(comp->seat);
  lce_cursor_reset(comp);
}

static void enter(struct lumen_comp* comp, struct wlr_surface* surface, double x, double y) {
  const struct wlr_seat_client* before = comp->seat->pointer_state.focused_client;
  set_constraint(comp, NULL);
  wlr_seat_pointer_notify_enter(comp->seat, surface, x, y);
  if (comp->seat->pointer_state.focused_client != before) lce_cursor_reset(comp); /* until it sets its own */
  set_constraint(comp, wlr_pointer_constraints_v1_constraint_for_surface(comp->pointer.constraints, surface,
                                                                         comp->seat));
}

void lce_pointer_clamp(struct lumen_comp* comp) { move_inside(comp, comp->pointer.x, comp->pointer.y); }

/* Finds the surface under the pointer anew; `moved`: tells it about the motion. */
void lce_pointer_update(struct lumen_comp* comp, bool moved) {
  struct lce_pointer* pointer = &comp->pointer;
  const struct wlr_seat_pointer_state* state = &comp->seat->pointer_state;
  if (state->button_count && state->focused_surface && !comp->seat->drag) { /* implicit grab */
    if (moved)
      wlr_seat_pointer_notify_motion(comp->seat, lce_now_ms(), pointer->x - pointer->origin_x,
                                     pointer->y - pointer->origin_y);
    return;
  }
  struct lce_window* window;
  double x, y;
  struct wlr_surface* surface = surface_below(comp, &x, &y, &window);
  if (!surface) {
    leave(comp);
    return;
  }
  if (surface != state->focused_surface) {
    set_constraint(comp, NULL);
    pointer->origin_x = pointer->x - x;
    pointer->origin_y = pointer->y - y;
    enter(comp, surface, x, y);
    return;
  }
  pointer->origin_x = pointer->x - x;
  pointer->origin_y = pointer->y - y;
  if (moved) wlr_seat_pointer_notify_motion(comp->seat, lce_now_ms(), x, y);
}

static bool focus_is_stalled(const struct lumen_comp* comp, int limit_bytes) {
  const struct wlr_seat_client* client = comp->seat->pointer_state.focused_client;
  return client && lce_is_stalled(client->client, limit_bytes);
}

/* False: the confining region lets it go nowhere. */
static bool confine(const struct lce_pointer* pointer, double* x, double* y) {
  double inside_x, inside_y;
  if (!wlr_region_confine(&pointer->constraint->region, pointer->x - pointer->origin_x,
                          pointer->y - pointer->origin_y, *x - pointer->origin_x, *y - pointer->origin_y,
                          &inside_x, &inside_y))
    return false;
  *x = pointer->origin_x + inside_x;
  *y = pointer->origin_y + inside_y;
  return true;
}

static bool is_locked(const struct lce_pointer* pointer) {
  return pointer->constraint && pointer->constraint->type == WLR_POINTER_CONSTRAINT_V1_LOCKED;
}

/* To (x, y), as far as nothing holds it; (dx, dy) is the way that the hand went. */
static void move(struct lumen_comp* comp, double x, double y, double dx, double dy) {
  struct lce_pointer* pointer = &comp->pointer;
  if (focus_is_stalled(comp, LCE_STALLED_FOR_MOTION)) {
    if (!pointer->constraint) move_inside(comp, x, y);
    return;
  }
  wlr_relative_pointer_manager_v1_send_relative_motion(pointer->relative, comp->seat, lce_now_ns() / 1000, dx,
                                                       dy, dx, dy);
  if (!is_locked(pointer) && (!pointer->constraint || confine(pointer, &x, &y))) {
    move_inside(comp, x, y);
    lce_pointer_update(comp, true);
  }
  wlr_seat_pointer_notify_frame(comp->seat);
}

static void move_by(struct lumen_comp* comp, double dx, double dy) {
  struct lce_pointer* pointer = &comp->pointer;
  wlr_output_layout_closest_point(comp->layout, NULL, pointer->hand_x + dx, pointer->hand_y + dy,
                                  &pointer->hand_x, &pointer->hand_y);
  move(comp, pointer->x + dx, pointer->y + dy, dx, dy);
}

/* The way is that from the position before, also where the pointer stood still or a program put it elsewhere.
 */
void lce_pointer_move_to(struct lumen_comp* comp, double x, double y) {
  struct lce_pointer* pointer = &comp->pointer;
  const double dx = x - pointer->hand_x, dy = y - pointer->hand_y;
  pointer->hand_x = x;
  pointer->hand_y = y;
  move(comp, x, y, dx, dy);
}

static bool is_sane(double x, double y) { return fabs(x) <= FARTHEST && fabs(y) <= FARTHEST; /* not NaN */ }

void lumen_comp_pointer_move_to(lumen_comp_output* output, double x, double y) {
  struct wlr_box box;
  if (!is_sane(x, y)) return;
  lce_output_box(output, &box);
  lce_pointer_move_to(output->comp, box.x + x, box.y + y);
  lce_kick(output->comp);
}

void lumen_comp_pointer_move_by(lumen_comp* comp, double dx, double dy) {
  if (!is_sane(dx, dy)) return;
  move_by(comp, dx, dy);
  lce_kick(comp);
}

void lce_focus_pressed(struct lumen_comp* comp, struct lce_window* window) {
  if (window && window->mapped && window != comp->focus && !window->kind->is_unmanaged(window))
    lce_window_focus(comp, window);
}

static void focus_under_pointer(struct lumen_comp* comp) {
  struct lce_window* window;
  double x, y;
  lce_pointer_update(comp, false);
  surface_below(comp, &x, &y, &window);
  lce_focus_pressed(comp, window);
}

static void set_button(struct lumen_comp* comp, uint32_t evdev_code, bool pressed) {
  if (pressed && !comp->seat->pointer_state.button_count) focus_under_pointer(comp);
  comp->pointer.pressed[evdev_code - BTN_MOUSE] = pressed;
  wlr_seat_pointer_notify_button(comp->seat, lce_now_ms(), evdev_code, pressed ? LCE_PRESSED : LCE_RELEASED);
  if (!pressed) lce_pointer_update(comp, false);
  wlr_seat_pointer_notify_frame(comp->seat);
}

void lce_pointer_button(struct lumen_comp* comp, uint32_t evdev_code, bool pressed) {
  if (evdev_code < BTN_MOUSE || evdev_code >= BTN_JOYSTICK) return;
  if (comp->pointer.pressed[evdev_code - BTN_MOUSE] == pressed) return;
  if (pressed && focus_is_stalled(comp, LCE_STALLED_FOR_PRESSES)) return;
  set_button(comp, evdev_code, pressed);
}

void lumen_comp_pointer_button(lumen_comp* comp, uint32_t evdev_code, bool pressed) {
  lce_pointer_button(comp, evdev_code, pressed);
  lce_kick(comp);
}

void lce_pointer_release_all(struct lumen_comp* comp) {
  for (uint32_t code = BTN_MOUSE; code < BTN_JOYSTICK; code++)
    if (comp->pointer.pressed[code - BTN_MOUSE]) set_button(comp, code, false);
}

/* Small steps of a fine wheel add up to clicks, for clients that count those. */
static void scroll(struct lumen_comp* comp, bool horizontal, int32_t v120) {
  int* rest = &comp->pointer.scroll_rest[horizontal];
  if (v120 == 0) return; /* would tell clients that scrolling stopped */
  if ((*rest > 0) != (v120 > 0)) *rest = 0;
  *rest += v120;
  const int clicks = *rest / 120;
  *rest %= 120;
  lce_seat_scroll(comp->seat, lce_now_ms(), horizontal, v120, clicks);
}

void lumen_comp_pointer_scroll(lumen_comp* comp, int32_t vertical_v120, int32_t horizontal_v120) {
  const int32_t most = 120 * 1000;
  if (vertical_v120 > most || vertical_v120 < -most || horizontal_v120 > most || horizontal_v120 < -most)
    return;
  if (focus_is_stalled(comp, LCE_STALLED_FOR_MOTION)) return;
  scroll(comp, false, vertical_v120);
  scroll(comp, true, horizontal_v120);
  wlr_seat_pointer_notify_frame(comp->seat);
  lce_kick(comp);
}

void lce_pointer_start(struct lumen_comp* comp) {
  comp->pointer.relative = wlr_relative_pointer_manager_v1_create(comp->display);
  comp->pointer.constraints = wlr_pointer_constraints_v1_create(comp->display);
  lce_listen(&comp->pointer.new_constraint, &comp->pointer.constraints->events.new_constraint,
             on_new_constraint);
}
