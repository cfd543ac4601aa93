#include "host/pad_desk.hpp"

#include <gtest/gtest.h>

#include "link/messages.hpp"
#include "lumen1/messages.hpp"

namespace lumen::host {
namespace {

using namespace std::chrono_literals;

const PadEvent kArrival = PadArrival{.slot = 2, .model = PadModel::switch_pro, .capabilities = 2};
const PadEvent kPressed = PadState{.slot = 2, .buttons = pad_button::kA};

class PadDeskTest : public testing::Test {
 protected:
  PadDeskTest() {
    link_.set(sockets_.host.get());
    desk_.set_owner({.identity = 100, .model = std::nullopt});
  }
  // What the session process hears next.
  std::optional<PadEvent> heard() {
    const auto received = link::receive_to_session(sockets_.session.get());
    if (!received || !*received) return std::nullopt;
    return std::get<PadEvent>((*received)->message);
  }
  std::vector<PadEvent> all_heard() {
    std::vector<PadEvent> events;
    while (const auto event = heard()) events.push_back(*event);
    return events;
  }
  PadEvent shown() {
    auto arrival = std::get<PadArrival>(kArrival);
    arrival.identity = 100 + 3 * 0x9E37'79B9'7F4A'7C15U;
    return arrival;
  }
  // Until nothing more goes in but so many.
  void fill_link(int room = 0) {
    while (link_.send(PadEvent{kPressed})) {
    }
    for (int i = 0; i < room; ++i) EXPECT_TRUE(heard());
  }
  void drain_link() { all_heard(); }
  std::vector<PadFeedback> words(Timestamp now) {
    const auto body = desk_.next_word(now);
    const auto decoded = lumen1::decode_host_messages(body);
    if (decoded.messages.empty()) return {};
    const auto& word = std::get<lumen1::PadWord>(decoded.messages.front());
    desk_.heard({word.sequence});
    return word.feedback;
  }

