/* Outputs as wlroots sees them: memory that is committed to. An own backend instead of wlroots' headless one,
 * because that one keeps whole-millisecond timers, cannot remove outputs one by one, and hides the committed
 * buffer. Composition, damage and direct scan-out are wlr_scene's. */
#include <drm_fourcc.h>
#include <stdlib.h>
#include <unistd.h>

#include "desktop/embedded/impl.h"

static bool backend_start(struct wlr_backend* backend) {
  (void)backend;
  return true;
}

static void backend_destroy(struct wlr_backend* backend) { wlr_backend_finish(backend); }

#if LCE_WLR < 19
static uint32_t backend_buffer_caps(struct wlr_backend* backend) {
  (void)backend;
  return LCE_BUFFER_CAPS;
}
#endif

const struct wlr_backend_impl lce_backend_impl = {
    .start = backend_start,
    .destroy = backend_destroy,
#if LCE_WLR < 19
    .get_buffer_caps = backend_buffer_caps,
#endif
};

struct wlr_buffer* lce_readable(struct wlr_buffer* buffer) {
  struct wlr_client_buffer* client = wlr_client_buffer_get(buffer);
  return client ? client->source : buffer;
}

/* ARGB is premultiplied and stands on black, so its alpha may be ignored. */
bool lce_is_bgrx(uint32_t fourcc) { return fourcc == DRM_FORMAT_XRGB8888 || fourcc == DRM_FORMAT_ARGB8888; }

/* Refuses what lumen_comp_frame cannot express, so that it is composed instead. */
static bool output_test(LCE_STATE_ARGS) {
  LCE_STATE(void) wlr;
  void* pixels;
  uint32_t fourcc;
  size_t stride;
  if (!(state->committed & WLR_OUTPUT_STATE_BUFFER) || !wlr_client_buffer_get(state->buffer)) return true;
  struct wlr_buffer* buffer = lce_readable(state->buffer);
  if (!buffer ||
      !wlr_buffer_begin_data_ptr_access(buffer, WLR_BUFFER_DATA_PTR_ACCESS_READ, &pixels, &fourcc, &stride))
    return false;
  wlr_buffer_end_data_ptr_access(buffer);
  return lce_is_bgrx(fourcc);
}

static bool output_commit(LCE_STATE_ARGS) {
  LCE_STATE
  struct lumen_comp_output* output = wl_container_of(wlr, output, wlr);
  if (!(state->committed & WLR_OUTPUT_STATE_BUFFER)) return true;
  wlr_buffer_unlock(output->committed);
  output->committed = wlr_buffer_lock(state->buffer);
  struct wlr_output_event_present event = {
      .commit_seq = wlr->commit_seq + 1,
      .presented = true,
      .refresh = (int)lce_grid_period_ns(output->grid),
      .seq = (unsigned)output->tick,
      .flags = wlr_client_buffer_get(output->committed) ? WLR_OUTPUT_PRESENT_ZERO_COPY : 0,
  };
  wlr_output_send_present(wlr, &event);
  return true;
}

static void output_destroy(struct wlr_output* wlr) {
  struct lumen_comp_output* output = wl_container_of(wlr, output, wlr);
#if LCE_WLR >= 19
  wlr_output_finish(wlr);
#endif
  wlr_buffer_unlock(output->committed);
  if (output->timer) wl_event_source_remove(output->timer);
  if (output->timer_fd >= 0) close(output->timer_fd);
  free(output);
}

const struct wlr_output_impl lce_output_impl = {
    .destroy = output_destroy,
    .test = output_test,
    .commit = output_commit,
};

/* Copies the damage, clipped to the output: after a resize it may still reach over the edge. Returns the
 * number of rectangles; one for the extents when there are too many. */
static size_t take_damage(const struct lumen_comp_output* output, struct wlr_scene_output* scene_output,
                          lumen_comp_rect* rects) {
  pixman_region32_t region;
  pixman_region32_init(&region);
  pixman_region32_intersect_rect(&region, lce_damage(scene_output), 0, 0, (unsigned)output->wlr.width,
                                 (unsigned)output->wlr.height);
  int count = 0;
  const pixman_box32_t* boxes = pixman_region32_rectangles(&region, &count);
  if (count > LUMEN_COMP_MAX_DAMAGE) {
    boxes = pixman_region32_extents(&region);
    count = 1;
  }
  for (int i = 0; i < count; i++)
    rects[i] =
        (lumen_comp_rect){boxes[i].x1, boxes[i].y1, boxes[i].x2 - boxes[i].x1, boxes[i].y2 - boxes[i].y1};
  pixman_region32_fini(&region);
  return (size_t)count;
}

/* Lends the pixels to the host. While data access is open, libwayland turns a SIGBUS on a client's truncated
 * memory into zero pages and a protocol error for that client; see also sigbus.c. */
static void hand_over(struct lumen_comp_output* output, struct wlr_buffer* shown,
                      const lumen_comp_rect* damage, size_t damage_count) {
  struct lumen_comp* comp = output->comp;
  struct wlr_buffer* buffer = lce_readable(shown);
  void* pixels = NULL;
  uint32_t fourcc = 0;
  size_t stride = 0;
  if (!buffer || !comp->callbacks.frame) return;
  if (!wlr_buffer_begin_data_ptr_access(buffer, WLR_BUFFER_DATA_PTR_ACCESS_READ, &pixels, &fourcc, &stride))
    return;
  const bool client_buffer = buffer != shown;
  /* Composed and client pictures may differ where nobody reported damage. */
  const bool everything = output->shown_width != shown->width || output->shown_height != shown->height ||
                          output->shown_client_buffer != client_buffer;
  const lumen_comp_frame frame = {
      .sequence = ++output->sequence,
      .width = shown->width,
      .height = shown->height,
      .stride_bytes = stride,
      .pixels = pixels,
      .damage = everything ? NULL : damage,
      .damage_count = everything ? 0 : damage_count,
      .presented_ns = lce_now_ns(),
      .client_buffer = client_buffer,
  };
  output->shown_width = shown->width;
  output->shown_height = shown->height;
  output->shown_client_buffer = client_buffer;
  if (lce_is_bgrx(fourcc)) comp->callbacks.frame(comp->user, output, &frame);
  wlr_buffer_end_data_ptr_access(buffer);
}

/* Every commit is gated on damage: the scan-out path of 0.15 commits on every call, changed or not. */
enum lce_composed lce_output_compose(struct lumen_comp_output* output) {
  struct wlr_scene_output* scene_output = wlr_scene_get_scene_output(output->comp->scene, &output->wlr);
  lumen_comp_rect damage[LUMEN_COMP_MAX_DAMAGE];
  if (!scene_output || !pixman_region32_not_empty(lce_damage(scene_output))) return LCE_NOTHING_NEW;
  const size_t damage_count = take_damage(output, scene_output, damage);
  output->in_commit = true;
  const bool committed = lce_scene_commit(scene_output);
  wlr_output_send_frame(&output->wlr); /* "presented": the next commit may come */
  output->in_commit = false;
  struct wlr_buffer* shown = output->committed;
  output->committed = NULL;
  /* The scene marks everything when scan-out begins, which nothing has to be done about: leaving it does too.
   */
  if (shown && lce_readable(shown) != shown) pixman_region32_clear(lce_damage(scene_output));
  if (committed && shown) hand_over(output, shown, damage, damage_count);
  wlr_buffer_unlock(shown);
  if (!committed) return LCE_FAILED;
  return shown ? LCE_SHOWN : LCE_NOTHING_NEW;
}
