// What is written parses to the same, and whatever parses is written and parses again.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "gamestream/control/messages.hpp"
#include "gamestream/control/test_vectors.hpp"

namespace lumen::gamestream::control {
namespace {

using test::Buffer;

template <class Message>
Buffer written(const Message& message) {
  Buffer payload(kMaxMessageBytes);
  ByteWriter writer{payload};
  write_payload(message, writer);
  RC_ASSERT(writer.ok());
  payload.resize(writer.size());
  return payload;
}

struct Shape {
  std::uint32_t magic;
  std::size_t body_bytes;
};
constexpr Shape kShapes[] = {{3, 6},
                             {4, 6},
                             {5, 10},
                             {7, 4},
                             {8, 1},
                             {9, 1},
                             {0x0A, 6},
                             {0x0C, 26},
                             {0x0D, 2},
                             {0x5500'0001, 2},
                             {0x5500'0002, 28},
                             {0x5500'0003, 28},
                             {0x5500'0004, 8},
                             {0x5500'0005, 20},
                             {0x5500'0006, 16},
                             {0x5500'0007, 4}};

Buffer input_packet(std::uint32_t magic, ByteView body, std::uint32_t size) {
  Buffer packet(8 + body.size());
  ByteWriter writer{packet};
  writer.big(size);
  writer.little(magic);
  writer.put(body);
  return packet;
}

Buffer random_bytes(std::size_t size) {
  const auto raw = *rc::gen::container<std::vector<std::uint8_t>>(size, rc::gen::arbitrary<std::uint8_t>());
  Buffer bytes(size);
  std::ranges::transform(raw, bytes.begin(), [](std::uint8_t value) { return std::byte{value}; });
  return bytes;
}

RC_GTEST_PROP(ControlProperty, input_that_parses_is_written_and_parses_again, ()) {
  const auto& shape = *rc::gen::elementOf(std::vector<Shape>(std::begin(kShapes), std::end(kShapes)));
  auto body = random_bytes(shape.body_bytes);
  // Small numbers where only those are valid.
  for (std::size_t i = 0; i < std::min<std::size_t>(4, body.size()); ++i) body[i] &= std::byte{7};
  const auto input =
      parse_input(input_packet(shape.magic, body, static_cast<std::uint32_t>(shape.body_bytes + 4)));
  RC_PRE(input.has_value());
  RC_ASSERT(parse_input(written(ClientMessage{*input})) == input);
}

RC_GTEST_PROP(GameStream3, c25_every_other_size_is_refused, ()) {
  const auto& shape = *rc::gen::elementOf(std::vector<Shape>(std::begin(kShapes), std::end(kShapes)));
  const auto size = *rc::gen::inRange<std::size_t>(0, 64);
  RC_PRE(size != shape.body_bytes);
  RC_ASSERT(!parse_input(input_packet(shape.magic, Buffer(size), static_cast<std::uint32_t>(size + 4))));
  RC_ASSERT(!parse_input(
      input_packet(shape.magic, Buffer(size), static_cast<std::uint32_t>(shape.body_bytes + 4))));
}

RC_GTEST_PROP(GameStream3, c25_magics_of_other_generations_are_refused, (std::uint32_t magic)) {
  const bool known =
      magic == 0x17 || std::ranges::any_of(kShapes, [&](const auto& each) { return each.magic == magic; });
  RC_PRE(!known);
  for (std::uint32_t size = 1; size < 40; ++size)
    RC_ASSERT(!parse_input(input_packet(magic, Buffer(size), size + 4)));
}

TEST(GameStream3, c25_magics_that_mean_something_in_generation_3_alone_are_refused) {
  for (const std::uint32_t magic : {0x00U, 0x01U, 0x02U, 0x06U, 0x0BU, 0x0EU}) {
    for (std::uint32_t size = 1; size < 40; ++size)
      EXPECT_FALSE(parse_input(input_packet(magic, Buffer(size), size + 4)));
  }
}

TEST(GameStream3, c25_text_has_1_to_32_bytes) {
  for (std::uint32_t size = 0; size < 40; ++size) {
    EXPECT_EQ(parse_input(input_packet(0x17, Buffer(size), size + 4)).has_value(), size >= 1 && size <= 32)
        << size;
  }
}

TEST(GameStream3, c32_all_eight_events_pass_and_no_ninth) {
  for (unsigned event = 0; event < 256; ++event) {
    Buffer body(28);
    body[0] = static_cast<std::byte>(event);
    EXPECT_EQ(parse_input(input_packet(0x5500'0002, body, 32)).has_value(), event < 8) << event;
    EXPECT_EQ(parse_input(input_packet(0x5500'0003, body, 32)).has_value(), event < 8) << event;
  }
}

TEST(GameStream3, c32_cancel_all_passes_whatever_its_other_fields_are) {
  Buffer body(28, std::byte{0xFF});
  body[0] = std::byte{7};
  EXPECT_EQ(parse_input(input_packet(0x5500'0002, body, 32)),
            InputPacket{Touch{.event = TouchEvent::cancel_all}});
  EXPECT_EQ(parse_input(input_packet(0x5500'0003, body, 32)),
            InputPacket{Pen{.event = TouchEvent::cancel_all}});
}

TEST(GameStream3, c32_floats_that_are_no_numbers_are_dropped) {
  constexpr Shape kWithFloats[] = {
      {0x5500'0002, 28}, {0x5500'0003, 28}, {0x5500'0005, 20}, {0x5500'0006, 16}};
  constexpr std::size_t kOffsets[][5] = {
      {8, 12, 16, 20, 24}, {4, 8, 12, 20, 24}, {8, 12, 16, 8, 8}, {4, 8, 12, 4, 4}};
  for (std::size_t kind = 0; kind < std::size(kWithFloats); ++kind) {
    for (const auto offset : kOffsets[kind]) {
      for (const std::uint32_t bits : {0x7FC0'0000U, 0x7F80'0000U, 0xFF80'0000U}) {
        Buffer body(kWithFloats[kind].body_bytes);
        body[1] = std::byte{1};  // a sensor; a tool
        const auto size = static_cast<std::uint32_t>(body.size() + 4);
        if (kind < 2) body[1] = {};
        if (kind == 2) body[1] = {};
        ASSERT_TRUE(parse_input(input_packet(kWithFloats[kind].magic, body, size)));
        ByteWriter{MutableBytes{body}.subspan(offset)}.little(bits);
        EXPECT_FALSE(parse_input(input_packet(kWithFloats[kind].magic, body, size))) << kind << " " << offset;
      }
    }
  }
}

TEST(GameStream3, c33_pads_have_numbers_from_0_to_15) {
  for (unsigned pad = 0; pad < 256; ++pad) {
    const auto taken = [pad](std::uint32_t magic, std::size_t bytes, std::size_t offset) {
      Buffer body(bytes);
      if (magic == 0x5500'0006) body[1] = std::byte{1};
      body[offset] = static_cast<std::byte>(pad);
      return parse_input(input_packet(magic, body, static_cast<std::uint32_t>(bytes + 4))).has_value();
    };
    EXPECT_EQ(taken(0x0C, 26, 2), pad < 16);
    EXPECT_EQ(taken(0x5500'0004, 8, 0), pad < 16);
    EXPECT_EQ(taken(0x5500'0005, 20, 0), pad < 16);
    EXPECT_EQ(taken(0x5500'0006, 16, 0), pad < 16);
    EXPECT_EQ(taken(0x5500'0007, 4, 0), pad < 16);
  }
}

TEST(GameStream3, c33_a_pad_is_there_by_its_own_bit) {
  EXPECT_TRUE((PadState{.pad = 3, .active_mask = 0x0008}.present()));
  EXPECT_FALSE((PadState{.pad = 3, .active_mask = 0xFFF7}.present()));
}

TEST(InputPackets, buttons_have_numbers_from_1_to_5) {
  for (unsigned button = 0; button < 256; ++button) {
    const Buffer body{static_cast<std::byte>(button)};
    EXPECT_EQ(parse_input(input_packet(8, body, 5)).has_value(), button >= 1 && button <= 5);
  }
}

RC_GTEST_PROP(ControlProperty, host_messages_parse_to_what_was_written,
              (std::uint16_t a, std::uint16_t b, std::uint16_t c)) {
  const auto low = static_cast<std::uint8_t>(a), high = static_cast<std::uint8_t>(b);
  const HostMessage messages[] = {
      Termination{std::uint32_t{a} << 16U | b},
      Rumble{a, b, c},
      TriggerRumble{a, b, c},
      MotionRequest{a, b, MotionSensor::gyroscope},
      PadLed{a, low, high, low},
      AdaptiveTriggers{.pad = a, .flags = low, .left_type = high, .left = {std::byte{low}}},
      HdrMode{.enabled = true, .red = {a, b}, .white = {b, c}, .max_full_frame_nits = c}};
  for (const auto& message : messages)
    RC_ASSERT(parse_host_message(type_of(message), written(message)) == message);
}

RC_GTEST_PROP(ControlProperty, client_messages_parse_to_what_was_written,
              (std::uint32_t a, std::uint32_t b, std::uint16_t c)) {
  const ClientMessage messages[] = {
      RequestIdr{},
      StartA{},
      StartB{},
      Ping{},
      LossStats{a, std::uint64_t{b} << 32U | a},
      InvalidateReferenceFrames{std::min(a, b), std::max(a, b)},
      LongTermReferenceAck{a},
      FrameFecStatus{.frame = a, .highest_received = c, .received_parity = c, .block_count = 3}};
  for (const auto& message : messages)
    RC_ASSERT(parse_client_message(type_of(message), written(message)) == message);
}

}  // namespace
}  // namespace lumen::gamestream::control
