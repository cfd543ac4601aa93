#include "apps/lumen_commands.hpp"

#include <poll.h>
#include <unistd.h>

#include <iostream>
#include <utility>

#include <fmt/format.h>

#include "apps/program.hpp"
#include "apps/stop_on_signal.hpp"
#include "client/client.hpp"
#include "client/gamestream/host_book.hpp"
#include "client/lumen1/lumen_backend.hpp"
#include "net/mdns/browser.hpp"

namespace lumen::apps {
namespace {

using namespace std::chrono_literals;
using client::LumenConnection;

constexpr const char* kProgram = "lumen-client";
constexpr Duration kPatience = 2s;
constexpr int kMostGuesses = 3;

// Who this device is, and a host that it speaks with.
struct Talk {
  client::LumenBook book;
  client::LumenAddress address;
  std::unique_ptr<LumenConnection> connection;

  client::LumenHosts hosts(Logger& log) { return {book, {}, log}; }
};

// Whether a port was named that belongs to GameStream, most likely.
bool names_another_port(const std::string& host) {
  const auto address = client::parse_lumen_address(host);
  return address && address->port != client::kLumenPort;
}

// nullopt: nobody there speaks lumen/1, and something else may be tried.
std::optional<Result<Talk>> talk_to(const std::string& host, ProtocolChoice choice,
                                    const std::stop_token& stop, Logger& log) {
  if (choice == ProtocolChoice::gamestream) return std::nullopt;
  if (choice == ProtocolChoice::automatic && names_another_port(host)) return std::nullopt;
  auto talk = [&]() -> Result<Talk> {
    LUMEN_TRY(auto address, client::parse_lumen_address(host));
    LUMEN_TRY(auto book, client::LumenBook::open(client::lumen_book_folder(client::default_book_folder())));
    Talk made{std::move(book), std::move(address), nullptr};
    LUMEN_TRY(made.connection, made.hosts(log).connect(made.address, kPatience, stop));
    return made;
  }();
  if (!talk && talk.error().id == client::kNoAnswer && choice == ProtocolChoice::automatic)
    return std::nullopt;
  return talk;
}

// What is typed next; nullopt when there will be nothing, or the stop was requested first.
std::optional<std::string> read_line(const std::stop_token& stop) {
  constexpr int kStepMs = 100;
  for (pollfd typed{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}; poll(&typed, 1, kStepMs) == 0;) {
    if (stop.stop_requested()) return std::nullopt;
  }
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  return line;
}

Error cancelled() { return {ErrorCode::cancelled, "client.cancelled", "cancelled", {}}; }

Status pair_by_typing(LumenConnection& connection, const std::stop_token& stop) {
  Status paired;
  for (int guess = 0; guess < kMostGuesses; ++guess) {
    std::cout << fmt::format("Code that {} shows (lumen-host pair): ", connection.hello().name) << std::flush;
    const auto code = read_line(stop);
    if (!code) return tl::unexpected{cancelled()};
    paired = connection.pair_with_code(*code, stop);
    if (paired || (paired.error().id != "pairing.wrong-code" && paired.error().id != "pairing.code")) break;
    std::cout << paired.error().what << '\n';
  }
  return paired;
}

// By somebody at the host who says yes, and somebody here who sees that it is that host.
Status pair_by_words(LumenConnection& connection, const std::stop_token& stop) {
  const auto& name = connection.hello().name;
  if (isatty(STDIN_FILENO) != 1) {
    return fail(ErrorCode::denied, "pairing.nobody-here",
                fmt::format("this device is not paired with {}", name),
                "Run lumen-host pair --code there, and lumen-client pair HOST --code CODE here");
  }
  std::string words;
  LUMEN_CHECK_OK(connection.pair_by_approval(
      [&](const std::string& shown) {
        words = shown;
        std::cout << fmt::format("Asked {} to let this device in. Allow it there: lumen-host pair\n", name)
                  << std::flush;
      },
      stop));
  std::cout << fmt::format("Did {} show the words {}? [y/N] ", name, words) << std::flush;
  const auto answer = read_line(stop);
  if (answer == "y" || answer == "Y" || answer == "yes") return {};
  return fail(ErrorCode::denied, "pairing.other-words", "somebody is in between, or another host answered",
              "Remove this device at the host (lumen-host clients), and look for who that is");
}

// By the code that was given; else, where the host shows one and somebody sits here, by one that is typed;
// else by somebody at the host.
Status pair_now(Talk& talk, const std::string& code, const std::stop_token& stop, Logger& log) {
  auto& connection = *talk.connection;
  const auto& name = connection.hello().name;
  if (!code.empty()) {
    LUMEN_CHECK_OK(connection.pair_with_code(code, stop));
  } else if (connection.hello().takes_code && isatty(STDIN_FILENO) == 1) {
    LUMEN_CHECK_OK(pair_by_typing(connection, stop));
  } else {
    LUMEN_CHECK_OK(pair_by_words(connection, stop));
  }
  LUMEN_CHECK_OK(talk.hosts(log).keep(connection, talk.address));
  std::cout << fmt::format("Paired with {}\n", name) << std::flush;
  return {};
}

Status list(Talk& talk, const std::stop_token& stop) {
  LUMEN_TRY(const auto apps, talk.connection->apps(stop));
  for (const auto& app : apps)
    std::cout << fmt::format("{:10}  {}{}\n", app.id, app.name, app.running ? "  (running)" : "");
  return {};
}

Result<client::ClientParams> make_params(const PlainStream& wanted, const client::OpenedStream& opened) {
  client::ClientParams params{.connect = opened.connect,
                              .verdict = {},
                              .mode = opened.stream.mode,
                              .headless = wanted.headless,
                              .fullscreen = wanted.fullscreen,
                              .sound = !wanted.silent,
                              .microphone = wanted.microphone && opened.stream.microphone,
                              .check = wanted.check,
                              .loss_percent = wanted.loss,
                              .loss_seed = wanted.seed,
                              .png_path = wanted.png,
                              .record_path = wanted.record,
                              .statistics = statistics_of(wanted.statistics),
                              .progress = wanted.progress};
  if (wanted.seconds > 0) params.run_for = to_duration(wanted.seconds);
  return params;
}

Result<client::ClientParams> open_stream(Talk& talk, const PlainStream& wanted, Logger& log) {
  const StopOnSignal signals;
  const auto stop = signals.token();
  if (!talk.hosts(log).is_paired(*talk.connection)) {
    LUMEN_CHECK_OK(pair_now(talk, {}, stop, log));
  }
  LUMEN_TRY(const auto mode, parse_mode(wanted.mode));
  LUMEN_TRY(const auto apps, talk.connection->apps(stop));
  LUMEN_TRY(const auto app, client::find_app(apps, wanted.app));
  const client::StreamRequest request{.host_id = {},
                                      .app = {},
                                      .mode = mode,
                                      .codec = std::nullopt,
                                      .sound = !wanted.silent,
                                      .microphone = wanted.microphone};
  LUMEN_TRY(const auto opened, talk.connection->open_stream(app.id, 0, client::to_wish(request), stop));
  LUMEN_TRY(auto params, make_params(wanted, opened));
  params.verdict = [connection = talk.connection.get(), session = opened.connect.session] {
    return connection->verdict(session);
  };
  if (client::is_pointer_apart(opened.stream)) {
    params.find_pointer_look = [connection = talk.connection.get(), session = opened.connect.session](
                                   std::uint32_t image) { return connection->pointer_look(session, image); };
  }
  return params;
}

Status stream(Talk& talk, const PlainStream& wanted, Logger& log) {
  LUMEN_TRY(const auto params, open_stream(talk, wanted, log));
  const auto signals = take_signals({SIGTERM, SIGINT});
  const auto outcome = client::run_client(params, signals.get(), log);
  if (wanted.progress) std::cerr << "\n";
  if (!wanted.stats_json.empty()) {
    LUMEN_CHECK_OK(write_figures(wanted.stats_json, client::to_json(outcome.report)));
  }
  return outcome.status;
}

}  // namespace

std::optional<Status> pair_lumen(const LumenPairing& pairing, ProtocolChoice choice,
                                 const std::stop_token& stop) {
  const auto log = make_logger(kProgram, "warning");
  auto talk = talk_to(pairing.host, choice, stop, *log);
  if (!talk) return std::nullopt;
  if (!*talk) return Status{tl::unexpected{talk->error()}};
  if ((*talk)->hosts(*log).is_paired(*(*talk)->connection)) {
    std::cout << fmt::format("{} is paired already\n", (*talk)->connection->hello().name);
    return Status{};
  }
  return pair_now(**talk, pairing.code, stop, *log);
}

std::optional<Status> list_lumen(const std::string& host, ProtocolChoice choice,
                                 const std::stop_token& stop) {
  const auto log = make_logger(kProgram, "warning");
  auto talk = talk_to(host, choice, stop, *log);
  if (!talk) return std::nullopt;
  if (!*talk) return Status{tl::unexpected{talk->error()}};
  return list(**talk, stop);
}

std::optional<Status> quit_lumen(const std::string& host, ProtocolChoice choice,
                                 const std::stop_token& stop) {
  const auto log = make_logger(kProgram, "warning");
  auto talk = talk_to(host, choice, stop, *log);
  if (!talk) return std::nullopt;
  if (!*talk) return Status{tl::unexpected{talk->error()}};
  return client::end_all(*(*talk)->connection, stop);
}

Result<std::vector<client::HostEntry>> find_lumen_hosts(const std::stop_token& stop) {
  const auto log = make_logger(kProgram, "warning");
  LUMEN_TRY(auto book, client::LumenBook::open(client::lumen_book_folder(client::default_book_folder())));
  const client::LumenHosts hosts{book, {}, *log};
  return hosts.search({}, client::announced_hosts(), [](const auto&) {}, stop);
}

std::optional<int> stream_lumen(const PlainStream& wanted, ProtocolChoice choice) {
  const auto log = make_logger(kProgram, wanted.log_level);
  auto talk = [&] {
    const StopOnSignal signals;
    return talk_to(wanted.host, choice, signals.token(), *log);
  }();
  if (!talk) return std::nullopt;
  if (!*talk) return complain(kProgram, talk->error());
  const auto streamed = stream(**talk, wanted, *log);
  return streamed ? 0 : complain(kProgram, streamed.error());
}

}  // namespace lumen::apps
