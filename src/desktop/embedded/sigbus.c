/* Clients share memory with us and may shrink it at any time; touching what has gone raises SIGBUS.
 * libwayland handles that, but only for buffers whose wl_buffer still exists: a client may destroy the
 * wl_buffer of what it shows and shrink the memory then. So there is a second handler below libwayland's, in
 * effect on threads that dispatch a compositor and only while they do: it puts a page of zeros where the
 * memory was.
 *
 * Signal handlers belong to the process: this one, like libwayland's, is installed once and stays. Faults
 * that are not ours go to the handler before it. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "desktop/embedded/impl.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct sigaction handler_before;
static uintptr_t page_size;
static _Thread_local volatile sig_atomic_t guarded, faulted;

static bool put_zeros(void* address) {
  void* page = (void*)((uintptr_t)address & ~(page_size - 1));
  return mmap(page, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0) ==
         page;
}

/* libwayland passes a fault on by putting our handler in place and raising the signal; the fault itself then
 * comes again. */
static void on_sigbus(int signal, siginfo_t* info, void* context) {
  (void)context;
  const bool is_fault = info->si_code == BUS_ADRERR;
  if (guarded) {
    faulted = 1;
    if (!is_fault || put_zeros(info->si_addr)) return;
  }
  sigaction(signal, &handler_before, NULL);
  if (!is_fault) raise(signal);
}

static void install(void) {
  struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER};
  page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &handler_before);
}

/* Before libwayland installs its own, at the first access to a client's buffer. */
void lce_sigbus_start(void) { pthread_once(&once, install); }

void lce_sigbus_begin(struct sigaction* above) {
  faulted = 0;
  guarded = 1;
  sigaction(SIGBUS, NULL, above);
}

void lce_sigbus_end(const struct sigaction* above) {
  guarded = 0;
  if (faulted) sigaction(SIGBUS, above, NULL); /* libwayland's took itself out */
}
