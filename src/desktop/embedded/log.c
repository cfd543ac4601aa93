/* wlroots has one log sink for the process and passes it no context. A compositor stays on one thread, so the
 * newest one of the thread is where its lines belong. */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "desktop/embedded/impl.h"

static _Thread_local struct lumen_comp* attached;

void lce_log(struct lumen_comp* comp, bool error, const char* line) {
  if (comp->callbacks.log) comp->callbacks.log(comp->user, error, line);
}

/* Also called in the child that is about to become Xwayland, where the host's logger may be locked for ever.
 */
__attribute__((format(printf, 2, 0))) static void on_line(enum wlr_log_importance importance,
                                                          const char* format, va_list args) {
  char line[512];
  struct lumen_comp* comp = attached;
  if (!comp || comp->pid != getpid() || importance > comp->log_importance)
    return; /* wlroots filters nothing */
  vsnprintf(line, sizeof line, format, args);
  lce_log(comp, importance == WLR_ERROR, line);
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
