// What the broker does not let clients do to it or to each other.
#include "gamepad/broker_test.hpp"

#include <sys/resource.h>

#include <ctime>

#include "gamepad/hid_pad.hpp"

namespace lumen::gamepad {
namespace {

TEST_F(BrokerTest, a_client_that_speaks_nonsense_is_shut_out) {
  const auto socket = raw_client();
  ASSERT_TRUE(eventually([&] { return broker_->clients() == 1; }));
  ASSERT_GT(send(socket.get(), "nonsense", 8, 0), 0);
  EXPECT_TRUE(eventually([&] { return broker_->clients() == 0; }));
}

TEST_F(BrokerTest, a_user_has_no_more_clients_than_leave_room_for_others) {
  std::vector<UniqueFd> sockets;
  for (std::size_t i = 0; i < Broker::kMaxClientsPerUser; ++i) {
    sockets.push_back(raw_client());
    ASSERT_TRUE(eventually([&] { return broker_->clients() == i + 1; }));
  }
  const auto surplus = raw_client();
  EXPECT_TRUE(eventually([&] { return is_hung_up(surplus); }));
  EXPECT_EQ(broker_->clients(), Broker::kMaxClientsPerUser);
  sockets.pop_back();
  ASSERT_TRUE(eventually([&] { return broker_->clients() == Broker::kMaxClientsPerUser - 1; }));
  const auto next = raw_client();
  EXPECT_TRUE(eventually([&] { return broker_->clients() == Broker::kMaxClientsPerUser; }));
}

TEST_F(BrokerTest, those_who_come_leave_turns_to_those_who_are_there) {
  std::vector<UniqueFd> sockets(12);
  for (auto& socket : sockets) socket = raw_client();
  loop_->stop();
  loop_->run();  // one turn
  EXPECT_EQ(broker_->clients(), 8U);
  EXPECT_FALSE(is_hung_up(sockets[8])) << "nobody has looked at it yet";
  EXPECT_TRUE(eventually([&] { return is_hung_up(sockets[8]) && is_hung_up(sockets[11]); }));
}

TEST_F(BrokerTest, does_not_spin_when_there_are_no_descriptors_left) {
  const auto socket = raw_client();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const UniqueFd next{dup(socket.get())};  // as high as the next one would be
  const rlimit none{.rlim_cur = static_cast<rlim_t>(next.get()), .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto cpu_time = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
  };
  const auto begin = cpu_time();
  loop_->call_at(SteadyTime{}.now() + 300ms, [&] { loop_->stop(); });
  loop_->run();
  EXPECT_LT(cpu_time() - begin, 30ms);
  EXPECT_EQ(broker_->clients(), 0U);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(eventually([&] { return broker_->clients() == 1; })) << "it is accepted once there are";
}

TEST_F(BrokerTest, pads_that_come_and_go_too_often_are_refused) {
  open_client();
  for (int i = 0; i < 40; ++i) {
    client_->take(PadArrival{.slot = 0, .identity = static_cast<std::uint64_t>(i)});
  }
  client_->take(PadArrival{.slot = 1});
  EXPECT_FALSE(eventually([&] { return devices_.size() > Broker::kArrivalsAtOnce + 1; }, 300ms));
  EXPECT_GE(devices_.size(), Broker::kArrivalsAtOnce);
}

TEST_F(BrokerTest, pads_that_come_too_often_are_refused_to_one_that_reconnects_too) {
  const auto come_and_go = [&] {
    open_client();
    for (std::uint8_t slot = 0; slot < kMaxPads; ++slot) client_->take(PadArrival{.slot = slot});
    EXPECT_TRUE(eventually([&] { return broker_->clients() == 1; }));
    EXPECT_FALSE(eventually([&] { return devices_.size() > Broker::kArrivalsAtOnce + 10; }, 50ms));
    client_.reset();
    EXPECT_TRUE(eventually([&] { return broker_->clients() == 0; }));
  };
  for (int i = 0; i < 4; ++i) come_and_go();
  EXPECT_GE(devices_.size(), Broker::kArrivalsAtOnce);
}

TEST_F(BrokerTest, a_user_has_no_more_devices_than_allowed_with_those_that_have_gone) {
  reopen_broker({.devices_per_user = 3});
  open_client();
  ASSERT_TRUE(arrives({.slot = 0}) && arrives({.slot = 1, .identity = 1}) &&
              arrives({.slot = 2, .identity = 2}));
  client_->take(PadGone{0});
  client_->take(PadArrival{.slot = 3, .identity = 3});
  ASSERT_TRUE(eventually([&] { return broker_->departing() == 1; }));
  ASSERT_TRUE(eventually([&] { return broker_->departing() == 0; })) << "its time has come";
  EXPECT_EQ(devices_.size(), 3U) << "it was refused while there were three";
  EXPECT_TRUE(arrives({.slot = 3, .identity = 4}));
}

TEST_F(BrokerTest, there_are_no_more_devices_than_allowed) {
  reopen_broker({.devices = 1});
  open_client();
  ASSERT_TRUE(arrives({.slot = 0}));
  client_->take(PadArrival{.slot = 1, .identity = 1});
  EXPECT_FALSE(eventually([&] { return devices_.size() > 1; }, 50ms));
}

TEST_F(BrokerTest, identities_of_one_address_are_told_apart) {
  constexpr std::uint64_t kOne = 5, kOther = 0x5317ED3D402BE59DU;
  ASSERT_EQ(address_of(kOne), address_of(kOther));
  open_client();
  ASSERT_TRUE(arrives({.slot = 0, .model = PadModel::dualsense, .identity = kOne}));
  ASSERT_TRUE(arrives({.slot = 1, .model = PadModel::dualsense, .identity = kOther}));
  EXPECT_NE(address_of(devices_[0]->arrival.identity), address_of(devices_[1]->arrival.identity));
}

TEST_F(BrokerTest, a_client_that_is_behind_hears_the_newest_when_it_listens) {
  const auto socket = raw_client();
  ASSERT_TRUE(link::send(socket.get(), link::ToBroker{PadEvent{PadArrival{}}}));
  ASSERT_TRUE(eventually([&] { return devices_.size() == 1; }));
  for (std::uint16_t i = 1; i <= 5000; ++i) say(*devices_[0], PadRumble{.strong = i});
  ASSERT_TRUE(eventually([&] { return devices_[0]->to_say.empty(); }));
  say(*devices_[0], PadRumble{.strong = 9});
  std::vector<std::uint16_t> heard;
  EXPECT_TRUE(eventually([&] {
    for (;;) {
      const auto message = link::receive_from_broker(socket.get());
      if (!message || !*message) break;
      heard.push_back(std::get<PadRumble>(std::get<PadFeedback>(**message)).strong);
    }
    return !heard.empty() && heard.back() == 9;
  }));
  EXPECT_LT(heard.size(), 5000U) << "it was not behind";
  EXPECT_EQ(broker_->clients(), 1U);
}

TEST_F(BrokerTest, a_client_that_stays_behind_is_shut_out) {
  reopen_broker({.patience = 100ms});
  const auto socket = raw_client();
  ASSERT_TRUE(link::send(socket.get(), link::ToBroker{PadEvent{PadArrival{}}}));
  ASSERT_TRUE(eventually([&] { return devices_.size() == 1; }));
  for (std::uint16_t i = 1; i <= 5000; ++i) say(*devices_[0], PadRumble{.strong = i});
  EXPECT_TRUE(eventually([&] { return broker_->clients() == 0; }));
}

TEST_F(BrokerTest, messages_beyond_the_rate_wait_and_none_is_lost) {
  open_client();
  ASSERT_TRUE(arrives({.slot = 0}));
  const auto begin = SteadyTime{}.now();
  std::size_t sent = 0;
  const auto socket = raw_client();
  ASSERT_TRUE(link::send(socket.get(), link::ToBroker{PadEvent{PadArrival{.slot = 0, .identity = 77}}}));
  ASSERT_TRUE(eventually([&] { return devices_.size() == 2; }));
  constexpr std::size_t kMany = 2000;
  ASSERT_TRUE(eventually([&] {
    while (sent < kMany && link::send(socket.get(), link::ToBroker{PadEvent{PadMotion{}}})) ++sent;
    return devices_[1]->events.size() == kMany;
  }));
  const auto most = Broker::kMessagesPerSecond / 4;
  EXPECT_GE(SteadyTime{}.now() - begin,
            std::chrono::duration_cast<Duration>(std::chrono::duration<double>{
                (static_cast<double>(kMany) - most) / Broker::kMessagesPerSecond}) -
                20ms);
}

}  // namespace
}  // namespace lumen::gamepad
