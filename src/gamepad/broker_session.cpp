#include "gamepad/broker_session.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace lumen::gamepad {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPause = 10ms, kCatchUp = 20ms;
constexpr int kMessagesAtOnce = 64;  // then it is another client's turn

Timestamp now() { return SteadyTime{}.now(); }

}  // namespace

BrokerSession::BrokerSession(UniqueFd socket, std::uint64_t id, uid_t user, Broker& broker)
    : socket_{std::move(socket)}, id_{id}, user_{user}, broker_{broker} {}

BrokerSession::~BrokerSession() {
  gone_ = true;  // nothing more is told
  broker_.loop_.cancel(pause_);
  broker_.loop_.cancel(catch_up_);
  broker_.loop_.unwatch(socket_.get());
  for (std::uint8_t slot = 0; slot < kMaxPads; ++slot) remove(slot);
}

Status BrokerSession::start() {
  return broker_.loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t) { on_ready(); });
}

bool BrokerSession::has(const PadAddress& address) const {
  return std::ranges::any_of(
      pads_, [&](const auto& pad) { return pad && address_of(pad->arrival().identity) == address; });
}

std::size_t BrokerSession::pads() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(pads_, [](const auto& pad) { return pad != nullptr; }));
}

bool BrokerSession::has_ended() const {
  pollfd end{.fd = socket_.get(), .events = 0, .revents = 0};
  return gone_ || (poll(&end, 1, 0) == 1 && (end.revents & (POLLHUP | POLLERR)) != 0);
}

void BrokerSession::on_ready() {
  for (int i = 0; i < kMessagesAtOnce && !gone_; ++i) {
    if (!messages_.take(now())) return pause();
    const auto message = link::receive_to_broker(socket_.get());
    if (!message) {
      if (message.error().code == ErrorCode::malformed) broker_.warn(describe(message.error()));
      return end();
    }
    if (!*message) return;
    if (const auto* event = std::get_if<PadEvent>(&**message)) {
      handle(*event);
    } else {
      for (const auto& pad : pads_) {
        if (pad) pad->release();
      }
    }
  }
}

// Who says too much is not heard for a moment, and what it says waits: nothing is lost.
void BrokerSession::pause() {
  broker_.loop_.unwatch(socket_.get());
  pause_ = broker_.loop_.call_at(now() + kPause, [this] {
    if (const auto started = start(); !started) broker_.gone(id_);
  });
}

void BrokerSession::handle(const PadEvent& event) {
  const auto slot = slot_of(event);
  if (const auto* arrival = std::get_if<PadArrival>(&event)) {
    arrive(*arrival);
  } else if (std::holds_alternative<PadGone>(event)) {
    remove(slot);
  } else if (pads_[slot]) {
    pads_[slot]->take(event);
  }
}

void BrokerSession::arrive(const PadArrival& arrival) {
  auto& pad = pads_[arrival.slot];
  if (pad && asked_[arrival.slot] == arrival) {
    pad->repeat_feedback();
    return;
  }
  remove(arrival.slot);
  if (const auto allowed = broker_.allow_pad(user_); !allowed) return refuse(arrival.slot, allowed.error());
  broker_.drop_ended(*this);
  auto made = arrival;
  made.identity = broker_.free_identity({.user = user_, .identity = arrival.identity}, arrival.model);
  auto device = broker_.make_(made, now());
  if (!device) return refuse(arrival.slot, device.error());
  const auto slot = arrival.slot;
  auto live = std::make_unique<LivePad>(
      made, std::move(*device),
      LivePadEvents{.on_feedback = [this](const PadFeedback& feedback) { send(feedback); },
                    .on_broken =
                        [this, slot](const Error& error) {
                          if (pads_[slot]) pads_[slot]->stop_effects();
                          refuse(slot, error);
                          broker_.gone(id_);
                        }},
      broker_.loop_);
  if (const auto started = live->start(); !started) return refuse(slot, started.error());
  pad = std::move(live);
  asked_[slot] = arrival;
}

void BrokerSession::refuse(std::uint8_t slot, const Error& why) {
  broker_.warn(fmt::format("no pad {}: {}", slot, describe(why)));
  send(link::PadRefused{slot, describe(why)});
}

void BrokerSession::remove(std::uint8_t slot) {
  if (!pads_[slot]) return;
  pads_[slot]->stop_effects();
  pads_[slot]->mute();
  broker_.depart(std::move(pads_[slot]), {.user = user_, .identity = asked_[slot].identity});
}

// A client that is busy for a moment hears the newest of each kind later; one that stays so is stuck.
void BrokerSession::send(const link::FromBroker& message) {
  if (gone_) return;
  if (catch_up_ != 0) return keep(message);  // nothing overtakes what is older
  const auto sent = link::send(socket_.get(), message);
  if (sent) {
    full_since_.reset();
  } else if (sent.error().id != "link.full" ||
             now() - full_since_.value_or(now()) >= broker_.limits_.patience) {
    end();
  } else {
    if (!full_since_) full_since_ = now();
    keep(message);
    catch_up_ = broker_.loop_.call_at(now() + kCatchUp, [this] { catch_up(); });
  }
}

void BrokerSession::keep(const link::FromBroker& message) {
  if (const auto* refused = std::get_if<link::PadRefused>(&message)) {
    unsent_[refused->slot].refusal = refused->reason;
  } else {
    const auto& feedback = std::get<PadFeedback>(message);
    static_cast<void>(unsent_[slot_of(feedback)].feedback.news(feedback));
  }
}

void BrokerSession::catch_up() {
  catch_up_ = 0;
  const auto unsent = std::exchange(unsent_, {});
  for (std::uint8_t slot = 0; slot < kMaxPads; ++slot) {
    // First, for what is told after it may be of the next pad.
    if (unsent[slot].refusal) send(link::PadRefused{slot, *unsent[slot].refusal});
    unsent[slot].feedback.for_each([this](const PadFeedback& feedback) { send(feedback); });
  }
}

void BrokerSession::end() {
  gone_ = true;
  broker_.gone(id_);
}

}  // namespace lumen::gamepad
