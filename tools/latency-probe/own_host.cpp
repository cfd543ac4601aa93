#include "tools/latency-probe/own_host.hpp"

#include <unistd.h>

#include <chrono>

#include <fmt/format.h>

#include "base/runtime_dir.hpp"
#include "client/gamestream/host_fetch.hpp"
#include "host/host.hpp"

namespace lumen::probe {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPairing = 30s;

// A family of ports hangs on it, below those that the kernel hands out by itself.
std::uint16_t choose_port() { return static_cast<std::uint16_t>(20'000 + getpid() % 400 * 30); }

}  // namespace

Result<std::unique_ptr<OwnHost>> OwnHost::create(Params params) {
  LUMEN_TRY(auto folder, selftest::TemporaryDir::create());
  std::unique_ptr<OwnHost> host{new OwnHost{std::move(params), std::move(folder)}};
  LUMEN_CHECK_OK(host->start());
  return host;
}

Status OwnHost::start() {
  std::vector<std::string> arguments{"serve", "--app", "test-scene", "--port", "0", "--log-level", "warning"};
  if (!params_.preset.empty()) arguments.insert(arguments.end(), {"--preset", params_.preset});
  if (params_.gamestream) {
    game_port_ = choose_port();
    const auto config = folder_.path() + "/host.toml";
    LUMEN_CHECK_OK(write_private_file(
        config, fmt::format("[gamestream]\nport = {}\ncodecs = [\"h264\"]\n", game_port_)));
    arguments.insert(arguments.end(), {"--no-publish", "--config", config});
  } else {
    arguments.insert(arguments.end(), {"--no-gamestream", "--no-lumen"});
  }
  LUMEN_TRY(auto child, run(std::move(arguments)));
  host_.emplace(std::move(child));
  return selftest::wait_for_host(*host_, host::Host::control_path(folder_.path() + "/lumen"));
}

Result<link::Child> OwnHost::run(std::vector<std::string> arguments) const {
  const auto& path = folder_.path();
  arguments.insert(arguments.begin(), params_.program_dir + "/lumen-host");
  return link::spawn({.argv = std::move(arguments),
                      .environment = {"XDG_RUNTIME_DIR=" + path, "XDG_STATE_HOME=" + path + "/state",
                                      "XDG_CONFIG_HOME=" + path + "/config"}});
}

Result<lumen1::ConnectInfo> OwnHost::connect_info() const {
  LUMEN_TRY(const auto text, read_small_file(host::Host::connect_file(folder_.path() + "/lumen", 0), 4096));
  return lumen1::parse_connect_info(text);
}

Result<client::HostBook*> OwnHost::paired_book() {
  if (!book_) {
    LUMEN_TRY(book_, client::HostBook::open(folder_.path() + "/client"));
    LUMEN_CHECK_OK(pair());
  }
  return &*book_;
}

// The client shows a PIN, and a person types it at the host.
Status OwnHost::pair() {
  const std::stop_source stop;
  LUMEN_TRY(auto fetch, client::create_host_fetch(book_->identity()));
  LUMEN_TRY(auto connection,
            client::GameConnection::open(
                {.address = game_address(), .book = &*book_, .fetch = std::move(fetch)}, stop.get_token()));
  std::optional<selftest::Running> person;
  const auto type = [&](std::string_view pin) {
    if (auto child = run({"pair", std::string{pin}, "--wait", "20"})) person.emplace(std::move(*child));
  };
  LUMEN_CHECK_OK(connection.pair("", type, stop.get_token()));
  if (person) person->wait(kPairing);
  return {};
}

}  // namespace lumen::probe
