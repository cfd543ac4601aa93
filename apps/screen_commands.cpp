#include "apps/screen_commands.hpp"

#include <iostream>

#include <CLI/CLI.hpp>

#include "apps/client_options.hpp"
#include "apps/stop_on_signal.hpp"
#include "client/app.hpp"
#include "client/doctor.hpp"
#include "client/lumen1/lumen_backend.hpp"

namespace lumen::apps {
namespace {

constexpr const char* kProgram = "lumen-client";

Result<std::unique_ptr<client::Backend>> make_gamestream(const client::StreamOutputs& outputs, Logger& log) {
  LUMEN_TRY(auto book, client::HostBook::open(client::default_book_folder()));
  return client::create_game_backend({.book = std::move(book), .outputs = outputs, .browse = {}}, log);
}

Result<std::unique_ptr<client::Backend>> make_lumen(const client::StreamOutputs& outputs, Logger& log) {
  LUMEN_TRY(auto book, client::LumenBook::open(client::lumen_book_folder(client::default_book_folder())));
  return client::create_lumen_backend({.book = std::move(book), .outputs = outputs, .device_name = {}}, log);
}

}  // namespace

int run_screens(const ScreenOptions& options) {
  const auto signals = take_signals({SIGTERM, SIGINT});
  const auto log = make_logger(kProgram, options.log_level);
  const auto path = client::settings_path();
  auto settings = client::load_settings(path);
  if (!settings) return complain(kProgram, settings.error());
  if (!options.mode.empty()) {
    const auto mode = parse_mode(options.mode);
    if (!mode) return complain(kProgram, mode.error());
    settings->mode = *mode;
  }
  if (!options.statistics.empty()) settings->statistics = statistics_of(options.statistics);
  const auto status = client::run_app({.settings = *std::move(settings),
                                       .settings_path = path,
                                       .backends = {make_lumen, make_gamestream},
                                       .fullscreen = options.fullscreen,
                                       .host = options.host,
                                       .app = options.app,
                                       .record_path = options.record},
                                      signals.get(), *log);
  return status ? 0 : complain(kProgram, status.error());
}

struct DoctorCommand::Parts {
  std::string host, mode;
  bool json = false, quick = false;
  CLI::App* command = nullptr;
};

DoctorCommand::DoctorCommand(CLI::App& app) : parts_{std::make_unique<Parts>()} {
  auto& command = *app.add_subcommand("doctor", "what stands between this machine and a stream");
  command.add_option("host", parts_->host, "name or address of a host; without it, this machine alone");
  command.add_option("--mode", parts_->mode,
                     "the picture you want, WIDTHxHEIGHT@HZ; default: as the settings say");
  command.add_flag("--quick", parts_->quick, "do not measure decoders");
  command.add_flag("--json", parts_->json, "a list of findings");
  parts_->command = &command;
}

DoctorCommand::~DoctorCommand() = default;

std::optional<int> DoctorCommand::run() const {
  if (!*parts_->command) return std::nullopt;
  constexpr int kInTheWay = 3;
  Mode mode;
  if (!parts_->mode.empty()) {
    const auto parsed = parse_mode(parts_->mode);
    if (!parsed) return complain(kProgram, parsed.error());
    mode = *parsed;
  }
  const StopOnSignal signals;
  const auto findings = client::examine({.host = parts_->host,
                                         .settings_path = client::settings_path(),
                                         .book_folder = client::default_book_folder(),
                                         .mode = mode,
                                         .measure_decoders = !parts_->quick},
                                        signals.token());
  std::cout << (parts_->json ? client::to_json(findings) : client::to_text(findings)) << std::flush;
  return client::is_good(findings) ? 0 : kInTheWay;
}

}  // namespace lumen::apps
