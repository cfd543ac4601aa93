#include "apps/game_commands.hpp"

#include <iostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/client_options.hpp"
#include "apps/lumen_commands.hpp"
#include "apps/stop_on_signal.hpp"
#include "client/game_client.hpp"
#include "client/gamestream/host_fetch.hpp"
#include "client/gamestream/host_list.hpp"
#include "media/encoding.hpp"

namespace lumen::apps {
namespace {

constexpr const char* kProgram = "lumen-client";

// What every command needs: who this client is, and how it asks.
struct Client {
  client::HostBook book;
  client::HostFetch fetch;

  static Result<Client> open() {
    LUMEN_TRY(auto book, client::HostBook::open(client::default_book_folder()));
    LUMEN_TRY(auto fetch, client::create_host_fetch(book.identity()));
    return Client{std::move(book), std::move(fetch)};
  }
  Result<client::GameConnection> connect(const std::string& host, const std::stop_token& stop) {
    LUMEN_TRY(auto address, client::parse_host_address(host));
    return client::GameConnection::open({.address = std::move(address), .book = &book, .fetch = fetch}, stop);
  }
};

Status pair(const std::string& host, const std::string& pin, const std::stop_token& stop) {
  LUMEN_TRY(auto client, Client::open());
  LUMEN_TRY(auto connection, client.connect(host, stop));
  if (connection.pairing()) {
    std::cout << fmt::format("{} is paired already\n", connection.info().hostname);
    return {};
  }
  LUMEN_CHECK_OK(connection.pair(
      pin,
      [&](std::string_view shown) {
        std::cout << fmt::format("Type this PIN at {}: {}", connection.info().hostname, shown) << std::endl;
      },
      stop));
  std::cout << fmt::format("Paired with {}\n", connection.info().hostname);
  return {};
}

const char* describe(const auto& host) {
  if (!host.reachable) return host.paired ? "paired, not found now" : "does not answer";
  return host.paired ? "paired" : "not paired";
}

void print_host(const std::string& address, const std::string& name, const char* protocol,
                const char* state) {
  std::cout << fmt::format("{:24}  {:24}  {:10}  {}\n", address, name, protocol, state) << std::flush;
}

Result<std::size_t> list_game_hosts(const std::stop_token& stop) {
  LUMEN_TRY(auto client, Client::open());
  const auto found = net::browse_hosts({}, stop);
  if (!found) std::cerr << fmt::format("{}: {}\n", kProgram, lumen::describe(found.error()));
  const auto hosts =
      client::list_hosts(client.book, client.fetch, found ? *found : std::vector<net::FoundHost>{}, stop);
  for (const auto& host : hosts) print_host(to_string(host.address), host.name, "GameStream", describe(host));
  return hosts.size();
}

Result<std::size_t> list_lumen_hosts(const std::stop_token& stop) {
  LUMEN_TRY(const auto hosts, find_lumen_hosts(stop));
  for (const auto& host : hosts) print_host(host.address, host.name, "lumen/1", describe(host));
  return hosts.size();
}

Status list_hosts(ProtocolChoice choice, const std::stop_token& stop) {
  std::size_t count = 0;
  if (choice != ProtocolChoice::gamestream) {
    LUMEN_TRY(const auto found, list_lumen_hosts(stop));
    count += found;
  }
  if (choice != ProtocolChoice::lumen1) {
    LUMEN_TRY(const auto found, list_game_hosts(stop));
    count += found;
  }
  if (count == 0) std::cout << "No host was found. If you know its address: lumen-client pair ADDRESS\n";
  return {};
}

Status list_apps(const std::string& host, const std::stop_token& stop) {
  LUMEN_TRY(auto client, Client::open());
  LUMEN_TRY(auto connection, client.connect(host, stop));
  LUMEN_TRY(const auto apps, connection.apps(stop));
  for (const auto& app : apps) {
    std::cout << fmt::format("{:10}  {}{}\n", app.id, app.title,
                             app.id == connection.info().current_app ? "  (running)" : "");
  }
  return {};
}

Status quit(const std::string& host, const std::stop_token& stop) {
  LUMEN_TRY(auto client, Client::open());
  LUMEN_TRY(auto connection, client.connect(host, stop));
  return connection.quit(stop);
}

struct StreamOptions {
  std::string mode = "1280x720@60", codec = "auto", png, stats, stats_json, record, statistics = "off",
              log_level = "warning";
  std::uint32_t bitrate_kbps = 0, audio = 2;
  double seconds = 0, loss = 0;
  std::uint64_t seed = 1;
  bool headless = false, fullscreen = false, check = false, progress = false;
};

std::optional<Codec> codec_of(const std::string& name) {
  if (name == "h264") return Codec::h264;
  if (name == "hevc") return Codec::hevc;
  if (name == "av1") return Codec::av1;
  return std::nullopt;
}

Result<client::GameClientParams> make_params(const std::string& host, const std::string& app,
                                             const StreamOptions& options) {
  LUMEN_TRY(auto address, client::parse_host_address(host));
  LUMEN_TRY(const auto mode, parse_mode(options.mode));
  client::GameClientParams params{.host = std::move(address),
                                  .app = app,
                                  .mode = mode,
                                  .codec = codec_of(options.codec),
                                  .bitrate_kbps = options.bitrate_kbps,
                                  .audio_channels = options.audio,
                                  .headless = options.headless || !has_display(),
                                  .fullscreen = options.fullscreen,
                                  .check = options.check,
                                  .loss_percent = options.loss,
                                  .loss_seed = options.seed,
                                  .png_path = options.png,
                                  .record_path = options.record,
                                  .statistics = statistics_of(options.statistics),
                                  .progress = options.progress};
  if (options.seconds > 0) params.run_for = to_duration(options.seconds);
  return params;
}

Status stream(const std::string& host, const std::string& app, const StreamOptions& options) {
  const auto log = make_logger(kProgram, options.log_level);
  LUMEN_TRY(const auto params, make_params(host, app, options));
  if (params.headless && !options.headless) log->warn("no display here: streaming without a window");
  LUMEN_TRY(auto book, client::HostBook::open(client::default_book_folder()));
  const auto signals = take_signals({SIGTERM, SIGINT});
  const auto outcome = client::run_game_client(params, book, signals.get(), *log);
  if (options.progress) std::cerr << "\n";
  const auto json = client::to_json(outcome.report);
  if (options.stats == "json") std::cout << json << std::flush;
  if (!options.stats_json.empty()) {
    LUMEN_CHECK_OK(write_figures(options.stats_json, json));
  }
  return outcome.status;
}

}  // namespace

int stream_plainly(const PlainStream& wanted) {
  const auto paired = [&]() -> Status {
    const StopOnSignal signals;
    return pair(wanted.host, "", signals.token());
  }();
  if (!paired) return complain(kProgram, paired.error());
  const StreamOptions options{.mode = wanted.mode,
                              .png = wanted.png,
                              .stats_json = wanted.stats_json,
                              .record = wanted.record,
                              .statistics = wanted.statistics,
                              .log_level = wanted.log_level,
                              .seconds = wanted.seconds,
                              .loss = wanted.loss,
                              .seed = wanted.seed,
                              .headless = wanted.headless,
                              .fullscreen = wanted.fullscreen,
                              .check = wanted.check,
                              .progress = wanted.progress};
  const auto streamed = stream(wanted.host, wanted.app, options);
  return streamed ? 0 : complain(kProgram, streamed.error());
}

struct GameCommands::Parts {
  std::string host, pin, code, app;
  bool lumen = false, gamestream = false;
  StreamOptions options;

