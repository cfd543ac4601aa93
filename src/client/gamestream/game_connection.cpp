#include "client/gamestream/game_connection.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/machine_name.hpp"
#include "gamestream/http/pairing_client.hpp"
#include "gamestream/http/query.hpp"
#include "gamestream/http/text.hpp"
#include "gamestream/http/xml.hpp"
#include "net/tcp/byte_exchange.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;
using gamestream::Scheme;

constexpr Duration kInfoTimeout = 5s, kListTimeout = 10s, kQuitTimeout = 30s;
constexpr Duration kLaunchTimeout = 120s;  // the host may have a desktop to start

bool is_id(const Status& status, std::string_view id) { return !status && status.error().id == id; }

}  // namespace

std::string GameConnection::with_id(std::string_view path) const {
  return fmt::format("{}?{}", path, gamestream::encode_parameter("uniqueid", params_.book->client_id()));
}

tl::unexpected<Error> GameConnection::not_paired(std::string_view why) const {
  return fail(ErrorCode::denied, "client.not-paired", fmt::format("{} {}", to_string(params_.address), why),
              fmt::format("Pair first: lumen-client pair {}", to_string(params_.address)));
}

Result<std::string> GameConnection::get_from(Scheme scheme, std::string_view target,
                                             std::optional<Duration> timeout,
                                             const crypto::Certificate* pinned,
                                             const std::stop_token& stop) const {
  const auto to = scheme == Scheme::https ? with_port(endpoint_, info_.https_port) : endpoint_;
  return params_.fetch({.to = to, .scheme = scheme, .target = target, .timeout = timeout, .pinned = pinned},
                       stop);
}

Result<GameConnection> GameConnection::open(Params params, const std::stop_token& stop) {
  LUMEN_TRY(const auto candidates, net::resolve(params.address.host, params.address.http_port));
  GameConnection connection{std::move(params), candidates.front()};
  auto asked = connection.ask_who(stop);
  for (std::size_t i = 1; !asked && i < candidates.size() && !is_id(asked, "client.not-a-host"); ++i) {
    connection.endpoint_ = candidates[i];
    auto next = connection.ask_who(stop);
    if (next) asked = next;  // otherwise the first address has the better reason
  }
  LUMEN_CHECK_OK(asked);
  const auto* const known = connection.params_.book->find(connection.info_.unique_id);
  if (known == nullptr) {
    connection.pairing_ = connection.not_paired("is not paired with this client");
    return connection;
  }
  const auto certificate = known->certificate;
  connection.pairing_ = connection.ask_as_paired(certificate, stop);
  const auto& why = connection.pairing_;
  if (!why && why.error().id != "client.not-paired" && why.error().id != "http.certificate-changed")
    return tl::unexpected{why.error()};
  return connection;
}

Status GameConnection::ask_who(const std::stop_token& stop) {
  LUMEN_TRY(const auto body, get_from(Scheme::http, with_id("/serverinfo"), kInfoTimeout, nullptr, stop));
  auto info = gamestream::read_server_info(body);
  if (!info) {
    return fail(ErrorCode::malformed, "client.not-a-host",
                fmt::format("{} is no GameStream host: {}", to_string(params_.address), info.error().what),
                "Check the address and the port");
  }
  info_ = *std::move(info);
  return {};
}

Status GameConnection::ask_as_paired(const crypto::Certificate& certificate, const std::stop_token& stop) {
  auto body = get_from(Scheme::https, with_id("/serverinfo"), kInfoTimeout, &certificate, stop);
  if (!body && body.error().id == "http.certificate-changed") {
    body.error().remedy = fmt::format("If it was set up anew, pair again: lumen-client pair {}; else beware",
                                      to_string(params_.address));
  }
  if (!body) return tl::unexpected{body.error()};
  auto info = gamestream::read_server_info(*body);
  if (!info && info.error().id != "gamestream.not-paired") return tl::unexpected{info.error()};
  if (!info || !info->paired) return not_paired("does not know this client any more");
  if (info->unique_id != info_.unique_id) return not_paired("is not the host that it says it is");
  const auto https_port = info_.https_port;
  info_ = *std::move(info);
  info_.https_port = https_port;  // the one that works
  return {};
}

