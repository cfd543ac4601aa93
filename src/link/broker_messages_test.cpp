#include "link/broker_messages.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <string_view>

#include "link/messages.hpp"

namespace lumen::link {
namespace {

template <class Message>
std::string hex(const Message& message) {
  std::string text;
  for (const auto byte : encode(message)) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

TEST(LinkMessages, about_pads_have_these_bytes) {
  EXPECT_EQ(hex(ToSession{PadEvent{PadArrival{2, PadModel::dualsense, 0x1FE, 0x0102030405060708}}}),
            "0120"
            "0201fe01"
            "0807060504030201");
  EXPECT_EQ(hex(ToSession{PadEvent{PadState{1, pad_button::kMisc | pad_button::kA, 16, 32, 1, -2, 3, -4}}}),
            "0121"
            "0100102000"
            "1020"
            "0100feff0300fcff");
  EXPECT_EQ(hex(ToSession{PadEvent{PadTouch{1, 1, true, 2, 3}}}), "012201010102000300");
  EXPECT_EQ(hex(ToSession{PadEvent{PadMotion{1, PadSensor::gyroscope, 1, -2, 0}}}),
            "01230102"
            "0000803f000000c000000000");
  EXPECT_EQ(hex(ToSession{PadEvent{PadBattery{1, PadPower::charging, 75}}}), "012401034b");
  EXPECT_EQ(hex(ToSession{PadEvent{PadGone{7}}}), "012507");
  EXPECT_EQ(hex(ToHost{PadFeedback{PadRumble{1, 0x0203, 0x0405}}}), "01600103020504");
  EXPECT_EQ(hex(ToHost{PadFeedback{PadTriggerRumble{1, 2, 3}}}), "01610102000300");
  EXPECT_EQ(hex(ToHost{PadFeedback{PadLight{1, 2, 3, 4}}}), "016201020304");
  EXPECT_EQ(hex(ToHost{PadFeedback{PadMotionRequest{1, PadSensor::accelerometer, 100}}}), "016301016400");
  EXPECT_EQ(hex(ToHost{PadFeedback{PadAdaptiveTriggers{1, true, false, {2, {3}}, {4, {5}}}}}),
            "0164010100"
            "0203000000000000000000"
            "0405000000000000000000");
}

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
  EXPECT_EQ(hex(ToBroker{PadsNeutral{}}), "0126");
  EXPECT_EQ(hex(ToBroker{PadEvent{PadGone{7}}}), hex(ToSession{PadEvent{PadGone{7}}}));
  EXPECT_EQ(hex(FromBroker{PadRefused{2, "x"}}), "016502010078");
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
