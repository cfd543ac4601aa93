// lumen-session: one desktop, its capture and its encoder. Started by lumen-host with the link on
// descriptor 3; or, as `lumen-session --probe [PRESET]`, what this machine's encoders can do; with
// `--desktops
// [--json]`, which desktops are here; with `--restore FOLDER`, undoes what dead sessions left changed; with
// `--probe-zerocopy [--json]` and `--probe-encoders [--json]`, what its GPUs can do, link by link; with
// `--consent`, has the person at the desk asked to share it.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstring>

#include "apps/program.hpp"
#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "worker/desktop_report.hpp"
#include "worker/encoder_report.hpp"
#include "worker/gpu_report.hpp"
#include "worker/session_worker.hpp"

namespace {

constexpr int kLinkFd = 3;

bool link_is_socket() {
  struct stat info{};
  return fstat(kLinkFd, &info) == 0 && S_ISSOCK(info.st_mode);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 2 && std::strcmp(argv[1], "--probe") == 0) {
    return lumen::worker::print_encoder_measurements(argc >= 3 ? argv[2] : "");
  }
  if (argc >= 2 && std::strcmp(argv[1], "--probe-zerocopy") == 0) {
    return lumen::worker::probe_zero_copy(argc >= 3 && std::strcmp(argv[2], "--json") == 0);
  }
  if (argc >= 2 && std::strcmp(argv[1], "--probe-encoders") == 0) {
    return lumen::worker::probe_encoders(argc >= 3 && std::strcmp(argv[2], "--json") == 0);
  }
  if (argc >= 2 && std::strcmp(argv[1], "--desktops") == 0) {
    return lumen::worker::print_desktops(argc >= 3 && std::strcmp(argv[2], "--json") == 0);
  }
  if (argc == 2 && std::strcmp(argv[1], "--consent") == 0) {
    return lumen::worker::ask_to_share(*lumen::make_logger("lumen-session", "warning"));
  }
  if (argc == 3 && std::strcmp(argv[1], "--restore") == 0) {
    return lumen::worker::restore_desktops(argv[2], *lumen::make_logger("lumen-session", "info"));
  }
  if (!link_is_socket()) {
    std::fputs("lumen-session is started by lumen-host, not by hand. Run: lumen-host serve\n", stderr);
    return 2;
  }
  fcntl(kLinkFd, F_SETFD, FD_CLOEXEC);
  // An encoder's buffers in pages of 2 MiB cost 10 MB at 720p, and it is no faster for them.
  prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  const char* level = argc == 3 && std::strcmp(argv[1], "--log-level") == 0 ? argv[2] : "info";
  const auto log = lumen::make_logger("lumen-session", level);
  const auto signals = lumen::apps::take_signals({SIGTERM, SIGINT});
  auto loop = lumen::EventLoop::create();
  if (!loop) return lumen::apps::complain("lumen-session", loop.error());
  lumen::worker::SessionWorker worker{lumen::UniqueFd{kLinkFd}, **loop, *log};
  auto started = worker.start();
  if (started) started = (*loop)->watch(signals.get(), EPOLLIN, [&](std::uint32_t) { worker.stop(); });
  if (!started) return lumen::apps::complain("lumen-session", started.error());
  (*loop)->run();
  return 0;
}
