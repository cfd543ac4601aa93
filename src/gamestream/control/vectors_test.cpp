// What a real client sent and understood, byte for byte.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "gamestream/control/control_client.hpp"
#include "gamestream/control/control_host.hpp"
#include "gamestream/control/test_vectors.hpp"

namespace lumen::gamestream::control {
namespace {

using nlohmann::json;
using test::Buffer;

std::string hex(std::string_view format, std::uint32_t value) {
  return fmt::format(fmt::runtime(format), value);
}

json event_name(TouchEvent event) {
  constexpr const char* kNames[] = {"hover",  "down",        "up",          "move",
                                    "cancel", "button_only", "hover_leave", "cancel_all"};
  return kNames[static_cast<std::size_t>(event)];
}

// The fields of a message as the vectors name them.
struct Fields {
  json operator()(const RequestIdr&) const { return {{"kind", "request_idr_frame"}}; }
  json operator()(const StartA&) const { return {{"kind", "start_a"}}; }
  json operator()(const StartB&) const { return {{"kind", "start_b"}}; }
  json operator()(const Ping&) const { return {{"kind", "periodic_ping"}}; }
  json operator()(const LossStats&) const { return {{"kind", "loss_stats"}}; }
  json operator()(const FrameStats&) const { return {{"kind", "frame_stats"}}; }
  json operator()(const UnknownMessage&) const { return {{"kind", "unknown"}}; }
  json operator()(const InvalidateReferenceFrames& range) const {
    return {{"kind", "invalidate_reference_frames"},
            {"firstFrame", range.first_frame},
            {"lastFrame", range.last_frame}};
  }
  json operator()(const LongTermReferenceAck& ack) const {
    return {{"kind", "ltr_frame_ack"}, {"frameIndex", ack.frame}};
  }
  json operator()(const FrameFecStatus& s) const {
    return {{"kind", "frame_fec_status"},
            {"frameIndex", s.frame},
            {"highestReceivedSeq", s.highest_received},
            {"nextContiguousSeq", s.next_contiguous},
            {"missingBeforeHighest", s.missing_before_highest},
            {"totalData", s.total_data},
            {"totalParity", s.total_parity},
            {"recvData", s.received_data},
            {"recvParity", s.received_parity},
            {"fecPercentage", s.fec_percent},
            {"blockIndex", s.block_index},
            {"blockCount", s.block_count}};
  }
  json operator()(const InputPacket& input) const { return std::visit(*this, input); }

  json operator()(const KeyInput& key) const {
    return {{"kind", key.pressed ? "key_down" : "key_up"},
            {"flags", key.flags},
            {"keyCode", hex("0x{:04X}", key.code)},
            {"modifiers", key.modifiers}};
  }
  json operator()(const TextInput& text) const {
    return {{"kind", "utf8"}, {"utf8", test::to_hex(as_view(text.text()))}};
  }
  json operator()(const MouseMoveBy& move) const {
    return {{"kind", "mouse_rel"}, {"deltaX", move.dx}, {"deltaY", move.dy}};
  }
  json operator()(const MouseMoveTo& move) const {
    return {
        {"kind", "mouse_abs"}, {"x", move.x}, {"y", move.y}, {"width", move.width}, {"height", move.height}};
  }
  json operator()(const MouseButton& button) const {
    return {{"kind", button.pressed ? "mouse_button_down" : "mouse_button_up"}, {"button", button.button}};
  }
  json operator()(const VerticalScroll& scroll) const {
    return {{"kind", "vscroll"}, {"amount", scroll.amount}};
  }
  json operator()(const HorizontalScroll& scroll) const {
    return {{"kind", "hscroll"}, {"amount", scroll.amount}};
  }
  json operator()(const EnableHaptics& haptics) const {
    return {{"kind", "enable_haptics"}, {"enable", int{haptics.enable}}};
  }
  json operator()(const Touch& touch) const {
    return {{"kind", "touch"},
            {"eventType", event_name(touch.event)},
            {"rotation", touch.rotation},
            {"pointerId", touch.pointer},
            {"x", touch.x},
            {"y", touch.y},
            {"pressureOrDistance", touch.pressure_or_distance},
            {"contactMajor", touch.contact_major},
            {"contactMinor", touch.contact_minor}};
  }
  json operator()(const Pen& pen) const {
    return {{"kind", "pen"},
            {"eventType", event_name(pen.event)},
            {"tool", pen.tool},
            {"buttons", pen.buttons},
            {"x", pen.x},
            {"y", pen.y},
            {"pressureOrDistance", pen.pressure_or_distance},
            {"rotation", pen.rotation},
            {"tilt", pen.tilt},
            {"contactMajor", pen.contact_major},
            {"contactMinor", pen.contact_minor}};
  }
  json operator()(const PadState& state) const {
    return {{"kind", "multi_controller"},
            {"controllerNumber", state.pad},
            {"activeGamepadMask", hex("0x{:04X}", state.active_mask)},
            {"allButtons", hex("0x{:06X}", state.buttons)},
            {"leftTrigger", state.left_trigger},
            {"rightTrigger", state.right_trigger},
            {"leftStick", {state.left_x, state.left_y}},
            {"rightStick", {state.right_x, state.right_y}}};
  }
  json operator()(const PadArrival& arrival) const {
    return {{"kind", "controller_arrival"},
            {"controllerNumber", arrival.pad},
            {"controllerType", arrival.type},
            {"capabilities", hex("0x{:04X}", arrival.capabilities)},
            {"supportedButtons", hex("0x{:08X}", arrival.buttons)}};
  }
  json operator()(const PadTouch& touch) const {
    return {{"kind", "controller_touch"},
            {"controllerNumber", touch.pad},
            {"eventType", event_name(touch.event)},
            {"touchpadIndex", touch.touchpad},
            {"pointerId", touch.pointer},
            {"x", touch.x},
            {"y", touch.y},
            {"pressure", touch.pressure}};
  }
  json operator()(const PadMotion& motion) const {
    return {{"kind", "controller_motion"},
            {"controllerNumber", motion.pad},
            {"motionType", motion.sensor == MotionSensor::gyroscope ? "gyro" : "accel"},
            {"x", motion.x},
            {"y", motion.y},
            {"z", motion.z}};
  }
  json operator()(const PadBattery& battery) const {
    return {{"kind", "controller_battery"},
            {"controllerNumber", battery.pad},
            {"state", battery.state},
            {"percentage", battery.percent}};
  }

