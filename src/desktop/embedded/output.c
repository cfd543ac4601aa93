/* Outputs: life, mode and pacing.
 *
 * Pacing. A picture is handed over as soon as a client commits it; clients that wait for frame callbacks get
 * them at the ticks of the refresh grid (tick.h), by a timerfd with absolute deadlines. So a well-behaved
 * client draws once per refresh and its picture leaves at once. Clients that ignore callbacks are limited: at
 * least 3/4 of a period between frames, and in the long run 64/63 of the refresh rate. `even_ns` is where an
 * evenly paced stream would be; a client may be BURST frames ahead of it, so that one which commits twice now
 * and then is never delayed. (A plain leaky bucket at exactly the rate was tried: after one burst it left a
 * paced client milliseconds late for ever.)
 * After IDLE_TICKS ticks without work the timer stops; an idle output costs nothing. */
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "desktop/embedded/impl.h"

#define IDLE_TICKS 3
#define BURST 8

static void arm(struct lumen_comp_output* output) {
  uint64_t due = lce_grid_time(output->grid, output->tick);
  if (output->retry_ns && output->retry_ns < due) due = output->retry_ns;
  const struct itimerspec when = {.it_value = {(time_t)(due / 1000000000U), (long)(due % 1000000000U)}};
  timerfd_settime(output->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void count_callbacks(struct wlr_surface* surface, int* count) {
  if (surface) *count += !wl_list_empty(&surface->current.frame_callback_list);
}

#if LCE_WLR >= 16
static void count_node(struct wlr_scene_buffer* buffer, int x, int y, void* count) {
  (void)x;
  (void)y;
  count_callbacks(lce_node_surface(&buffer->node), count);
}
#define for_each_visible wlr_scene_output_for_each_buffer
#else
static void count_node(struct wlr_surface* surface, int x, int y, void* count) {
  (void)x;
  (void)y;
  count_callbacks(surface, count);
}
#define for_each_visible wlr_scene_output_for_each_surface
#endif

/* True when a visible client waited for it. */
static bool send_callbacks(struct lumen_comp_output* output) {
  struct wlr_scene_output* scene_output = wlr_scene_get_scene_output(output->comp->scene, &output->wlr);
  int waiting = 0;
  struct timespec now;
  if (!scene_output) return false;
  clock_gettime(CLOCK_MONOTONIC, &now);
  for_each_visible(scene_output, count_node, &waiting);
  if (waiting) wlr_scene_output_send_frame_done(scene_output, &now);
  const bool cursor_waited = lce_cursor_frame_done(output->comp, &now);
  return waiting > 0 || cursor_waited;
}

static uint64_t earliest_frame(const struct lumen_comp_output* output) {
  const uint64_t period = lce_grid_period_ns(output->grid);
  const uint64_t apart = output->last_ns + period * 3 / 4;
  const uint64_t ahead = output->even_ns > BURST * period ? output->even_ns - BURST * period : 0;
  return ahead > apart ? ahead : apart;
}

static void compose_or_wait(struct lumen_comp_output* output) {
  const uint64_t now = lce_now_ns(), period = lce_grid_period_ns(output->grid);
  const uint64_t earliest = earliest_frame(output);
  output->retry_ns = 0;
  if (now < earliest) {
    output->retry_ns = earliest;
  } else {
    switch (lce_output_compose(output)) {
      case LCE_SHOWN:
        output->last_ns = now;
        output->even_ns = (output->even_ns > now ? output->even_ns : now) + period - period / 64;
        break;
      case LCE_FAILED:
        output->retry_ns = lce_grid_time(output->grid, output->tick);
        break;
      case LCE_NOTHING_NEW:
        break;
    }
  }
  if (output->retry_ns) arm(output);
}

/* Ticks come from now on. */
void lce_output_wake(struct lumen_comp_output* output) {
  output->idle_ticks = 0;
  if (output->armed) return;
  output->tick = lce_grid_tick_after(output->grid, lce_now_ns());
  output->armed = true;
  arm(output);
}

/* Somebody wants a frame: there is damage, or a client asked for a frame callback. */
static void on_frame(struct wl_listener* listener, void* data) {
  (void)data;
  struct lumen_comp_output* output = wl_container_of(listener, output, frame);
  if (output->in_commit) return;
  lce_output_wake(output);
  compose_or_wait(output);
}

static int on_timer(int fd, uint32_t mask, void* data) {
  (void)mask;
  struct lumen_comp_output* output = data;
  uint64_t expirations;
  if (read(fd, &expirations, sizeof expirations) < 0) return 0;
  const uint64_t now = lce_now_ns();
  if (output->retry_ns && now >= output->retry_ns) compose_or_wait(output);
  if (now >= lce_grid_time(output->grid, output->tick)) {
    output->idle_ticks = send_callbacks(output) ? 0 : output->idle_ticks + 1;
    output->tick = lce_grid_tick_after(output->grid, now);
    if (output->idle_ticks >= IDLE_TICKS && !output->retry_ns) {
      output->armed = false;
      return 0;
    }
  }
  arm(output);
  return 0;
}

void lce_output_box(const struct lumen_comp_output* output, struct wlr_box* box) {
  const struct lumen_comp* comp = output->comp;
  const struct wlr_output_layout_output* entry =
      wlr_output_layout_get(comp->layout, (struct wlr_output*)&output->wlr);
  *box = (struct wlr_box){entry ? entry->x : 0, entry ? entry->y : 0, output->wlr.width, output->wlr.height};
}

static bool is_valid(const lumen_comp_mode* mode) {
  return mode->width >= 1 && mode->width <= 16384 && mode->height >= 1 && mode->height <= 16384 &&
         mode->refresh_mhz >= 1000 && mode->refresh_mhz <= 1000000;
}

static void apply_mode(struct lumen_comp_output* output, const lumen_comp_mode* mode) {
  output->mode = *mode;
  output->grid = (lumen_comp_grid){.epoch_ns = lce_now_ns(), .refresh_mhz = mode->refresh_mhz};
  output->tick = 0;
  output->last_ns = output->even_ns = output->retry_ns = 0;
  output->in_commit = true; /* since 0.17 the mode comes by a commit, whose empty buffer is swallowed */
  lce_wlr_output_mode(&output->wlr, mode->width, mode->height, (int)mode->refresh_mhz);
  wlr_output_send_frame(&output->wlr);
  output->in_commit = false;
  wlr_buffer_unlock(output->committed);
  output->committed = NULL;
}

static bool start_timer(struct lumen_comp_output* output) {
  output->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (output->timer_fd < 0) return false;
  output->timer =
      wl_event_loop_add_fd(output->comp->loop, output->timer_fd, WL_EVENT_READABLE, on_timer, output);
  return output->timer != NULL;
}

lumen_comp_output* lumen_comp_output_create(lumen_comp* comp, const char* name, const lumen_comp_mode* mode) {
  if (!is_valid(mode)) return NULL;
  lumen_comp_output* output = calloc(1, sizeof *output);
  if (!output) return NULL;
  output->comp = comp;
  output->timer_fd = -1;
  lce_wlr_output_init(&output->wlr, &comp->backend, &lce_output_impl, comp->display);
  wlr_output_set_name(&output->wlr, name);
  wlr_output_set_description(&output->wlr, "Lumen virtual display");
  if (!start_timer(output) || !wlr_output_init_render(&output->wlr, comp->allocator, comp->renderer)) {
    wlr_output_destroy(&output->wlr);
    return NULL;
  }
  apply_mode(output, mode);
  wl_list_insert(comp->outputs.prev, &output->link);
  lce_listen(&output->frame, &output->wlr.events.frame, on_frame);
  lce_output_place(comp->scene_layout, comp->scene, comp->layout, &output->wlr);
  struct lce_window* window;
  wl_list_for_each(window, &comp->windows, link) if (!window->output) window->output = output;
  lce_arrange(comp);
  lce_kick(comp);
  return output;
}

bool lumen_comp_output_set_mode(lumen_comp_output* output, const lumen_comp_mode* mode) {
  if (!is_valid(mode)) return false;
  apply_mode(output, mode);
  lce_arrange(output->comp);
  lce_pointer_update(output->comp, false);
  if (output->armed) arm(output);
  lumen_comp_output_repaint(output);
  return true;
}

void lumen_comp_output_repaint(lumen_comp_output* output) {
  struct wlr_scene_output* scene_output = wlr_scene_get_scene_output(output->comp->scene, &output->wlr);
  if (scene_output) lce_damage_all(scene_output);
  lce_kick(output->comp);
}

void lumen_comp_output_destroy(lumen_comp_output* output) {
  struct lumen_comp* comp = output->comp;
  wl_list_remove(&output->link);
  wl_list_remove(&output->frame.link);
  lce_windows_leave(output);
  wlr_output_layout_remove(comp->layout, &output->wlr);
  wlr_output_destroy(&output->wlr);
  lce_arrange(comp);
  lce_pointer_update(comp, false);
  lce_kick(comp);
}
