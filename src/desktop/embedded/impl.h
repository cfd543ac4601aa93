/* Private to the compositor's C files. Everything here belongs to the thread that dispatches. */
#ifndef LUMEN_DESKTOP_EMBEDDED_IMPL_H
#define LUMEN_DESKTOP_EMBEDDED_IMPL_H

#include <linux/input-event-codes.h>
#include <signal.h>
#include <sys/types.h>
#include <wayland-server-core.h>

#include "desktop/embedded/compositor.h"
#include "desktop/embedded/tick.h"
#include "desktop/embedded/wlr_compat.h"

struct lce_window;

struct lce_cursor {
  struct wlr_surface* surface; /* the client's picture; NULL: `hidden` or our arrow */
  bool hidden, drawn;
  int hot_x, hot_y; /* of `surface` */
  struct wlr_scene_tree* tree;
  struct wlr_scene_node* node; /* what is drawn now, under `tree` */
  struct wlr_xcursor_manager* theme;
  struct wlr_buffer* arrow;
  int arrow_hot_x, arrow_hot_y;
  struct lce_look* look; /* what it shows, read once it is asked for; NULL: nothing, or it cannot be read */
  bool look_is_old;
  struct wl_event_source* telling; /* the host is to be told at the end of this dispatch */
  struct wl_listener set_cursor, surface_commit, surface_destroy, node_destroy;
};

struct lce_pointer {
  double x, y;               /* layout coordinates */
  double origin_x, origin_y; /* layout position of the focused surface's origin */
  double hand_x, hand_y;     /* where it would be if no program held it or put it elsewhere */
  int scroll_rest[2];        /* v120 not yet told as a click: vertical, horizontal */
  struct wlr_relative_pointer_manager_v1* relative;
  struct wlr_pointer_constraints_v1* constraints;
  struct wlr_pointer_constraint_v1* constraint; /* the active one */
  struct wl_listener new_constraint, constraint_destroy;
  bool pressed[BTN_JOYSTICK - BTN_MOUSE];
};

struct lce_board {
  struct wlr_keyboard wlr;
#if LCE_WLR < 16
  struct wlr_input_device device;
#endif
  bool ready;
};

struct lce_keyboard {
  struct lce_board main;  /* with the layout */
  struct lce_board table; /* with keymaps of lumen_comp_type(), from the first one on */
  struct wl_listener key, modifiers;
  bool pressed[KEY_CNT];
};

enum lce_finger_role { LCE_FINGER_UP, LCE_FINGER_TOUCHES, LCE_FINGER_POINTS };
struct lce_finger {
  enum lce_finger_role role;
  uint32_t id;
  double origin_x, origin_y; /* layout position of the touched surface's origin */
};
struct lce_touch {
  struct lce_finger fingers[LUMEN_COMP_MAX_TOUCHES];
};

#define LCE_PENS_WAITING 64
struct lce_pen {
  bool ready;
  struct wlr_tablet wlr_tablet;
#if LCE_WLR < 16
  struct wlr_input_device device;
#endif
  struct wlr_tablet_tool wlr_tools[2]; /* pen, eraser */
  struct wlr_tablet_v2_tablet* tablet;
  struct wlr_tablet_v2_tablet_tool* tools[2];
  lumen_comp_pen now;          /* what applications know; its place in layout coordinates */
  struct wlr_surface* surface; /* that has it as a tablet; NULL while it is the pointer or away */
  struct wl_listener surface_destroy;
  double origin_x, origin_y; /* layout position of `surface` */
  double told_pressure, told_distance;
  bool fresh;                               /* `surface` knows no axis yet */
  bool has_pressure;                        /* it told of any, ever */
  bool wait_for_lift;                       /* what it was pressed on has gone */
  lumen_comp_pen waiting[LCE_PENS_WAITING]; /* for the frame before to be out */
  size_t waiting_count;
  struct wl_event_source* idle; /* a frame is not out yet */
};

struct lce_selection {
  struct wl_list writers; /* struct text_writer: pastes under way */
  size_t writer_count;
  struct text_reader* reader; /* a client's text on its way to us, or NULL */
  bool watched;               /* clients' text is read */
  struct wl_listener request, request_primary, changed, start_drag;
};

/* Asks the focused client now and then whether it still answers. */
struct lce_liveness {
  struct wl_event_source* timer;
  struct lce_window* watched; /* a mapped xdg window, or NULL */
  struct wl_listener ping_timeout;
  bool timed_out; /* the newest ping was not answered in time */
  bool reported;  /* what the host was told last */
  uint32_t interval_ms;
};