  link::SocketPair sockets_ = link::make_socket_pair().value();
  SessionPort link_;
  PadDesk desk_{link_};
};

TEST_F(PadDeskTest, gives_each_pad_a_serial_number_that_the_client_cannot_choose) {
  EXPECT_EQ(
      desk_.take(PadArrival{.slot = 2, .model = PadModel::switch_pro, .capabilities = 2, .identity = 7}),
      PadDesk::Taken::delivered);
  EXPECT_EQ(heard(), shown());
}

TEST_F(PadDeskTest, shows_a_pad_as_what_suits_it_or_as_the_owner_wants) {
  desk_.take(PadArrival{.slot = 0, .capabilities = pad_capability::kGyroscope});
  EXPECT_EQ(std::get<PadArrival>(*heard()).model, PadModel::dualsense);
  all_heard();
  desk_.set_owner({.identity = 1, .model = PadModel::xbox});
  desk_.take(kArrival);
  EXPECT_EQ(std::get<PadArrival>(*heard()).model, PadModel::xbox);
}

TEST_F(PadDeskTest, permission_withdrawn_unplugs_and_granted_again_brings_back) {
  desk_.take(kArrival);
  desk_.take(kPressed);
  desk_.feed_back(PadRumble{2, 9, 9});
  EXPECT_EQ(words(Timestamp{1s}).size(), 2U);
  all_heard();
  desk_.permit(false);
  EXPECT_EQ(all_heard(), std::vector<PadEvent>{PadGone{2}});
  EXPECT_EQ(words(Timestamp{2s}), std::vector<PadFeedback>{PadRumble{.slot = 2}}) << "it must not shake on";
  const PadEvent now = PadState{.slot = 2, .buttons = pad_button::kB};
  EXPECT_EQ(desk_.take(now), PadDesk::Taken::not_permitted);
  desk_.feed_back(PadRumble{2, 9, 9});
  EXPECT_TRUE(words(Timestamp{3s}).empty());
  EXPECT_TRUE(all_heard().empty());
  desk_.permit(true);
  EXPECT_EQ(all_heard(), (std::vector<PadEvent>{shown(), now}));
}

TEST_F(PadDeskTest, a_client_that_leaves_takes_its_pads_along) {
  desk_.take(kArrival);
  all_heard();
  desk_.leave();
  EXPECT_EQ(all_heard(), std::vector<PadEvent>{PadGone{2}});
  EXPECT_EQ(desk_.take(kPressed), PadDesk::Taken::delivered);
  EXPECT_TRUE(all_heard().empty()) << "there is none any more";
}

TEST_F(PadDeskTest, a_new_client_keeps_the_pads_that_it_names_and_loses_the_others) {
  desk_.take(kArrival);
  desk_.take(PadArrival{.slot = 4});
  all_heard();
  desk_.begin(Timestamp{1s});
  desk_.take(kArrival);
  EXPECT_EQ(heard(), shown());
  all_heard();
  desk_.tidy(Timestamp{1s} + PadDesk::kClaimWithin - 1ms);
  EXPECT_TRUE(all_heard().empty());
  desk_.tidy(Timestamp{1s} + PadDesk::kClaimWithin);
  EXPECT_EQ(all_heard(), std::vector<PadEvent>{PadGone{4}});
}

TEST_F(PadDeskTest, what_the_session_has_no_room_for_is_said_again) {
  desk_.take(kArrival);
  all_heard();
  link_.set(-1);
  EXPECT_EQ(desk_.take(kPressed), PadDesk::Taken::no_room);
  desk_.permit(false);
  link_.set(sockets_.host.get());
  desk_.tidy(Timestamp{1s});
  EXPECT_EQ(all_heard(), std::vector<PadEvent>{PadGone{2}});
}

TEST_F(PadDeskTest, a_new_session_process_hears_of_all_pads_and_nothing_that_was_let_go) {
  desk_.take(kArrival);
  desk_.take(kPressed);
  desk_.take(PadBattery{.slot = 2, .percent = 50});
  all_heard();
  desk_.release();
  desk_.repeat();
  EXPECT_EQ(all_heard(),
            (std::vector<PadEvent>{shown(), PadState{.slot = 2}, PadBattery{.slot = 2, .percent = 50}}));
}

TEST_F(PadDeskTest, feedback_of_a_pad_that_is_not_there_is_nothing) {
  desk_.feed_back(PadRumble{2, 9, 9});
  EXPECT_TRUE(words(Timestamp{1s}).empty());
  desk_.take(kArrival);
  desk_.feed_back(PadRumble{2, 9, 9});
  EXPECT_EQ(words(Timestamp{1s}),
            (std::vector<PadFeedback>{PadRumble{2, 9, 9}, PadTriggerRumble{.slot = 2}}));
}

TEST_F(PadDeskTest, a_pad_that_arrives_stops_what_it_was_left_doing) {
  desk_.take(kArrival);
  desk_.feed_back(PadRumble{2, 9, 9});
  words(Timestamp{1s});
  desk_.begin(Timestamp{2s});  // the same client again: what was told before it is forgotten
  desk_.take(kArrival);
  EXPECT_EQ(words(Timestamp{3s}),
            (std::vector<PadFeedback>{PadRumble{.slot = 2}, PadTriggerRumble{.slot = 2}}));
}

TEST_F(PadDeskTest, a_session_process_with_a_full_link_hears_of_the_pads_later) {
  desk_.take(kArrival);
  desk_.take(kPressed);
  all_heard();
  fill_link();
  desk_.repeat();
  desk_.tidy(Timestamp{1s});
  EXPECT_EQ(desk_.take(PadBattery{.slot = 2, .percent = 50}), PadDesk::Taken::no_room);
  drain_link();
  desk_.tidy(Timestamp{2s});
  EXPECT_EQ(all_heard(), (std::vector<PadEvent>{shown(), kPressed, PadBattery{.slot = 2, .percent = 50}}));
  desk_.tidy(Timestamp{3s});
  EXPECT_TRUE(all_heard().empty()) << "once is enough";
}

TEST_F(PadDeskTest, a_pad_that_was_told_of_in_part_is_told_of_anew_before_what_it_does_next) {
  fill_link(1);  // room for the arrival alone
  EXPECT_EQ(desk_.take(kArrival), PadDesk::Taken::no_room);
  drain_link();
  EXPECT_EQ(desk_.take(kPressed), PadDesk::Taken::delivered);
  EXPECT_EQ(heard(), shown());
  EXPECT_EQ(heard(), kPressed);
}

TEST_F(PadDeskTest, a_client_that_left_while_the_link_was_full_leaves_no_pad) {
  desk_.take(kArrival);
  all_heard();
  fill_link();
  desk_.leave();
  drain_link();
  desk_.tidy(Timestamp{1s});
  EXPECT_EQ(all_heard(), std::vector<PadEvent>{PadGone{2}});
}

}  // namespace
}  // namespace lumen::host
