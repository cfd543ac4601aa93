// The real session process between a host and a broker that are both this test.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdlib>

#include "gamepad/broker.hpp"
#include "host/session_slot.hpp"
#include "link/broker_messages.hpp"
#include "tests/e2e/programs.hpp"

namespace lumen::e2e {
namespace {

using namespace std::chrono_literals;

const PadArrival kPad{.slot = 2, .model = PadModel::dualsense, .identity = 7};

class SessionPads : public testing::Test {
 protected:
  SessionPads() { setenv("LUMEN_INPUTD_SOCKET", socket_path_.c_str(), 1); }
  ~SessionPads() override {
    slot_.reset();
    unsetenv("LUMEN_INPUTD_SOCKET");
  }

  void start_session() {
    slot_ = std::make_unique<host::SessionSlot>(
        host::SlotParams{.program = LUMEN_PROGRAM_DIR "/lumen-session",
                         .command = {LUMEN_PROGRAM_DIR "/lumen-test-scene"},
                         .runtime_dir = place_.path() + "/session-0",
                         .marker = link::make_marker(place_.path()),
                         .log_level = "info"},
        host::SlotEvents{.on_ring = [](auto) {},
                         .on_state = [this](host::SlotState state, const std::string&) { state_ = state; },
                         .on_ready = [](const link::Ready&) {},
                         .on_mode = [](const link::ModeChanged&) {},
                         .on_pad_feedback = [this](const PadFeedback& each) { feedback_.push_back(each); }},
        *loop_, port_, *log_);
    slot_->client_wants({.width = 640, .height = 360, .refresh_mhz = 30'000}, {});
    ASSERT_TRUE(becomes([this] { return state_ == host::SlotState::streaming; }));
  }
  template <class Condition>
  bool becomes(Condition condition) {
    const auto deadline = SteadyTime{}.now() + 20s;
    while (!condition()) {
      if (SteadyTime{}.now() >= deadline) return false;
      loop_->call_at(SteadyTime{}.now() + 5ms, [this] { loop_->stop(); });
      loop_->run();
    }
    return true;
  }
  // What the broker hears next.
  bool hears(const PadEvent& wanted) {
    return becomes([&] {
      if (!client_) client_.reset(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!client_) return false;
      const auto message = link::receive_to_broker(client_.get());
      if (!message || !*message) return false;
      const auto* event = std::get_if<PadEvent>(&**message);
      return event != nullptr && *event == wanted;
    });
  }

  Place place_;
  std::string socket_path_ = place_.path() + "/inputd.sock";
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  host::SessionPort port_;
  std::optional<host::SlotState> state_;
  std::vector<PadFeedback> feedback_;
  std::unique_ptr<host::SessionSlot> slot_;
  UniqueFd listener_, client_;
};

TEST_F(SessionPads, reach_the_broker_and_their_feedback_the_host) {
  listener_ = gamepad::listen_at(socket_path_).value();
  start_session();
  ASSERT_TRUE(port_.send(PadEvent{kPad}));
  ASSERT_TRUE(hears(kPad));
  const PadEvent pressed = PadState{.slot = 2, .buttons = pad_button::kA};
  ASSERT_TRUE(port_.send(PadEvent{pressed}));
  ASSERT_TRUE(hears(pressed));
  const PadFeedback rumble = PadRumble{.slot = 2, .strong = 9};
  ASSERT_TRUE(link::send(client_.get(), link::FromBroker{rumble}));
  ASSERT_TRUE(becomes([this] { return !feedback_.empty(); }));
  EXPECT_EQ(feedback_.back(), rumble);
}

TEST_F(SessionPads, without_a_broker_harm_nothing_and_come_with_it) {
  start_session();
  ASSERT_TRUE(port_.send(PadEvent{kPad}));
  ASSERT_TRUE(port_.send(InputEvent{ReleaseAll{}}));
  listener_ = gamepad::listen_at(socket_path_).value();
  EXPECT_TRUE(hears(kPad));
  EXPECT_EQ(state_, host::SlotState::streaming);
  EXPECT_EQ(slot_->restarts(), 0U);
}

}  // namespace
}  // namespace lumen::e2e
