/* The keyboard: one, for ever, with one layout. Keys are evdev codes; what they mean is up to the clients.
 * Characters that it does not make come from a second one, whose keymap changes: the seat shows clients the
 * one in use. */
#include <stdlib.h>
#include <string.h>

#include "desktop/embedded/impl.h"

#if LCE_WLR >= 16
static const struct wlr_keyboard_impl keyboard_impl = {.name = "lumen"};
#else
static void keyboard_destroy(struct wlr_keyboard* keyboard) { (void)keyboard; }
static const struct wlr_keyboard_impl keyboard_impl = {.destroy = keyboard_destroy};
static void device_destroy(struct wlr_input_device* device) { (void)device; }
static const struct wlr_input_device_impl device_impl = {.destroy = device_destroy};
#endif

static void on_key(struct wl_listener* listener, void* data) {
  struct lumen_comp* comp = wl_container_of(listener, comp, keyboard.key);
  const lce_key_event* event = data;
  wlr_seat_keyboard_notify_key(comp->seat, event->time_msec, event->keycode, event->state);
}

static void on_modifiers(struct wl_listener* listener, void* data) {
  (void)data;
  struct lumen_comp* comp = wl_container_of(listener, comp, keyboard.modifiers);
  wlr_seat_keyboard_notify_modifiers(comp->seat, &comp->keyboard.main.wlr.modifiers);
}

/* The name becomes part of a file name inside xkbcommon. */
static bool is_layout_name(const char* name) {
  const size_t length = strlen(name);
  return length > 0 && length <= 64 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-,()") == length;
}

static struct xkb_keymap* make_keymap(struct lumen_comp* comp, const char* layout) {
  struct xkb_context* context = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
  if (!context) return NULL;
  const bool asked = layout && *layout;
  struct xkb_rule_names names = {.layout = asked ? layout : "us"};
  struct xkb_keymap* keymap = NULL;
  if (is_layout_name(names.layout))
    keymap = xkb_keymap_new_from_names(context, &names, XKB_KEYMAP_COMPILE_NO_FLAGS);
  if (!keymap && asked) {
    lce_log(comp, true, "the keyboard layout asked for is not known here: using us");
    names.layout = "us";
    keymap = xkb_keymap_new_from_names(context, &names, XKB_KEYMAP_COMPILE_NO_FLAGS);
  }
  xkb_context_unref(context);
  return keymap;
}

static void init_board(struct lce_board* board, const char* name) {
#if LCE_WLR >= 16
  wlr_keyboard_init(&board->wlr, &keyboard_impl, name);
#else
  wlr_keyboard_init(&board->wlr, &keyboard_impl);
  wlr_input_device_init(&board->device, WLR_INPUT_DEVICE_KEYBOARD, &device_impl, name, 0, 0);
  board->device.keyboard = &board->wlr;
#endif
  wlr_keyboard_set_repeat_info(&board->wlr, 25, 600); /* keys a second, after so many ms */
  board->ready = true;
}

/* Clients are told its keymap and modifiers, where it was another. */
static void use_board(struct lumen_comp* comp, struct lce_board* board) {
#if LCE_WLR >= 16
  wlr_seat_set_keyboard(comp->seat, &board->wlr);
#else
  wlr_seat_set_keyboard(comp->seat, &board->device);
#endif
}

static void finish_board(struct lce_board* board) {
  if (!board->ready) return;
#if LCE_WLR >= 16
  wlr_keyboard_finish(&board->wlr);
#else
  wlr_input_device_destroy(&board->device);
#endif
}

bool lce_keyboard_start(struct lumen_comp* comp, const char* xkb_layout) {
  struct lce_keyboard* keyboard = &comp->keyboard;
  struct xkb_keymap* keymap = make_keymap(comp, xkb_layout);
  if (!keymap) return false;
  init_board(&keyboard->main, "lumen keyboard");
  use_board(comp, &keyboard->main);
  const bool accepted = wlr_keyboard_set_keymap(&keyboard->main.wlr, keymap);
  xkb_keymap_unref(keymap);
  lce_listen(&keyboard->key, &keyboard->main.wlr.events.key, on_key);
  lce_listen(&keyboard->modifiers, &keyboard->main.wlr.events.modifiers, on_modifiers);
  return accepted;
}

void lce_keyboard_stop(struct lumen_comp* comp) {
  finish_board(&comp->keyboard.table);
  finish_board(&comp->keyboard.main);
}

void lce_keyboard_enter(struct lumen_comp* comp, struct wlr_surface* surface) {
  struct wlr_keyboard* keyboard = &comp->keyboard.main.wlr;
  if (!surface) return;
  use_board(comp, &comp->keyboard.main);
  wlr_seat_keyboard_notify_enter(comp->seat, surface, keyboard->keycodes, keyboard->num_keycodes,
                                 &keyboard->modifiers);
}

