#include "host/probe_run.hpp"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <cerrno>

#include <fmt/format.h>

#include "link/process.hpp"

namespace lumen::host {
namespace {

constexpr const char* kRemedy =
    "It is the GPU's driver: look at dmesg; LUMEN_ZEROCOPY=off streams without the GPU";

// Whether it ended by then.
bool ends_within(int pidfd, Duration timeout) {
  const auto until = SteadyTime{}.now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyTime{}.now()).count();
    pollfd waiter{pidfd, POLLIN, 0};
    const int ready = ::poll(&waiter, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace

Result<int> run_probe(const ProbeRun& run) {
  LUMEN_TRY(const auto child, link::spawn({.argv = run.argv}));
  const bool ended = ends_within(child.pidfd.get(), run.timeout);
  if (!ended) kill(-child.pid, SIGKILL);  // its whole group; it is its leader
  int status = 0;
  while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) {
    return fail(ErrorCode::timed_out, "probe.hung", "the probe hung after its last line above and was ended",
                kRemedy);
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return fail(ErrorCode::internal, "probe.crashed",
              fmt::format("the probe crashed after its last line above: {}", strsignal(WTERMSIG(status))),
              kRemedy);
}

}  // namespace lumen::host
