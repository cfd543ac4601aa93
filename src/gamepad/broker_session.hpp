// lumen/gamepad: one client of the broker. Private to the broker.
#pragma once

#include <array>
#include <memory>

#include "gamepad/broker.hpp"
#include "gamepad/feedback_memory.hpp"
#include "gamepad/hid_pad.hpp"
#include "gamepad/live_pad.hpp"
#include "link/broker_messages.hpp"

namespace lumen::gamepad {

class BrokerSession {
 public:
  BrokerSession(UniqueFd socket, std::uint64_t id, uid_t user, Broker& broker);
  ~BrokerSession();
  BrokerSession(const BrokerSession&) = delete;
  BrokerSession& operator=(const BrokerSession&) = delete;

  Status start();
  uid_t user() const { return user_; }
  bool has(const PadAddress& address) const;
  std::size_t pads() const;
  bool has_ended() const;  // the other end is closed, which may not have been noticed yet

 private:
  void on_ready();
  void pause();
  void handle(const PadEvent& event);
  void arrive(const PadArrival& arrival);
  void refuse(std::uint8_t slot, const Error& why);
  void remove(std::uint8_t slot);
  void send(const link::FromBroker& message);
  void keep(const link::FromBroker& message);
  void catch_up();
  void end();

  UniqueFd socket_;
  std::uint64_t id_;
  uid_t user_;
  Broker& broker_;
  std::array<std::unique_ptr<LivePad>, kMaxPads> pads_;
  std::array<PadArrival, kMaxPads> asked_{};  // for them; the identity may have been taken
  Allowance messages_{Broker::kMessagesPerSecond, Broker::kMessagesPerSecond / 4};
  // The newest of what did not fit.
  struct Unsent {
    std::optional<std::string> refusal;
    FeedbackMemory feedback;
  };
  std::array<Unsent, kMaxPads> unsent_;
  std::optional<Timestamp> full_since_;
  EventLoop::TimerId pause_ = 0, catch_up_ = 0;  // 0: nothing is unsent
  bool gone_ = false;
};

}  // namespace lumen::gamepad
