#include <gtest/gtest.h>

#include <map>
#include <random>

#include "lumen1/edge_input.hpp"
#include "lumen1/pad_teller.hpp"
#include "lumen1/pad_words.hpp"

namespace lumen::lumen1 {
namespace {

using namespace std::chrono_literals;
using As = PadTeller::As;

TEST(PadTeller, presses_for_certain_and_sticks_newest_first) {
  PadTeller teller;
  EXPECT_EQ(teller.take(PadState{.slot = 1}, Timestamp{}), As::nothing) << "no such pad";
  EXPECT_EQ(teller.take(PadArrival{.slot = 1}, Timestamp{}), As::edge);
  EXPECT_EQ(teller.take(PadState{.slot = 1, .buttons = pad_button::kA}, Timestamp{}), As::edge);
  EXPECT_EQ(teller.take(PadState{.slot = 1, .buttons = pad_button::kA, .left_x = 9}, Timestamp{}),
            As::motion);
  EXPECT_EQ(teller.take(PadState{.slot = 1, .buttons = pad_button::kA, .left_x = 9}, Timestamp{}),
            As::nothing);
  EXPECT_EQ(teller.take(PadTouch{.slot = 1, .touching = true}, Timestamp{}), As::edge);
  EXPECT_EQ(teller.take(PadTouch{.slot = 1, .touching = true, .x = 5}, Timestamp{}), As::motion);
  EXPECT_EQ(teller.take(PadTouch{.slot = 1, .x = 5}, Timestamp{}), As::edge);
  EXPECT_EQ(teller.take(PadMotion{.slot = 1, .x = 1}, Timestamp{}), As::motion);
  EXPECT_EQ(teller.take(PadBattery{.slot = 1, .percent = 5}, Timestamp{}), As::edge);
  EXPECT_EQ(teller.take(PadBattery{.slot = 1, .percent = 5}, Timestamp{}), As::nothing);
  EXPECT_EQ(teller.take(PadGone{1}, Timestamp{}), As::edge);
  EXPECT_EQ(teller.take(PadGone{1}, Timestamp{}), As::nothing);
  EXPECT_EQ(teller.take(PadArrival{.slot = kMaxPads}, Timestamp{}), As::nothing);
}

TEST(PadTeller, says_again_once_what_came_to_rest) {
  PadTeller teller;
  std::vector<PadEvent> settled;
  teller.take(PadArrival{.slot = 1}, Timestamp{});
  teller.take(PadState{.slot = 1, .left_x = 7}, Timestamp{});
  teller.take(PadState{.slot = 1, .left_x = 8}, Timestamp{5ms});
  EXPECT_EQ(teller.next_settle(), Timestamp{25ms});
  teller.settle(Timestamp{24ms}, settled);
  EXPECT_TRUE(settled.empty());
  teller.settle(Timestamp{25ms}, settled);
  EXPECT_EQ(settled, std::vector<PadEvent>{(PadState{.slot = 1, .left_x = 8})});
  teller.settle(Timestamp{1s}, settled);
  EXPECT_EQ(settled.size(), 1U);
  EXPECT_EQ(teller.next_settle(), std::nullopt);
}

TEST(PadTeller, tells_a_new_host_all_that_there_is_and_what_went) {
  PadTeller teller;
  const PadEvent arrival = PadArrival{.slot = 3, .model = PadModel::dualsense};
  const PadEvent state = PadState{.slot = 3, .buttons = pad_button::kB};
  const PadEvent touch = PadTouch{.slot = 3, .finger = 1, .touching = true};
  for (const auto& event : {arrival, state, touch}) teller.take(event, Timestamp{});
  teller.take(PadArrival{.slot = 5}, Timestamp{});
  teller.take(PadGone{5}, Timestamp{});
  std::vector<PadEvent> all;
  teller.append_all(all);
  EXPECT_EQ(all, (std::vector<PadEvent>{arrival, state, touch, PadGone{5}}));
}

TEST(PadInput, motion_waits_for_no_edge_but_never_comes_before_one_that_it_followed) {
  EdgeReceiver receiver;
  const ClientPad first{1, 0, PadArrival{}}, moved{1, 1, PadState{.left_x = 1}},
      further{1, 2, PadState{.left_x = 2}};
  EXPECT_FALSE(receiver.expects(moved)) << "its edge is missing";
  receiver.took(first);
  EXPECT_FALSE(receiver.expects(first)) << "twice";
  ASSERT_TRUE(receiver.expects(further));
  receiver.took(further);
  EXPECT_FALSE(receiver.expects(moved)) << "overtaken";
  EXPECT_TRUE(receiver.expects({1, 1, PadMotion{}})) << "of another kind";
  EXPECT_TRUE(receiver.expects({1, 1, PadState{.slot = 1}})) << "of another pad";
  receiver.took(ClientInput{2, Key{30, true}});
  EXPECT_FALSE(receiver.expects({1, 3, PadState{}})) << "an edge came meanwhile";
  EXPECT_TRUE(receiver.expects({2, 3, PadState{}}));
}

TEST(PadWords, arrive_at_thirty_percent_loss_and_end_with_the_newest) {
  PadWordSender sender;
  PadWordReceiver receiver;
  std::mt19937 random{5};
  const auto lost = [&] { return random() % 10 < 3; };
  std::map<std::uint8_t, PadFeedback> wanted, done;
  Timestamp now{1s};
  for (int round = 0; round < 2'000; ++round, now += 10ms) {
    if (round < 1'500 && round % 3 == 0) {
      const auto slot = static_cast<std::uint8_t>(random() % kMaxPads);
      const PadFeedback rumble = PadRumble{slot, static_cast<std::uint16_t>(round), 1};
      wanted[slot] = rumble;
      sender.add(rumble);
    }
    const auto word = sender.next(now);
    if (word && !lost()) receiver.take(*word);
    while (const auto feedback = receiver.take_feedback()) done[slot_of(*feedback)] = *feedback;
    const auto answer = receiver.take_answer();
    if (answer && !lost()) sender.heard(answer->sequence);
  }
  EXPECT_EQ(done, wanted);
  EXPECT_EQ(sender.next(now), std::nullopt) << "all was heard";
}

TEST(PadWords, tell_only_what_changed_at_once_and_again_until_it_was_heard) {
  PadWordSender sender;
  EXPECT_EQ(sender.next(Timestamp{1s}), std::nullopt);
  sender.add(PadRumble{1, 5, 5});
  const auto first = sender.next(Timestamp{1s});
  ASSERT_TRUE(first);
  EXPECT_EQ(sender.next(Timestamp{1s + 19ms}), std::nullopt);
  EXPECT_TRUE(sender.next(Timestamp{1s + 20ms}));
  sender.add(PadLight{1, 1, 2, 3});
  const auto second = sender.next(Timestamp{1s + 21ms});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->feedback.size(), 2U);
  sender.heard(first->sequence);
  const auto third = sender.next(Timestamp{2s});
  ASSERT_TRUE(third);
  EXPECT_EQ(third->feedback, std::vector<PadFeedback>{(PadLight{1, 1, 2, 3})});
  sender.heard(third->sequence + 1);
  EXPECT_TRUE(sender.next(Timestamp{3s})) << "what was never said was not heard";
  sender.heard(third->sequence);
  sender.add(PadRumble{1, 5, 5});
  EXPECT_EQ(sender.next(Timestamp{4s}), std::nullopt) << "it shakes like that already";
}

TEST(PadWords, an_adaptive_trigger_that_is_not_set_stays) {
  PadWordSender sender;
  sender.add(PadAdaptiveTriggers{0, true, false, {1, {1}}, {}});
  sender.add(PadAdaptiveTriggers{0, false, true, {}, {2, {2}}});
  EXPECT_EQ(sender.next(Timestamp{1s})->feedback,
            std::vector<PadFeedback>{(PadAdaptiveTriggers{0, true, true, {1, {1}}, {2, {2}}})});
}

TEST(PadWords, stop_ends_what_was_heard_long_ago) {
  PadWordSender sender;
  sender.add(PadRumble{1, 5, 5});
  sender.add(PadMotionRequest{1, PadSensor::gyroscope, 100});
  sender.add(PadRumble{2, 5, 5});
  sender.heard(sender.next(Timestamp{1s})->sequence);
  sender.stop(1);
  EXPECT_EQ(sender.next(Timestamp{2s})->feedback,
            (std::vector<PadFeedback>{PadRumble{.slot = 1}, PadMotionRequest{1, PadSensor::gyroscope, 0}}));
}

TEST(PadWords, an_old_word_is_nothing_and_a_flood_of_them_is_bounded) {
  PadWordReceiver receiver;
  receiver.take({5, {PadRumble{1, 5, 5}}});
  receiver.take({4, {PadRumble{1, 4, 4}}});
  receiver.take({5, {PadRumble{1, 5, 5}}});
  EXPECT_EQ(receiver.take_feedback(), PadFeedback{(PadRumble{1, 5, 5})});
  EXPECT_EQ(receiver.take_feedback(), std::nullopt);
  EXPECT_EQ(receiver.take_answer()->sequence, 5U);
  EXPECT_FALSE(receiver.take_answer());
  for (std::uint32_t sequence = 6; sequence < 10'000; ++sequence) receiver.take({sequence, {PadRumble{}}});
  std::size_t kept = 0;
  while (receiver.take_feedback()) ++kept;
  EXPECT_EQ(kept, 4 * kMaxPadFeedback);
}

}  // namespace
}  // namespace lumen::lumen1
