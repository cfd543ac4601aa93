/* A copy of a picture of the pointer, as far as it can be given to somebody who draws it elsewhere. */
#include <drm_fourcc.h>
#include <stdlib.h>
#include <string.h>

#include "desktop/embedded/impl.h"

static bool is_size(int width, int height) {
  return width >= 1 && width <= LUMEN_COMP_MAX_POINTER_SIDE && height >= 1 &&
         height <= LUMEN_COMP_MAX_POINTER_SIDE;
}

static void copy_rows(struct lce_look* look, const void* pixels, size_t stride, uint32_t opaque) {
  const size_t width = (size_t)look->width;
  for (size_t y = 0; y < (size_t)look->height; y++) {
    uint32_t* row = look->argb + y * width;
    memcpy(row, (const char*)pixels + y * stride, width * sizeof *row);
    for (size_t x = 0; opaque && x < width; x++) row[x] |= opaque;
  }
}

struct lce_look* lce_look_of_buffer(struct wlr_buffer* buffer) {
  void* pixels = NULL;
  uint32_t fourcc = 0;
  size_t stride = 0;
  if (!is_size(buffer->width, buffer->height)) return NULL;
  if (!wlr_buffer_begin_data_ptr_access(buffer, WLR_BUFFER_DATA_PTR_ACCESS_READ, &pixels, &fourcc, &stride))
    return NULL;
  const size_t count = (size_t)buffer->width * (size_t)buffer->height;
  struct lce_look* look = lce_is_bgrx(fourcc) ? malloc(sizeof *look + count * sizeof look->argb[0]) : NULL;
  if (look) {
    look->width = buffer->width;
    look->height = buffer->height;
    copy_rows(look, pixels, stride, fourcc == DRM_FORMAT_XRGB8888 ? 0xFF000000U : 0);
  }
  wlr_buffer_end_data_ptr_access(buffer);
  return look;
}

/* What is drawn scaled, cropped or turned is left to who composes. */
struct lce_look* lce_look_of_surface(struct wlr_surface* surface) {
  const struct wlr_surface_state* state = &surface->current;
  if (!surface->buffer || state->width != surface->buffer->base.width ||
      state->height != surface->buffer->base.height || state->transform != WL_OUTPUT_TRANSFORM_NORMAL ||
      state->viewport.has_src)
    return NULL;
  struct wlr_buffer* buffer = lce_readable(&surface->buffer->base);
  return buffer ? lce_look_of_buffer(buffer) : NULL;
}
