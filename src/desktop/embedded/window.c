/* Windows, whatever their protocol: which output they fill, which one is shown, which one has the focus. */
#include <stdlib.h>

#include "desktop/embedded/impl.h"

static bool is_dialog(const struct lce_window* window) { return window->kind->parent(window) != NULL; }

struct lce_window* lce_window_create(struct lumen_comp* comp, const struct lce_window_kind* kind) {
  struct lce_window* window = calloc(1, sizeof *window);
  if (!window) return NULL;
  window->kind = kind;
  window->comp = comp;
  wl_list_insert(&comp->windows, &window->link);
  return window;
}

void lce_window_destroy(struct lce_window* window) {
  struct lumen_comp* comp = window->comp;
  struct lumen_comp_output* output;
  wl_list_remove(&window->link);
  wl_list_for_each(output, &comp->outputs, link) if (output->top == window) output->top = NULL;
  if (comp->focus == window) {
    comp->focus = NULL;
    lce_liveness_watch(comp, NULL);
  }
  free(window);
  lce_arrange(comp);
}

/* The window that a node, or the nearest node above it, belongs to. */
struct lce_window* lce_window_of_node(struct wlr_scene_node* node) {
  while (node && !node->data) node = lce_node_parent(node);
  return node ? node->data : NULL;
}

int lce_window_fit(int wanted, int64_t minimum, int64_t maximum) {
  if (maximum > 0 && wanted > maximum) return (int)maximum;
  return wanted < minimum && minimum <= 16384 ? (int)minimum : wanted;
}

/* Its parent's output, else the first empty one, else the focused one, else any. */
struct lumen_comp_output* lce_window_pick_output(struct lce_window* window) {
  struct lumen_comp* comp = window->comp;
  const struct lce_window* parent = window->kind->parent(window);
  if (parent && parent->output) return parent->output;
  struct lumen_comp_output* output;
  wl_list_for_each(output, &comp->outputs, link) {
    const struct lce_window* other;
    bool used = false;
    wl_list_for_each(other, &comp->windows, link) used |= other != window && other->output == output;
    if (!used) return output;
  }
  if (comp->focus && comp->focus->output) return comp->focus->output;
  return wl_list_empty(&comp->outputs) ? NULL : wl_container_of(comp->outputs.next, output, link);
}

void lce_window_place(struct lce_window* window) {
  struct wlr_box box;
  if (!window->output || !window->placeable || window->kind->is_unmanaged(window)) return;
  lce_output_box(window->output, &box);
  window->kind->place(window, &box);
}

/* Only the topmost full window of an output, and dialogs above it, are shown: one visible surface is what
 * lets its buffer be handed out without composing, and hidden windows stop drawing. */
void lce_arrange(struct lumen_comp* comp) {
  struct lce_window* window;
  struct lumen_comp_output* output;
  wl_list_for_each(output, &comp->outputs, link) output->top = NULL;
  wl_list_for_each(window, &comp->windows, link) {
    const bool unmanaged = window->kind->is_unmanaged(window);
    const bool shown = window->mapped && window->output && (!window->output->top || unmanaged);
    lce_window_place(window);
    if (window->node) wlr_scene_node_set_enabled(window->node, shown);
    if (shown && !unmanaged && !is_dialog(window)) window->output->top = window;
  }
}

static void raise_window(struct lce_window* window) {
  wl_list_remove(&window->link);
  wl_list_insert(&window->comp->windows, &window->link);
  if (window->node) wlr_scene_node_raise_to_top(window->node);
}

/* Safe against raising: collects the next element first, and each dialog is raised once. */
static void raise_dialogs_of(struct lce_window* window) {
  struct lce_window *other, *next;
  wl_list_for_each_safe(other, next, &window->comp->windows, link) {
    if (other != window && other->mapped && other->kind->parent(other) == window) raise_window(other);
  }
}

void lce_window_focus(struct lumen_comp* comp, struct lce_window* window) {
  struct lce_window* before = comp->focus;
  if (before && before != window && before->mapped) before->kind->deactivate(before, window);
  comp->focus = window;
  lce_liveness_watch(comp, window);
  if (!window) {
    wlr_seat_keyboard_notify_clear_focus(comp->seat);
    return;
  }
  raise_window(window);
  raise_dialogs_of(window);
  window->kind->activate(window);
  lce_keyboard_enter(comp, window->kind->surface(window));
  lce_arrange(comp);
}

/* The topmost window that can have the focus, of one output if there is any. */
static struct lce_window* top_window(struct lumen_comp* comp, const struct lumen_comp_output* preferred) {
  struct lce_window *window, *any = NULL;
  wl_list_for_each(window, &comp->windows, link) {
    if (!window->mapped || window->kind->is_unmanaged(window)) continue;
    if (window->output == preferred) return window;
    if (!any) any = window;
  }
  return any;
}

static bool wants_focus(const struct lce_window* window) {
#if WLR_HAS_XWAYLAND
  if (window->kind->is_unmanaged(window)) return lce_unmanaged_wants_focus(window->x11);
#endif
  (void)window;
  return true;
}

void lce_window_mapped(struct lce_window* window) {
  struct lumen_comp* comp = window->comp;
  const bool unmanaged = window->kind->is_unmanaged(window);
  window->mapped = true;
  if (unmanaged) {
    lce_arrange(comp);
    wlr_scene_node_raise_to_top(window->node);
  }
  if (wants_focus(window)) lce_window_focus(comp, window);
  lce_pointer_update(comp, false);
  if (!unmanaged && comp->callbacks.window_mapped) comp->callbacks.window_mapped(comp->user);
}

void lce_window_unmapped(struct lce_window* window) {
  struct lumen_comp* comp = window->comp;
  window->mapped = false;
  if (comp->focus == window) lce_window_focus(comp, top_window(comp, window->output));
  lce_arrange(comp);
  lce_pointer_update(comp, false);
}

/* The windows of an output that goes move below those of another one, or wait for one. */
void lce_windows_leave(struct lumen_comp_output* output) {
  struct lumen_comp* comp = output->comp;
  struct lumen_comp_output* other = NULL;
  if (!wl_list_empty(&comp->outputs)) other = wl_container_of(comp->outputs.next, other, link);
  struct wl_list moved;
  struct lce_window *window, *next;
  wl_list_init(&moved);
  wl_list_for_each_safe(window, next, &comp->windows, link) {
    if (window->output != output) continue;
    window->output = other;
    wl_list_remove(&window->link);
    wl_list_insert(moved.prev, &window->link);
    if (window->node) wlr_scene_node_lower_to_bottom(window->node);
  }
  wl_list_insert_list(comp->windows.prev, &moved);
  if (comp->focus && other) lce_window_focus(comp, top_window(comp, other));
}
