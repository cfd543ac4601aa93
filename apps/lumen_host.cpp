// lumen-host: serves desktops to clients. Sub-commands: serve (default), status, stop.
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/program.hpp"
#include "base/runtime_dir.hpp"
#include "host/application.hpp"
#include "host/host.hpp"

namespace {

using lumen::Error;

struct Options {
  lumen::host::HostParams params;
  std::string application = "desktop";
};

std::string program_dir() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

int serve(Options options) {
  auto& params = options.params;
  const auto log = lumen::make_logger("lumen-host", params.log_level);
  auto application = lumen::host::resolve_application(options.application, program_dir());
  if (!application) return lumen::apps::complain("lumen-host", application.error());
  params.command = std::move(application->command);
  params.application = std::move(application->name);
  params.session_program = program_dir() + "/lumen-session";
  params.runtime_root = lumen::runtime_root();
  const auto signals = lumen::apps::take_signals({SIGTERM, SIGINT});
  auto loop = lumen::EventLoop::create();
  if (!loop) return lumen::apps::complain("lumen-host", loop.error());
  auto host = lumen::host::Host::create(params, **loop, *log);
  if (!host) return lumen::apps::complain("lumen-host", host.error());
  if (const auto watched = (*loop)->watch(signals.get(), EPOLLIN, [&](std::uint32_t) { (*loop)->stop(); });
      !watched) {
    return lumen::apps::complain("lumen-host", watched.error());
  }
  log->info("serving {} on {} port {}; connect with: lumen-client --connect {}", params.application,
            params.bind_address, (*host)->port(), lumen::host::Host::connect_file(params.runtime_root, 0));
  (*loop)->run();
  log->info("stopping");
  return 0;
}

int ask(const std::string& command) {
  const auto answer = lumen::host::ask_host(lumen::host::Host::control_path(lumen::runtime_root()), command);
  if (!answer) return lumen::apps::complain("lumen-host", answer.error());
  std::cout << *answer;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Lumen host: gives each client its own desktop and streams it"};
  app.require_subcommand(0, 1);
  Options options;
  auto* serve_command = app.add_subcommand("serve", "serve desktops until stopped");
  serve_command
      ->add_option("--app", options.application,
                   "what runs on the desktop: desktop, test-scene, or a command line")
      ->capture_default_str();
  serve_command->add_option("--bind", options.params.bind_address, "address to listen on")
      ->capture_default_str();
  serve_command->add_option("--port", options.params.port, "UDP port")->capture_default_str();
  serve_command->add_option("--sessions", options.params.sessions, "how many desktops, one connect file each")
      ->check(CLI::Range(1, 16))
      ->capture_default_str();
  serve_command
      ->add_option("--bitrate-kbps", options.params.bitrate_kbps, "video bit rate; default: from the mode")
      ->check(CLI::Range(500, 500'000));
  serve_command
      ->add_option("--preset", options.params.preset, "libx264 preset; default: from mode and machine")
      ->check(CLI::IsMember({"ultrafast", "superfast", "veryfast", "faster", "fast", "medium"}));
  serve_command
      ->add_option("--log-level", options.params.log_level, "trace, debug, info, warning, error or off")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
  auto* status_command = app.add_subcommand("status", "print what the running host does, as JSON");
  auto* stop_command = app.add_subcommand("stop", "stop the running host");
  CLI11_PARSE(app, argc, argv);
  if (*status_command) return ask("status");
  if (*stop_command) return ask("stop");
  return serve(std::move(options));
}