  ProtocolChoice choice() const {
    if (lumen) return ProtocolChoice::lumen1;
    return gamestream || !pin.empty() ? ProtocolChoice::gamestream : ProtocolChoice::automatic;
  }
  void add_choice(CLI::App& to);
  CLI::App *pair = nullptr, *list = nullptr, *stream = nullptr, *quit = nullptr;

  void add_stream(CLI::App& to, const char* host_text);
};

void GameCommands::Parts::add_choice(CLI::App& to) {
  to.add_flag("--lumen", lumen, "speak lumen/1, also at a port that is not its usual one");
  to.add_flag("--gamestream", gamestream, "speak GameStream");
}

void GameCommands::Parts::add_stream(CLI::App& to, const char* host_text) {
  stream = to.add_subcommand("stream", "show an application of a GameStream host");
  stream->add_option("host", host, host_text)->required();
  stream->add_option("app", app, "its name or number; default: what runs, else the desktop");
  stream->add_option("--mode", options.mode, "the picture you want, WIDTHxHEIGHT@HZ")->capture_default_str();
  stream->add_option("--codec", options.codec, "auto, h264, hevc or av1")
      ->check(CLI::IsMember({"auto", "h264", "hevc", "av1"}))
      ->capture_default_str();
  stream->add_option("--bitrate-kbps", options.bitrate_kbps, "everything together; default: from the mode")
      ->check(CLI::Range(500U, kMaxBitrateKbps));
  stream->add_option("--audio", options.audio, "channels of sound: 2, 6 or 8; 0 for none")
      ->check(CLI::IsMember({0, 2, 6, 8}))
      ->capture_default_str();
  stream->add_flag("--headless", options.headless, "no window, no speakers");
  stream->add_flag("--fullscreen", options.fullscreen, "full screen (Ctrl+Alt+F toggles, Ctrl+Alt+Q leaves)");
  stream->add_option("--seconds", options.seconds, "stop so many seconds after the first picture")
      ->check(CLI::NonNegativeNumber);
  stream->add_option("--loss", options.loss, "drop so many percent of the datagrams that arrive")
      ->check(CLI::Range(0.0, 100.0));
  stream->add_option("--seed", options.seed, "seed of --loss");
  stream->add_flag("--check", options.check, "verify every frame of the test scene");
  stream->add_flag("--progress", options.progress, "a line a second");
  stream->add_option("--record", options.record,
                     "write the received access units there, as players read them");
  stream->add_option("--statistics", options.statistics, "figures over the picture: off, compact or full")
      ->check(CLI::IsMember({"off", "compact", "full"}))
      ->capture_default_str();
  stream->add_option("--png", options.png, "write the last picture there");
  stream->add_option("--stats", options.stats, "print the figures at the end: json")
      ->check(CLI::IsMember({"json"}));
  stream->add_option("--stats-json", options.stats_json, "write the figures there; - is standard output");
  stream->add_option("--log-level", options.log_level, "trace, debug, info, warning, error or off")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
}

GameCommands::GameCommands(CLI::App& app) : parts_{std::make_unique<Parts>()} {
  auto& parts = *parts_;
  app.require_subcommand(0, 1);
  const auto* const host_text = "name or address of the host, with its port if that is not 47989";
  parts.pair = app.add_subcommand("pair", "make a host trust this client");
  parts.pair->add_option("host", parts.host, host_text)->required();
  parts.pair->add_option("--code", parts.code, "the code that a lumen/1 host shows; default: asked for");
  parts.pair->add_option("--pin", parts.pin,
                         "four digits to type at a GameStream host; default: random ones");
  parts.add_choice(*parts.pair);
  parts.list = app.add_subcommand("list", "what a host can run; without a host: which hosts there are");
  parts.list->add_option("host", parts.host, host_text);
  parts.add_choice(*parts.list);
  parts.add_stream(app, host_text);
  parts.quit = app.add_subcommand("quit", "end what runs for this client at a host");
  parts.quit->add_option("host", parts.host, host_text)->required();
  parts.add_choice(*parts.quit);
}

GameCommands::~GameCommands() = default;

std::optional<int> GameCommands::run() const {
  const auto& parts = *parts_;
  const auto with_stop = [](const auto& command) {
    const StopOnSignal signals;
    const auto done = command(signals.token());
    return done ? 0 : complain(kProgram, done.error());
  };
  if (*parts.pair) {
    return with_stop([&](const auto& stop) {
      const auto paired = pair_lumen({parts.host, parts.code}, parts.choice(), stop);
      return paired ? *paired : pair(parts.host, parts.pin, stop);
    });
  }
  if (*parts.list) {
    return with_stop([&](const auto& stop) {
      if (parts.host.empty()) return list_hosts(parts.choice(), stop);
      const auto listed = list_lumen(parts.host, parts.choice(), stop);
      return listed ? *listed : list_apps(parts.host, stop);
    });
  }
  if (*parts.stream) {
    const auto streamed = stream(parts.host, parts.app, parts.options);
    return streamed ? 0 : complain(kProgram, streamed.error());
  }
  if (*parts.quit) {
    return with_stop([&](const auto& stop) {
      const auto ended = quit_lumen(parts.host, parts.choice(), stop);
      return ended ? *ended : quit(parts.host, stop);
    });
  }
  return std::nullopt;
}

}  // namespace lumen::apps
