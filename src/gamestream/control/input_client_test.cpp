#include "gamestream/control/input_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/input-event-codes.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "gamestream/control/input_host.hpp"

namespace lumen::gamestream::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// An event through a client, its packets and a host.
std::vector<InputEvent> through(InputClient& client, InputHost& host, const InputEvent& event) {
  std::vector<InputPacket> packets;
  client.add(event, packets);
  for (const auto& packet : packets) host.take(packet, Timestamp{});
  std::vector<InputEvent> events;
  host.drain(events);
  return events;
}

TEST(InputClient, edges_and_scrolls_come_through_unchanged) {
  InputClient client;
  InputHost host{{}};
  const std::vector<InputEvent> script{Key{KEY_LEFTSHIFT, true},
                                       Key{KEY_A, true},
                                       Key{KEY_A, false},
                                       Key{KEY_LEFTSHIFT, false},
                                       PointerButton{BTN_SIDE, true},
                                       PointerButton{BTN_SIDE, false},
                                       Scroll{-120, 0},
                                       Scroll{0, 15},
                                       PointerMoveBy{-3, 4}};
  for (const auto& event : script) EXPECT_THAT(through(client, host, event), ElementsAre(event));
}

TEST(InputClient, a_position_comes_through_to_a_32768th) {
  InputClient client;
  InputHost host{{}};
  for (const auto x : std::array<std::uint16_t, 8>{0, 1, 2, 1000, 32767, 32768, 65534, 65535}) {
    const auto events = through(client, host, PointerMoveTo{x, 0});
    ASSERT_EQ(events.size(), 1U);
    EXPECT_NEAR(std::get<PointerMoveTo>(events[0]).x, x, 2);
  }
  EXPECT_EQ(std::get<PointerMoveTo>(through(client, host, PointerMoveTo{65535, 65535}).at(0)),
            (PointerMoveTo{65535, 65535}));
}

TEST(InputClient, parts_of_pixels_add_up) {
  InputClient client;
  std::vector<InputPacket> packets;
  for (int i = 0; i < 4; ++i) client.add(PointerMoveBy{0.25F, 0}, packets);
  EXPECT_THAT(packets, ElementsAre(InputPacket{MouseMoveBy{1, 0}}));
}

TEST(InputClient, far_motion_is_split_and_absurd_motion_is_bounded) {
  InputClient client;
  std::vector<InputPacket> packets;
  client.add(PointerMoveBy{60'000, -60'000}, packets);
  EXPECT_THAT(packets,
              ElementsAre(InputPacket{MouseMoveBy{32767, -32768}}, InputPacket{MouseMoveBy{27233, -27232}}));
  packets.clear();
  client.add(PointerMoveBy{std::numeric_limits<float>::max(), std::numeric_limits<float>::quiet_NaN()},
             packets);
  EXPECT_LE(packets.size(), 31U);
}

TEST(InputClient, release_all_lets_go_of_what_is_down) {
  InputClient client;
  InputHost host{{}};
  through(client, host, Key{KEY_A, true});
  through(client, host, PointerButton{BTN_RIGHT, true});
  EXPECT_THAT(through(client, host, ReleaseAll{}),
              ElementsAre(InputEvent{Key{KEY_A, false}}, InputEvent{PointerButton{BTN_RIGHT, false}}));
  EXPECT_THAT(through(client, host, ReleaseAll{}), IsEmpty());
}

TEST(InputClient, characters_of_every_length_arrive_and_what_is_none_is_not_sent) {
  InputClient client;
  InputHost host{{}};
  for (const char32_t each : std::u32string{U"a~\u00A0\u07FF\u0800\uFFFD\U00010000\U0010FFFF"}) {
    EXPECT_THAT(through(client, host, Character{each}), ElementsAre(InputEvent{Character{each}}))
        << static_cast<std::uint32_t>(each);
  }
  std::vector<InputPacket> packets;
  for (const char32_t none : {0x0U, 0xD800U, 0xDFFFU, 0x11'0000U}) client.add(Character{none}, packets);
  EXPECT_THAT(packets, IsEmpty());
}

TEST(InputClient, what_has_no_number_there_and_repeats_are_not_sent) {
  InputClient client;
  std::vector<InputPacket> packets;
  client.add(Key{KEY_POWER, true}, packets);
  client.add(PointerButton{BTN_TASK, true}, packets);
  client.add(Key{KEY_A, false}, packets);
  EXPECT_THAT(packets, IsEmpty());
  client.add(Key{KEY_A, true}, packets);
  client.add(Key{KEY_A, true}, packets);
  EXPECT_EQ(packets.size(), 1U);
}

}  // namespace
}  // namespace lumen::gamestream::control
