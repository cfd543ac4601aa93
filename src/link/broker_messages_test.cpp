#include "link/broker_messages.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "link/messages.hpp"

namespace lumen::link {
namespace {

TEST(BrokerMessages, come_back_as_they_were_encoded) {
  const std::vector<ToBroker> to{PadEvent{PadArrival{1, PadModel::dualsense, 0xFF, 77}},
                                 PadEvent{PadState{.slot = 3, .buttons = pad_button::kGuide}},
                                 PadEvent{PadTouch{.slot = 1, .touching = true}},
                                 PadEvent{PadMotion{}},
                                 PadEvent{PadBattery{}},
                                 PadEvent{PadGone{2}},
                                 PadsNeutral{}};
  for (const auto& message : to) {
    const auto bytes = encode(message);
    const auto decoded = decode_to_broker(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(encode(*decoded), bytes);
    EXPECT_FALSE(decode_from_broker(bytes)) << "the other direction";
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode_to_broker(ByteView{bytes}.first(size)));
    }
  }
  const std::vector<FromBroker> from{PadFeedback{PadRumble{1, 2, 3}}, PadFeedback{PadAdaptiveTriggers{}},
                                     PadRefused{3, "no /dev/uhid"}};
  for (const auto& message : from) {
    const auto bytes = encode(message);
    const auto decoded = decode_from_broker(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(encode(*decoded), bytes);
    EXPECT_FALSE(decode_to_broker(bytes)) << "the other direction";
  }
}

TEST(BrokerMessages, have_these_bytes) {
  EXPECT_EQ(encode(ToBroker{PadsNeutral{}}), (std::vector{std::byte{1}, std::byte{38}}));
  EXPECT_EQ(
      encode(FromBroker{PadRefused{2, "x"}}),
      (std::vector{std::byte{1}, std::byte{101}, std::byte{2}, std::byte{1}, std::byte{0}, std::byte{'x'}}));
}

TEST(BrokerMessages, carry_a_long_reason_clipped) {
  const auto decoded = decode_from_broker(encode(FromBroker{PadRefused{2, std::string(5000, 'y')}})).value();
  EXPECT_EQ(std::get<PadRefused>(decoded).reason, std::string(400, 'y'));
}

TEST(BrokerMessages, of_the_session_link_are_not_understood) {
  EXPECT_FALSE(decode_to_broker(encode(ToSession{Stop{}})));
  EXPECT_FALSE(decode_to_broker(encode(ToSession{InputEvent{Key{30, true}}})));
}

TEST(BrokerMessages, travel_over_a_socket_and_never_with_descriptors) {
  const auto pair = make_socket_pair().value();
  ASSERT_TRUE(send(pair.host.get(), ToBroker{PadEvent{PadGone{3}}}));
  const auto received = receive_to_broker(pair.session.get()).value();
  ASSERT_TRUE(received);
  EXPECT_EQ(std::get<PadEvent>(*received), (PadEvent{PadGone{3}}));
  EXPECT_FALSE(receive_to_broker(pair.session.get()).value()) << "nothing more";
  // With a descriptor, as only the session link sends them.
  ASSERT_TRUE(send(pair.host.get(), ToSession{PadEvent{PadGone{3}}}, std::array{pair.host.get()}));
  EXPECT_EQ(receive_to_broker(pair.session.get()).error().id, "link.malformed");
  const std::vector<std::byte> large(kMaxBrokerMessageBytes + 1);
  ASSERT_GT(::send(pair.host.get(), large.data(), large.size(), 0), 0);
  EXPECT_EQ(receive_to_broker(pair.session.get()).error().id, "link.malformed");
}

}  // namespace
}  // namespace lumen::link
