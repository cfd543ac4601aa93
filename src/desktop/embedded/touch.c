/* Fingers: each belongs to the application that it came down on until it is up or cancelled. Wayland cancels
 * all fingers of an application at once, so cancelling one takes the others back with it. */
#include "desktop/embedded/impl.h"

static struct lce_finger* find(struct lumen_comp* comp, uint32_t id) {
  for (size_t i = 0; i < LUMEN_COMP_MAX_TOUCHES; i++)
    if (comp->touch.fingers[i].role != LCE_FINGER_UP && comp->touch.fingers[i].id == id)
      return &comp->touch.fingers[i];
  return NULL;
}

static struct lce_finger* find_role(struct lumen_comp* comp, enum lce_finger_role role) {
  for (size_t i = 0; i < LUMEN_COMP_MAX_TOUCHES; i++)
    if (comp->touch.fingers[i].role == role) return &comp->touch.fingers[i];
  return NULL;
}

/* Its number towards applications: small, as they expect of a touch screen. */
static int32_t slot_of(const struct lumen_comp* comp, const struct lce_finger* finger) {
  return (int32_t)(finger - comp->touch.fingers);
}

static struct wlr_touch_point* point_of(struct lumen_comp* comp, const struct lce_finger* finger) {
  return wlr_seat_touch_get_point(comp->seat, slot_of(comp, finger)); /* NULL: its application has gone */
}

/* For applications that know no touch screen. */
static void down_as_pointer(struct lumen_comp* comp, struct lce_finger* finger, double x, double y) {
  if (find_role(comp, LCE_FINGER_POINTS)) return; /* there is one pointer */
  finger->role = LCE_FINGER_POINTS;
  lce_pointer_move_to(comp, x, y);
  lce_pointer_button(comp, BTN_LEFT, true);
}

static void down(struct lumen_comp* comp, uint32_t id, double x, double y) {
  struct lce_finger* finger = find_role(comp, LCE_FINGER_UP);
  struct lce_window* window;
  double surface_x, surface_y;
  struct wlr_surface* surface = lce_surface_at(comp, x, y, &surface_x, &surface_y, &window);
  if (!finger || !surface || find(comp, id)) return;
  finger->id = id;
  if (!lce_accepts_touch(comp->seat, surface)) {
    down_as_pointer(comp, finger, x, y);
    return;
  }
  if (lce_is_stalled(wl_resource_get_client(surface->resource), LCE_STALLED_FOR_PRESSES)) return;
  lce_focus_pressed(comp, window);
  finger->origin_x = x - surface_x;
  finger->origin_y = y - surface_y;
  /* A menu of another application may swallow it, and close. */
  if (wlr_seat_touch_notify_down(comp->seat, surface, lce_now_ms(), slot_of(comp, finger), surface_x,
                                 surface_y))
    finger->role = LCE_FINGER_TOUCHES;
}

static void move(struct lumen_comp* comp, struct lce_finger* finger, double x, double y) {
  if (finger->role == LCE_FINGER_POINTS) {
    lce_pointer_move_to(comp, x, y);
    return;
  }
  struct wlr_touch_point* point = point_of(comp, finger);
  if (!point || lce_is_stalled(point->client->client, LCE_STALLED_FOR_MOTION)) return;
  wlr_seat_touch_notify_motion(comp->seat, lce_now_ms(), slot_of(comp, finger), x - finger->origin_x,
                               y - finger->origin_y);
}

static void up(struct lumen_comp* comp, struct lce_finger* finger) {
  if (finger->role == LCE_FINGER_POINTS)
    lce_pointer_button(comp, BTN_LEFT, false);
  else
    wlr_seat_touch_notify_up(comp->seat, lce_now_ms(), slot_of(comp, finger));
  finger->role = LCE_FINGER_UP;
}

static void cancel(struct lumen_comp* comp, struct lce_finger* finger) {
  struct wlr_touch_point* point = finger->role == LCE_FINGER_TOUCHES ? point_of(comp, finger) : NULL;
  if (!point || !point->surface) { /* there is nobody, or nothing, to take it back from */
    up(comp, finger);
    return;
  }
  const struct wlr_seat_client* client = point->client;
  lce_send_touch_cancel(comp->seat, point);
  for (size_t i = 0; i < LUMEN_COMP_MAX_TOUCHES; i++) {
    struct lce_finger* other = &comp->touch.fingers[i];
    const struct wlr_touch_point* its = other->role == LCE_FINGER_TOUCHES ? point_of(comp, other) : NULL;
    if (!its || its->client != client) continue;
    lce_forget_touch(comp->seat, slot_of(comp, other));
    other->role = LCE_FINGER_UP;
  }
}

void lumen_comp_touch(lumen_comp_output* output, lumen_comp_touch_phase phase, uint32_t id, double x,
                      double y) {
  struct lumen_comp* comp = output->comp;
  struct lce_finger* finger = find(comp, id);
  const bool has_place = phase == LUMEN_COMP_TOUCH_DOWN || phase == LUMEN_COMP_TOUCH_MOVE;
  if (has_place && !lce_place_in(output, &x, &y)) return;
  if (phase == LUMEN_COMP_TOUCH_DOWN)
    down(comp, id, x, y);
  else if (!finger)
    return;
  else if (phase == LUMEN_COMP_TOUCH_MOVE)
    move(comp, finger, x, y);
  else if (phase == LUMEN_COMP_TOUCH_UP)
    up(comp, finger);
  else
    cancel(comp, finger);
  wlr_seat_touch_notify_frame(comp->seat);
  lce_kick(comp);
}

void lce_touch_release_all(struct lumen_comp* comp) {
  for (size_t i = 0; i < LUMEN_COMP_MAX_TOUCHES; i++)
    if (comp->touch.fingers[i].role != LCE_FINGER_UP) cancel(comp, &comp->touch.fingers[i]);
  wlr_seat_touch_notify_frame(comp->seat);
}
