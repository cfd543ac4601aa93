#include "gamepad/broker_client.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

namespace lumen::gamepad {
namespace {

Timestamp now() { return SteadyTime{}.now(); }

// Whether what comes after it says the same, or better.
bool is_superseded(const link::ToBroker& message) {
  const auto* event = std::get_if<PadEvent>(&message);
  return event != nullptr && !std::holds_alternative<PadArrival>(*event) &&
         !std::holds_alternative<PadGone>(*event);
}

}  // namespace

std::vector<std::string> broker_sockets() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody changes it
    return value == nullptr ? "" : value;
  };
  if (auto named = variable("LUMEN_INPUTD_SOCKET"); !named.empty()) return {std::move(named)};
  std::vector<std::string> sockets;
  if (const auto runtime = variable("XDG_RUNTIME_DIR"); !runtime.empty())
    sockets.push_back(runtime + "/lumen-inputd.sock");
  sockets.emplace_back("/run/lumen-inputd.sock");
  return sockets;
}

BrokerClient::BrokerClient(BrokerClientParams params, EventLoop& loop, Logger& log)
    : params_{std::move(params)}, loop_{loop}, log_{log} {}

BrokerClient::~BrokerClient() {
  loop_.cancel(retry_);
  loop_.cancel(keep_);
  if (socket_) loop_.unwatch(socket_.get());
}

void BrokerClient::take(const PadEvent& event) {
  auto& pad = pads_.at(slot_of(event));
  if (const auto* arrival = std::get_if<PadArrival>(&event)) {
    pad = Pad{.arrival = *arrival, .state = {.slot = arrival->slot}};
    if (!socket_) return connect();  // which says what there is
  } else if (!pad) {
    return;
  } else if (std::holds_alternative<PadGone>(event)) {
    pad.reset();
  } else if (const auto* state = std::get_if<PadState>(&event)) {
    pad->state = *state;
  }
  send(event);
}

void BrokerClient::release() {
  bool any = false;
  for (std::uint8_t slot = 0; slot < kMaxPads; ++slot) {
    if (!pads_[slot]) continue;
    pads_[slot]->state = {.slot = slot};
    any = true;
  }
  if (any) send(link::PadsNeutral{});
}

void BrokerClient::client_left() {
  release();
  for (auto& pad : pads_) {
    if (pad) pad->claimed = false;
  }
  loop_.cancel(keep_);
  keep_ = loop_.call_at(now() + params_.keep, [this] { drop_unclaimed(); });
}

void BrokerClient::drop_unclaimed() {
  for (std::uint8_t slot = 0; slot < kMaxPads; ++slot) {
    if (pads_[slot] && !pads_[slot]->claimed) take(PadGone{slot});
  }
}

void BrokerClient::connect() {
  loop_.cancel(retry_);
  Status last;
  for (const auto& path : params_.sockets) {
    last = try_connect(path);
    if (last) break;
  }
  if (!socket_) {
    if (!told_) {
      log_.warn("{}",
                describe(Error{.code = ErrorCode::unavailable,
                               .id = "pads.no-broker",
                               .what = fmt::format("game pads do not work: no lumen-inputd answers at {}",
                                                   fmt::join(params_.sockets, " or ")),
                               .remedy = "Run: systemctl enable --now lumen-inputd.socket; or start "
                                         "lumen-inputd by hand (docs/gamepads.md)",
                               .os_errno = last ? 0 : last.error().os_errno}));
    }
    told_ = true;
    return retry_later();
  }
  if (told_) log_.info("game pads work: lumen-inputd answers");
  told_ = false;
  for (const auto& pad : pads_) {
    if (!pad) continue;
    send(PadEvent{pad->arrival});
    send(PadEvent{pad->state});
  }
}

Status BrokerClient::try_connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::invalid_argument, "pads.connect", path, {}, ENAMETOOLONG);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(ErrorCode::unavailable, "pads.connect", path, {}, errno);
  }
  LUMEN_CHECK_OK(loop_.watch(socket.get(), EPOLLIN, [this](std::uint32_t) { on_ready(); }));
  socket_ = std::move(socket);
  return {};
}

void BrokerClient::on_ready() {
  while (socket_) {
    const auto message = link::receive_from_broker(socket_.get());
    if (!message) return on_closed();
    if (!*message) return;
    if (const auto* feedback = std::get_if<PadFeedback>(&**message)) {
      static_cast<void>(heard_.at(slot_of(*feedback)).news(*feedback));
      params_.on_feedback(*feedback);
    } else {
      const auto& refused = std::get<link::PadRefused>(**message);
      log_.warn("a game pad does not work: {}", refused.reason);
      stop_effects(refused.slot);
    }
  }
}

void BrokerClient::on_closed() {
  loop_.unwatch(socket_.get());
  socket_.reset();
  log_.warn("lumen-inputd has gone or is stuck, and with it the game pads: they come back when it does");
  told_ = true;
  retry_later();
  for (std::uint8_t slot = 0; slot < kMaxPads; ++slot) stop_effects(slot);
}

void BrokerClient::stop_effects(std::uint8_t slot) {
  for (const auto& each : heard_.at(slot).stop()) params_.on_feedback(each);
}

void BrokerClient::retry_later() {
  if (std::ranges::none_of(pads_, [](const auto& pad) { return pad.has_value(); })) return;
  retry_ = loop_.call_at(now() + params_.retry, [this] { connect(); });
}

// What a pad does may be lost: the next state says all again. What is said only once may not: the broker
// gets to know of it by a new connection, which brings the pads that there are.
void BrokerClient::send(const link::ToBroker& message) {
  if (!socket_) return;
  const auto sent = link::send(socket_.get(), message);
  if (sent) return;
  if (sent.error().id == "link.closed" || !is_superseded(message)) on_closed();
}

}  // namespace lumen::gamepad
