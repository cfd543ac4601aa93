// lumen-host: serves desktops to clients. Sub-commands: serve (default), pair, approve, clients, status,
// stop, displays, doctor, zerocopy-probe, encode-probe, restore, consent.
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/host_commands.hpp"
#include "apps/program.hpp"
#include "base/runtime_dir.hpp"
#include "host/application.hpp"
#include "host/config.hpp"
#include "host/gamestream/gamestream_host.hpp"
#include "host/host.hpp"
#include "host/lumen1/lumen_host.hpp"

namespace {

using lumen::host::GameStreamHost;

struct Options {
  lumen::host::HostParams params;
  std::string application = "desktop", config = lumen::host::config_path();
  std::string desktop;  // empty: as configured
  std::optional<std::uint16_t> port;
  bool lumen = true, gamestream = true, publish = true;
};

std::string program_dir() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

// A program that was named runs on a desktop of its own, unless the person says otherwise.
lumen::link::DesktopWish desktop_wish(const Options& options, const lumen::host::DesktopConfig& config) {
  lumen::link::DesktopWish wish;
  wish.command_is_desktop = options.application == "desktop";
  if (wish.command_is_desktop) wish.use = config.use;
  if (!options.desktop.empty()) wish.use = options.desktop;
  wish.scale = static_cast<float>(config.scale);
  wish.restore_dir = lumen::host::restore_dir(lumen::host::state_dir());
  return wish;
}

lumen::host::SlotSettings slot_settings(const Options& options, const lumen::host::HostConfig& config) {
  return {.session_program = options.params.session_program,
          .preset = options.params.preset,
          .log_level = options.params.log_level,
          .scale = config.desktop.scale,
          .restore_dir = lumen::host::restore_dir(lumen::host::state_dir())};
}

// The parts of a host that speak protocols of their own; each may be absent.
struct Doors {
  std::unique_ptr<lumen::host::LumenHost> lumen;
  std::unique_ptr<GameStreamHost> gamestream;
};

lumen::Result<Doors> open_doors(const Options& options, const lumen::host::HostConfig& config,
                                lumen::host::Host& host, lumen::host::EncoderSurvey& survey,
                                lumen::EventLoop& loop, lumen::Logger& log) {
  Doors doors;
  const auto& params = options.params;
  if (config.lumen.enabled) {
    LUMEN_TRY(doors.lumen,
              lumen::host::LumenHost::create(
                  {.service = {.name = lumen::host::shown_name(config),
                               .apps = lumen::host::all_apps(params.command, config.desktop.use, config.apps),
                               .runtime_root = params.runtime_root,
                               .settings = slot_settings(options, config),
                               .max_bitrate_kbps = params.bitrate_kbps,
                               .pad_model = config.lumen.pads},
                   .state_dir = lumen::host::state_dir(),
                   .publish = options.publish},
                  host, survey, loop, log));
    log.info("{}", doors.lumen->greeting());
  }
  if (options.gamestream && config.gamestream.enabled) {
    LUMEN_TRY(doors.gamestream, GameStreamHost::create({.config = config,
                                                        .desktop = params.command,
                                                        .runtime_root = params.runtime_root,
                                                        .state_dir = lumen::host::state_dir(),
                                                        .settings = slot_settings(options, config),
                                                        .max_bitrate_kbps = params.bitrate_kbps,
                                                        .page_port = params.port,
                                                        .publish = options.publish},
                                                       survey, loop, log));
    log.info("{}", doors.gamestream->greeting());
  }
  return doors;
}

template <class Door>
void extend(lumen::host::Host& host, const char* name, Door* door) {
  if (door == nullptr) return;
  host.extend({.name = name,
               .on_command = [door](const std::string& line) { return door->on_command(line); },
               .status_json = [door] { return door->status_json(); },
               .on_stop = [door](std::function<void()> done) { door->stop(std::move(done)); }});
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
  auto config = lumen::host::read_config(options.config);
  if (!config) return lumen::apps::complain("lumen-host", config.error());
  params.desktop = desktop_wish(options, config->desktop);
  auto place = lumen::host::resolve_place(params.desktop.use, std::move(params.command), program_dir());
  params.desktop.use = config->desktop.use = std::move(place.use);
  params.command = std::move(place.command);
  if (!options.lumen) config->lumen = {.enabled = false, .bind = "127.0.0.1"};  // by connect files alone
  if (params.bind_address.empty()) params.bind_address = config->lumen.bind;
  params.port = options.port.value_or(config->lumen.port);
  const auto signals = lumen::apps::take_signals({SIGTERM, SIGINT});
  auto loop = lumen::EventLoop::create();
  if (!loop) return lumen::apps::complain("lumen-host", loop.error());
  auto host = lumen::host::Host::create(params, **loop, *log);
  if (!host) return lumen::apps::complain("lumen-host", host.error());
  lumen::host::EncoderSurvey survey{
      {.program = params.session_program, .preset = params.preset}, **loop, *log};
  auto doors = open_doors(options, *config, **host, survey, **loop, *log);
  if (!doors) return lumen::apps::complain("lumen-host", doors.error());
  extend(**host, "lumen", doors->lumen.get());
  extend(**host, "gamestream", doors->gamestream.get());
  if (const auto watched = (*loop)->watch(signals.get(), EPOLLIN,
                                          [&](std::uint32_t) {
                                            signalfd_siginfo info{};
                                            if (read(signals.get(), &info, sizeof info) == sizeof info)
                                              (*host)->stop();
                                          });
      !watched) {
    return lumen::apps::complain("lumen-host", watched.error());
  }
  log->info("serving {} on {} port {}; connect with: lumen-client --connect {}", params.application,
            params.bind_address, (*host)->port(), lumen::host::Host::connect_file(params.runtime_root, 0));
  (*loop)->run();
  log->info("stopping");
  return 0;
}

void add_pair_command(CLI::App& app, lumen::apps::PairOptions& options, int& wait) {
  auto* command = app.add_subcommand(
      "pair", "let a client in: shows a code for lumen-client, takes the PIN of Moonlight");
  command->add_option("pin", options.pin, "the four digits; asked for when not given");
  command->add_option("--client", options.prompt, "which of several that wait, by its number in --list");
  command->add_option("--name", options.name, "what to call the client; default: as it calls itself");
  command->add_option("--wait", wait, "seconds to wait for a client to ask")->check(CLI::Range(0, 600));
  command->add_flag("--list", options.list, "print who waits");
  command->add_flag("--deny", options.deny, "send the client away instead");
  command->add_flag("--code", options.code, "show a code of six digits for lumen-client, and wait");
  command->add_flag("--phrase", options.phrase, "three words instead of the digits");
  command->add_flag("--page", options.page,
                    "print the address of the page that takes the PIN, with its token");
}

void add_clients_command(CLI::App& app, lumen::apps::ClientsOptions& options) {
  using Verb = lumen::apps::ClientsOptions::Verb;
  auto* command = app.add_subcommand("clients", "list paired clients, and change what they may");
  command->require_subcommand(0, 1);
  command->add_subcommand("list", "id, whether it may connect, name");
  const auto add = [&](const char* name, const char* what, Verb verb) {
    auto* sub = command->add_subcommand(name, what);
    sub->add_option("id", options.id, "its id or the beginning of it")->required();
    sub->callback([&options, verb] { options.verb = verb; });
    return sub;
  };
  add("rename", "give it another name", Verb::rename)
      ->add_option("name", options.name, "the new name")
      ->required();
  add("permit", "say what it may: view,input,gamepad,sound,microphone,clipboard", Verb::permit)
      ->add_option("what", options.name, "some of them, with commas between")
      ->required();
  add("enable", "let it connect again", Verb::enable);
  add("disable", "keep it out, but keep its pairing; what it has running ends", Verb::disable);
  add("remove", "forget it: it has to pair again; what it has running ends", Verb::remove);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Lumen host: gives each client its own desktop and streams it"};
  app.require_subcommand(0, 1);
  Options options;
  auto* serve_command = app.add_subcommand("serve", "serve desktops until stopped");
  serve_command
      ->add_option("--app", options.application,
                   "what runs on the desktop: desktop, plasma, test-scene, or a command line")
      ->capture_default_str();
  serve_command
      ->add_option("--desktop", options.desktop,
                   "which one: auto (yours where you run one), private, kwin, mutter, wlroots, portal")
      ->check(CLI::IsMember(
          std::vector<std::string>{lumen::host::kDesktopNames.begin(), lumen::host::kDesktopNames.end()}));
  serve_command->add_option("--bind", options.params.bind_address,
                            "address to listen on for lumen/1; default: as configured, every one");
  serve_command->add_option("--port", options.port, "UDP port of lumen/1; default: as configured, 47986")
      ->check(CLI::Range(0, 65535));
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
  serve_command->add_option("--config", options.config, "the configuration")->capture_default_str();
  serve_command->add_flag("!--no-gamestream", options.gamestream, "nothing for Moonlight");
  serve_command->add_flag("!--no-lumen", options.lumen,
                          "lumen-client gets in by a connect file of this machine only");
  serve_command->add_flag("!--no-publish", options.publish,
                          "do not say on the network that this host is here");
  lumen::apps::PairOptions pairing;
  int pairing_wait = 0;
  add_pair_command(app, pairing, pairing_wait);
  lumen::apps::ClientsOptions clients;
  add_clients_command(app, clients);
  auto* status_command = app.add_subcommand("status", "print what the running host does, as JSON");
  auto* stop_command = app.add_subcommand("stop", "stop the running host");
  bool as_json = false;
  auto* displays_command =
      app.add_subcommand("displays", "list the desktops that could be shown, and why not");
  displays_command->add_flag("--json", as_json, "for programs");
  auto* doctor_command = app.add_subcommand("doctor", "look for what stands in the way of a good stream");
  doctor_command->add_flag("--json", as_json, "for programs");
  doctor_command->add_option("--config", options.config, "the configuration")->capture_default_str();
  std::string asking;
  auto* approve_command = app.add_subcommand("approve", "let a device in that asks, by its number");
  approve_command->add_option("number", asking, "as lumen-host pair and the log show it")->required();
  auto* zerocopy_command = app.add_subcommand(
      "zerocopy-probe", "try whether pictures can stay on the GPU from desktop to encoder");
  zerocopy_command->add_flag("--json", as_json, "for programs: an object a line");
  auto* encoders_command = app.add_subcommand("encode-probe", "try every encoder that this machine may have");
  encoders_command->add_flag("--json", as_json, "for programs: an object a line");
  auto* restore_command =
      app.add_subcommand("restore", "undo what sessions that crashed have left changed on your desktop");
  app.add_subcommand("consent", "share this desktop through its portal: asks on its screen, and remembers");
  CLI11_PARSE(app, argc, argv);
  if (*status_command) return lumen::apps::ask("status");
  if (*stop_command) return lumen::apps::ask("stop");
  if (*approve_command) return lumen::apps::ask("device-approve " + asking);
  if (*displays_command) return lumen::apps::displays(program_dir(), as_json);
  if (*doctor_command) return lumen::apps::doctor(program_dir(), options.config, as_json);
  if (*zerocopy_command) return lumen::apps::probe(program_dir(), "zerocopy", as_json);
  if (*encoders_command) return lumen::apps::probe(program_dir(), "encoders", as_json);
  if (app.got_subcommand("consent")) return lumen::apps::consent(program_dir());
  if (*restore_command) return lumen::apps::restore(program_dir());
  if (app.got_subcommand("clients")) return lumen::apps::clients(clients);
  if (app.got_subcommand("pair")) {
    pairing.wait = std::chrono::seconds{pairing_wait};
    return lumen::apps::pair(pairing);
  }
  return serve(std::move(options));
}
