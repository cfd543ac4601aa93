/* The Wayland socket. Made here and not by libwayland, which only knows the process's own XDG_RUNTIME_DIR. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "desktop/embedded/impl.h"

#define MAX_DISPLAYS 32
#define BACKLOG 128

/* A socket file whose owner died refuses connections. */
static bool is_stale(const struct sockaddr_un* address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const bool refused =
      connect(fd, (const struct sockaddr*)address, sizeof *address) < 0 && errno == ECONNREFUSED;
  close(fd);
  return refused;
}

static bool bind_socket(int fd, const struct sockaddr_un* address) {
  if (bind(fd, (const struct sockaddr*)address, sizeof *address) == 0) return true;
  if (errno != EADDRINUSE) return false;
  if (!is_stale(address)) {
    errno = EADDRINUSE;
    return false;
  }
  unlink(address->sun_path);
  return bind(fd, (const struct sockaddr*)address, sizeof *address) == 0;
}

/* Binds the first free wayland-N of the folder. */
static bool bind_free_name(int fd, const char* dir, struct sockaddr_un* address) {
  for (int number = 0; number < MAX_DISPLAYS; number++) {
    const int length = snprintf(address->sun_path, sizeof address->sun_path, "%s/wayland-%d", dir, number);
    if (length < 0 || (size_t)length >= sizeof address->sun_path) {
      errno = ENAMETOOLONG;
      return false;
    }
    if (bind_socket(fd, address)) return true;
    if (errno != EADDRINUSE) return false;
  }
  return false;
}

static bool listen_on(struct lumen_comp* comp, int fd, const char* dir) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (!bind_free_name(fd, dir, &address)) return false;
  comp->socket_path = strdup(address.sun_path);
  if (!comp->socket_path) {
    unlink(address.sun_path);
    return false;
  }
  comp->socket_name = strrchr(comp->socket_path, '/') + 1;
  return listen(fd, BACKLOG) == 0 && wl_display_add_socket_fd(comp->display, fd) == 0;
}

bool lce_socket_open(struct lumen_comp* comp, const char* dir, lumen_comp_error* error) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && listen_on(comp, fd, dir)) return true; /* the display closes it */
  *error = (lumen_comp_error){"the Wayland socket cannot be made", errno};
  if (fd >= 0) close(fd);
  return false;
}

void lce_socket_close(struct lumen_comp* comp) {
  if (comp->socket_path) unlink(comp->socket_path);
  free(comp->socket_path);
  comp->socket_path = NULL;
}
