// Broker and its client over a real socket, with devices that are none.
#include "gamepad/broker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "gamepad/broker_client.hpp"
#include "gamepad/hid_pad.hpp"
#include "link/messages.hpp"

namespace lumen::gamepad {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// What became of a device; outlives it.
struct DeviceLog {
  PadArrival arrival;
  std::vector<PadEvent> events;
  std::vector<PadFeedback> to_say;
  int wake = -1;  // to say it
  bool alive = true, breaks = false;
  int releases = 0;
};

class FakeDevice final : public PadDevice {
 public:
  explicit FakeDevice(DeviceLog& log) : log_{log} { log_.wake = wake_.get(); }
  ~FakeDevice() override { log_.alive = false; }
  int fd() const override { return wake_.get(); }
  Status on_readable(Timestamp, std::vector<PadFeedback>& feedback) override {
    eventfd_t ignored = 0;
    eventfd_read(wake_.get(), &ignored);
    feedback = std::exchange(log_.to_say, {});
    if (log_.breaks) return fail(ErrorCode::unavailable, "device.read", "it broke");
    return {};
  }
  void tick(Timestamp, std::vector<PadFeedback>&) override {}
  std::optional<Timestamp> next_deadline() const override { return std::nullopt; }
  Status take(const PadEvent& event, Timestamp) override {
    log_.events.push_back(event);
    return {};
  }
  Status release(Timestamp) override {
    ++log_.releases;
    return {};
  }

 private:
  DeviceLog& log_;
  UniqueFd wake_{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
};

class BrokerTest : public testing::Test {
 protected:
  BrokerTest() { open_broker(); }
  ~BrokerTest() override {
    client_.reset();
    broker_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void open_broker(const BrokerLimits& limits = {}) {
    auto listener = listen_at(path_);
    ASSERT_TRUE(listener) << describe(listener.error());
    broker_.emplace(
        std::move(*listener),
        [this](const PadArrival& arrival, Timestamp) -> Result<std::unique_ptr<PadDevice>> {
          if (!makes_devices_) ++refusals_;
          if (!makes_devices_)
            return fail(ErrorCode::unavailable, "device.open", "cannot open it", "Do this");
          devices_.push_back(std::make_unique<DeviceLog>(DeviceLog{.arrival = arrival}));
          return std::make_unique<FakeDevice>(*devices_.back());
        },
        *loop_, *log_, limits);
    ASSERT_TRUE(broker_->start());
  }
  void reopen_broker(const BrokerLimits& limits) {
    broker_.reset();
    open_broker(limits);
  }
  void open_client(Duration keep = 60s) {
    client_.emplace(
        BrokerClientParams{.sockets = {"/nonexistent/socket", path_},
                           .on_feedback = [this](const PadFeedback& each) { feedback_.push_back(each); },
                           .retry = 5ms,
                           .keep = keep},
        *loop_, *log_);
  }
  bool eventually(const std::function<bool()>& condition, Duration patience = 10s) {
    const auto until = SteadyTime{}.now() + patience;
    bool held = condition();
    std::function<void()> look = [&] {
      held = condition();
      if (held || SteadyTime{}.now() >= until) return loop_->stop();
      loop_->call_at(SteadyTime{}.now() + 1ms, look);
    };
    if (held) return true;
    loop_->call_at(SteadyTime{}.now(), look);
    loop_->run();
    return held;
  }
  bool arrives(const PadArrival& arrival) {
    const auto before = devices_.size();
    client_->take(arrival);
    return eventually([&] { return devices_.size() == before + 1; });
  }
  void say(DeviceLog& device, const PadFeedback& feedback) {
    device.to_say.push_back(feedback);
    eventfd_write(device.wake, 1);
  }
  UniqueFd raw_client() const {
    UniqueFd socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    EXPECT_EQ(connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return socket;
  }

  static bool is_hung_up(const UniqueFd& socket) {
    char byte = 0;
    return recv(socket.get(), &byte, 1, 0) == 0;
  }

  std::string folder_ = [] {
    std::string name = "/tmp/lumen-broker-XXXXXX";
    return std::string{mkdtemp(name.data())};
  }();
  std::string path_ = folder_ + "/inputd.sock";
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  std::vector<std::unique_ptr<DeviceLog>> devices_;
  std::vector<PadFeedback> feedback_;
  bool makes_devices_ = true;
  int refusals_ = 0;
  std::optional<Broker> broker_;
  std::optional<BrokerClient> client_;
};

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

TEST_F(BrokerTest, identities_of_one_address_are_told_apart) {
  constexpr std::uint64_t kOne = 5, kOther = 0x5317ED3D402BE59DU;
  ASSERT_EQ(address_of(kOne), address_of(kOther));
  open_client();
  ASSERT_TRUE(arrives({.slot = 0, .model = PadModel::dualsense, .identity = kOne}));
  ASSERT_TRUE(arrives({.slot = 1, .model = PadModel::dualsense, .identity = kOther}));
  EXPECT_NE(address_of(devices_[0]->arrival.identity), address_of(devices_[1]->arrival.identity));
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
