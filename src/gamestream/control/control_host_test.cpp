#include "gamestream/control/control_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/input-event-codes.h>

#include "gamestream/control/control_client.hpp"
#include "gamestream/control/test_vectors.hpp"

namespace lumen::gamestream::control {
namespace {

using namespace std::chrono_literals;
using test::Buffer;
using testing::ElementsAre;
using testing::IsEmpty;
using Events = std::vector<HostEvent>;

struct Bench {
  ManualTime time;
  ControlHost host = std::move(*ControlHost::create(test::vector_key(), {}, Timestamp{}));
  ControlClient client = std::move(*ControlClient::create(test::vector_key()));

  std::vector<HostMessage> opening;  // what the client hears first

  Bench() {
    host.connected(time.now());
    opening = heard();
  }
  Events receive(Buffer packet) {
    Events events;
    host.receive(packet, time.now(), events);
    return events;
  }
  Events say(const ClientMessage& message) { return receive(copy(*client.seal(message))); }
  static Buffer copy(const SealedPacket& packet) { return {packet.bytes().begin(), packet.bytes().end()}; }
  Events pass(Duration by) {
    time.advance(by);
    Events events;
    host.tick(time.now(), events);
    return events;
  }
  // What the client hears now.
  std::vector<HostMessage> heard() {
    std::vector<HostMessage> messages;
    while (const auto packet = host.next_outgoing(time.now())) {
      EXPECT_EQ(packet->route, Route{});
      auto bytes = copy(*packet);
      if (const auto message = client.receive(bytes)) messages.push_back(*message);
    }
    return messages;
  }
  std::vector<InputEvent> input() {
    std::vector<InputEvent> events;
    host.drain_input(events);
    return events;
  }
};

constexpr KeyInput kPressA{.pressed = true, .code = 0x8041};

TEST(GameStream3, c17_requests_for_recovery_are_events) {
  Bench bench;
  EXPECT_THAT(bench.say(RequestIdr{}), ElementsAre(HostEvent{RequestIdr{}}));
  EXPECT_THAT(bench.say(InvalidateReferenceFrames{650, 662}),
              ElementsAre(HostEvent{InvalidateReferenceFrames{650, 662}}));
  EXPECT_THAT(bench.say(InvalidateReferenceFrames{0, 0xFFFF'FFFF}),
              ElementsAre(HostEvent{InvalidateReferenceFrames{0, 0xFFFF'FFFF}}));
}

TEST(GameStream3, c17_a_range_from_before_the_first_frame_begins_there) {
  Bench bench;
  EXPECT_THAT(bench.say(InvalidateReferenceFrames{0xFFFF'FFF0, 5}),
              ElementsAre(HostEvent{InvalidateReferenceFrames{0, 5}}));
}

TEST(GameStream3, c18_the_rest_is_accepted_and_harmless) {
  Bench bench;
  for (const ClientMessage& quiet :
       {ClientMessage{StartA{}}, {Ping{}}, {FrameStats{}}, {UnknownMessage{0x3001}}}) {
    EXPECT_THAT(bench.say(quiet), IsEmpty());
  }
  EXPECT_THAT(bench.say(StartB{}), ElementsAre(HostEvent{StartB{}}));
  EXPECT_THAT(bench.say(LossStats{50, 7}), ElementsAre(HostEvent{LossStats{50, 7}}));
  EXPECT_EQ(bench.host.counters().accepted, 6U);
  EXPECT_EQ(bench.host.counters().unknown, 1U);
}

TEST(GameStream3, c18_bodies_without_meaning_may_have_any_length) {
  for (const auto type : std::array<std::uint16_t, 5>{0x0200, 0x0204, 0x0302, 0x0305, 0x0307}) {
    EXPECT_TRUE(parse_client_message(type, {}));
    EXPECT_TRUE(parse_client_message(type, Buffer(80)));
  }
}

TEST(GameStream3, c18_c19_reports_have_one_length) {
  Bench bench;
  EXPECT_THAT(bench.say(LongTermReferenceAck{610}), ElementsAre(HostEvent{LongTermReferenceAck{610}}));
  const FrameFecStatus status{
      .frame = 611, .highest_received = 4007, .total_data = 10, .fec_percent = 20, .block_count = 1};
  EXPECT_THAT(bench.say(status), ElementsAre(HostEvent{status}));
  for (std::size_t size = 0; size < 100; ++size) {
    EXPECT_EQ(parse_client_message(0x0350, Buffer(size)).has_value(), size == 8);
    EXPECT_EQ(parse_client_message(0x5502, Buffer(size)).has_value(), size == 21);
    EXPECT_EQ(parse_client_message(0x0301, Buffer(size)).has_value(), size == 24);
    EXPECT_EQ(parse_client_message(0x0201, Buffer(size)).has_value(), size == 32);
  }
}

TEST(GameStream3, c14_a_packet_sent_again_is_dropped) {
  Bench bench;
  const auto packet = Bench::copy(*bench.client.seal(RequestIdr{}));
  EXPECT_EQ(bench.receive(packet).size(), 1U);
  EXPECT_THAT(bench.receive(packet), IsEmpty());
  EXPECT_EQ(bench.host.counters().replayed, 1U);
}

TEST(GameStream3, c16_one_bad_tag_ends_nothing_and_a_burst_does) {
  Bench bench;
  const Buffer clear(30);
  for (int second = 0; second < 3; ++second) {
    for (int i = 0; i < ControlHost::kForgeries - 1; ++i) EXPECT_THAT(bench.receive(clear), IsEmpty());
    EXPECT_EQ(bench.say(RequestIdr{}).size(), 1U);
    bench.pass(1s);
  }
  Events events;
  for (int i = 0; i < 100; ++i) {
    const auto more = bench.receive(clear);
    events.insert(events.end(), more.begin(), more.end());
  }
  EXPECT_THAT(events, ElementsAre(HostEvent{TooManyForgeries{}}));
}

TEST(GameStream3, c10_c37_silence_releases_input_and_long_silence_is_loss) {
  Bench bench;
  bench.say(kPressA);
  EXPECT_THAT(bench.pass(999ms), IsEmpty());
  EXPECT_THAT(bench.pass(1ms), ElementsAre(HostEvent{ClientSilent{}}));
  EXPECT_THAT(bench.input(), ElementsAre(InputEvent{Key{KEY_A, true}}, InputEvent{ReleaseAll{}}));
  EXPECT_THAT(bench.pass(8s), IsEmpty());
  bench.say(Ping{});
  EXPECT_THAT(bench.pass(1s), ElementsAre(HostEvent{ClientSilent{}}));
  EXPECT_THAT(bench.pass(9s), ElementsAre(HostEvent{ClientLost{}}));
  EXPECT_THAT(bench.pass(100s), IsEmpty());
}

TEST(GameStream3, c10_forged_packets_are_no_sign_of_life) {
  Bench bench;
  bench.time.advance(999ms);
  bench.receive(Buffer(30));
  EXPECT_THAT(bench.pass(1ms), ElementsAre(HostEvent{ClientSilent{}}));
}

TEST(GameStream1, s68_a_client_that_never_connects_is_lost) {
  auto host = ControlHost::create(test::vector_key(), {}, Timestamp{});
  Events events;
  EXPECT_EQ(host->next_deadline(), Timestamp{} + ControlHost::kLost);
  host->tick(Timestamp{} + 9999ms, events);
  EXPECT_THAT(events, IsEmpty());
  host->tick(Timestamp{} + 10s, events);
  EXPECT_THAT(events, ElementsAre(HostEvent{ClientLost{}}));
}

TEST(GameStream3, c37_the_end_of_the_connection_releases_input) {
  Bench bench;
  bench.say(kPressA);
  bench.host.send(HdrMode{.enabled = true});
  bench.host.disconnected();
  EXPECT_THAT(bench.input(), ElementsAre(InputEvent{Key{KEY_A, true}}, InputEvent{ReleaseAll{}}));
  EXPECT_THAT(bench.heard(), IsEmpty());
  EXPECT_THAT(bench.pass(9s), IsEmpty());
  EXPECT_THAT(bench.pass(1s), ElementsAre(HostEvent{ClientLost{}}));
}

TEST(GameStream3, c21_nothing_is_sent_before_the_connection) {
  auto host = ControlHost::create(test::vector_key(), {}, Timestamp{});
  EXPECT_TRUE(host->send(Rumble{.pad = 1}));
  EXPECT_FALSE(host->next_outgoing(Timestamp{}));
  host->connected(Timestamp{});
  EXPECT_TRUE(host->next_outgoing(Timestamp{}));
}

TEST(GameStream3, c21_only_changes_are_sent_the_newest_of_each_pad) {
  Bench bench;
  for (const auto strength : std::array<std::uint16_t, 3>{100, 200, 300}) {
    EXPECT_TRUE(bench.host.send(Rumble{.pad = 1, .low_frequency = strength}));
  }
  EXPECT_TRUE(bench.host.send(Rumble{.pad = 2}));
  EXPECT_TRUE(bench.host.send(MotionRequest{0, 100, MotionSensor::accelerometer}));
  EXPECT_TRUE(bench.host.send(MotionRequest{0, 100, MotionSensor::gyroscope}));
  EXPECT_THAT(bench.heard(),
              ElementsAre(HostMessage{Rumble{.pad = 1, .low_frequency = 300}}, HostMessage{Rumble{.pad = 2}},
                          HostMessage{MotionRequest{0, 100, MotionSensor::accelerometer}},
                          HostMessage{MotionRequest{0, 100, MotionSensor::gyroscope}}));
  EXPECT_TRUE(bench.host.send(Rumble{.pad = 1, .low_frequency = 300}));
  EXPECT_THAT(bench.heard(), IsEmpty());
  EXPECT_TRUE(bench.host.send(Rumble{.pad = 1}));
  EXPECT_THAT(bench.heard(), ElementsAre(HostMessage{Rumble{.pad = 1}}));
  EXPECT_FALSE(bench.host.send(Rumble{.pad = 16}));
}

TEST(GameStream3, c21_a_constant_rumble_is_refreshed_and_a_stopped_one_is_not) {
  Bench bench;
  bench.host.send(Rumble{.pad = 0, .low_frequency = 1});
  bench.host.send(Rumble{.pad = 1});
  bench.heard();
  bench.pass(24s);
  EXPECT_THAT(bench.heard(), IsEmpty());
  EXPECT_EQ(bench.host.next_deadline(), bench.time.now() + 1s);
  bench.pass(1s);
  EXPECT_THAT(bench.heard(), ElementsAre(HostMessage{Rumble{.pad = 0, .low_frequency = 1}}));
}

TEST(GameStream3, c20_m28_the_mode_is_told_at_the_start_and_at_each_change) {
  Bench bench;
  const HdrMode bright{.enabled = true, .max_luminance_nits = 1000};
  EXPECT_THAT(bench.opening, ElementsAre(HostMessage{HdrMode{}}));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(bench.host.send(bright));
  EXPECT_THAT(bench.heard(), ElementsAre(HostMessage{bright}));
  EXPECT_TRUE(bench.host.send(HdrMode{}));
  EXPECT_THAT(bench.heard(), ElementsAre(HostMessage{HdrMode{}}));

  auto host = ControlHost::create(test::vector_key(), {}, Timestamp{});
  auto client = ControlClient::create(test::vector_key());
  EXPECT_TRUE(host->send(bright));  // known before the client came
  host->connected(Timestamp{});
  auto first = Bench::copy(*host->next_outgoing(Timestamp{}));
  EXPECT_EQ(client->receive(first), HostMessage{bright});
  EXPECT_FALSE(host->next_outgoing(Timestamp{}));
}

TEST(GameStream3, c20_m28_hdr_mode_is_27_bytes) {
  std::array<std::byte, kMaxMessageBytes> payload{};
  ByteWriter writer{payload};
  write_payload(HostMessage{HdrMode{}}, writer);
  EXPECT_EQ(writer.size(), 27U);
}

TEST(GameStream3, c23_termination_is_last_and_the_client_has_two_seconds) {
  Bench bench;
  bench.say(kPressA);
  bench.host.send(HdrMode{.enabled = true});
  bench.host.terminate(static_cast<std::uint32_t>(TerminationCode::graceful), bench.time.now());
  EXPECT_FALSE(bench.host.send(Rumble{}));
  EXPECT_THAT(bench.heard(), ElementsAre(HostMessage{Termination{0x8003'0023}}));
  EXPECT_THAT(bench.input(), ElementsAre(InputEvent{Key{KEY_A, true}}, InputEvent{ReleaseAll{}}));
  bench.say(kPressA);
  EXPECT_THAT(bench.input(), IsEmpty());
  bench.host.terminate(0, bench.time.now());
  EXPECT_THAT(bench.heard(), IsEmpty());
  EXPECT_THAT(bench.pass(1s), ElementsAre(HostEvent{ClientSilent{}}));
  EXPECT_EQ(bench.host.next_deadline(), bench.time.now() + 1s);
  EXPECT_THAT(bench.pass(1s), ElementsAre(HostEvent{CloseNow{}}));
  EXPECT_THAT(bench.pass(1s), IsEmpty());
}

TEST(GameStream3, c24_errors_have_codes_of_their_own) {
  for (const auto& [code, bytes] : {std::pair{TerminationCode::protected_content, "800e9302"},
                                    {TerminationCode::frame_conversion, "800e9403"}}) {
    Bench bench;
    bench.host.terminate(static_cast<std::uint32_t>(code), bench.time.now());
    const auto heard = bench.heard();
    ASSERT_EQ(heard.size(), 1U);
    std::array<std::byte, 4> payload{};
    ByteWriter writer{payload};
    write_payload(heard[0], writer);
    EXPECT_EQ(test::to_hex(writer.written()), bytes);
  }
}

TEST(GameStream3, c23_the_code_is_big_endian) {
  std::array<std::byte, 8> payload{};
  ByteWriter writer{payload};
  write_payload(HostMessage{Termination{}}, writer);
  EXPECT_EQ(test::to_hex(writer.written()), "80030023");
}

TEST(ControlClient, short_messages_read_as_zeros_and_the_short_termination_is_known) {
  EXPECT_EQ(parse_host_message(0x010E, test::from_hex("01")), HostMessage{HdrMode{.enabled = true}});
  EXPECT_EQ(parse_host_message(0x5502, test::from_hex("01")), (HostMessage{PadLed{.pad = 1}}));
  EXPECT_EQ(parse_host_message(0x0109, test::from_hex("0001")), HostMessage{Termination{0x8003'0023}});
  EXPECT_EQ(parse_host_message(0x0109, test::from_hex("0002")), HostMessage{Termination{0x0200}});
  EXPECT_FALSE(parse_host_message(0x0109, test::from_hex("00")));
  EXPECT_EQ(parse_host_message(0x7777, {}), HostMessage{UnknownMessage{0x7777}});
}

TEST(ControlClient, pings_come_ten_times_a_second) {
  auto client = ControlClient::create(test::vector_key());
  int pings = 0;
  for (auto now = Timestamp{}; now < Timestamp{} + 1s; now += 10ms) pings += client->ping_if_due(now) ? 1 : 0;
  EXPECT_EQ(pings, 10);
  EXPECT_EQ(client->next_ping(), Timestamp{} + 1s);
}

TEST(ControlHost, haptics_are_an_event_and_pads_wait_to_be_drained) {
  Bench bench;
  EXPECT_THAT(bench.say(EnableHaptics{}), ElementsAre(HostEvent{EnableHaptics{}}));
  EXPECT_THAT(bench.say(PadState{.active_mask = 1}), IsEmpty());
  std::vector<PadEvent> pads;
  bench.host.drain_pads(pads);
  ASSERT_EQ(pads.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<lumen::PadArrival>(pads.front()));
}

}  // namespace
}  // namespace lumen::gamestream::control
