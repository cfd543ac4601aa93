// What the broker does for its clients.
#include "gamepad/broker_test.hpp"

#include <gmock/gmock.h>

namespace lumen::gamepad {
namespace {

using testing::ElementsAre;

TEST_F(BrokerTest, makes_a_device_of_an_arrival_and_feeds_it) {
  open_client();
  ASSERT_TRUE(arrives({.slot = 3, .model = PadModel::dualsense, .identity = 9}));
  EXPECT_EQ(devices_[0]->arrival.identity, 9U);
  client_->take(PadState{.slot = 3, .buttons = pad_button::kA});
  const PadEvent pressed = PadState{.slot = 3, .buttons = pad_button::kA};
  EXPECT_TRUE(
      eventually([&] { return !devices_[0]->events.empty() && devices_[0]->events.back() == pressed; }));
}

TEST_F(BrokerTest, tells_feedback_of_the_right_pad_once) {
  open_client();
  ASSERT_TRUE(arrives({.slot = 1}) && arrives({.slot = 2, .identity = 1}));
  say(*devices_[1], PadRumble{.strong = 5});
  say(*devices_[1], PadRumble{.strong = 5});
  say(*devices_[1], PadRumble{});
  ASSERT_TRUE(eventually([&] { return feedback_.size() >= 2; }));
  EXPECT_THAT(feedback_,
              ElementsAre(PadFeedback{PadRumble{.slot = 2, .strong = 5}}, PadFeedback{PadRumble{.slot = 2}}));
}

TEST_F(BrokerTest, asks_for_motion_that_client_and_model_have) {
  open_client();
  ASSERT_TRUE(arrives({.slot = 0, .model = PadModel::xbox, .capabilities = pad_capability::kGyroscope}));
  ASSERT_TRUE(arrives({.slot = 1, .model = PadModel::dualsense, .capabilities = pad_capability::kGyroscope}));
  ASSERT_TRUE(eventually([&] { return !feedback_.empty(); }));
  EXPECT_THAT(feedback_, ElementsAre(PadFeedback{PadMotionRequest{1, PadSensor::gyroscope, 100}}));
}

TEST_F(BrokerTest, releases_all_when_asked) {
  open_client();
  ASSERT_TRUE(arrives({.slot = 0}));
  client_->release();
  EXPECT_TRUE(eventually([&] { return devices_[0]->releases == 1; }));
}

TEST_F(BrokerTest, c38_pads_of_a_client_that_left_stay_for_one_that_returns) {
  open_client(200ms);
  const PadArrival stays{.slot = 0, .identity = 1}, goes{.slot = 1, .identity = 2};
  ASSERT_TRUE(arrives(stays) && arrives(goes));
  say(*devices_[0], PadLight{.red = 9});
  ASSERT_TRUE(eventually([&] { return feedback_.size() == 1; }));
  client_->client_left();
  client_->take(stays);
  ASSERT_TRUE(eventually([&] { return feedback_.size() == 2; })) << "it is told its light again";
  EXPECT_EQ(feedback_[1], (PadFeedback{PadLight{.red = 9}}));
  EXPECT_TRUE(eventually([&] { return broker_->departing() == 1; }));
  EXPECT_EQ(devices_.size(), 2U) << "no device was made anew";
  client_->take(PadState{.slot = 0, .buttons = pad_button::kB});
  EXPECT_TRUE(eventually([&] { return !devices_[0]->events.empty(); }));
}

TEST_F(BrokerTest, keeps_a_young_device_until_its_driver_has_greeted_it) {
  open_client();
  ASSERT_TRUE(arrives({.slot = 0}));
  const auto begin = SteadyTime{}.now();
  client_->take(PadGone{0});
  ASSERT_TRUE(eventually([&] { return !devices_[0]->alive; }));
  EXPECT_GE(SteadyTime{}.now() - begin, BrokerLimits{}.shortest_life - 500ms);
  EXPECT_EQ(devices_[0]->releases, 1);
}

TEST_F(BrokerTest, gives_a_taken_identity_to_nobody_else) {
  open_client();
  ASSERT_TRUE(arrives({.slot = 0, .identity = 5}) && arrives({.slot = 1, .identity = 5}) &&
              arrives({.slot = 2, .identity = 5}));
  EXPECT_EQ(devices_[0]->arrival.identity, 5U);
  EXPECT_EQ(devices_[1]->arrival.identity, 6U);
  EXPECT_EQ(devices_[2]->arrival.identity, 7U);
}

TEST_F(BrokerTest, pads_go_with_their_client) {
  open_client();
  ASSERT_TRUE(arrives({.slot = 0}));
  client_.reset();
  EXPECT_TRUE(eventually([&] { return broker_->clients() == 0 && broker_->departing() == 1; }));
}

TEST_F(BrokerTest, pads_come_back_when_the_broker_does) {
  open_client();
  ASSERT_TRUE(arrives({.slot = 0, .identity = 4}));
  client_->take(PadState{.slot = 0, .buttons = pad_button::kX});
  broker_.reset();
  ASSERT_TRUE(eventually([&] { return !client_->connected(); }));
  open_broker();
  ASSERT_TRUE(eventually([&] { return devices_.size() == 2 && !devices_[1]->events.empty(); }));
  EXPECT_EQ(devices_[1]->arrival, (PadArrival{.slot = 0, .identity = 4}));
  EXPECT_EQ(devices_[1]->events[0], (PadEvent{PadState{.slot = 0, .buttons = pad_button::kX}}));
}

TEST_F(BrokerTest, what_is_said_once_is_not_lost_when_the_broker_is_behind) {
  open_client();
  ASSERT_TRUE(arrives({.slot = 0, .identity = 1}) && arrives({.slot = 1, .identity = 2}));
  const auto fill = [&] {  // the broker does not run meanwhile
    for (int i = 0; i < 5000; ++i) client_->take(PadMotion{.slot = 0, .x = static_cast<float>(i)});
  };
  fill();
  ASSERT_TRUE(client_->connected()) << "motion may be lost";
  client_->take(PadGone{1});
  EXPECT_FALSE(client_->connected());
  ASSERT_TRUE(eventually([&] { return client_->connected() && devices_.size() == 3; }));
  EXPECT_FALSE(eventually([&] { return devices_.size() > 3; }, 50ms)) << "the pad that went stays away";
  fill();
  client_->take(PadState{.slot = 0, .buttons = pad_button::kA});
  client_->release();
  ASSERT_TRUE(eventually([&] { return client_->connected() && devices_.size() == 4; }));
  const PadEvent unpressed = PadState{.slot = 0};
  EXPECT_TRUE(
      eventually([&] { return !devices_[3]->events.empty() && devices_[3]->events.back() == unpressed; }));
}

TEST_F(BrokerTest, without_a_broker_nothing_fails) {
  broker_.reset();
  std::filesystem::remove(path_);
  open_client();
  client_->take(PadArrival{.slot = 0});
  client_->take(PadState{.slot = 0});
  client_->release();
  client_->client_left();
  EXPECT_FALSE(client_->connected());
}

TEST_F(BrokerTest, a_device_that_cannot_be_made_ends_nothing) {
  open_client();
  makes_devices_ = false;
  client_->take(PadArrival{.slot = 0});
  client_->take(PadState{.slot = 0});
  ASSERT_TRUE(eventually([&] { return refusals_ == 1; }));
  makes_devices_ = true;
  EXPECT_TRUE(arrives({.slot = 1}));
}

TEST_F(BrokerTest, a_device_that_breaks_is_made_anew) {
  open_client();
  ASSERT_TRUE(arrives({.slot = 0}));
  devices_[0]->breaks = true;
  eventfd_write(devices_[0]->wake, 1);
  EXPECT_TRUE(eventually([&] { return devices_.size() == 2; }));
}

TEST_F(BrokerTest, a_pad_that_returns_at_once_is_the_same_one) {
  const PadArrival pad{.slot = 0, .model = PadModel::xbox, .identity = 5};
  open_client();
  ASSERT_TRUE(arrives({.slot = 0, .model = PadModel::dualsense, .identity = 5}));
  ASSERT_TRUE(arrives(pad)) << "as another model";
  EXPECT_EQ(devices_[1]->arrival.identity, 5U);
  client_.reset();
  open_client();  // the broker learns of both at once
  ASSERT_TRUE(arrives(pad));
  EXPECT_EQ(devices_[2]->arrival.identity, 5U);
}

TEST_F(BrokerTest, a_returning_pads_driver_never_sees_its_address_twice) {
  const PadArrival pad{.slot = 0, .model = PadModel::dualsense, .identity = 5};
  open_client();
  ASSERT_TRUE(arrives(pad));
  client_->take(PadGone{0});
  ASSERT_TRUE(arrives(pad));
  EXPECT_TRUE(devices_[0]->alive) << "its driver may still be greeting it";
  EXPECT_EQ(devices_[1]->arrival.identity, 6U);
  client_.reset();
  reopen_broker({.shortest_life = 0s});
  open_client();
  ASSERT_TRUE(arrives(pad));
  client_->take(PadGone{0});
  ASSERT_TRUE(arrives(pad));
  EXPECT_FALSE(devices_[2]->alive);
  EXPECT_EQ(devices_[3]->arrival.identity, 5U);
}

constexpr PadTriggerEffect kPull{.kind = 2, .parameters = {1, 2}}, kOff{.kind = 5};

TEST_F(BrokerTest, a_pad_stops_shaking_when_another_takes_its_place) {
  open_client();
  ASSERT_TRUE(arrives({.slot = 1}));
  say(*devices_[0], PadRumble{.strong = 5});
  say(*devices_[0], PadTriggerRumble{.left = 5});
  say(*devices_[0], PadAdaptiveTriggers{.sets_left = true, .left = kPull});
  ASSERT_TRUE(eventually([&] { return feedback_.size() == 3; }));
  feedback_.clear();
  ASSERT_TRUE(arrives({.slot = 1, .model = PadModel::switch_pro}));
  ASSERT_TRUE(eventually([&] { return feedback_.size() == 3; }));
  EXPECT_THAT(feedback_,
              ElementsAre(PadFeedback{PadRumble{.slot = 1}}, PadFeedback{PadTriggerRumble{.slot = 1}},
                          PadFeedback{PadAdaptiveTriggers{.slot = 1, .sets_left = true, .left = kOff}}));
}

TEST_F(BrokerTest, a_pad_stops_shaking_when_its_device_breaks_or_the_broker_goes) {
  open_client();
  ASSERT_TRUE(arrives({.slot = 1}));
  say(*devices_[0], PadRumble{.strong = 5});
  ASSERT_TRUE(eventually([&] { return feedback_.size() == 1; }));
  devices_[0]->breaks = true;
  eventfd_write(devices_[0]->wake, 1);
  ASSERT_TRUE(eventually([&] { return devices_.size() == 2; }));
  EXPECT_THAT(feedback_,
              ElementsAre(PadFeedback{PadRumble{.slot = 1, .strong = 5}}, PadFeedback{PadRumble{.slot = 1}}));
  say(*devices_[1], PadRumble{.weak = 7});
  ASSERT_TRUE(eventually([&] { return feedback_.size() == 3; }));
  broker_.reset();
  ASSERT_TRUE(eventually([&] { return feedback_.size() == 4; }));
  EXPECT_EQ(feedback_[3], (PadFeedback{PadRumble{.slot = 1}}));
}

TEST_F(BrokerTest, listens_for_its_own_user_alone_and_never_twice) {
  struct stat info{};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto second = listen_at(path_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().id, "inputd.socket");
  EXPECT_FALSE(second.error().remedy.empty());
  EXPECT_FALSE(listen_at(std::string(200, 'x')));
}

TEST(BrokerPeers, are_its_own_user_root_and_the_sockets_group) {
  constexpr SocketOwner kShared{.group = 50, .group_may = true}, kPrivate{.group = 50, .group_may = false};
  constexpr uid_t kOwn = 1000, kOther = 1001;
  EXPECT_TRUE(may_use({.user = kOwn}, kOwn, kPrivate));
  EXPECT_TRUE(may_use({.user = 0}, kOwn, kPrivate));
  EXPECT_FALSE(may_use({.user = kOther, .groups = {49, 51}}, kOwn, kShared));
  EXPECT_TRUE(may_use({.user = kOther, .groups = {49, 50}}, kOwn, kShared));
  EXPECT_FALSE(may_use({.user = kOther, .groups = {50}}, kOwn, kPrivate));
}

TEST(BrokerPeers, are_who_the_kernel_says) {
  const auto pair = link::make_socket_pair().value();
  const auto peer = peer_of(pair.host.get());
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->user, geteuid());
  EXPECT_THAT(peer->groups, testing::Contains(getegid()));
  EXPECT_FALSE(peer_of(-1));
}

}  // namespace
}  // namespace lumen::gamepad
