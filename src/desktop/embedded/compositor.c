/* The compositor's life: everything made in order, run, and taken down in order. */
#include <errno.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "desktop/embedded/impl.h"

uint64_t lce_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

uint32_t lce_now_ms(void) { return (uint32_t)(lce_now_ns() / 1000000U); }

void lce_listen(struct wl_listener* listener, struct wl_signal* signal, wl_notify_func_t notify) {
  listener->notify = notify;
  wl_signal_add(signal, listener);
}

/* wlroots queues frames and configures as idle work, which runs at the next dispatch and wakes nobody. */
void lce_kick(struct lumen_comp* comp) {
  wl_display_flush_clients(comp->display);
  eventfd_write(comp->kick_fd, 1);
}

static int on_kick(int fd, uint32_t mask, void* data) {
  (void)mask;
  (void)data;
  eventfd_t count;
  eventfd_read(fd, &count);
  return 0;
}

bool lce_is_stalled(struct wl_client* client, int limit_bytes) {
  int queued = 0;
  return ioctl(wl_client_get_fd(client), SIOCOUTQ, &queued) == 0 && queued > limit_bytes;
}

static void on_layout_change(struct wl_listener* listener, void* data) {
  (void)data;
  struct lumen_comp* comp = wl_container_of(listener, comp, layout_change);
  lce_arrange(comp);
  lce_pointer_clamp(comp);
}

static bool start_loop(struct lumen_comp* comp) {
  comp->display = wl_display_create();
  if (!comp->display) return false;
  comp->loop = wl_display_get_event_loop(comp->display);
  comp->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (comp->kick_fd < 0) return false;
  comp->kick = wl_event_loop_add_fd(comp->loop, comp->kick_fd, WL_EVENT_READABLE, on_kick, comp);
  return comp->kick != NULL;
}

static bool start_renderer(struct lumen_comp* comp) {
  wlr_backend_init(&comp->backend, &lce_backend_impl);
#if LCE_WLR >= 19
  comp->backend.buffer_caps = LCE_BUFFER_CAPS;
#endif
  comp->renderer = wlr_pixman_renderer_create();
  if (!comp->renderer) return false;
  comp->allocator = wlr_allocator_autocreate(&comp->backend, comp->renderer);
  return comp->allocator && wlr_renderer_init_wl_display(comp->renderer, comp->display);
}

static bool start_scene(struct lumen_comp* comp) {
  comp->layout = lce_layout_create(comp->display);
  comp->scene = wlr_scene_create();
  if (!comp->layout || !comp->scene) return false;
  comp->windows_tree = wlr_scene_tree_create(LCE_ROOT(comp->scene));
#if LCE_WLR >= 17
  comp->scene_layout = wlr_scene_attach_output_layout(comp->scene, comp->layout);
#else
  wlr_scene_attach_output_layout(comp->scene, comp->layout);
#endif
  lce_listen(&comp->layout_change, &comp->layout->events.change, on_layout_change);
  lce_presentation_global(comp->scene, comp->display, &comp->backend);
  comp->global = lce_compositor_global(comp->display, comp->renderer);
  wlr_viewporter_create(comp->display);
  wlr_xdg_output_manager_v1_create(comp->display, comp->layout);
  return comp->windows_tree && comp->global;
}

/* Pointer, keyboard and touch from the start and for ever: a nested KWin dies when a capability goes away. */
static bool start_seat(struct lumen_comp* comp, const lumen_comp_params* params) {
  comp->seat = wlr_seat_create(comp->display, "seat0");
  if (!comp->seat || !lce_keyboard_start(comp, params->xkb_layout)) return false;
  wlr_seat_set_capabilities(
      comp->seat, WL_SEAT_CAPABILITY_POINTER | WL_SEAT_CAPABILITY_KEYBOARD | WL_SEAT_CAPABILITY_TOUCH);
  lce_pointer_start(comp);
  lce_selection_start(comp);
  return lce_pen_start(comp) && lce_cursor_start(comp, params->pointer_drawn);
}

static bool start(struct lumen_comp* comp, const lumen_comp_params* params, lumen_comp_error* error) {
  *error = (lumen_comp_error){"out of file descriptors or memory", 0};
  if (!start_loop(comp) || !start_renderer(comp) || !start_scene(comp)) {
    error->os_errno = errno;
    return false;
  }
  *error = (lumen_comp_error){"no keyboard layouts are installed", 0};
  if (!start_seat(comp, params)) return false;
  lce_xdg_start(comp);
  if (!lce_liveness_start(comp, params->ping_interval_ms, params->ping_timeout_ms)) return false;
  if (!lce_socket_open(comp, params->socket_dir, error)) return false;
  wlr_backend_start(&comp->backend);
  if (params->xwayland) lce_xwayland_start(comp);
  return true;
}

