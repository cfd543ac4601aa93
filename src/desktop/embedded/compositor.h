/* lumen/desktop/embedded: a small headless compositor; wlroots inside, no wlroots types outside.
 *
 * Kiosk rules: every window is told to fill its output, only the topmost one (and its dialogs) is shown, and
 * a full-size window's own buffer is handed out without composing or copying.
 *
 * Thread-safety: none. Every call is made on the thread that calls lumen_comp_dispatch(), and every callback
 * comes from inside lumen_comp_dispatch(). A callback may call anything here except lumen_comp_dispatch(),
 * lumen_comp_destroy() and lumen_comp_output_destroy().
 * Times are CLOCK_MONOTONIC, strings UTF-8. Pointers passed in are read during the call only. */
#ifndef LUMEN_DESKTOP_EMBEDDED_COMPOSITOR_H
#define LUMEN_DESKTOP_EMBEDDED_COMPOSITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lumen_comp lumen_comp;
typedef struct lumen_comp_output lumen_comp_output;

typedef struct lumen_comp_rect {
  int32_t x, y, width, height; /* pixels */
} lumen_comp_rect;

typedef struct lumen_comp_mode {
  int32_t width, height; /* pixels, 1…16384 */
  uint32_t refresh_mhz;  /* 59940 is 59.94 Hz; 1000…1000000 */
} lumen_comp_mode;

#define LUMEN_COMP_MAX_DAMAGE 32
#define LUMEN_COMP_MAX_TEXT 1048576U /* bytes of clipboard text, either way */

/* One picture, as B, G, R, ignored bytes. `pixels` belong to a client or to the compositor: they are valid
 * during the callback only, and only on its thread. A client that shrinks its memory meanwhile makes them
 * read as zero (SIGBUS is caught for this thread), so values may change between two reads. */
typedef struct lumen_comp_frame {
  uint64_t sequence; /* counts the frames of this output, from 1 */
  int32_t width, height;
  size_t stride_bytes;
  const void* pixels;
  const lumen_comp_rect* damage; /* what changed since the frame before; NULL with count 0: everything */
  size_t damage_count;           /* at most LUMEN_COMP_MAX_DAMAGE, inside the frame */
  uint64_t presented_ns;         /* time of hand-over */
  bool client_buffer;            /* the client's own memory: nothing was composed or copied */
} lumen_comp_frame;

/* The pointer, drawn or not. `pixels` are B, G, R, A, premultiplied, rows without a gap, and valid during the
 * callback only; NULL though it is visible: what a client shows there cannot be given (a side above
 * LUMEN_COMP_MAX_POINTER_SIDE, a scale, a format that is not ours). */
#define LUMEN_COMP_MAX_POINTER_SIDE 256
typedef struct lumen_comp_pointer {
  bool visible;         /* false: a client hid it */
  double x, y;          /* of the hot spot, output pixels */
  int32_t hot_x, hot_y; /* in the picture; may lie outside */
  int32_t width, height;
  const uint32_t* pixels;
} lumen_comp_pointer;

typedef struct lumen_comp_callbacks { /* each may be NULL */
  void (*frame)(void* user, lumen_comp_output* output, const lumen_comp_frame* frame);
  /* It moved or looks otherwise; not more than once a dispatch. */
  void (*pointer)(void* user, const lumen_comp_pointer* pointer);
  /* A toplevel window came up (menus and tooltips do not count). */
  void (*window_mapped)(void* user);
  /* The focused Wayland client stopped or resumed answering pings. Starts as true. */
  void (*responding)(void* user, bool responding);
  /* A client offers text as the selection; `utf8` is `length` bytes from that client, not validated, not
   * terminated. Not called for text set with lumen_comp_set_clipboard_text(). */
  void (*clipboard_text)(void* user, const char* utf8, size_t length);
  void (*log)(void* user, bool error, const char* line);
} lumen_comp_callbacks;

typedef struct lumen_comp_params {
  const char* socket_dir; /* directory for the Wayland socket, private to this user */
  const char* xkb_layout; /* NULL or empty: us. An unknown one is logged and replaced by us */
  bool xwayland;          /* Xwayland is started by the first X11 client; without it there is just no X11 */
  bool pointer_drawn;
  bool verbose;              /* wlroots' informational lines go to `log` too */
  uint32_t ping_interval_ms; /* 0: 2000 */
  uint32_t ping_timeout_ms;  /* 0: 5000 */
} lumen_comp_params;

/* Why lumen_comp_create() failed: a literal, and errno or 0. */
typedef struct lumen_comp_error {
  const char* what;
  int os_errno;
} lumen_comp_error;

/* NULL on failure, then *error is set. `callbacks` is copied. There is no output yet. */
lumen_comp* lumen_comp_create(const lumen_comp_params* params, const lumen_comp_callbacks* callbacks,
                              void* user, lumen_comp_error* error);
/* Disconnects every client, removes the socket, calls nothing back. NULL is fine. */
void lumen_comp_destroy(lumen_comp* comp);