struct lumen_comp {
  lumen_comp_callbacks callbacks;
  void* user;
  pid_t pid;
  enum wlr_log_importance log_importance;
  struct wl_display* display;
  struct wl_event_loop* loop;
  struct wlr_backend backend;
  struct wlr_renderer* renderer;
  struct wlr_allocator* allocator;
  struct wlr_scene* scene;
  struct wlr_scene_tree* windows_tree;
  struct wlr_output_layout* layout;
  lce_scene_layout* scene_layout;
  struct wlr_compositor* global;
  struct wlr_xdg_shell* xdg_shell;
  struct wlr_seat* seat;
  struct wl_list outputs; /* lumen_comp_output.link */
  struct wl_list windows; /* lce_window.link, topmost first */
  struct lce_window* focus;
  struct lce_cursor cursor;
  struct lce_pointer pointer;
  struct lce_keyboard keyboard;
  struct lce_touch touch;
  struct lce_pen pen;
  struct lce_selection selection;
  struct lce_liveness liveness;
  int kick_fd; /* eventfd: makes lumen_comp_fd() readable for work that is queued outside dispatch */
  struct wl_event_source* kick;
  char* socket_path;
  const char* socket_name; /* its last component */
  struct wl_listener layout_change, new_xdg, new_popup, new_decoration;
#if WLR_HAS_XWAYLAND
  struct wlr_xwayland* xwayland;
  struct wl_listener x11_new, x11_ready;
#endif
};

struct lumen_comp_output {
  struct wlr_output wlr;
  struct lumen_comp* comp;
  struct wl_list link;
  struct lce_window* top; /* the full window that is shown */
  lumen_comp_mode mode;
  lumen_comp_grid grid;
  uint64_t tick; /* the next one: clients are told then to draw */
  int timer_fd;
  struct wl_event_source* timer;
  bool armed;                          /* the timer runs */
  int idle_ticks;                      /* ticks in a row without work */
  uint64_t last_ns, even_ns, retry_ns; /* rate limit, see output.c; retry 0: nothing waits */
  bool in_commit;
  uint64_t sequence;
  int32_t shown_width, shown_height; /* of the newest frame */
  bool shown_client_buffer;
  struct wlr_buffer* committed; /* locked; what the commit under way shows */
  struct wl_listener frame;
};

/* What differs between xdg and X11 windows. */
struct lce_window_kind {
  struct wlr_surface* (*surface)(const struct lce_window* window);
  struct lce_window* (*parent)(const struct lce_window* window); /* non-NULL: a dialog of that window */
  bool (*is_unmanaged)(const struct lce_window* window);         /* X11 menus: place themselves, no focus */
  /* Tells the window its size, and puts it where it belongs on an output at `box`. */
  void (*place)(struct lce_window* window, const struct wlr_box* box);
  void (*activate)(struct lce_window* window);
  void (*deactivate)(struct lce_window* window, const struct lce_window* next);
};

struct lce_window {
  const struct lce_window_kind* kind;
  struct lumen_comp* comp;
  struct wl_list link;
  struct lumen_comp_output* output; /* NULL: no output exists, waiting for one */
  struct wlr_scene_node* node;
  bool mapped;
  bool placeable; /* it may be told a size */
  struct wlr_xdg_surface* xdg;
#if WLR_HAS_XWAYLAND
  struct wlr_xwayland_surface* x11;
#endif
  struct wlr_xdg_toplevel_decoration_v1* decoration; /* waits for the first commit, since 0.18 */
  struct wl_listener map, unmap, destroy, commit, fullscreen, parent;
  struct wl_listener associate, dissociate, node_destroy, configure, activate;
};

/* compositor.c */
uint64_t lce_now_ns(void);
uint32_t lce_now_ms(void);
void lce_listen(struct wl_listener* listener, struct wl_signal* signal, wl_notify_func_t notify);
void lce_kick(struct lumen_comp* comp);
/* A client whose socket is full when something is to be sent is disconnected. One that does not read is
 * therefore sent no motion, wheel steps and pings beyond one backlog, and no presses beyond another; releases
 * of what it saw pressed fit above both (the kernel's default limit is 208 KiB). */
#define LCE_STALLED_FOR_MOTION 65536
#define LCE_STALLED_FOR_PRESSES 131072
bool lce_is_stalled(struct wl_client* client, int limit_bytes);

/* log.c */
void lce_log_attach(struct lumen_comp* comp, bool verbose);
void lce_log_detach(struct lumen_comp* comp);
void lce_log(struct lumen_comp* comp, bool error, const char* line);

/* sigbus.c: between begin and end, memory that a client took away reads as zero. `above` carries state. */
void lce_sigbus_start(void);
void lce_sigbus_begin(struct sigaction* above);
void lce_sigbus_end(const struct sigaction* above);

/* socket.c */
bool lce_socket_open(struct lumen_comp* comp, const char* dir, lumen_comp_error* error);
void lce_socket_close(struct lumen_comp* comp);

