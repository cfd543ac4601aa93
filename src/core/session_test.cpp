#include <gtest/gtest.h>

#include <algorithm>

#include "core/test_pair.hpp"

namespace lumen::core {
namespace {

using namespace std::chrono_literals;
using test::noise;
using test::Pair;

constexpr bool kLost = false;

// Drops what `wanted` says is to be dropped.
template <class Wanted>
auto keep_if(Wanted wanted) {
  return [wanted](ByteView datagram) mutable { return test::Link::Fate{wanted(datagram) ? 1 : 0, 1ms}; };
}
bool is_video(ByteView datagram) {
  return lumen1::decode_clear_header(datagram)->kind == lumen1::Kind::video;
}

TEST(Sessions, units_arrive_whole_and_in_order_on_a_clean_link) {
  Pair pair;
  pair.connect();
  for (std::size_t i = 0; i < 50; ++i) {
    pair.push(noise(1 + i * 997, i));
    pair.run_for(10ms);
  }
  ASSERT_EQ(pair.received.size(), 50U);
  for (std::size_t i = 0; i < 50; ++i) {
    EXPECT_EQ(pair.received[i].id, i + 1);
    EXPECT_EQ(pair.received[i].bytes, noise(1 + i * 997, i));
    EXPECT_FALSE(pair.received[i].repaired);
  }
  EXPECT_EQ(pair.received[0].kind, PictureKind::idr);
  EXPECT_EQ(pair.idr_requests, 1);
  EXPECT_TRUE(pair.missing.empty());
}

TEST(Sessions, trains_are_equal_datagrams_in_one_piece_and_paced) {
  Pair pair{{.sender = {.rate = BitsPerSecond{80'000'000}, .burst = Bytes{64U << 10U}}}};
  pair.connect();
  pair.trains.clear();
  pair.push(noise(400'000, 1));
  ASSERT_GE(pair.trains.size(), 6U);
  const auto begin = pair.trains.front().bytes.data();
  std::size_t offset = 0;
  for (const auto& train : pair.trains) {
    EXPECT_LE(train.datagrams, HostSender::kTrainDatagrams);
    EXPECT_EQ(train.datagram_bytes, pair.trains.front().datagram_bytes);
    EXPECT_EQ(train.bytes.data(), begin + offset);
    offset += train.bytes.size();
  }
  // 400 kB and their parity at 10 MB/s, less the burst.
  const auto took = pair.trains.back().due - pair.now;
  EXPECT_GT(took, 33ms);
  EXPECT_LT(took, 60ms);
}

TEST(Sessions, lost_datagrams_are_mended_and_the_unit_says_so) {
  Pair pair;
  pair.connect();
  pair.push(noise(100, 0));
  int video = 0;
  pair.down.fate = keep_if([&](ByteView datagram) { return !is_video(datagram) || video++ % 10 != 3; });
  pair.push(noise(20'000, 1));
  pair.run_for(20ms);
  ASSERT_EQ(pair.received.size(), 2U);
  EXPECT_TRUE(pair.received[1].repaired);
  EXPECT_FALSE(pair.received[0].repaired);
  EXPECT_EQ(pair.received[1].bytes, noise(20'000, 1));
}

TEST(Sessions, a_lost_unit_is_reported_with_all_that_needed_it_and_an_idr_ends_it) {
  Pair pair;
  pair.connect();
  pair.push(noise(1000, 1));
  pair.run_for(10ms);
  pair.down.fate = keep_if([](ByteView datagram) { return !is_video(datagram); });
  pair.push(noise(600'000, 2));  // too large to come again
  pair.down.fate = keep_if([](ByteView) { return true; });
  pair.push(noise(1000, 3));
  for (int i = 0; i < 30; ++i) {
    pair.run_for(5ms);
    pair.push(noise(1000, 4));
  }
  pair.run_for(10ms);
  ASSERT_GT(pair.received.size(), 5U);
  EXPECT_EQ(pair.received[0].id, 1U);
  EXPECT_EQ(pair.received[1].kind, PictureKind::idr);
  std::uint64_t next = 2;
  for (const auto& gap : pair.missing) {
    EXPECT_EQ(gap.first.value, next);
    next = gap.last.value + 1;
  }
  EXPECT_EQ(pair.received[1].id, next);
  EXPECT_EQ(pair.idr_requests, 2);
  EXPECT_EQ(pair.client.units().stats().reassembly.frames_lost, 1U);
}

TEST(Sessions, a_unit_that_did_not_decode_is_answered_with_an_idr_even_if_it_was_one) {
  Pair pair;
  pair.connect();
  pair.push(noise(1000, 1));
  pair.run_for(600ms);  // longer than the host's patience with the request before
  ASSERT_EQ(pair.received.size(), 1U);
  pair.client.units().not_decoded(FrameId{1});
  pair.run_for(20ms);
  EXPECT_EQ(pair.idr_requests, 2);
  pair.push(noise(1000, 2));
  pair.run_for(20ms);
  ASSERT_EQ(pair.received.size(), 2U);
  EXPECT_EQ(pair.received[1].kind, PictureKind::idr);
}

TEST(Sessions, key_updates_of_both_ends_lose_nothing_while_datagrams_overtake_one_another) {
  Pair pair;
  pair.connect();
  std::mt19937 random{3};
  pair.down.fate = [&](ByteView) { return test::Link::Fate{1, 1ms + random() % 3000 * 1us}; };
  for (std::size_t i = 0; i < 100; ++i) {
    if (i % 20 == 10) {
      EXPECT_TRUE(pair.host.sender().update_keys());
      for (int n = 0; n < 64; ++n) {  // keys may change once they were used
        if (const auto moved = pair.client.seal_input(PointerMoveBy{1, 1})) pair.up.send(*moved, pair.now);
      }
      EXPECT_TRUE(pair.client.update_keys());
    }
    pair.push(noise(20'000, i));
    pair.run_for(16ms);
  }
  EXPECT_EQ(pair.received.size(), 100U);
  EXPECT_EQ(pair.host.stats().sender.key_epoch, 5U);
  EXPECT_EQ(pair.client.units().stats().key_epoch, 5U);
  EXPECT_EQ(pair.host.stats().refused, 0U);
}

TEST(Sessions, parity_follows_the_reported_loss) {
  Pair pair;
  pair.connect();
  const auto before = pair.host.stats().sender.assumed_loss;
  std::mt19937 random{1};
  pair.down.fate = keep_if([&](ByteView datagram) { return !is_video(datagram) || random() % 100 >= 12; });
  for (std::size_t i = 0; i < 60; ++i) {
    pair.push(noise(30'000, i));
    pair.run_for(16ms);
  }
  EXPECT_GT(pair.host.stats().sender.assumed_loss, before + 0.05);
  EXPECT_GT(pair.host.stats().reported_lost, 50U);
}

TEST(Sessions, input_edges_come_once_and_in_order_over_a_bad_link) {
  Pair pair;
  pair.connect();
  std::mt19937 random{7};
  pair.up.fate = keep_if([&](ByteView) { return random() % 2 == 0; });
  pair.inputs.clear();
  for (std::uint16_t i = 0; i < 40; ++i) {
    if (const auto datagram = pair.client.seal_input(Key{i, true})) pair.up.send(*datagram, pair.now);
    pair.run_for(3ms);
  }
  pair.run_for(2s);
  ASSERT_EQ(pair.inputs.size(), 40U);
  for (std::uint16_t i = 0; i < 40; ++i) EXPECT_EQ(pair.inputs[i], InputEvent{(Key{i, true})});
}

TEST(Sessions, input_that_the_protocol_does_not_carry_is_not_sent_and_holds_up_nothing) {
  Pair pair;
  pair.connect();
  pair.inputs.clear();
  EXPECT_FALSE(pair.client.seal_input(Touch{.id = 1}));
  EXPECT_FALSE(pair.client.seal_input(Pen{.place = PenPlace::hovering}));
  EXPECT_FALSE(pair.client.seal_input(Character{U'x'}));
  pair.up.send(pair.client.seal_input(Key{30, true}).value(), pair.now);
  pair.run_for(100ms);
  EXPECT_EQ(pair.inputs, (std::vector<InputEvent>{Key{30, true}}));
}

TEST(Sessions, silent_host_is_greeted_again_and_a_new_connection_begins_with_an_idr) {
  Pair pair;
  pair.connect();
  pair.push(noise(500, 1));
  pair.run_for(10ms);
  pair.down.fate = keep_if([](ByteView) { return kLost; });
  pair.run_for(ClientReceiver::kSilence + 50ms);
  pair.down.fate = keep_if([](ByteView) { return true; });
  pair.run_for(1s);
  EXPECT_EQ(pair.connections, 2);
  pair.push(noise(600, 2));
  pair.run_for(10ms);
  ASSERT_EQ(pair.received.size(), 2U);
  EXPECT_EQ(pair.received[1].kind, PictureKind::idr);
}

TEST(Sessions, goodbyes_arrive) {
  Pair pair;
  pair.connect();
  pair.host.say_goodbye();
  pair.run_for(200ms);
  EXPECT_TRUE(pair.client.units().host_left());
  auto goodbye = pair.client.seal_goodbye().value();
  std::vector<std::byte> datagram{goodbye.begin(), goodbye.end()};
  ASSERT_TRUE(pair.host.receive(datagram, pair.now));
  EXPECT_TRUE(pair.host.has_left());
}

TEST(Sessions, host_says_what_the_client_wished_and_the_client_hears_what_it_got) {
  Pair pair;
  pair.connect();
  pair.host.say({.state = lumen1::StreamState::streaming, .mode = {1280, 720, 60'000}, .encoder = "x264"});
  pair.run_for(200ms);
  EXPECT_TRUE(pair.client.units().take_state_change());
  EXPECT_FALSE(pair.client.units().take_state_change());
  EXPECT_EQ(pair.client.units().host_state()->mode, (Mode{1280, 720, 60'000}));
  EXPECT_EQ(pair.client.units().host_state()->encoder, "x264");
}

TEST(Sessions, nothing_is_sent_without_a_client) {
  Pair pair;
  EXPECT_EQ(pair.host.push({.width = 64, .height = 64, .bytes = noise(10, 1)}, pair.now).error().id,
            "session.no-client");
  EXPECT_FALSE(pair.host.next(pair.now));
}

TEST(Sessions, a_unit_that_cannot_be_sent_wants_an_idr_in_its_place) {
  Pair pair;
  pair.connect();
  pair.push(noise(10, 1));
  ASSERT_FALSE(pair.host.push({.width = 0, .height = 64, .bytes = noise(10, 1)}, pair.now));
  EXPECT_TRUE(pair.host.take_idr_request());
}

TEST(Sessions, old_secret_gets_no_answer) {
  Pair pair;
  const fec::Leopard codec;
  ClientSession stranger{{.secret = {}}, {{640, 480, 60'000}}, codec};
  const auto hello = stranger.next_datagram(pair.now).value().value();
  std::vector<std::byte> datagram{hello.begin(), hello.end()};
  EXPECT_EQ(pair.host.receive(datagram, pair.now).value(), HostSession::Accepted::no);
  EXPECT_FALSE(pair.host.next(pair.now));
}

TEST(Sessions, client_changes_keys_again_only_when_the_host_has_shown_that_it_has_them) {
  Pair pair;
  pair.connect();
  const auto use_keys = [&] {
    for (int n = 0; n < 64; ++n) pair.up.send(pair.client.seal_input(PointerMoveBy{1, 1}).value(), pair.now);
  };
  use_keys();
  ASSERT_TRUE(pair.client.update_keys());
  pair.up.fate = keep_if([](ByteView) { return kLost; });
  use_keys();
  pair.run_for(400ms);
  EXPECT_FALSE(pair.client.update_keys()) << "the host has heard nothing under the new keys";
  pair.up.fate = keep_if([](ByteView) { return true; });
  pair.run_for(400ms);
  EXPECT_TRUE(pair.client.update_keys());
}

TEST(Sessions, a_unit_of_an_earlier_connection_that_did_not_decode_is_ignored) {
  Pair pair;
  pair.connect();
  pair.push(noise(1000, 1));
  pair.run_for(600ms);
  pair.client.units().not_decoded(FrameId{50'000});
  pair.run_for(20ms);
  EXPECT_EQ(pair.idr_requests, 1);
  pair.push(noise(1000, 2));
  pair.run_for(20ms);
  ASSERT_EQ(pair.received.size(), 2U);
  EXPECT_EQ(pair.received[1].kind, PictureKind::delta);
}

TEST(Sessions, hellos_sent_again_by_others_do_not_keep_the_client_out) {
  Pair pair;
  ClientSession earlier{{.secret = test::secret()}, {{640, 480, 60'000}}, pair.codec};
  const auto hello = earlier.next_datagram(pair.now).value().value();
  const std::vector<std::byte> recorded{hello.begin(), hello.end()};
  pair.up.fate = pair.down.fate = [](ByteView) { return test::Link::Fate{1, 20ms}; };
  for (int i = 0; i < 50 && !pair.client.units().host_state(); ++i) {
    auto copy = recorded;
    ASSERT_TRUE(pair.host.receive(copy, pair.now));
    pair.run_for(30ms);
  }
  EXPECT_TRUE(pair.client.units().host_state().has_value());
}

TEST(Sessions, a_hello_that_made_a_connection_makes_no_second_one) {
  Pair pair;
  std::vector<std::vector<std::byte>> sent;
  pair.up.fate = [&](ByteView datagram) {
    sent.emplace_back(datagram.begin(), datagram.end());
    return test::Link::Fate{};
  };
  pair.connect();
  const auto all = sent;
  for (auto datagram : all) {
    EXPECT_EQ(pair.host.receive(datagram, pair.now).value(), HostSession::Accepted::no);
    EXPECT_FALSE(pair.host.has_connected());
  }
  EXPECT_EQ(pair.connections, 1);
}

TEST(Sessions, an_overtaken_wish_or_place_of_the_pointer_is_an_old_one) {
  Pair pair;
  pair.connect();
  const auto last_of = [&](const ClientWish& wish) {
    std::vector<std::byte> last;
    pair.up.fate = [&](ByteView datagram) {
      last.assign(datagram.begin(), datagram.end());
      return test::Link::Fate{0};
    };
    pair.client.units().set_wish(wish);
    pair.run_for(1ms);
    EXPECT_FALSE(last.empty());
    return last;
  };
  auto first = last_of({{1280, 720, 60'000}, true});
  auto second = last_of({{1600, 900, 60'000}, true});
  ASSERT_TRUE(pair.host.receive(second, pair.now));
  ASSERT_TRUE(pair.host.wish());
  EXPECT_EQ(pair.host.wish()->mode, (Mode{1600, 900, 60'000}));
  ASSERT_TRUE(pair.host.receive(first, pair.now));
  EXPECT_FALSE(pair.host.wish());

  const auto copy_of = [](std::optional<ByteView> datagram) {
    return std::vector<std::byte>{datagram.value().begin(), datagram.value().end()};
  };
  auto old_place = copy_of(pair.client.seal_input(PointerMoveTo{1, 2}));
  auto step = copy_of(pair.client.seal_input(PointerMoveBy{3, 4}));
  auto new_place = copy_of(pair.client.seal_input(PointerMoveTo{5, 6}));
  for (auto* datagram : {&new_place, &old_place, &step}) {
    ASSERT_TRUE(pair.host.receive(*datagram, pair.now));
    pair.inputs.insert(pair.inputs.end(), pair.host.inputs().begin(), pair.host.inputs().end());
  }
  const std::vector<InputEvent> wanted{ReleaseAll{}, PointerMoveTo{5, 6}, PointerMoveBy{3, 4}};
  EXPECT_EQ(pair.inputs, wanted);
}

TEST(Sessions, goodbye_to_nobody_is_not_said_to_the_next_client) {
  Pair pair;
  pair.host.say_goodbye();
  pair.connect();
  pair.run_for(300ms);
  EXPECT_FALSE(pair.client.units().host_left());
}

TEST(Sessions, whatever_changes_of_the_hosts_state_is_told) {
  Pair pair;
  pair.connect();
  lumen1::HostState state{.state = lumen1::StreamState::streaming};
  for (auto* text : {&state.reason, &state.encoder, &state.encoder_reason, &state.display, &state.capture}) {
    pair.client.units().take_state_change();
    *text = "changed";
    pair.host.say(state);
    pair.run_for(200ms);
    EXPECT_TRUE(pair.client.units().take_state_change());
  }
}

TEST(Sessions, deadline_is_never_behind_for_long) {
  Pair pair;
  pair.connect();
  for (int i = 0; i < 200; ++i) {
    if (i % 7 == 0) pair.push(noise(3000, 1));
    pair.run_for(5ms);
    // Everything that was due has been asked for: what is left lies ahead.
    EXPECT_GE(pair.client.next_deadline(pair.now), pair.now - 100us);
  }
}

TEST(UnwrapSent, only_frames_that_were_sent_and_not_long_ago) {
  EXPECT_FALSE(unwrap_sent(0, FrameId{0}));
  EXPECT_FALSE(unwrap_sent(6, FrameId{5}));
  EXPECT_FALSE(unwrap_sent(0, FrameId{5}));
  EXPECT_EQ(unwrap_sent(5, FrameId{5}), FrameId{5});
  EXPECT_EQ(unwrap_sent(0xFFFFFFFFU, FrameId{0x1'0000'0002}), FrameId{0xFFFFFFFF});
  EXPECT_FALSE(unwrap_sent(4, FrameId{0x1'0000'0002}));
}

}  // namespace
}  // namespace lumen::core
