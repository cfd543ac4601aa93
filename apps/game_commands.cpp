#include "apps/game_commands.hpp"

#include <iostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/stop_on_signal.hpp"
#include "client/gamestream/host_fetch.hpp"

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

void list_known(const client::HostBook& book) {
  if (book.hosts().empty()) std::cout << "No host is paired. Pair with one: lumen-client pair HOST\n";
  for (const auto& host : book.hosts())
    std::cout << fmt::format("{:24}  {:24}  paired\n", to_string(host.address), host.name);
}

Status list(const std::string& host, const std::stop_token& stop) {
  LUMEN_TRY(auto client, Client::open());
  if (host.empty()) {
    list_known(client.book);
    return {};
  }
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

}  // namespace

struct GameCommands::Parts {
  std::string host, pin, app;
  CLI::App *pair = nullptr, *list = nullptr, *quit = nullptr;
};

GameCommands::GameCommands(CLI::App& app) : parts_{std::make_unique<Parts>()} {
  auto& parts = *parts_;
  app.require_subcommand(0, 1);
  const auto* const host_text = "name or address of the host, with its port if that is not 47989";
  parts.pair = app.add_subcommand("pair", "make a GameStream host trust this client");
  parts.pair->add_option("host", parts.host, host_text)->required();
  parts.pair->add_option("--pin", parts.pin, "four digits to type at the host; default: random ones");
  parts.list =
      app.add_subcommand("list", "what a GameStream host can run; without a host: which hosts there are");
  parts.list->add_option("host", parts.host, host_text);
  parts.quit = app.add_subcommand("quit", "end what runs for this client at a GameStream host");
  parts.quit->add_option("host", parts.host, host_text)->required();
}

GameCommands::~GameCommands() = default;

std::optional<int> GameCommands::run() const {
  const auto& parts = *parts_;
  const auto with_stop = [](const auto& command) {
    const StopOnSignal signals;
    const auto done = command(signals.token());
    return done ? 0 : complain(kProgram, done.error());
  };
  if (*parts.pair) return with_stop([&](const auto& stop) { return pair(parts.host, parts.pin, stop); });
  if (*parts.list) return with_stop([&](const auto& stop) { return list(parts.host, stop); });
  if (*parts.quit) return with_stop([&](const auto& stop) { return quit(parts.host, stop); });
  return std::nullopt;
}

}  // namespace lumen::apps
