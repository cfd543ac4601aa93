/* The pointer's picture: the client's surface, our arrow, or nothing; in the scene only while it is drawn. */
#include <drm_fourcc.h>
#include <stdlib.h>
#include <string.h>

#include "desktop/embedded/impl.h"

#define ARROW_SIZE 24 /* pixels, nominal */

struct pixels {
  struct wlr_buffer base;
  uint32_t argb[];
};

static void pixels_destroy(struct wlr_buffer* buffer) {
  struct pixels* pixels = wl_container_of(buffer, pixels, base);
  free(pixels);
}

static bool pixels_begin(struct wlr_buffer* buffer, uint32_t flags, void** data, uint32_t* fourcc,
                         size_t* stride) {
  struct pixels* pixels = wl_container_of(buffer, pixels, base);
  *data = pixels->argb;
  *fourcc = DRM_FORMAT_ARGB8888;
  *stride = (size_t)buffer->width * sizeof *pixels->argb;
  return !(flags & WLR_BUFFER_DATA_PTR_ACCESS_WRITE);
}

static void pixels_end(struct wlr_buffer* buffer) { (void)buffer; }

static const struct wlr_buffer_impl pixels_impl = {
    .destroy = pixels_destroy,
    .begin_data_ptr_access = pixels_begin,
    .end_data_ptr_access = pixels_end,
};

/* The theme's arrow, once; wlroots brings one of its own for systems without a theme. */
static void load_arrow(struct lce_cursor* cursor) {
  if (cursor->theme) return;
  cursor->theme = wlr_xcursor_manager_create(NULL, ARROW_SIZE);
  if (!cursor->theme || !wlr_xcursor_manager_load(cursor->theme, 1)) return;
  const struct wlr_xcursor* arrow = wlr_xcursor_manager_get_xcursor(cursor->theme, "left_ptr", 1);
  if (!arrow || arrow->image_count == 0) return;
  const struct wlr_xcursor_image* image = arrow->images[0];
  const size_t size = (size_t)image->width * image->height * sizeof(uint32_t);
  struct pixels* pixels = calloc(1, sizeof *pixels + size);
  if (!pixels) return;
  wlr_buffer_init(&pixels->base, &pixels_impl, (int)image->width, (int)image->height);
  memcpy(pixels->argb, image->buffer, size);
  cursor->arrow = &pixels->base;
  cursor->arrow_hot_x = (int)image->hotspot_x;
  cursor->arrow_hot_y = (int)image->hotspot_y;
}

/* --- the host is told */

static struct lce_look* read_look(struct lce_cursor* cursor) {
  if (cursor->hidden) return NULL;
  if (cursor->surface) return lce_look_of_surface(cursor->surface);
  load_arrow(cursor);
  return cursor->arrow ? lce_look_of_buffer(cursor->arrow) : NULL;
}

static struct lumen_comp_output* output_below(struct lumen_comp* comp, struct wlr_box* box) {
  struct lumen_comp_output* output;
  wl_list_for_each(output, &comp->outputs, link) {
    lce_output_box(output, box);
    if (wlr_box_contains_point(box, comp->pointer.x, comp->pointer.y)) return output;
  }
  return NULL;
}

static void tell(void* data) {
  struct lumen_comp* comp = data;
  struct lce_cursor* cursor = &comp->cursor;
  struct wlr_box box;
  cursor->telling = NULL;
  if (!comp->callbacks.pointer || !output_below(comp, &box)) return;
  if (cursor->look_is_old) {
    free(cursor->look);
    cursor->look = read_look(cursor);
    cursor->look_is_old = false;
  }
  const struct lce_look* look = cursor->look;
  const lumen_comp_pointer pointer = {
      .visible = !cursor->hidden,
      .x = comp->pointer.x - box.x,
      .y = comp->pointer.y - box.y,
      .hot_x = cursor->surface ? cursor->hot_x : cursor->arrow_hot_x,
      .hot_y = cursor->surface ? cursor->hot_y : cursor->arrow_hot_y,
      .width = look ? look->width : 0,
      .height = look ? look->height : 0,
      .pixels = look ? look->argb : NULL,
  };
  comp->callbacks.pointer(comp->user, &pointer);
}

static void tell_soon(struct lumen_comp* comp) {
  if (comp->callbacks.pointer && !comp->cursor.telling)
    comp->cursor.telling = wl_event_loop_add_idle(comp->loop, tell, comp);
}

static void looks_otherwise(struct lumen_comp* comp) {
  comp->cursor.look_is_old = true;
  tell_soon(comp);
}

void lumen_comp_tell_pointer(lumen_comp* comp) {
  tell_soon(comp);
  lce_kick(comp);
}

/* --- the scene */

static void on_node_destroy(struct wl_listener* listener, void* data) {
  (void)data;
  struct lce_cursor* cursor = wl_container_of(listener, cursor, node_destroy);
  wl_list_remove(&cursor->node_destroy.link);
  cursor->node = NULL;
}

/* The scene tells the client of a drawn one; an animated cursor goes on also when it is not, at the pace of
 * the output that it is on, though that has nothing to show. */
static bool waits_for_tick(const struct lce_cursor* cursor) {
  return cursor->surface && !cursor->node && !wl_list_empty(&cursor->surface->current.frame_callback_list);
}

