/* Clipboard, primary selection and drags. The host's text is offered as the selection; a client's text is
 * read through a pipe and reported. Everything a client can ask for is bounded: so many pastes at a time, so
 * much text, one read under way. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desktop/embedded/impl.h"

#define MAX_WRITERS 16
#define WRITER_PATIENCE_MS 10000

static const char* const text_types[] = {"text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "STRING"};
#define TEXT_TYPES (sizeof text_types / sizeof *text_types)

struct shared_text {
  size_t users, length;
  char bytes[];
};

struct text_source {
  struct wlr_data_source base;
  struct lumen_comp* comp;
  struct shared_text* text;
};

struct text_writer { /* one paste of our text by a client */
  struct lumen_comp* comp;
  struct wl_list link;
  struct wl_event_source *source, *timer;
  int fd;
  struct shared_text* text;
  size_t written;
};

struct text_reader { /* a client's selection on its way to us */
  struct lumen_comp* comp;
  struct wl_event_source* source;
  int fd;
  char* bytes;
  size_t length, capacity;
};

static void release_text(struct shared_text* text) {
  if (--text->users == 0) free(text);
}

static void end_writer(struct text_writer* writer) {
  wl_event_source_remove(writer->source);
  wl_event_source_remove(writer->timer);
  close(writer->fd);
  wl_list_remove(&writer->link);
  writer->comp->selection.writer_count--;
  release_text(writer->text);
  free(writer);
}

static int on_writable(int fd, uint32_t mask, void* data) {
  struct text_writer* writer = data;
  const struct shared_text* text = writer->text;
  ssize_t count = -1;
  errno = EPIPE;
  if (!(mask & (WL_EVENT_HANGUP | WL_EVENT_ERROR)))
    count = write(fd, text->bytes + writer->written, text->length - writer->written);
  if (count < 0 && errno == EAGAIN) return 0;
  if (count >= 0) writer->written += (size_t)count;
  if (count < 0 || writer->written == text->length) end_writer(writer);
  return 0;
}

static int on_late(void* data) {
  end_writer(data);
  return 0;
}

static bool start_writer(struct lumen_comp* comp, struct shared_text* text, int fd) {
  struct text_writer* writer = calloc(1, sizeof *writer);
  if (!writer) return false;
  *writer = (struct text_writer){.comp = comp, .fd = fd, .text = text};
  writer->source = wl_event_loop_add_fd(comp->loop, fd, WL_EVENT_WRITABLE, on_writable, writer);
  writer->timer = wl_event_loop_add_timer(comp->loop, on_late, writer);
  if (!writer->source || !writer->timer) {
    if (writer->source) wl_event_source_remove(writer->source);
    if (writer->timer) wl_event_source_remove(writer->timer);
    free(writer);
    return false;
  }
  wl_event_source_timer_update(writer->timer, WRITER_PATIENCE_MS);
  text->users++;
  comp->selection.writer_count++;
  wl_list_insert(&comp->selection.writers, &writer->link);
  return true;
}

/* The program that pastes shares its pipe's flags, and could make it block again: one opened anew has its
 * own. Closes `fd`; -1: it is no pipe. */
static int own_pipe(int fd) {
  char path[32];
  struct stat what;
  int own = -1;
  if (fstat(fd, &what) == 0 && S_ISFIFO(what.st_mode)) {
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    own = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  }
  close(fd);
  return own;
}

/* So that pastes which nobody reads keep none from the others. */
static void end_oldest_writer(struct lumen_comp* comp) {
  struct text_writer* oldest = wl_container_of(comp->selection.writers.prev, oldest, link);
  end_writer(oldest);
}

static void text_send(struct wlr_data_source* wlr, const char* mime_type, int32_t fd) {
  (void)mime_type; /* all of ours are the same text */
  struct text_source* source = wl_container_of(wlr, source, base);
  struct lumen_comp* comp = source->comp;
  const int own = own_pipe(fd);
  if (own < 0) return;
  if (comp->selection.writer_count >= MAX_WRITERS) end_oldest_writer(comp);
  if (!start_writer(comp, source->text, own)) close(own);
}

static void text_destroy(struct wlr_data_source* wlr) {
  struct text_source* source = wl_container_of(wlr, source, base);
  release_text(source->text);
  free(source);
}

static const struct wlr_data_source_impl text_impl = {.send = text_send, .destroy = text_destroy};

static bool offer_types(struct wlr_data_source* source) {
  for (size_t i = 0; i < TEXT_TYPES; i++) {
    char* copy = strdup(text_types[i]);
    char** slot = copy ? wl_array_add(&source->mime_types, sizeof *slot) : NULL;
    if (!slot) {
      free(copy);
      return false;
    }
    *slot = copy;
  }
  return true;
}

bool lumen_comp_set_clipboard_text(lumen_comp* comp, const char* utf8, size_t length) {
  if (length > LUMEN_COMP_MAX_TEXT) return false;
  struct shared_text* text = malloc(sizeof *text + length);
  struct text_source* source = calloc(1, sizeof *source);
  if (!text || !source) {
    free(text);
    free(source);
    return false;
  }
  text->users = 1;
  text->length = length;
  if (length) memcpy(text->bytes, utf8, length);
  source->comp = comp;
  source->text = text;
  wlr_data_source_init(&source->base, &text_impl);
  if (!offer_types(&source->base)) {
    wlr_data_source_destroy(&source->base);
    return false;
  }
  wlr_seat_set_selection(comp->seat, &source->base, wl_display_next_serial(comp->display));
  lce_kick(comp);
  return true;
}

static void end_reader(struct text_reader* reader);