  json operator()(const Termination& end) const {
    return {{"kind", "termination"}, {"code", hex("0x{:08x}", end.code)}};
  }
  json operator()(const Rumble& rumble) const {
    return {{"kind", "rumble"},
            {"controllerNumber", rumble.pad},
            {"lowFreq", rumble.low_frequency},
            {"highFreq", rumble.high_frequency}};
  }
  json operator()(const TriggerRumble& rumble) const {
    return {{"kind", "rumble_triggers"},
            {"controllerNumber", rumble.pad},
            {"left", rumble.left},
            {"right", rumble.right}};
  }
  json operator()(const MotionRequest& request) const {
    return {{"kind", "set_motion_event"},
            {"controllerNumber", request.pad},
            {"reportRateHz", request.rate_hz},
            {"motionType", static_cast<int>(request.sensor)}};
  }
  json operator()(const PadLed& led) const {
    return {{"kind", "set_rgb_led"},
            {"controllerNumber", led.pad},
            {"r", led.red},
            {"g", led.green},
            {"b", led.blue}};
  }
  json operator()(const AdaptiveTriggers& triggers) const {
    return {{"kind", "set_adaptive_triggers"},      {"controllerNumber", triggers.pad},
            {"eventFlags", triggers.flags},         {"typeLeft", triggers.left_type},
            {"typeRight", triggers.right_type},     {"left", test::to_hex(triggers.left)},
            {"right", test::to_hex(triggers.right)}};
  }
  json operator()(const HdrMode& mode) const {
    json fields{{"kind", "hdr_mode"}, {"enabled", int{mode.enabled}}};
    if (!mode.enabled) return fields;
    const auto point = [](const HdrMode::Chromaticity& each) { return json{each.x, each.y}; };
    fields.update({{"R", point(mode.red)},
                   {"G", point(mode.green)},
                   {"B", point(mode.blue)},
                   {"white", point(mode.white)},
                   {"maxDisplayLuminance", mode.max_luminance_nits},
                   {"minDisplayLuminance", mode.min_luminance_per_10000_nit},
                   {"maxCLL", mode.max_content_light_nits},
                   {"maxFALL", mode.max_frame_average_nits},
                   {"maxFullFrameLuminance", mode.max_full_frame_nits}});
    return fields;
  }
};

void expect_same(const json& ours, const json& theirs, const std::string& name) {
  for (const auto& [key, value] : ours.items()) {
    ASSERT_TRUE(theirs.contains(key)) << name << " " << key;
    if (value.is_number_float()) {
      EXPECT_NEAR(value.get<double>(), theirs.at(key).get<double>(), 1e-5) << name << " " << key;
    } else {
      EXPECT_EQ(value, theirs.at(key)) << name << " " << key;
    }
  }
}

std::string delivery_name(Delivery delivery) {
  constexpr const char* kNames[] = {"reliable", "unreliable-sequenced", "unsequenced"};
  return kNames[static_cast<std::size_t>(delivery)];
}

TEST(GameStream3, c12_every_client_vector_opens) {
  auto opener = Opener::create(test::vector_key(), Side::client);
  ASSERT_TRUE(opener);
  const auto vectors = test::vectors("g7enc_v2/");
  ASSERT_GE(vectors.size(), 70U);
  for (auto vector : vectors) {
    const auto opened = opener->open(vector.sealed);
    ASSERT_TRUE(opened) << vector.name << " " << static_cast<int>(opened.refusal);
    EXPECT_EQ(opened.type, vector.type()) << vector.name;
    EXPECT_TRUE(std::ranges::equal(opened.payload, vector.payload())) << vector.name;
  }
}

TEST(GameStream3, c12_every_host_vector_is_reproduced) {
  const auto vectors = test::vectors("host_v2/");
  ASSERT_EQ(vectors.size(), 16U);
  for (const auto& vector : vectors) {
    auto sealer = Sealer::create(test::vector_key(), Side::host);
    std::array<std::byte, kMaxPacketBytes> packet{};
    while (sealer->next_sequence() < vector.sequence) ASSERT_TRUE(sealer->seal(0, {}, packet));
    const auto message = parse_host_message(vector.type(), vector.payload());
    ASSERT_TRUE(message) << vector.name;
    const auto sealed = seal_message(*sealer, *message, {});
    ASSERT_TRUE(sealed) << vector.name;
    EXPECT_EQ(test::to_hex(sealed->bytes()), test::to_hex(vector.sealed)) << vector.name;
    expect_same(std::visit(Fields{}, *message), vector.fields, vector.name);
  }
}

TEST(GameStream3, c15_every_negative_vector_is_refused) {
  const auto vectors = test::vectors("negative/");
  ASSERT_EQ(vectors.size(), 12U);
  for (auto vector : vectors) {
    auto opener = Opener::create(test::vector_key(), Side::client);
    const auto opened = opener->open(vector.sealed);
    const bool taken = opened && parse_client_message(opened.type, opened.payload);
    EXPECT_FALSE(taken) << vector.name;
  }
}

TEST(GameStream3, c19_c26_every_client_vector_parses_to_the_listed_fields) {
  const auto vectors = test::client_vectors();
  ASSERT_EQ(vectors.size(), 84U);
  for (const auto& vector : vectors) {
    const auto message = parse_client_message(vector.type(), vector.payload());
    ASSERT_TRUE(message) << vector.name;
    expect_same(std::visit(Fields{}, *message), vector.fields, vector.name);
  }
}

TEST(ControlVectors, every_client_vector_is_written_again) {
  for (const auto& vector : test::client_vectors()) {
    const auto message = parse_client_message(vector.type(), vector.payload());
    ASSERT_TRUE(message) << vector.name;
    std::array<std::byte, kMaxMessageBytes> payload{};
    ByteWriter writer{payload};
    write_payload(*message, writer);
    ASSERT_TRUE(writer.ok()) << vector.name;
    EXPECT_EQ(test::to_hex(writer.written()), test::to_hex(vector.payload())) << vector.name;
    EXPECT_EQ(type_of(*message), vector.type()) << vector.name;
  }
}

TEST(ControlVectors, messages_travel_as_a_stock_client_sends_them) {
  auto client = ControlClient::create(test::vector_key());
  const auto opening = client->open();
  const auto vectors = test::vectors("g7enc_v2/");
  for (std::size_t i = 0; i < opening.size(); ++i) {
    EXPECT_EQ(test::to_hex(opening[i]->bytes()), test::to_hex(vectors[i].sealed));
    EXPECT_EQ(opening[i]->route, Route{});
  }
  for (const auto& vector : std::span{vectors}.subspan(opening.size())) {
    const auto packet = client->seal(*parse_client_message(vector.type(), vector.payload()));
    EXPECT_EQ(packet->route.channel, vector.channel) << vector.name;
    EXPECT_EQ(delivery_name(packet->route.delivery), vector.delivery) << vector.name;
  }
}

}  // namespace
}  // namespace lumen::gamestream::control
