#include "client/gamestream/game_control.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace lumen::client {
namespace {

namespace control = gamestream::control;
using namespace std::chrono_literals;

constexpr Duration kMaxSleep = 1s, kGoodbye = 2s;
constexpr std::size_t kMaxWaitingInput = 4096;

Timestamp now() { return SteadyTime{}.now(); }

net::EnetDelivery to_enet(control::Delivery delivery) {
  switch (delivery) {
    case control::Delivery::reliable:
      return net::EnetDelivery::reliable;
    case control::Delivery::unreliable:
      return net::EnetDelivery::unreliable;
    case control::Delivery::unsequenced:
      break;
  }
  return net::EnetDelivery::unsequenced;
}

Error terminated(std::uint32_t code) {
  constexpr auto kGraceful = static_cast<std::uint32_t>(control::TerminationCode::graceful);
  switch (static_cast<control::TerminationCode>(code == 0 ? kGraceful : code)) {
    case control::TerminationCode::graceful:
      return {ErrorCode::unavailable, "client.host-ended", "the host ended the stream",
              "Start it again if that was not meant"};
    case control::TerminationCode::protected_content:
      return {ErrorCode::denied, "client.terminated", "the host ended the stream: it shows protected content",
              "Close what plays it"};
    case control::TerminationCode::frame_conversion:
      return {ErrorCode::unavailable, "client.terminated",
              "the host ended the stream: it cannot convert or encode the picture", "See the host's log"};
  }
  return {ErrorCode::unavailable, "client.terminated",
          fmt::format("the host ended the stream with code {:#010x}", code), "See the host's log"};
}

}  // namespace

Result<std::unique_ptr<GameControl>> GameControl::start(Params params, Events events, Logger& log) {
  LUMEN_TRY(auto protocol, control::ControlClient::create(params.key.view()));
  LUMEN_TRY(auto enet, net::EnetClient::create({}));
  UniqueFd wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  LUMEN_CHECK_OK(enet.connect(params.host, params.connect_data, now()));
  return std::unique_ptr<GameControl>{new GameControl{std::move(params), std::move(events), std::move(enet),
                                                      std::move(protocol), std::move(wake), log}};
}

GameControl::GameControl(Params params, Events events, net::EnetClient enet, control::ControlClient protocol,
                         UniqueFd wake, Logger& log)
    : params_{std::move(params)},
      events_{std::move(events)},
      log_{log},
      wake_{std::move(wake)},
      enet_{std::move(enet)},
      protocol_{std::move(protocol)},
      begun_{now()},
      thread_{"lm-control", [this](const std::stop_token& stop) { loop(stop); }} {}

GameControl::~GameControl() {
  thread_.request_stop();
  wake();
}

void GameControl::wake() const { eventfd_write(wake_.get(), 1); }

bool GameControl::send_report(const control::ClientMessage& message) {
  auto copy = message;
  if (!reports_.try_push(copy)) return false;
  wake();
  return true;
}

void GameControl::send_input(const InputEvent& event) {
  {
    MutexLock lock{mutex_};
    if (input_.size() == kMaxWaitingInput) return;  // the thread is gone or hangs
    input_.push_back(event);
  }
  wake();
}

void GameControl::send_pad(const PadEvent& event) {
  {
    MutexLock lock{mutex_};
    if (pads_.size() == kMaxWaitingInput) return;
    pads_.push_back(event);
  }
  wake();
}

void GameControl::loop(const std::stop_token& stop) {
  while (!stop.stop_requested() && !over_) {
    wait();
    service();
    send_waiting();
    if (!connected_ && !over_ && now() - begun_ > params_.connect_timeout) {
      end({ErrorCode::timed_out, "client.control-refused",
           fmt::format("{} does not answer the control connection", params_.host.to_string()),
           "Check that a firewall lets UDP through to the host"});
    }
  }
  if (!over_ && connected_) say_goodbye();
}