void lumen_comp_watch_clipboard(lumen_comp* comp, bool on) {
  comp->selection.watched = on && comp->callbacks.clipboard_text;
  if (!on && comp->selection.reader) end_reader(comp->selection.reader);
}

static void end_reader(struct text_reader* reader) {
  reader->comp->selection.reader = NULL;
  wl_event_source_remove(reader->source);
  close(reader->fd);
  free(reader->bytes);
  free(reader);
}

static bool make_room(struct text_reader* reader) {
  if (reader->length < reader->capacity) return true;
  const size_t capacity = reader->capacity ? reader->capacity * 2 : 4096;
  if (capacity > 2 * LUMEN_COMP_MAX_TEXT) return false;
  char* bytes = realloc(reader->bytes, capacity);
  if (!bytes) return false;
  reader->bytes = bytes;
  reader->capacity = capacity;
  return true;
}

static int on_readable(int fd, uint32_t mask, void* data) {
  (void)mask;
  struct text_reader* reader = data;
  struct lumen_comp* comp = reader->comp;
  if (!make_room(reader)) {
    end_reader(reader);
    return 0;
  }
  const ssize_t count = read(fd, reader->bytes + reader->length, reader->capacity - reader->length);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (count > 0) reader->length += (size_t)count;
  if (reader->length > LUMEN_COMP_MAX_TEXT || count < 0) {
    end_reader(reader);
  } else if (count == 0) {
    if (comp->callbacks.clipboard_text)
      comp->callbacks.clipboard_text(comp->user, reader->bytes, reader->length);
    if (comp->selection.reader == reader) end_reader(reader);
  }
  return 0;
}

/* What a client marks with it, no other program is to keep. */
static const char secret_type[] = "x-kde-passwordManagerHint";

static bool is_secret(const struct wlr_data_source* source) {
  char** offered;
  wl_array_for_each(offered, &source->mime_types) if (strcmp(*offered, secret_type) == 0) return true;
  return false;
}

static const char* best_text_type(const struct wlr_data_source* source) {
  for (size_t i = 0; i < TEXT_TYPES; i++) {
    char** offered;
    wl_array_for_each(offered,
                      &source->mime_types) if (strcmp(*offered, text_types[i]) == 0) return text_types[i];
  }
  return NULL;
}

static void start_reader(struct lumen_comp* comp, struct wlr_data_source* source, const char* type) {
  int fds[2];
  struct text_reader* reader = calloc(1, sizeof *reader);
  if (!reader) return;
  if (pipe2(fds, O_CLOEXEC) < 0) {
    free(reader);
    return;
  }
  fcntl(fds[0], F_SETFL, O_NONBLOCK);
  *reader = (struct text_reader){.comp = comp, .fd = fds[0]};
  reader->source = wl_event_loop_add_fd(comp->loop, fds[0], WL_EVENT_READABLE, on_readable, reader);
  if (!reader->source) {
    close(fds[0]);
    close(fds[1]);
    free(reader);
    return;
  }
  comp->selection.reader = reader;
  wlr_data_source_send(source, type, fds[1]); /* closes it */
}

static void on_changed(struct wl_listener* listener, void* data) {
  (void)data;
  struct lumen_comp* comp = wl_container_of(listener, comp, selection.changed);
  struct wlr_data_source* source = comp->seat->selection_source;
  if (comp->selection.reader) end_reader(comp->selection.reader);
  if (!comp->selection.watched || !source || source->impl == &text_impl || is_secret(source)) return;
  const char* type = best_text_type(source);
  if (type) start_reader(comp, source, type);
}

static void on_request(struct wl_listener* listener, void* data) {
  struct lumen_comp* comp = wl_container_of(listener, comp, selection.request);
  const struct wlr_seat_request_set_selection_event* event = data;
  wlr_seat_set_selection(comp->seat, event->source, event->serial);
}

static void on_request_primary(struct wl_listener* listener, void* data) {
  struct lumen_comp* comp = wl_container_of(listener, comp, selection.request_primary);
  const struct wlr_seat_request_set_primary_selection_event* event = data;
  wlr_seat_set_primary_selection(comp->seat, event->source, event->serial);
}

static void on_start_drag(struct wl_listener* listener, void* data) {
  struct lumen_comp* comp = wl_container_of(listener, comp, selection.start_drag);
  const struct wlr_seat_request_start_drag_event* event = data;
  if (wlr_seat_validate_pointer_grab_serial(comp->seat, event->origin, event->serial))
    wlr_seat_start_pointer_drag(comp->seat, event->drag, event->serial);
  else if (event->drag->source)
    wlr_data_source_destroy(event->drag->source);
}

void lce_selection_start(struct lumen_comp* comp) {
  comp->selection.watched = comp->callbacks.clipboard_text;
  wlr_data_device_manager_create(comp->display);
  wlr_data_control_manager_v1_create(comp->display);
  wlr_primary_selection_v1_device_manager_create(comp->display);
  lce_listen(&comp->selection.request, &comp->seat->events.request_set_selection, on_request);
  lce_listen(&comp->selection.request_primary, &comp->seat->events.request_set_primary_selection,
             on_request_primary);
  lce_listen(&comp->selection.changed, &comp->seat->events.set_selection, on_changed);
  lce_listen(&comp->selection.start_drag, &comp->seat->events.request_start_drag, on_start_drag);
}

void lce_selection_stop(struct lumen_comp* comp) {
  struct text_writer *writer, *next;
  if (comp->selection.reader) end_reader(comp->selection.reader);
  wl_list_for_each_safe(writer, next, &comp->selection.writers, link) end_writer(writer);
}
