// Pads from a client's sender to a host's edges, over a network that loses and overtakes.
#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "core/client_sender.hpp"
#include "lumen1/handshake.hpp"

namespace lumen::core {
namespace {

using namespace std::chrono_literals;

class PadsOverBadNetwork : public testing::Test {
 protected:
  PadsOverBadNetwork() { connect(); }
  void connect() {
    lumen1::TrafficSecret secret{};
    secret[0] = static_cast<std::byte>(++connections_);
    const auto keys = lumen1::DirectionKeys{.secret = secret};
    ASSERT_TRUE(sender_.connect(keys, 0));
    opener_.emplace(lumen1::Opener::create(keys).value());
    edges_ = {};
    pads_ = {};
    way_.clear();
  }
  void send(std::optional<ByteView> datagram) {
    if (!datagram || random_() % 100 < loss_percent_) return;
    const auto place = way_.begin() + static_cast<std::ptrdiff_t>(random_() % (way_.size() + 1));
    way_.insert(overtakes_ ? place : way_.end(), {datagram->begin(), datagram->end()});
  }
  void deliver(std::size_t keep) {
    while (way_.size() > keep) {
      auto datagram = way_.front();
      way_.pop_front();
      const auto opened = opener_->open(datagram);
      ASSERT_TRUE(opened);
      for (const auto& message : lumen1::decode_client_messages(opened->body).messages) {
        const auto& pad = std::get<lumen1::ClientPad>(message);
        if (!edges_.expects(pad)) continue;
        edges_.took(pad);
        events_.push_back(pad.event);
        if (const auto* state = std::get_if<PadState>(&pad.event)) pads_.at(state->slot) = *state;
      }
    }
    if (random_() % 100 >= loss_percent_) sender_.edges_acknowledged(edges_.acknowledged());
  }
  void step(std::size_t keep = 3) {
    now_ += 5ms;
    send(sender_.repeat_edges(now_));
    deliver(keep);
  }

  int connections_ = 0;
  ClientSender sender_;
  std::optional<lumen1::Opener> opener_;
  lumen1::EdgeReceiver edges_;
  std::array<PadState, kMaxPads> pads_;
  std::vector<PadEvent> events_;
  std::deque<std::vector<std::byte>> way_;
  Timestamp now_{1s};
  std::mt19937 random_{11};
  unsigned loss_percent_ = 30;
  bool overtakes_ = true;
};

TEST_F(PadsOverBadNetwork, each_press_comes_once_and_the_last_place_of_each_stick_stays) {
  std::array<PadState, 2> held;
  for (std::uint8_t slot = 0; slot < 2; ++slot) send(sender_.seal_pad(PadArrival{.slot = slot}, now_));
  std::size_t presses = 0;
  for (int round = 0; round < 2'000; ++round) {
    auto& state = held.at(random_() % 2);
    state.slot = static_cast<std::uint8_t>(&state - held.data());
    if (random_() % 10 == 0) {
      state.buttons ^= pad_button::kA;
      ++presses;
    } else {
      state.left_x = static_cast<std::int16_t>(round + 1);
    }
    send(sender_.seal_pad(state, now_));
    step();
  }
  loss_percent_ = 0;
  for (int i = 0; i < 20; ++i) step(0);
  for (std::uint8_t slot = 0; slot < 2; ++slot) EXPECT_EQ(pads_.at(slot), held.at(slot));
  std::size_t changes = 0;
  std::array<std::uint32_t, 2> last{};
  for (const auto& event : events_) {
    const auto* state = std::get_if<PadState>(&event);
    if (state == nullptr) continue;
    if (last.at(state->slot) != state->buttons) ++changes;
    last.at(state->slot) = state->buttons;
  }
  EXPECT_EQ(changes, presses);
}

TEST_F(PadsOverBadNetwork, a_new_connection_hears_of_the_pads_that_there_are) {
  loss_percent_ = 0;
  const PadEvent arrival = PadArrival{.slot = 2, .model = PadModel::dualsense};
  const PadEvent state = PadState{.slot = 2, .buttons = pad_button::kX, .left_x = 7};
  sender_.seal_pad(arrival, now_);
  sender_.seal_pad(state, now_);
  sender_.seal_pad(PadArrival{.slot = 3}, now_);
  sender_.seal_pad(PadGone{3}, now_);
  connect();
  for (int i = 0; i < 10; ++i) step(0);
  ASSERT_GE(events_.size(), 2U);
  EXPECT_EQ(events_[0], arrival);
  EXPECT_EQ(events_[1], state);
}

TEST_F(PadsOverBadNetwork, a_host_that_was_deaf_for_long_gets_to_know_all) {
  loss_percent_ = 100;
  send(sender_.seal_pad(PadArrival{.slot = 1}, now_));
  PadState state{.slot = 1};
  for (int i = 0; i < 1'001; ++i) {
    state.buttons ^= pad_button::kA;
    send(sender_.seal_pad(state, now_));
  }
  loss_percent_ = 0;
  for (int i = 0; i < 50; ++i) step(0);
  EXPECT_EQ(pads_.at(1), state);
}

}  // namespace
}  // namespace lumen::core
