/* The pen: one tablet with two tools, its tip and its eraser, for applications that speak tablet-v2; for the
 * others it is the pointer. What is held keeps the application that it was pressed in. */
#include <string.h>

#include "desktop/embedded/impl.h"

static const uint32_t barrel_buttons[] = {BTN_STYLUS, BTN_STYLUS2, BTN_STYLUS3};
static const uint32_t pointer_buttons[] = {BTN_RIGHT, BTN_MIDDLE, 0}; /* what they are to the pointer */
#define BUTTONS (sizeof barrel_buttons / sizeof *barrel_buttons)

static bool is_held(const lumen_comp_pen* pen) { return pen->touching || pen->buttons; }

static bool is_edge(const lumen_comp_pen* one, const lumen_comp_pen* other) {
  return one->near != other->near || one->touching != other->touching || one->eraser != other->eraser ||
         one->buttons != other->buttons;
}

static struct wlr_tablet_v2_tablet_tool* tool_of(struct lumen_comp* comp) {
  return comp->pen.tools[comp->pen.now.eraser];
}

/* wlroots forgets whom a tool was told to when that client destroys its end of it, but not which surface it
 * was over, and would write to that one's memory after its end. */
static void forget_unheard(struct wlr_tablet_v2_tablet_tool* tool) {
  if (tool->current_client || !tool->focused_surface) return;
  wl_list_remove(&tool->surface_destroy.link);
  wl_list_init(&tool->surface_destroy.link);
  tool->focused_surface = NULL;
}

static void set_buttons(struct lumen_comp* comp, uint32_t buttons) {
  struct lce_pen* pen = &comp->pen;
  for (size_t i = 0; i < BUTTONS; i++) {
    const bool pressed = buttons >> i & 1;
    if ((pen->now.buttons >> i & 1) == pressed) continue;
    if (pen->surface)
      wlr_tablet_v2_tablet_tool_notify_button(
          tool_of(comp), barrel_buttons[i],
          pressed ? ZWP_TABLET_PAD_V2_BUTTON_STATE_PRESSED : ZWP_TABLET_PAD_V2_BUTTON_STATE_RELEASED);
    else if (pointer_buttons[i])
      lce_pointer_button(comp, pointer_buttons[i], pressed);
  }
  pen->now.buttons = buttons;
}

static void set_tip(struct lumen_comp* comp, bool touching) {
  struct lce_pen* pen = &comp->pen;
  if (pen->now.touching == touching) return;
  pen->now.touching = touching;
  if (!pen->surface)
    lce_pointer_button(comp, BTN_LEFT, touching);
  else if (touching)
    wlr_tablet_v2_tablet_tool_notify_down(tool_of(comp));
  else
    wlr_tablet_v2_tablet_tool_notify_up(tool_of(comp));
}

/* Nothing stays held, and no application has the pen. */
static void leave(struct lumen_comp* comp) {
  struct lce_pen* pen = &comp->pen;
  set_tip(comp, false);
  set_buttons(comp, 0);
  if (pen->surface) {
    wlr_tablet_v2_tablet_tool_notify_proximity_out(tool_of(comp));
    forget_unheard(tool_of(comp));
    wl_list_remove(&pen->surface_destroy.link);
    pen->surface = NULL;
  }
  pen->now.near = false;
}

static void on_surface_destroy(struct wl_listener* listener, void* data) {
  (void)data;
  struct lumen_comp* comp = wl_container_of(listener, comp, pen.surface_destroy);
  comp->pen.wait_for_lift = is_held(&comp->pen.now); /* what follows was not meant for what is below */
  leave(comp);
}

static void enter(struct lumen_comp* comp, struct wlr_surface* surface) {
  struct lce_pen* pen = &comp->pen;
  leave(comp);
  pen->surface = surface;
  pen->fresh = true;
  lce_listen(&pen->surface_destroy, &surface->events.destroy, on_surface_destroy);
  wlr_tablet_v2_tablet_tool_notify_proximity_in(tool_of(comp), pen->tablet, surface);
}