static void set_key(struct lumen_comp* comp, uint32_t evdev_code, bool pressed) {
  lce_key_event event = {
      .time_msec = lce_now_ms(),
      .keycode = evdev_code,
      .update_state = true,
      .state = pressed ? WL_KEYBOARD_KEY_STATE_PRESSED : WL_KEYBOARD_KEY_STATE_RELEASED,
  };
  comp->keyboard.pressed[evdev_code] = pressed;
  use_board(comp, &comp->keyboard.main);
  wlr_keyboard_notify_key(&comp->keyboard.main.wlr, &event);
}

static bool is_key(uint32_t evdev_code) {
  return (evdev_code > KEY_RESERVED && evdev_code < BTN_MISC) ||
         (evdev_code >= KEY_OK && evdev_code <= KEY_MAX);
}

static bool focus_is_stalled(const struct lumen_comp* comp) {
  const struct wlr_seat_client* client = comp->seat->keyboard_state.focused_client;
  return client && lce_is_stalled(client->client, LCE_STALLED_FOR_PRESSES);
}

void lumen_comp_key(lumen_comp* comp, uint32_t evdev_code, bool pressed) {
  if (!is_key(evdev_code) || comp->keyboard.pressed[evdev_code] == pressed) return;
  if (pressed && focus_is_stalled(comp)) return;
  set_key(comp, evdev_code, pressed);
  lce_kick(comp);
}

/* Down and up at once, past the keyboard's own state. */
static void strike(struct lumen_comp* comp, uint32_t evdev_code) {
  const uint32_t now = lce_now_ms();
  wlr_seat_keyboard_notify_key(comp->seat, now, evdev_code, WL_KEYBOARD_KEY_STATE_PRESSED);
  wlr_seat_keyboard_notify_key(comp->seat, now, evdev_code, WL_KEYBOARD_KEY_STATE_RELEASED);
  lce_kick(comp);
}

/* A compositor that runs as our client hears keys only and counts modifiers itself. */
static void press_modifiers(struct lumen_comp* comp, uint32_t modifiers, uint32_t state) {
  static const struct {
    uint32_t bit, evdev_code;
  } keys[] = {{1U << 0, KEY_LEFTSHIFT}, {1U << 7, KEY_RIGHTALT}}; /* Shift and Mod5 of every keymap */
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    if ((modifiers & keys[i].bit) && !comp->keyboard.pressed[keys[i].evdev_code])
      wlr_seat_keyboard_notify_key(comp->seat, lce_now_ms(), keys[i].evdev_code, state);
}

bool lumen_comp_strike(lumen_comp* comp, uint32_t evdev_code, uint32_t modifiers, uint32_t layout) {
  if (!is_key(evdev_code) || comp->keyboard.pressed[evdev_code]) return false;
  if (focus_is_stalled(comp)) return true;
  struct wlr_keyboard_modifiers* held = &comp->keyboard.main.wlr.modifiers;
  struct wlr_keyboard_modifiers wanted = {.depressed = modifiers, .group = layout};
  use_board(comp, &comp->keyboard.main);
  press_modifiers(comp, modifiers, WL_KEYBOARD_KEY_STATE_PRESSED);
  wlr_seat_keyboard_notify_modifiers(comp->seat, &wanted);
  strike(comp, evdev_code);
  press_modifiers(comp, modifiers, WL_KEYBOARD_KEY_STATE_RELEASED);
  wlr_seat_keyboard_notify_modifiers(comp->seat, held);
  return true;
}

static bool set_table(struct lumen_comp* comp, const char* text) {
  struct xkb_context* context = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
  struct xkb_keymap* keymap = NULL;
  if (context)
    keymap =
        xkb_keymap_new_from_string(context, text, XKB_KEYMAP_FORMAT_TEXT_V1, XKB_KEYMAP_COMPILE_NO_FLAGS);
  xkb_context_unref(context);
  if (!keymap) return false;
  struct lce_board* table = &comp->keyboard.table;
  if (!table->ready) init_board(table, "lumen characters");
  const bool accepted = wlr_keyboard_set_keymap(&table->wlr, keymap);
  xkb_keymap_unref(keymap);
  return accepted;
}

bool lumen_comp_type(lumen_comp* comp, const char* keymap, uint32_t evdev_code) {
  if (!is_key(evdev_code)) return false;
  if (keymap && !set_table(comp, keymap)) return false;
  if (!comp->keyboard.table.ready) return false;
  if (focus_is_stalled(comp)) return true;
  use_board(comp, &comp->keyboard.table);
  strike(comp, evdev_code);
  return true;
}

void lce_keyboard_release_all(struct lumen_comp* comp) {
  for (uint32_t code = 0; code < KEY_CNT; code++)
    if (comp->keyboard.pressed[code]) set_key(comp, code, false);
}

void lumen_comp_release_all(lumen_comp* comp) {
  lce_keyboard_release_all(comp);
  lce_touch_release_all(comp);
  lce_pen_release_all(comp);
  lce_pointer_release_all(comp);
  lce_kick(comp);
}
