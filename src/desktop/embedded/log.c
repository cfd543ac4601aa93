/* wlroots has one log sink for the process and passes it no context. A compositor stays on one thread, so the
 * newest one of the thread is where its lines belong. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "desktop/embedded/impl.h"

static _Thread_local struct lumen_comp* attached;

void lce_log(struct lumen_comp* comp, bool error, const char* line) {
  if (comp->callbacks.log) comp->callbacks.log(comp->user, error, line);
}

/* wlroots leaves filtering to the sink. It also calls it in the child that is about to become Xwayland, where
 * the host's logger may be locked for ever. */
static bool is_wanted(const struct lumen_comp* comp, enum wlr_log_importance importance) {
  return comp && importance <= comp->log_importance && comp->pid == getpid();
}

__attribute__((format(printf, 2, 0))) static void on_line(enum wlr_log_importance importance,
                                                          const char* format, va_list args) {
  char line[512];
  if (!is_wanted(attached, importance)) return;
  vsnprintf(line, sizeof line, format, args);
  for (char* at = line; *at; at++)
    if (iscntrl((unsigned char)*at)) *at = '?'; /* it may quote a client */
  lce_log(attached, importance == WLR_ERROR, line);
}

void lce_log_attach(struct lumen_comp* comp, bool verbose) {
  comp->pid = getpid();
  comp->log_importance = verbose ? WLR_INFO : WLR_ERROR;
  attached = comp;
  wlr_log_init(comp->log_importance, on_line); /* also what Xwayland may write to our standard error */
}

void lce_log_detach(struct lumen_comp* comp) {
  if (attached == comp) attached = NULL;
}