Status GameConnection::pair(std::string_view pin, const OnPin& on_pin, const std::stop_token& stop) {
  LUMEN_TRY(auto machine,
            gamestream::PairingClient::create(params_.book->identity(), params_.book->client_id(),
                                              machine_name("Lumen client"), pin));
  Status verdict;
  for (bool first = true; const auto request = machine.next(); first = false) {
    // A person waits for the PIN while the first request does: it is shown before.
    if (first) on_pin(machine.pin());
    // What is left to say after a failure is said even when the person has had enough.
    const auto until = verdict ? stop : std::stop_token{};
    const auto& host = machine.host_certificate();
    const auto body =
        get_from(request->scheme, request->target, request->timeout, host ? &*host : nullptr, until);
    const auto taken = body ? machine.on_answer(*body) : Status{tl::unexpected{body.error()}};
    if (!body) machine.abandon();
    if (verdict) verdict = taken;
  }
  LUMEN_CHECK_OK(verdict);
  // Who this is, from one who has the certificate's key: until here anybody could have said so.
  const auto& certificate = *machine.host_certificate();
  LUMEN_TRY(const auto body,
            get_from(Scheme::https, with_id("/serverinfo"), kInfoTimeout, &certificate, stop));
  LUMEN_TRY(info_, gamestream::read_server_info(body));
  LUMEN_CHECK_OK(params_.book->keep({.unique_id = info_.unique_id,
                                     .name = info_.hostname,
                                     .address = params_.address,
                                     .certificate = certificate}));
  pairing_ = Status{};
  return {};
}

Result<std::string> GameConnection::get(std::string_view target, Duration timeout,
                                        const std::stop_token& stop) {
  if (!pairing_) return tl::unexpected{pairing_.error()};
  const auto* const known = params_.book->find(info_.unique_id);
  if (known == nullptr) return not_paired("is not paired with this client");
  return get_from(Scheme::https, target, timeout, &known->certificate, stop);
}

Status GameConnection::refresh(const std::stop_token& stop) {
  LUMEN_TRY(const auto body, get(with_id("/serverinfo"), kInfoTimeout, stop));
  LUMEN_TRY(info_, gamestream::read_server_info(body));
  return {};
}

Result<std::vector<gamestream::App>> GameConnection::apps(const std::stop_token& stop) {
  LUMEN_TRY(const auto body, get(with_id("/applist"), kListTimeout, stop));
  return gamestream::read_app_list(body);
}

Result<gamestream::App> GameConnection::find_app(std::string_view wanted, const std::stop_token& stop) {
  LUMEN_TRY(const auto all, apps(stop));
  const auto number = gamestream::parse_decimal<std::uint32_t>(wanted);
  const auto choose = [&](const auto& fits) -> const gamestream::App* {
    const auto found = std::ranges::find_if(all, fits);
    return found == all.end() ? nullptr : &*found;
  };
  const gamestream::App* app = nullptr;
  if (wanted.empty()) {
    app = choose([&](const auto& each) { return each.id == info_.current_app; });
    if (app == nullptr)
      app = choose([](const auto& each) { return gamestream::equal_ignoring_case(each.title, "Desktop"); });
    if (app == nullptr && !all.empty()) app = &all.front();
  } else {
    app = choose([&](const auto& each) { return gamestream::equal_ignoring_case(each.title, wanted); });
    if (app == nullptr && number) app = choose([&](const auto& each) { return each.id == *number; });
  }
  if (app != nullptr) return *app;
  std::vector<std::string_view> titles;
  for (const auto& each : all) titles.push_back(each.title);
  return fail(ErrorCode::invalid_argument, "client.no-such-app",
              wanted.empty() ? "the host offers no application"
                             : fmt::format("the host has no application '{}'", wanted),
              titles.empty() ? std::string{"Add one at the host"}
                             : fmt::format("Choose one of: {}", fmt::join(titles, ", ")));
}

Result<gamestream::LaunchGrant> GameConnection::launch(const gamestream::LaunchRequest& request,
                                                       const std::stop_token& stop) {
  auto target = gamestream::launch_target(request, params_.book->client_id());
  const auto body = get(target, kLaunchTimeout, stop);
  crypto::wipe(MutableBytes{reinterpret_cast<std::byte*>(target.data()), target.size()});
  LUMEN_CHECK_OK(body);
  return gamestream::read_launch_answer(request.verb, *body);
}

Status GameConnection::quit(const std::stop_token& stop) {
  LUMEN_TRY(const auto body, get(with_id("/cancel"), kQuitTimeout, stop));
  LUMEN_TRY(const auto document, gamestream::read_xml(body));
  if (document.status_code != 200 || document.root.child_text("cancel") == "0") {
    auto words = gamestream::display_name(document.status_message, 255);
    return fail(ErrorCode::denied, "client.quit-refused",
                words.empty() ? std::string{"the host refused to end the application"} : std::move(words),
                "End it at the host");
  }
  LUMEN_CHECK_OK(refresh(stop));
  if (info_.current_app == 0) return {};
  return fail(ErrorCode::unavailable, "client.still-running",
              "the application runs on although the host said that it ends",
              "Another client may have started it: quit it there, or at the host");
}

}  // namespace lumen::client