lumen_comp* lumen_comp_create(const lumen_comp_params* params, const lumen_comp_callbacks* callbacks,
                              void* user, lumen_comp_error* error) {
  struct lumen_comp* comp = calloc(1, sizeof *comp);
  if (!comp) {
    *error = (lumen_comp_error){"out of memory", ENOMEM};
    return NULL;
  }
  comp->callbacks = *callbacks;
  comp->user = user;
  comp->kick_fd = -1;
  wl_list_init(&comp->outputs);
  wl_list_init(&comp->windows);
  wl_list_init(&comp->selection.writers);
  lce_log_attach(comp, params->verbose);
  lce_sigbus_start();
  if (!start(comp, params, error)) {
    lumen_comp_destroy(comp);
    return NULL;
  }
  return comp;
}

static void destroy_outputs(struct lumen_comp* comp) {
  struct lumen_comp_output *output, *next;
  wl_list_for_each_safe(output, next, &comp->outputs, link) lumen_comp_output_destroy(output);
}

static void destroy_windows(struct lumen_comp* comp) { /* X11 windows that never got a destroy event */
  struct lce_window *window, *next;
  wl_list_for_each_safe(window, next, &comp->windows, link) free(window);
  wl_list_init(&comp->windows);
}

static void destroy_scene(struct lumen_comp* comp) {
  if (comp->seat) wlr_seat_destroy(comp->seat);
  if (comp->layout) wlr_output_layout_destroy(comp->layout); /* before the scene, which follows it */
  if (comp->scene) wlr_scene_node_destroy((struct wlr_scene_node*)LCE_ROOT(comp->scene));
  if (comp->backend.impl) wlr_backend_destroy(&comp->backend);
  if (comp->allocator) wlr_allocator_destroy(comp->allocator);
  if (comp->renderer) wlr_renderer_destroy(comp->renderer);
}

void lumen_comp_destroy(lumen_comp* comp) {
  if (!comp) return;
  comp->callbacks = (lumen_comp_callbacks){0};
  lce_socket_close(comp);
  if (comp->display) {
    lce_xwayland_stop(comp);
    wl_display_destroy_clients(comp->display);
    destroy_outputs(comp);
    lce_selection_stop(comp);
    lce_cursor_stop(comp);
    lce_pen_stop(comp);
    lce_keyboard_stop(comp);
    lce_liveness_stop(comp);
    destroy_scene(comp);
    destroy_windows(comp);
    if (comp->kick) wl_event_source_remove(comp->kick);
    wl_display_destroy(comp->display);
  }
  if (comp->kick_fd >= 0) close(comp->kick_fd);
  lce_log_detach(comp);
  free(comp);
}

const char* lumen_comp_wayland_display(const lumen_comp* comp) { return comp->socket_name; }

const char* lumen_comp_x11_display(const lumen_comp* comp) {
#if WLR_HAS_XWAYLAND
  return comp->xwayland ? comp->xwayland->display_name : NULL;
#else
  (void)comp;
  return NULL;
#endif
}

const char* lumen_comp_backend_version(void) { return WLR_VERSION_STR; }

int lumen_comp_fd(const lumen_comp* comp) { return wl_event_loop_get_fd(comp->loop); }

static void run(struct lumen_comp* comp) {
  struct sigaction above;
  lce_sigbus_begin(&above);
  wl_event_loop_dispatch(comp->loop, 0);
  wl_event_loop_dispatch_idle(comp->loop); /* queued by what was just dispatched: frames, above all */
  wl_display_flush_clients(comp->display);
  lce_sigbus_end(&above);
}

/* Clients may close the pipes of selections while wlroots or we write to them: SIGPIPE is kept from this
 * thread meanwhile, without touching what the process does with it. */
void lumen_comp_dispatch(lumen_comp* comp) {
  const struct timespec at_once = {0};
  sigset_t pipe, before;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, &before);
  run(comp);
  if (!sigismember(&before, SIGPIPE)) {
    while (sigtimedwait(&pipe, NULL, &at_once) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  }
}
