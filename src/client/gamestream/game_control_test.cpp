// The control connection against a host's end over loopback.
#include "client/gamestream/game_control.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "client/gamestream/test_stream_host.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;
using test::StreamHost;
using testing::Contains;
namespace control = gamestream::control;

class Control : public testing::Test {
 protected:
  static constexpr std::array<std::byte, 16> kKey{std::byte{1}, std::byte{2}};

  // Connected to `host_`, or to a port where nobody listens.
  std::unique_ptr<GameControl> start(Duration timeout = 10s, std::uint32_t wrong = 0) {
    host_.launch(std::nullopt, kKey);
    const auto data = host_.locked([](auto& host) { return host.ids.connect_data; });
    return GameControl::start({.host = host_.control_endpoint(),
                               .key = crypto::SecretBytes<16>{ByteView{kKey}},
                               .connect_data = data ^ wrong,
                               .connect_timeout = timeout},
                              {.on_connected = [this] { connected_.set_value(); },
                               .on_message = [this](const auto& message) { messages_.set_value(message); },
                               .on_ended = [this](const Error& error) { ended_.set_value(error); }},
                              *log_)
        .value();
  }
  bool is_connected() { return connected_.get_future().wait_for(20s) == std::future_status::ready; }
  std::string end_id() {
    auto future = ended_.get_future();
    return future.wait_for(20s) == std::future_status::ready ? std::string{future.get().id} : "none";
  }
  template <class Event>
  static bool has(const StreamHost& host) {
    return std::ranges::any_of(host.events,
                               [](const auto& event) { return std::holds_alternative<Event>(event); });
  }

  std::shared_ptr<Logger> log_ = make_null_logger();
  std::promise<void> connected_;
  std::promise<control::HostMessage> messages_;
  std::promise<Error> ended_;
  StreamHost host_;
};

TEST_F(Control, it_begins_with_a_request_for_a_key_frame_and_the_start) {
  const auto connection = start();
  ASSERT_TRUE(is_connected());
  EXPECT_TRUE(host_.wait_until(
      [](auto& host) { return has<control::RequestIdr>(host) && has<control::StartB>(host); }));
}

TEST_F(Control, reports_and_input_reach_the_host_in_order) {
  const auto connection = start();
  ASSERT_TRUE(is_connected());
  EXPECT_TRUE(connection->send_report(control::InvalidateReferenceFrames{3, 5}));
  EXPECT_TRUE(connection->send_report(control::FrameFecStatus{.frame = 9, .total_data = 4}));
  connection->send_input(PointerButton{0x110, true});
  connection->send_input(Key{30, true});
  connection->send_input(Key{30, false});
  ASSERT_TRUE(host_.wait_until([](auto& host) {
    return has<control::InvalidateReferenceFrames>(host) && has<control::FrameFecStatus>(host) &&
           host.input.size() >= 3;
  }));
  const auto input = host_.locked([](auto& host) { return host.input; });
  const std::vector<InputEvent> keys{Key{30, true}, Key{30, false}};
  EXPECT_NE(std::ranges::search(input, keys).begin(), input.end());
  EXPECT_THAT(input, Contains(InputEvent{PointerButton{0x110, true}}));
}

TEST_F(Control, pads_reach_the_host_though_they_said_hello_before_it_connected) {
  const auto connection = start();
  connection->send_pad(PadArrival{.slot = 0});
  const PadState pressed{.slot = 0, .buttons = pad_button::kA};
  connection->send_pad(pressed);
  ASSERT_TRUE(is_connected());
  EXPECT_TRUE(host_.wait_until([&](auto& host) {
    return std::ranges::find(host.pads, PadEvent{pressed}) != host.pads.end() &&
           std::holds_alternative<PadArrival>(host.pads.front());
  }));
}

TEST_F(Control, leaving_releases_what_is_held_and_is_heard_by_the_host) {
  auto connection = start();
  ASSERT_TRUE(is_connected());
  connection->send_input(Key{42, true});
  ASSERT_TRUE(host_.wait_until([](auto& host) { return !host.input.empty(); }));
  connection.reset();
  EXPECT_TRUE(host_.wait_until([](auto& host) {
    return host.disconnected && std::ranges::find(host.input, InputEvent{Key{42, false}}) != host.input.end();
  }));
}

TEST_F(Control, a_host_that_ends_the_stream_is_told_from_one_with_a_fault) {
  const auto connection = start();
  ASSERT_TRUE(is_connected());
  host_.terminate(static_cast<std::uint32_t>(control::TerminationCode::graceful));
  EXPECT_EQ(end_id(), "client.host-ended");
  EXPECT_TRUE(host_.wait_until([](auto& host) { return host.disconnected; }));
}

TEST_F(Control, a_fault_of_the_host_is_named) {
  const auto connection = start();
  ASSERT_TRUE(is_connected());
  host_.terminate(static_cast<std::uint32_t>(control::TerminationCode::frame_conversion));
  EXPECT_EQ(end_id(), "client.terminated");
}

TEST_F(Control, a_host_that_hangs_up_is_gone) {
  const auto connection = start();
  ASSERT_TRUE(is_connected());
  host_.drop_client();
  EXPECT_EQ(end_id(), "client.host-gone");
}

TEST_F(Control, a_host_that_does_not_expect_the_client_never_connects) {
  const auto connection = start(300ms, 1);
  EXPECT_EQ(end_id(), "client.control-refused");
  EXPECT_FALSE(host_.locked([](auto& host) { return host.connected; }));
}

}  // namespace
}  // namespace lumen::client
