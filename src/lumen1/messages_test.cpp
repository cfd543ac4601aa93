#include "lumen1/messages.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "lumen1/test_frames.hpp"
#include "lumen1/wire.hpp"

namespace lumen::lumen1 {
namespace {

using test::Buffer;
using test::from_hex;

constexpr std::size_t kLimit = kMaxDatagramBytes - kClearHeaderBytes - kTagBytes;

template <class Message>
Buffer encoded(const Message& message) {
  Buffer body;
  EXPECT_TRUE(append(body, message, kLimit));
  return body;
}

ClientState client_state() {
  return {.mode = {1920, 1080, 59'940}, .pointer_drawn = true, .ping = 0x01020304, .round_trip_us = 1500};
}

Feedback feedback() {
  return {.sequence = 9,
          .clock_us = 0x04030201,
          .datagrams = 5,
          .bytes = 7000,
          .newest_frame = 7,
          .newest_packet = 0x0807060504030201,
          .queue_last_us = 300,
          .queue_least_us = 1,
          .queue_most_us = 5000,
          .loss = {.expected = 1000, .lost = 20, .longest_burst = 3, .runs = 5}};
}

AskShards ask_shards() {
  AskShards ask{.frame = 0x01020304, .attempt = 2, .count = 2};
  ask.ranges[0] = {3, 3};
  ask.ranges[1] = {5, 258};
  return ask;
}

HostPointer host_pointer() {
  return {.serial = 0x04030201, .state = {.place = PointerPlace::apart, .image = 5, .x = 640, .y = 360}};
}
constexpr const char* kHostPointerBytes = "91 0d00 01020304 01 05000000 8002 6801";

HostState host_state() {
  return {.state = StreamState::interrupted,
          .mode = {1280, 720, 60'000},
          .pong = 0x11223344,
          .input_acknowledged = 5,
          .reason = "ä",
          .encoder = "x",
          .encoder_reason = "",
          .display = "d",
          .capture = "c"};
}

PadWord pad_word() {
  return {.sequence = 7,
          .feedback = {PadRumble{2, 0x0203, 0x0405}, PadTriggerRumble{2, 1, 255}, PadLight{2, 255, 128, 0},
                       PadMotionRequest{2, PadSensor::gyroscope, 200},
                       PadAdaptiveTriggers{2, true, false, {0x21, {1, 2, 3}}, {5, {}}}}};
}

struct Golden {
  ClientMessage message;
  const char* bytes;
};
const Golden kClientGolden[] = {
    {client_state(), "01 1500 80070000 38040000 24ea0000 01 04030201 dc050000"},
    {AskRecovery{0x01020304}, "02 0400 04030201"},
    {ClientInput{0, PointerMoveTo{65535, 32768}}, "03 0900 00000000 01 ffff 0080"},
    {ClientInput{0, PointerMoveBy{1.5F, -2.0F}}, "03 0d00 00000000 02 0000c03f 000000c0"},
    {ClientInput{6, PointerButton{0x110, false}}, "03 0800 06000000 03 1001 00"},
    {ClientInput{7, Scroll{-120, 240}}, "03 0900 07000000 04 88ff f000"},
    {ClientInput{5, Key{30, true}}, "03 0800 05000000 05 1e00 01"},
    {ClientInput{8, ReleaseAll{}}, "03 0500 08000000 06"},
    {Goodbye{}, "04 0000"},
    {feedback(),
     "05 3800 09000000 01020304 05000000 581b0000 07000000 0102030405060708 2c010000 01000000 88130000 "
     "e8030000 14000000 03000000 05000000"},
    {ask_shards(), "06 0e00 04030201 02 02 0300 0300 0500 0201"},
    {AskShards{.frame = 7}, "06 0600 07000000 01 00"},
    {ClientPad{9, 0, PadArrival{.slot = 2, .model = PadModel::dualsense, .capabilities = 0x1FE}},
     "10 0d00 09000000 00000000 01 02 01 fe01"},
    {ClientPad{10, 0, PadState{2, pad_button::kMisc | pad_button::kA, 16, 32, 1, -2, 3, -4}},
     "10 1800 0a000000 00000000 02 02 00102000 10 20 0100 feff 0300 fcff"},
    {ClientPad{10, 1, PadState{.slot = 2, .left_x = 258}},
     "10 1800 0a000000 01000000 02 02 00000000 00 00 0201 0000 0000 0000"},
    {ClientPad{10, 2, PadTouch{2, 1, true, 2, 65535}}, "10 1000 0a000000 02000000 03 02 01 01 0200 ffff"},
    {ClientPad{10, 3, PadMotion{2, PadSensor::gyroscope, 1.5F, -2, 0}},
     "10 1700 0a000000 03000000 04 02 02 0000c03f 000000c0 00000000"},
    {ClientPad{11, 0, PadBattery{2, PadPower::charging, 75}}, "10 0c00 0b000000 00000000 05 02 03 4b"},
    {ClientPad{12, 0, PadGone{2}}, "10 0a00 0c000000 00000000 06 02"},
    {PadWordHeard{7}, "11 0400 07000000"},
};
const char* const kPadWordBytes =
    "90 3300 07000000 01 02 0302 0504 02 02 0100 ff00 03 02 ff 80 00 04 02 02 c800 "
    "05 02 01 21 01020300000000000000 05 00000000000000000000";
const char* const kHostStateBytes =
    "81 2400 03 00050000 d0020000 60ea0000 44332211 05000000 0200 c3a4 0100 78 0000 0100 64 0100 63";

TEST(ClientMessages, have_these_bytes) {
  for (const auto& golden : kClientGolden)
    EXPECT_EQ(encoded(golden.message), from_hex(golden.bytes)) << golden.bytes;
}

TEST(ClientMessages, round_trip_all_in_one_body) {
  Buffer body;
  for (const auto& golden : kClientGolden) ASSERT_TRUE(append(body, golden.message, kLimit));
  const auto decoded = decode_client_messages(body);
  EXPECT_FALSE(decoded.malformed);
  ASSERT_EQ(decoded.messages.size(), std::size(kClientGolden));
  for (std::size_t i = 0; i < decoded.messages.size(); ++i) {
    EXPECT_EQ(decoded.messages[i].index(), kClientGolden[i].message.index());
    EXPECT_EQ(encoded(decoded.messages[i]), from_hex(kClientGolden[i].bytes));
  }
}

TEST(HostMessages, have_these_bytes) {
  EXPECT_EQ(encoded(HostMessage{host_state()}), from_hex(kHostStateBytes));
  EXPECT_EQ(encoded(HostMessage{Goodbye{}}), from_hex("82 0000"));
  EXPECT_EQ(encoded(HostMessage{VideoMark{0x01020304, 9}}), from_hex("83 0800 04030201 09000000"));
  EXPECT_EQ(encoded(HostMessage{pad_word()}), from_hex(kPadWordBytes));
  EXPECT_EQ(encoded(HostMessage{host_pointer()}), from_hex(kHostPointerBytes));
}

TEST(HostMessages, round_trip) {
  auto body = encoded(HostMessage{host_state()});
  ASSERT_TRUE(append(body, HostMessage{Goodbye{}}, kLimit));
  const auto decoded = decode_host_messages(body);
  EXPECT_FALSE(decoded.malformed);
  ASSERT_EQ(decoded.messages.size(), 2U);
  EXPECT_EQ(encoded(decoded.messages[0]), from_hex(kHostStateBytes));
  EXPECT_EQ(std::get<HostState>(decoded.messages[0]).reason, "ä");
  EXPECT_TRUE(std::holds_alternative<Goodbye>(decoded.messages[1]));
  const auto mark = decode_host_messages(from_hex("83 0800 04030201 09000000"));
  ASSERT_EQ(mark.messages.size(), 1U);
  EXPECT_EQ(std::get<VideoMark>(mark.messages[0]).newest_frame, 0x01020304U);
  EXPECT_EQ(std::get<VideoMark>(mark.messages[0]).feedback, 9U);
  const auto pads = decode_host_messages(from_hex(kPadWordBytes));
  ASSERT_EQ(pads.messages.size(), 1U);
  EXPECT_EQ(std::get<PadWord>(pads.messages[0]).feedback, pad_word().feedback);
  const auto pointer = decode_host_messages(from_hex(kHostPointerBytes));
  ASSERT_EQ(pointer.messages.size(), 1U);
  EXPECT_EQ(std::get<HostPointer>(pointer.messages[0]).serial, 0x04030201U);
  EXPECT_EQ(std::get<HostPointer>(pointer.messages[0]).state, host_pointer().state);
}

TEST(HostMessages, a_pointer_outside_of_any_picture_or_nowhere_is_refused) {
  EXPECT_FALSE(decode_host_messages(from_hex("91 0d00 01020304 01 05000000 ff1f ff1f")).malformed);
  EXPECT_TRUE(decode_host_messages(from_hex("91 0d00 01020304 01 05000000 0020 0000")).malformed);
  EXPECT_TRUE(decode_host_messages(from_hex("91 0d00 01020304 01 05000000 0000 0020")).malformed);
  EXPECT_TRUE(decode_host_messages(from_hex("91 0d00 01020304 03 05000000 0000 0000")).malformed);
}

TEST(Messages, fingers_and_pens_are_not_written) {
  Buffer body;
  for (const InputEvent& event : {InputEvent{Touch{.id = 1}}, InputEvent{Pen{.place = PenPlace::hovering}}}) {
    EXPECT_FALSE(is_carried(event));
    EXPECT_FALSE(append(body, ClientInput{1, event}, 1000));
  }
  EXPECT_TRUE(body.empty());
  EXPECT_TRUE(is_carried(ReleaseAll{}));
}

// 7 and 8: the next free types, as a client of another version might use them.
TEST(Messages, events_of_unknown_type_are_refused) {
  EXPECT_TRUE(decode_client_messages(from_hex("03 0500 08000000 07")).malformed);
  EXPECT_TRUE(decode_client_messages(from_hex("03 0500 08000000 08")).malformed);
}

TEST(Messages, every_truncation_is_malformed_and_yields_no_part_of_a_message) {
  for (const auto& golden : kClientGolden) {
    const auto bytes = from_hex(golden.bytes);
    for (std::size_t size = 1; size < bytes.size(); ++size) {
      const auto decoded = decode_client_messages(ByteView{bytes}.first(size));
      EXPECT_TRUE(decoded.malformed && decoded.messages.empty()) << golden.bytes << " at " << size;
    }
  }
  for (const auto* bytes : {kHostStateBytes, kHostPointerBytes}) {
    const auto host = from_hex(bytes);
    for (std::size_t size = 1; size < host.size(); ++size) {
      const auto decoded = decode_host_messages(ByteView{host}.first(size));
      EXPECT_TRUE(decoded.malformed && decoded.messages.empty()) << size;
    }
  }
}

// The same with a length field that agrees with the truncation, or leaves a byte unused.
TEST(Messages, a_known_message_has_exactly_its_length) {
  const auto is_refused = [](Buffer bytes, std::size_t size, auto decode) {
    bytes.resize(size);
    bytes[1] = static_cast<std::byte>(size - 3);
    return decode(bytes).malformed;
  };
  for (const auto& golden : kClientGolden) {
    const auto bytes = from_hex(golden.bytes);
    for (std::size_t size = 3; size <= bytes.size() + 2; ++size) {
      EXPECT_EQ(is_refused(bytes, size, decode_client_messages), size != bytes.size())
          << golden.bytes << size;
    }
  }
  for (const auto* bytes : {kHostStateBytes, kHostPointerBytes}) {
    const auto host = from_hex(bytes);
    for (std::size_t size = 3; size <= host.size() + 2; ++size) {
      EXPECT_EQ(is_refused(host, size, decode_host_messages), size != host.size()) << size;
    }
  }
}

TEST(Messages, unknown_types_are_skipped_by_length) {
  const auto decoded = decode_client_messages(from_hex("7f 0300 aabbcc  02 0400 01000000  00 0000  81 0000"));
  EXPECT_FALSE(decoded.malformed);
  ASSERT_EQ(decoded.messages.size(), 1U);
  EXPECT_EQ(std::get<AskRecovery>(decoded.messages[0]).broken_frame, 1U);
  EXPECT_FALSE(decode_host_messages(from_hex("01 0100 aa 82 0000")).malformed);
}

TEST(Messages, what_precedes_a_malformed_message_is_kept_and_the_rest_dropped) {
  const auto decoded = decode_client_messages(from_hex("02 0400 01000000  02 0300 010000  02 0400 02000000"));
  EXPECT_TRUE(decoded.malformed);
  EXPECT_EQ(decoded.messages.size(), 1U);
}

TEST(Messages, an_empty_body_is_no_message) {
  EXPECT_TRUE(decode_client_messages({}).messages.empty());
  EXPECT_FALSE(decode_client_messages({}).malformed);
}

class BadClientMessage : public testing::TestWithParam<const char*> {};

TEST_P(BadClientMessage, is_malformed) {
  const auto decoded = decode_client_messages(from_hex(GetParam()));
  EXPECT_TRUE(decoded.malformed);
  EXPECT_TRUE(decoded.messages.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Values, BadClientMessage,
    testing::Values(
        // 63 wide
        "01 1500 3f000000 38040000 24ea0000 01 04030201 dc050000",
        // 8193 high
        "01 1500 80070000 01200000 24ea0000 01 04030201 dc050000",
        // 0.999 Hz
        "01 1500 80070000 38040000 e7030000 01 04030201 dc050000",
        // bool 2
        "01 1500 80070000 38040000 24ea0000 02 04030201 dc050000",
        // 1001 of 1000 lost
        "05 3800 09000000 01020304 05000000 581b0000 07000000 0102030405060708 2c010000 01000000 88130000 "
        "e8030000 e9030000 03000000 05000000",
        // 21 runs of 20 lost
        "05 3800 09000000 01020304 05000000 581b0000 07000000 0102030405060708 2c010000 01000000 88130000 "
        "e8030000 14000000 03000000 15000000",
        // the least delay above the last
        "05 3800 09000000 01020304 05000000 581b0000 07000000 0102030405060708 2c010000 2d010000 88130000 "
        "e8030000 14000000 03000000 05000000",
        // the last above the most
        "05 3800 09000000 01020304 05000000 581b0000 07000000 0102030405060708 2c010000 01000000 2b010000 "
        "e8030000 14000000 03000000 05000000",
        // no last delay, but others
        "05 3800 09000000 01020304 05000000 581b0000 07000000 0102030405060708 ffffffff 01000000 88130000 "
        "e8030000 14000000 03000000 05000000",
        "06 0600 04030201 00 00",                                              // attempt 0
        "06 0a00 04030201 01 01 0400 0300",                                    // backwards
        "06 0e00 04030201 01 02 0300 0400 0500 0600",                          // touching
        "06 0e00 04030201 01 02 0300 0400 0300 0600",                          // overlapping
        "06 0a00 04030201 01 02 0300 0400",                                    // one of two
        "03 0500 08000000 00", "03 0500 08000000 07",                          // event types
        "03 0d00 00000000 02 0000c07f 000000c0",                               // NaN
        "03 0d00 00000000 02 0000c03f 0000807f",                               // infinity
        "03 0d00 00000000 02 0150c347 000000c0",                               // just above 1e5
        "03 0800 06000000 03 1001 02",                                         // bool 2
        "03 0800 05000000 05 0003 01",                                         // key 0x300
        "10 0a00 00000000 00000000 06 02",                                     // an edge without a number
        "10 0a00 0c000000 01000000 06 02",                                     // a pad that goes as motion
        "10 0a00 0c000000 00000000 06 10",                                     // a seventeenth pad
        "10 0a00 0c000000 00000000 07 02",                                     // no such event
        "10 0d00 09000000 00000000 01 02 04 fe01",                             // no such model
        "10 0d00 09000000 00000000 01 02 01 0002",                             // no such capability
        "10 1800 0a000000 00000000 02 02 00080000 10 20 0100 feff 0300 fcff",  // no such button
        "10 1000 0a000000 02000000 03 02 02 01 0200 ffff",                     // a third finger
        "10 1000 0a000000 02000000 03 02 01 00 0200 ffff",                     // a finger lifted as motion
        "10 1700 0a000000 03000000 04 02 03 0000c03f 000000c0 00000000",       // no such sensor
        "10 1700 0a000000 03000000 04 02 02 0000c07f 000000c0 00000000",       // NaN
        "10 1700 0a000000 00000000 04 02 02 0000c03f 000000c0 00000000",       // sensors as an edge
        "10 0c00 0b000000 00000000 05 02 06 4b",                               // no such power
        "10 0c00 0b000000 00000000 05 02 03 65"));                             // more than full

TEST(ClientMessages, a_step_of_the_limit_is_accepted) {
  EXPECT_FALSE(decode_client_messages(from_hex("03 0d00 00000000 02 0050c347 0050c3c7")).malformed);
}

class BadHostMessage : public testing::TestWithParam<const char*> {};

TEST_P(BadHostMessage, is_malformed) {
  const auto decoded = decode_host_messages(from_hex(GetParam()));
  EXPECT_TRUE(decoded.malformed);
  EXPECT_TRUE(decoded.messages.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Values, BadHostMessage,
    testing::Values(
        "81 1f00 00 00050000 d0020000 60ea0000 44332211 05000000 0000 0000 0000 0000 0000",     // state 0
        "81 1f00 05 00050000 d0020000 60ea0000 44332211 05000000 0000 0000 0000 0000 0000",     // state 5
        "81 1f00 01 00000000 d0020000 60ea0000 44332211 05000000 0000 0000 0000 0000 0000",     // 0 wide
        "81 2000 01 00050000 d0020000 60ea0000 44332211 05000000 0100 ff 0000 0000 0000 0000",  // not UTF-8
        "81 2000 01 00050000 d0020000 60ea0000 44332211 05000000 0000 0000 0000 0000 0100 1b",  // escape
        "81 1f00 01 00050000 d0020000 60ea0000 44332211 05000000 0000 0000 0000 0000 ffff",     // length
        "90 0a00 07000000 01 10 0302 0504",                                             // a seventeenth pad
        "90 0a00 07000000 06 02 0302 0504",                                             // no such feedback
        "90 0900 07000000 01 02 0302 05",                                               // half of one
        "90 0900 07000000 04 02 03 c800",                                               // no such sensor
        "90 1d00 07000000 05 02 04 21 01020300000000000000 05 00000000000000000000"));  // a third trigger

TEST(HostMessages, a_state_without_a_mode_yet_is_accepted) {
  const auto decoded = decode_host_messages(encoded(HostMessage{HostState{}}));
  ASSERT_EQ(decoded.messages.size(), 1U);
  EXPECT_EQ(std::get<HostState>(decoded.messages[0]).mode, Mode{});
}

TEST(HostMessages, a_text_of_512_bytes_is_accepted_and_one_more_refused) {
  for (const std::size_t size : {512U, 513U}) {
    auto bytes = from_hex("81 0000 01 00050000 d0020000 60ea0000 44332211 05000000");
    const auto total = 21 + 10 + size;
    bytes[1] = static_cast<std::byte>(total);
    bytes[2] = static_cast<std::byte>(total >> 8U);
    bytes.push_back(static_cast<std::byte>(size));
    bytes.push_back(static_cast<std::byte>(size >> 8U));
    bytes.resize(bytes.size() + size, std::byte{'a'});
    bytes.resize(bytes.size() + 8);
    EXPECT_EQ(decode_host_messages(bytes).malformed, size > 512) << size;
  }
}

TEST(HostMessages, texts_of_any_length_and_content_are_made_to_fit_one_datagram) {
  auto state = host_state();
  for (auto* text : {&state.reason, &state.encoder, &state.encoder_reason, &state.display, &state.capture}) {
    *text = "\xFF\n" + std::string(5'000, 'a');
  }
  const auto decoded = decode_host_messages(encoded(HostMessage{state}));
  ASSERT_EQ(decoded.messages.size(), 1U);
  const auto& back = std::get<HostState>(decoded.messages[0]);
  EXPECT_EQ(back.reason, "??" + std::string(kMaxTextBytes - 2, 'a'));
  EXPECT_EQ(back.capture, "??" + std::string(kMaxNameBytes - 2, 'a'));
}

TEST(ClientMessages, own_steps_beyond_the_limit_are_clamped) {
  const auto back = [](float dx) {
    const auto decoded = decode_client_messages(encoded(ClientMessage{ClientInput{0, PointerMoveBy{dx, 0}}}));
    return std::get<PointerMoveBy>(std::get<ClientInput>(decoded.messages.at(0)).event).dx;
  };
  EXPECT_EQ(back(1e9F), kMaxPointerStep);
  EXPECT_EQ(back(-std::numeric_limits<float>::infinity()), -kMaxPointerStep);
  EXPECT_EQ(back(std::numeric_limits<float>::quiet_NaN()), 0.0F);
}

TEST(Messages, appending_stops_exactly_at_the_limit_and_leaves_the_body_alone) {
  Buffer body(10, std::byte{1});
  EXPECT_FALSE(append(body, ClientMessage{AskRecovery{1}}, 16));
  EXPECT_EQ(body, Buffer(10, std::byte{1}));
  EXPECT_TRUE(append(body, ClientMessage{AskRecovery{1}}, 17));
  EXPECT_EQ(body.size(), 17U);
  EXPECT_FALSE(append(body, ClientMessage{Goodbye{}}, 5)) << "already beyond";
}

TEST(Messages, a_hundred_thousand_mutations_decode_to_messages_that_encode_again) {
  Buffer good;
  for (const auto& golden : kClientGolden) ASSERT_TRUE(append(good, golden.message, kLimit));
  std::mt19937 random{9};
  for (int round = 0; round < 100'000; ++round) {
    auto bytes = good;
    for (int flips = 0; flips < 3; ++flips) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    bytes.resize(random() % bytes.size());
    Buffer again;
    for (const auto& message : decode_client_messages(bytes).messages)
      ASSERT_TRUE(append(again, message, kLimit));
    ASSERT_LE(again.size(), bytes.size());
  }
}

}  // namespace
}  // namespace lumen::lumen1