void GameControl::wait() {
  auto until = now() + kMaxSleep;
  if (const auto deadline = enet_.next_deadline(now())) until = std::min(until, *deadline);
  if (const auto ping = protocol_.next_ping()) until = std::min(until, *ping);
  const auto left = std::max<Duration>(until - now(), Duration::zero());
  const timespec timeout{.tv_sec = left / 1s, .tv_nsec = (left % 1s).count()};
  std::array<pollfd, 2> waiters{{{enet_.fd(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
  ppoll(waiters.data(), waiters.size(), &timeout, nullptr);
  eventfd_t ignored = 0;
  if ((waiters[1].revents & POLLIN) != 0) eventfd_read(wake_.get(), &ignored);
}

void GameControl::service() {
  enet_.service(
      now(), {.connected =
                  [this](net::EnetPeerId peer, const net::Endpoint&, std::uint32_t) {
                    peer_ = peer;
                    on_connected();
                  },
              .received = [this](net::EnetPeerId, std::uint8_t, MutableBytes packet) { on_packet(packet); },
              .disconnected = [this](net::EnetPeerId, std::uint32_t) { on_disconnected(); }});
}

void GameControl::on_connected() {
  connected_ = true;
  for (const auto& packet : protocol_.open()) {
    if (packet) send(*packet);
  }
  log_.debug("the control connection stands");
  events_.on_connected();
}

void GameControl::on_packet(MutableBytes packet) {
  const auto message = protocol_.receive(packet);
  if (!message || over_) return;
  if (const auto* termination = std::get_if<control::Termination>(&*message)) {
    enet_.drop(peer_, 0);
    end(terminated(termination->code));
    return;
  }
  events_.on_message(*message);
}

void GameControl::on_disconnected() {
  if (over_) return;
  if (!connected_) {
    end({ErrorCode::unavailable, "client.control-refused",
         fmt::format("{} refused the control connection", params_.host.to_string()),
         "Start the stream again; check that a firewall lets UDP through to the host"});
    return;
  }
  end({ErrorCode::unavailable, "client.host-gone", "the host hung up, or does not answer any more",
       "Check that it runs and that the network is up"});
}

void GameControl::end(const Error& error) {
  over_ = true;
  events_.on_ended(error);
}

// Everything that waits, and a ping when it is time.
void GameControl::send_waiting() {
  taken_.clear();
  taken_pads_.clear();
  {
    MutexLock lock{mutex_};
    std::swap(taken_, input_);
    if (connected_) std::swap(taken_pads_, pads_);  // pads say hello once: that must not get lost
  }
  if (over_) return;
  while (const auto report = reports_.try_pop()) {
    if (connected_) seal_and_send(*report);
  }
  if (!connected_) return;
  packets_.clear();
  for (const auto& event : taken_) mapper_.add(event, packets_);
  for (const auto& event : taken_pads_) pad_mapper_.add(event, packets_);
  for (const auto& packet : packets_) seal_and_send(packet);
  round_trip_ns_.store(enet_.round_trip(peer_).value_or(Duration::zero()).count(), std::memory_order_relaxed);
  if (const auto ping = protocol_.ping_if_due(now())) send(*ping);
  enet_.flush();
}

void GameControl::seal_and_send(const control::ClientMessage& message) {
  if (const auto packet = protocol_.seal(message)) send(*packet);
}

void GameControl::send(const control::SealedPacket& packet) {
  enet_.send(peer_, packet.route.channel, packet.bytes(), to_enet(packet.route.delivery));
}

void GameControl::say_goodbye() {
  packets_.clear();
  mapper_.add(ReleaseAll{}, packets_);
  for (const auto& packet : packets_) seal_and_send(packet);
  enet_.disconnect_after_sending(peer_, 0);
  events_.on_ended = [](const Error&) {};  // it is meant
  const auto deadline = now() + kGoodbye;
  while (!over_ && now() < deadline) {
    service();
    if (!over_) wait();
  }
  if (!over_) enet_.drop(peer_, 0);
}

}  // namespace lumen::client
