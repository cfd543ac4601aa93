// lumen-inputd: makes the game pads of sessions; the only program that opens /dev/uinput and /dev/uhid.
// Started by a service manager, which gives it a listening socket, or by hand with --socket PATH.
#include <cstdio>
#include <cstring>
#include <string>

#include "apps/program.hpp"
#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "gamepad/broker.hpp"

namespace {

using namespace lumen;

constexpr const char* kName = "lumen-inputd";
constexpr const char* kHelp =
    "lumen-inputd [--socket PATH] [--log-level LEVEL]\n"
    "\n"
    "Makes the game pads of Lumen's sessions out of /dev/uinput and /dev/uhid. Sessions connect to PATH, or "
    "to\n"
    "the socket that the service manager gave (lumen-inputd.socket); see docs/gamepads.md.\n";

struct Options {
  std::string socket, level = "info";
  bool help = false, wrong = false;
};

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc && !options.wrong; ++i) {
    const std::string option = argv[i];
    if (option == "--help" || option == "-h") {
      options.help = true;
    } else if (option == "--socket" && i + 1 < argc) {
      options.socket = argv[++i];
    } else if (option == "--log-level" && i + 1 < argc) {
      options.level = argv[++i];
    } else {
      options.wrong = true;
    }
  }
  return options;
}

Result<UniqueFd> find_listener(const Options& options) {
  if (!options.socket.empty()) return gamepad::listen_at(options.socket);
  if (auto given = gamepad::take_activation_socket()) return std::move(*given);
  return fail(ErrorCode::invalid_argument, "inputd.no-socket", "it was given no socket to listen at",
              "Run: systemctl enable --now lumen-inputd.socket; or name one with --socket PATH");
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = read_options(argc, argv);
  if (options.help || options.wrong) {
    std::fputs(kHelp, options.wrong ? stderr : stdout);
    return options.wrong ? 2 : 0;
  }
  const auto log = make_logger(kName, options.level);
  const auto signals = apps::take_signals({SIGTERM, SIGINT});
  auto listener = find_listener(options);
  if (!listener) return apps::complain(kName, listener.error());
  const auto loop = EventLoop::create();
  if (!loop) return apps::complain(kName, loop.error());
  gamepad::Broker broker{std::move(*listener), gamepad::create_pad_device, **loop, *log};
  auto started = broker.start();
  if (started) started = (*loop)->watch(signals.get(), EPOLLIN, [&](std::uint32_t) { (*loop)->stop(); });
  if (!started) return apps::complain(kName, started.error());
  (*loop)->run();
  return 0;
}