/* Finds whose the pen is at its new place. */
static void find_target(struct lumen_comp* comp, const lumen_comp_pen* next, struct lce_window** window) {
  struct lce_pen* pen = &comp->pen;
  double x, y;
  struct wlr_surface* surface = lce_surface_at(comp, next->x, next->y, &x, &y, window);
  if (!surface || !lce_accepts_tablet(pen->tablet, surface)) {
    if (pen->surface) leave(comp);
    return;
  }
  if (surface != pen->surface) enter(comp, surface);
  pen->origin_x = next->x - x;
  pen->origin_y = next->y - y;
}

static void send_axes(struct lumen_comp* comp, const lumen_comp_pen* next) {
  struct lce_pen* pen = &comp->pen;
  struct wlr_tablet_v2_tablet_tool* tool = tool_of(comp);
  const bool fresh = pen->fresh;
  if (next->pressure > 0) pen->has_pressure = true;
  /* A pen that never tells its pressure draws as hard as a mouse would. */
  const double pressure = !next->touching ? 0 : pen->has_pressure ? next->pressure : 1;
  const double distance = next->touching ? 0 : next->distance;
  wlr_tablet_v2_tablet_tool_notify_motion(tool, next->x - pen->origin_x, next->y - pen->origin_y);
  if (fresh || pressure != pen->told_pressure) wlr_tablet_v2_tablet_tool_notify_pressure(tool, pressure);
  if (fresh || distance != pen->told_distance) wlr_tablet_v2_tablet_tool_notify_distance(tool, distance);
  if (next->has_tilt && (fresh || next->tilt_x != pen->now.tilt_x || next->tilt_y != pen->now.tilt_y))
    wlr_tablet_v2_tablet_tool_notify_tilt(tool, next->tilt_x, next->tilt_y);
  pen->told_pressure = pressure;
  pen->told_distance = distance;
  pen->fresh = false;
}

static void on_frame_sent(void* data);

static void tell_tablet(struct lumen_comp* comp, const lumen_comp_pen* next, struct lce_window* window) {
  struct lce_pen* pen = &comp->pen;
  struct wl_client* client = wl_resource_get_client(pen->surface->resource);
  const bool presses = (next->touching && !pen->now.touching) || next->buttons & ~pen->now.buttons;
  if (presses && lce_is_stalled(client, LCE_STALLED_FOR_PRESSES)) return;
  if (!is_edge(next, &pen->now) && lce_is_stalled(client, LCE_STALLED_FOR_MOTION)) return;
  if (presses && !is_held(&pen->now)) lce_focus_pressed(comp, window);
  send_axes(comp, next);
  set_tip(comp, next->touching);
  set_buttons(comp, next->buttons);
  pen->now = *next;
  /* wlroots ends the frame when the loop is idle; this comes right after that. */
  if (!pen->idle) pen->idle = wl_event_loop_add_idle(comp->loop, on_frame_sent, comp);
}

static void tell_pointer(struct lumen_comp* comp, const lumen_comp_pen* next) {
  if (next->x != comp->pen.now.x || next->y != comp->pen.now.y || !comp->pen.now.near)
    lce_pointer_move_to(comp, next->x, next->y);
  set_tip(comp, next->touching);
  set_buttons(comp, next->buttons);
  comp->pen.now = *next;
}

static void apply(struct lumen_comp* comp, const lumen_comp_pen* next) {
  struct lce_pen* pen = &comp->pen;
  struct lce_window* window = NULL;
  if (pen->wait_for_lift && is_held(next)) return;
  pen->wait_for_lift = false;
  if (!next->near || next->eraser != pen->now.eraser) leave(comp);
  if (!next->near) return;
  pen->now.eraser = next->eraser;
  if (!is_held(&pen->now)) find_target(comp, next, &window);
  if (pen->surface)
    tell_tablet(comp, next, window);
  else
    tell_pointer(comp, next);
}

/* Applications look at the pen once a frame: two edges in one of them, and a tap would be no tap. What comes
 * before the frame is out therefore waits for it. */
static void take_waiting(struct lumen_comp* comp) {
  struct lce_pen* pen = &comp->pen;
  while (pen->waiting_count > 0 && !pen->idle) {
    const lumen_comp_pen next = pen->waiting[0];
    pen->waiting_count--;
    memmove(pen->waiting, pen->waiting + 1, pen->waiting_count * sizeof *pen->waiting);
    apply(comp, &next);
  }
}