const char* lumen_comp_wayland_display(const lumen_comp* comp); /* "wayland-0": its name in socket_dir */
const char* lumen_comp_x11_display(const lumen_comp* comp);     /* ":1", or NULL without XWayland */
const char* lumen_comp_backend_version(void);                   /* "0.15.1": wlroots, as compiled */

int lumen_comp_fd(const lumen_comp* comp); /* readable: call lumen_comp_dispatch() */
void lumen_comp_dispatch(lumen_comp* comp);

/* Outputs come, change and go while clients run. Windows of a removed output move to another one, or wait for
 * one. NULL or false: bad mode or out of memory, nothing changed. */
lumen_comp_output* lumen_comp_output_create(lumen_comp* comp, const char* name, const lumen_comp_mode* mode);
bool lumen_comp_output_set_mode(lumen_comp_output* output, const lumen_comp_mode* mode);
void lumen_comp_output_destroy(lumen_comp_output* output);
/* One frame with full damage follows soon, also when nothing changes. */
void lumen_comp_output_repaint(lumen_comp_output* output);

/* Drawn: the pointer is part of the picture, which is then composed. Not drawn: clients' buffers pass
 * through. */
void lumen_comp_set_pointer_drawn(lumen_comp* comp, bool drawn);
/* The pointer is told again, as it is. */
void lumen_comp_tell_pointer(lumen_comp* comp);

/* Input. What clients may see of it is on its way to them when the call returns. Codes outside evdev's
 * ranges, repeated presses and releases of what is not pressed are ignored. */
void lumen_comp_pointer_move_to(lumen_comp_output* output, double x, double y); /* output pixels */
void lumen_comp_pointer_move_by(lumen_comp* comp, double dx, double dy);        /* pixels, unaccelerated */
void lumen_comp_pointer_button(lumen_comp* comp, uint32_t evdev_code, bool pressed);
void lumen_comp_pointer_scroll(lumen_comp* comp, int32_t vertical_v120, int32_t horizontal_v120);
void lumen_comp_key(lumen_comp* comp, uint32_t evdev_code, bool pressed);
/* A key of the layout, down and up, with these modifiers (bits of the keymap's real ones) whatever is held.
 * False: the key is held, or no key. */
bool lumen_comp_strike(lumen_comp* comp, uint32_t evdev_code, uint32_t modifiers, uint32_t layout);
/* A key of another keymap, down and up, on a keyboard of its own without modifiers; the next key of the
 * layout brings the layout back. `keymap`: text of version 1, or NULL for the one given last. False: no
 * keymap, or no key. */
bool lumen_comp_type(lumen_comp* comp, const char* keymap, uint32_t evdev_code);
void lumen_comp_release_all(lumen_comp* comp); /* fingers are cancelled, the pen is away */

/* Fingers. Up to LUMEN_COMP_MAX_TOUCHES are down at a time, each with an `id` of the caller's until its up or
 * cancel; further ones are ignored. A finger's application is the one that it came down on. Cancelling one
 * takes back all fingers on its application: Wayland knows no other. For an application without touch, the
 * first finger is the pointer with its left button. */
#define LUMEN_COMP_MAX_TOUCHES 32
typedef enum lumen_comp_touch_phase {
  LUMEN_COMP_TOUCH_DOWN,
  LUMEN_COMP_TOUCH_MOVE,
  LUMEN_COMP_TOUCH_UP,
  LUMEN_COMP_TOUCH_CANCEL
} lumen_comp_touch_phase;
/* In output pixels, clamped to the output; up and cancel do not read them. */
void lumen_comp_touch(lumen_comp_output* output, lumen_comp_touch_phase phase, uint32_t id, double x,
                      double y);

/* The pen as it is now. Applications that know tablets (tablet-v2) get it as one, what comes quicker than
 * lumen_comp_dispatch() one frame after the other. For the others it is the pointer: the tip is the left
 * button, the barrel's first and second are the right and the middle one. */
typedef struct lumen_comp_pen {
  bool near, touching, eraser; /* touching: near as well */
  uint32_t buttons;            /* of the barrel, held: bits 0 to 2 */
  double x, y;                 /* output pixels, clamped to the output */
  double pressure;             /* 0…1 while touching; 0: none or unknown */
  double distance;             /* 0…1 while not touching; 1 is far */
  bool has_tilt;
  double tilt_x, tilt_y; /* degrees, -90…90: its upper end leans to the right, towards the user */
} lumen_comp_pen;
void lumen_comp_set_pen(lumen_comp_output* output, const lumen_comp_pen* pen); /* ignored beyond the ranges */

/* Whether text that clients offer is read, and told by `clipboard_text`. Starts as true if that is set. */
void lumen_comp_watch_clipboard(lumen_comp* comp, bool on);
/* Becomes the selection. False: longer than LUMEN_COMP_MAX_TEXT, or out of memory. */
bool lumen_comp_set_clipboard_text(lumen_comp* comp, const char* utf8, size_t length);

#ifdef __cplusplus
}
#endif
#endif
