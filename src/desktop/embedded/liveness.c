/* Does the focused application still answer? A Wayland client must answer xdg pings; the one with the focus
 * is asked every few seconds. wlroots keeps at most one ping of a client under way, and forgets it when it
 * times out, so a client that comes back is noticed by the next one. X11 windows are not asked. */
#include "desktop/embedded/impl.h"

static void report(struct lumen_comp* comp, bool responding) {
  if (comp->liveness.reported == responding) return;
  comp->liveness.reported = responding;
  if (comp->callbacks.responding) comp->callbacks.responding(comp->user, responding);
}

static void on_ping_timeout(struct wl_listener* listener, void* data) {
  (void)data;
  struct lumen_comp* comp = wl_container_of(listener, comp, liveness.ping_timeout);
  comp->liveness.timed_out = true;
  report(comp, false);
}

static int on_timer(void* data) {
  struct lumen_comp* comp = data;
  struct lce_liveness* liveness = &comp->liveness;
  if (!liveness->watched) {
    report(comp, true);
    return 0;
  }
  struct wlr_xdg_surface* xdg = liveness->watched->xdg;
  const bool under_way = xdg->client->ping_serial != 0;
  if (!under_way && !liveness->timed_out) report(comp, true);
  if (!under_way && !lce_is_stalled(xdg->client->client, LCE_STALLED_FOR_MOTION)) {
    liveness->timed_out = false;
    wlr_xdg_surface_ping(xdg);
  }
  wl_event_source_timer_update(liveness->timer, (int)liveness->interval_ms);
  return 0;
}

void lce_liveness_watch(struct lumen_comp* comp, struct lce_window* window) {
  struct lce_liveness* liveness = &comp->liveness;
  struct lce_window* watched = window && window->mapped && window->xdg ? window : NULL;
  if (liveness->watched == watched) return;
  if (liveness->watched) wl_list_remove(&liveness->ping_timeout.link);
  liveness->watched = watched;
  liveness->timed_out = false;
  if (watched) lce_listen(&liveness->ping_timeout, &watched->xdg->events.ping_timeout, on_ping_timeout);
  /* Soon instead of now: callbacks come from dispatch only. */
  wl_event_source_timer_update(liveness->timer, watched || !liveness->reported ? 1 : 0);
}

bool lce_liveness_start(struct lumen_comp* comp, uint32_t interval_ms, uint32_t timeout_ms) {
  comp->liveness.interval_ms = interval_ms ? interval_ms : 2000;
  comp->liveness.reported = true;
  comp->liveness.timer = wl_event_loop_add_timer(comp->loop, on_timer, comp);
  comp->xdg_shell->ping_timeout = timeout_ms ? timeout_ms : 5000;
  return comp->liveness.timer != NULL;
}

void lce_liveness_stop(struct lumen_comp* comp) {
  if (comp->liveness.watched) wl_list_remove(&comp->liveness.ping_timeout.link);
  comp->liveness.watched = NULL;
  if (comp->liveness.timer) wl_event_source_remove(comp->liveness.timer);
  comp->liveness.timer = NULL;
}
