// Broker and its client over a real socket, with devices that are none.
#pragma once

#include "gamepad/broker.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "gamepad/broker_client.hpp"
#include "link/messages.hpp"

namespace lumen::gamepad {

using namespace std::chrono_literals;

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

}  // namespace lumen::gamepad