static void wake_output(struct lumen_comp* comp) {
  struct wlr_box box;
  struct lumen_comp_output* output = waits_for_tick(&comp->cursor) ? output_below(comp, &box) : NULL;
  if (output) lce_output_wake(output);
}

/* Puts into the scene what is to be drawn now. */
static void refresh(struct lumen_comp* comp) {
  struct lce_cursor* cursor = &comp->cursor;
  if (cursor->node) wlr_scene_node_destroy(cursor->node);
  wake_output(comp);
  if (!cursor->drawn || cursor->hidden) return;
  int hot_x = cursor->hot_x, hot_y = cursor->hot_y;
  if (cursor->surface) {
    cursor->node = lce_surface_node(cursor->tree, cursor->surface);
  } else {
    load_arrow(cursor);
    struct wlr_scene_buffer* arrow =
        cursor->arrow ? wlr_scene_buffer_create(LCE_PARENT(cursor->tree), cursor->arrow) : NULL;
    cursor->node = arrow ? &arrow->node : NULL;
    hot_x = cursor->arrow_hot_x;
    hot_y = cursor->arrow_hot_y;
  }
  if (!cursor->node) return;
  lce_listen(&cursor->node_destroy, &cursor->node->events.destroy, on_node_destroy);
  wlr_scene_node_set_position(cursor->node, -hot_x, -hot_y);
  lce_cursor_move(comp);
}

static void forget_surface(struct lce_cursor* cursor) {
  if (!cursor->surface) return;
  wl_list_remove(&cursor->surface_commit.link);
  wl_list_remove(&cursor->surface_destroy.link);
  cursor->surface = NULL;
}

static void on_surface_commit(struct wl_listener* listener, void* data) {
  (void)data;
  struct lumen_comp* comp = wl_container_of(listener, comp, cursor.surface_commit);
  struct lce_cursor* cursor = &comp->cursor;
  const struct wlr_surface* surface = cursor->surface;
  looks_otherwise(comp);
  wake_output(comp);
  if (!surface->current.dx && !surface->current.dy) return;
  cursor->hot_x -= surface->current.dx;
  cursor->hot_y -= surface->current.dy;
  if (cursor->node) wlr_scene_node_set_position(cursor->node, -cursor->hot_x, -cursor->hot_y);
}

static void on_surface_destroy(struct wl_listener* listener, void* data) {
  (void)data;
  struct lumen_comp* comp = wl_container_of(listener, comp, cursor.surface_destroy);
  lce_cursor_reset(comp);
}

static void on_set_cursor(struct wl_listener* listener, void* data) {
  struct lumen_comp* comp = wl_container_of(listener, comp, cursor.set_cursor);
  struct lce_cursor* cursor = &comp->cursor;
  const struct wlr_seat_pointer_request_set_cursor_event* event = data;
  if (event->seat_client != comp->seat->pointer_state.focused_client) return;
  forget_surface(cursor);
  cursor->surface = event->surface;
  cursor->hidden = event->surface == NULL;
  cursor->hot_x = event->hotspot_x;
  cursor->hot_y = event->hotspot_y;
  if (event->surface) {
    lce_listen(&cursor->surface_commit, &event->surface->events.commit, on_surface_commit);
    lce_listen(&cursor->surface_destroy, &event->surface->events.destroy, on_surface_destroy);
  }
  looks_otherwise(comp);
  refresh(comp);
}

void lce_cursor_move(struct lumen_comp* comp) {
  tell_soon(comp);
  if (!comp->cursor.drawn) return; /* not even damage: the picture has no pointer in it */
  wlr_scene_node_set_position(&comp->cursor.tree->node, (int)comp->pointer.x, (int)comp->pointer.y);
}

void lce_cursor_reset(struct lumen_comp* comp) {
  if (!comp->cursor.surface && !comp->cursor.hidden) return;
  forget_surface(&comp->cursor);
  comp->cursor.hidden = false;
  looks_otherwise(comp);
  refresh(comp);
}

bool lce_cursor_frame_done(struct lumen_comp* comp, struct timespec* now) {
  if (!waits_for_tick(&comp->cursor)) return false;
  wlr_surface_send_frame_done(comp->cursor.surface, now);
  return true;
}

void lumen_comp_set_pointer_drawn(lumen_comp* comp, bool drawn) {
  if (comp->cursor.drawn == drawn) return;
  comp->cursor.drawn = drawn;
  refresh(comp);
  lce_kick(comp);
}

bool lce_cursor_start(struct lumen_comp* comp, bool drawn) {
  struct lce_cursor* cursor = &comp->cursor;
  cursor->drawn = drawn;
  cursor->look_is_old = true;
  cursor->tree = wlr_scene_tree_create(LCE_ROOT(comp->scene));
  if (!cursor->tree) return false;
  lce_listen(&cursor->set_cursor, &comp->seat->events.request_set_cursor, on_set_cursor);
  refresh(comp);
  return true;
}

void lce_cursor_stop(struct lumen_comp* comp) {
  struct lce_cursor* cursor = &comp->cursor;
  if (cursor->telling) wl_event_source_remove(cursor->telling);
  free(cursor->look);
  forget_surface(cursor);
  if (cursor->node) wlr_scene_node_destroy(cursor->node);
  if (cursor->arrow) wlr_buffer_drop(cursor->arrow);
  if (cursor->theme) wlr_xcursor_manager_destroy(cursor->theme);
}
