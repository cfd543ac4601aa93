#include "probe_input.h"

#include <Limelight.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { kMaxWords = 12 };

struct line {
  char* word[kMaxWords];
  int count;
};

static long whole(const struct line* line, int at) {
  return at < line->count ? strtol(line->word[at], NULL, 0) : 0;
}
static float real(const struct line* line, int at) {
  return at < line->count ? strtof(line->word[at], NULL) : 0;
}
static bool is(const struct line* line, int at, const char* text) {
  return at < line->count && strcmp(line->word[at], text) == 0;
}

static int send_mouse(const struct line* l, bool* known) {
  *known = true;
  if (is(l, 0, "move")) return LiSendMouseMoveEvent((short)whole(l, 1), (short)whole(l, 2));
  if (is(l, 0, "abs"))
    return LiSendMousePositionEvent((short)whole(l, 1), (short)whole(l, 2), (short)whole(l, 3),
                                    (short)whole(l, 4));
  if (is(l, 0, "button"))
    return LiSendMouseButtonEvent(is(l, 2, "down") ? BUTTON_ACTION_PRESS : BUTTON_ACTION_RELEASE,
                                  (int)whole(l, 1));
  if (is(l, 0, "scroll")) return LiSendHighResScrollEvent((short)whole(l, 1));
  if (is(l, 0, "hscroll")) return LiSendHighResHScrollEvent((short)whole(l, 1));
  if (is(l, 0, "touch"))
    return LiSendTouchEvent((uint8_t)whole(l, 1), (uint32_t)whole(l, 2), real(l, 3), real(l, 4), real(l, 5),
                            real(l, 6), real(l, 7), (uint16_t)whole(l, 8));
  if (is(l, 0, "pen"))
    return LiSendPenEvent((uint8_t)whole(l, 1), (uint8_t)whole(l, 2), (uint8_t)whole(l, 3), real(l, 4),
                          real(l, 5), real(l, 6), real(l, 7), real(l, 8), (uint16_t)whole(l, 9),
                          (uint8_t)whole(l, 10));
  *known = false;
  return 0;
}

static int send_pad(const struct line* l, bool* known) {
  *known = true;
  if (is(l, 0, "arrive"))
    return LiSendControllerArrivalEvent((uint8_t)whole(l, 1), (uint16_t)whole(l, 2), (uint8_t)whole(l, 3),
                                        (uint32_t)whole(l, 4), (uint16_t)whole(l, 5));
  if (is(l, 0, "pad"))
    return LiSendMultiControllerEvent((short)whole(l, 1), (short)whole(l, 2), (int)whole(l, 3),
                                      (unsigned char)whole(l, 4), (unsigned char)whole(l, 5),
                                      (short)whole(l, 6), (short)whole(l, 7), (short)whole(l, 8),
                                      (short)whole(l, 9));
  if (is(l, 0, "padtouch"))
    return LiSendControllerTouchEvent((uint8_t)whole(l, 1), (uint8_t)whole(l, 2), (uint32_t)whole(l, 3),
                                      real(l, 4), real(l, 5), real(l, 6));
  if (is(l, 0, "motion"))
    return LiSendControllerMotionEvent((uint8_t)whole(l, 1), (uint8_t)whole(l, 2), real(l, 3), real(l, 4),
                                       real(l, 5));
  if (is(l, 0, "battery"))
    return LiSendControllerBatteryEvent((uint8_t)whole(l, 1), (uint8_t)whole(l, 2), (uint8_t)whole(l, 3));
  *known = false;
  return 0;
}

// `rest` is the line behind its first word, for text.
static int send_line(const struct line* l, const char* rest, bool* known) {
  *known = true;
  if (is(l, 0, "idr")) {
    LiRequestIdrFrame();
    return 0;
  }
  if (is(l, 0, "key"))
    return LiSendKeyboardEvent((short)(0x8000 | whole(l, 1)),
                               is(l, 2, "down") ? KEY_ACTION_DOWN : KEY_ACTION_UP, (char)whole(l, 3));
  if (is(l, 0, "text")) return LiSendUtf8TextEvent(rest, (unsigned)strlen(rest));
  const int result = send_mouse(l, known);
  return *known ? result : send_pad(l, known);
}

static struct line split(char* text) {
  struct line line = {.count = 0};
  char* position = NULL;
  for (char* word = strtok_r(text, " ", &position); word && line.count < kMaxWords;
       word = strtok_r(NULL, " ", &position))
    line.word[line.count++] = word;
  return line;
}

static void count(struct input_result* result, int status) {
  if (status == 0)
    ++result->sent;
  else if (status == LI_ERR_UNSUPPORTED)
    ++result->unsupported;
  else
    ++result->failed;
}

bool probe_input_play(const char* path, bool (*pause)(int milliseconds), struct input_result* result) {
  FILE* file = fopen(path, "r");
  if (!file) {
    fprintf(stderr, "probe: cannot read %s\n", path);
    return false;
  }
  char text[1024];
  bool good = true, ended = false;
  while (good && !ended && fgets(text, sizeof text, file)) {
    text[strcspn(text, "\r\n")] = 0;
    if (text[0] == 0 || text[0] == '#') continue;
    char rest[sizeof text];
    const char* space = strchr(text, ' ');
    strcpy(rest, space ? space + 1 : "");
    const struct line line = split(text);
    if (is(&line, 0, "wait")) {
      ended = pause((int)whole(&line, 1));
      continue;
    }
    const int status = send_line(&line, rest, &good);
    if (good)
      count(result, status);
    else
      fprintf(stderr, "probe: not understood in %s: %s\n", path, line.count ? line.word[0] : "(blank)");
  }
  fclose(file);
  return good;
}