static void on_frame_sent(void* data) {
  struct lumen_comp* comp = data;
  comp->pen.idle = NULL;
  take_waiting(comp);
}

static bool is_share(double value) { return value >= 0 && value <= 1; /* not NaN */ }

static bool is_sane(const lumen_comp_pen* pen) {
  const bool tilt_is =
      !pen->has_tilt || (pen->tilt_x >= -90 && pen->tilt_x <= 90 && pen->tilt_y >= -90 && pen->tilt_y <= 90);
  return is_share(pen->pressure) && is_share(pen->distance) && tilt_is && pen->buttons >> BUTTONS == 0 &&
         (pen->near || !is_held(pen));
}

void lumen_comp_set_pen(lumen_comp_output* output, const lumen_comp_pen* state) {
  struct lumen_comp* comp = output->comp;
  struct lce_pen* pen = &comp->pen;
  lumen_comp_pen next = *state;
  if (!is_sane(&next) || !lce_place_in(output, &next.x, &next.y)) return;
  if (pen->waiting_count == LCE_PENS_WAITING) pen->waiting_count--; /* the newest say what is so now */
  pen->waiting[pen->waiting_count++] = next;
  take_waiting(comp);
  lce_kick(comp);
}

void lce_pen_release_all(struct lumen_comp* comp) {
  comp->pen.waiting_count = 0;
  comp->pen.wait_for_lift = false;
  leave(comp);
}

#if LCE_WLR >= 16
static const struct wlr_tablet_impl tablet_impl = {.name = "lumen"};
static struct wlr_input_device* start_device(struct lce_pen* pen) {
  wlr_tablet_init(&pen->wlr_tablet, &tablet_impl, "lumen pen");
  return &pen->wlr_tablet.base;
}
static void stop_device(struct lce_pen* pen) { wlr_tablet_finish(&pen->wlr_tablet); }
#else
static void tablet_destroy(struct wlr_tablet* tablet) { (void)tablet; }
static const struct wlr_tablet_impl tablet_impl = {.destroy = tablet_destroy};
static void device_destroy(struct wlr_input_device* device) { (void)device; }
static const struct wlr_input_device_impl device_impl = {.destroy = device_destroy};
static struct wlr_input_device* start_device(struct lce_pen* pen) {
  wlr_tablet_init(&pen->wlr_tablet, &tablet_impl);
  wlr_input_device_init(&pen->device, WLR_INPUT_DEVICE_TABLET_TOOL, &device_impl, "lumen pen", 0, 0);
  pen->device.tablet = &pen->wlr_tablet;
  return &pen->device;
}
static void stop_device(struct lce_pen* pen) { wlr_input_device_destroy(&pen->device); }
#endif

bool lce_pen_start(struct lumen_comp* comp) {
  struct lce_pen* pen = &comp->pen;
  struct wlr_tablet_manager_v2* manager = wlr_tablet_v2_create(comp->display);
  if (!manager) return false;
  pen->tablet = wlr_tablet_create(manager, comp->seat, start_device(pen));
  pen->ready = true;
  for (int i = 0; i < 2; i++) {
    struct wlr_tablet_tool* tool = &pen->wlr_tools[i];
    tool->type = i == 0 ? WLR_TABLET_TOOL_TYPE_PEN : WLR_TABLET_TOOL_TYPE_ERASER;
    tool->pressure = tool->distance = tool->tilt = true;
    wl_signal_init(&tool->events.destroy);
    pen->tools[i] = wlr_tablet_tool_create(manager, comp->seat, tool);
  }
  return pen->tablet && pen->tools[0] && pen->tools[1];
}

/* After the clients. */
void lce_pen_stop(struct lumen_comp* comp) {
  struct lce_pen* pen = &comp->pen;
  if (!pen->ready) return;
  if (pen->idle) wl_event_source_remove(pen->idle);
  for (int i = 0; i < 2; i++) wl_signal_emit(&pen->wlr_tools[i].events.destroy, &pen->wlr_tools[i]);
  stop_device(pen);
}