/* output.c, output_backend.c */
#define LCE_BUFFER_CAPS (WLR_BUFFER_CAP_DATA_PTR | WLR_BUFFER_CAP_SHM)
extern const struct wlr_backend_impl lce_backend_impl;
extern const struct wlr_output_impl lce_output_impl;
/* A client buffer that is shown directly is not readable itself in wlroots 0.15; what it wraps is. May be
 * NULL. */
struct wlr_buffer* lce_readable(struct wlr_buffer* buffer);
bool lce_is_bgrx(uint32_t fourcc);
void lce_output_wake(struct lumen_comp_output* output);
void lce_output_box(const struct lumen_comp_output* output, struct wlr_box* box);
/* Composes what is damaged, or picks the client's buffer, and hands it over. */
enum lce_composed { LCE_NOTHING_NEW, LCE_SHOWN, LCE_FAILED };
enum lce_composed lce_output_compose(struct lumen_comp_output* output);

/* window.c */
struct lce_window* lce_window_create(struct lumen_comp* comp, const struct lce_window_kind* kind);
void lce_window_destroy(struct lce_window* window);
void lce_window_mapped(struct lce_window* window);
void lce_window_unmapped(struct lce_window* window);
void lce_window_focus(struct lumen_comp* comp, struct lce_window* window);
void lce_window_place(struct lce_window* window);
struct lce_window* lce_window_of_node(struct wlr_scene_node* node);
struct lumen_comp_output* lce_window_pick_output(struct lce_window* window);
int lce_window_fit(int wanted, int64_t minimum, int64_t maximum); /* maximum 0: none */
void lce_arrange(struct lumen_comp* comp);
void lce_windows_leave(struct lumen_comp_output* output);

/* xdg.c, xwayland.c */
void lce_xdg_start(struct lumen_comp* comp);
void lce_xwayland_start(struct lumen_comp* comp);
void lce_xwayland_stop(struct lumen_comp* comp);

/* cursor_look.c: a copy of a picture of the pointer. */
struct lce_look {
  int32_t width, height;
  uint32_t argb[];
};
struct lce_look* lce_look_of_buffer(struct wlr_buffer* buffer);    /* NULL: it cannot be given */
struct lce_look* lce_look_of_surface(struct wlr_surface* surface); /* the same */

/* cursor.c */
bool lce_cursor_start(struct lumen_comp* comp, bool drawn);
void lce_cursor_stop(struct lumen_comp* comp);
void lce_cursor_move(struct lumen_comp* comp);
void lce_cursor_reset(struct lumen_comp* comp); /* back to our arrow */
/* True when the cursor's client waited for it, and no scene would have told it. */
bool lce_cursor_frame_done(struct lumen_comp* comp, struct timespec* now);

/* pointer.c, keyboard.c, touch.c, pen.c; positions in layout coordinates */
struct wlr_surface* lce_surface_at(struct lumen_comp* comp, double x, double y, double* surface_x,
                                   double* surface_y, struct lce_window** window);
/* Output pixels become layout coordinates inside the output. False: they are no numbers. */
bool lce_place_in(const struct lumen_comp_output* output, double* x, double* y);
void lce_focus_pressed(struct lumen_comp* comp, struct lce_window* window); /* NULL: nothing happens */
void lce_pointer_move_to(struct lumen_comp* comp, double x, double y);
void lce_pointer_button(struct lumen_comp* comp, uint32_t evdev_code, bool pressed);
void lce_pointer_start(struct lumen_comp* comp);
void lce_pointer_clamp(struct lumen_comp* comp); /* back onto the outputs, when those change */
void lce_pointer_update(struct lumen_comp* comp, bool moved);
bool lce_keyboard_start(struct lumen_comp* comp, const char* xkb_layout);
void lce_keyboard_stop(struct lumen_comp* comp);
void lce_keyboard_enter(struct lumen_comp* comp, struct wlr_surface* surface);
void lce_pointer_release_all(struct lumen_comp* comp);
void lce_keyboard_release_all(struct lumen_comp* comp);
void lce_touch_release_all(struct lumen_comp* comp);
bool lce_pen_start(struct lumen_comp* comp);
void lce_pen_stop(struct lumen_comp* comp);
void lce_pen_release_all(struct lumen_comp* comp);

/* selection.c */
void lce_selection_start(struct lumen_comp* comp);
void lce_selection_stop(struct lumen_comp* comp);

/* liveness.c */
bool lce_liveness_start(struct lumen_comp* comp, uint32_t interval_ms, uint32_t timeout_ms);
void lce_liveness_stop(struct lumen_comp* comp);
void lce_liveness_watch(struct lumen_comp* comp, struct lce_window* window); /* the focus, or NULL */

#endif
