#include "net/mdns/publisher.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "net/mdns/browser.hpp"
#include "net/mdns/test_bus.hpp"

namespace lumen::net {
namespace {

using namespace std::chrono_literals;
using mdns::FakeAvahi;
using mdns::run_until;
using mdns::TestBus;

// Multicast over the loopback interface, on a port that nobody else uses.
MdnsNetwork network() {
  return {.port = static_cast<std::uint16_t>(20'000 + getpid() % 20'000),
          .loopback_only = true,
          .use_avahi = false};
}

class Publishing : public testing::Test {
 protected:
  std::unique_ptr<MdnsPublisher> publish(const std::string& name, const MdnsNetwork& where,
                                         std::uint16_t port = 47989) {
    return MdnsPublisher::create({.name = name, .port = port, .host = "box", .network = where}, *loop_, *log_)
        .value();
  }
  bool becomes(const MdnsPublisher& publisher, const std::string& name) {
    return run_until(*loop_, [&] { return publisher.published_name() == name; });
  }
  // While the loop runs, as publishers answer on it.
  std::vector<FoundHost> browse(const MdnsNetwork& where, Duration timeout = 500ms,
                                std::string_view service = kGameStreamService) {
    std::vector<FoundHost> found;
    std::jthread browsing{[&] {
      found = browse_hosts({.service = service, .timeout = timeout, .network = where}).value();
      loop_->stop();
    }};
    loop_->run();
    return found;
  }

  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  std::shared_ptr<Logger> log_ = make_null_logger();
};

TEST_F(Publishing, is_found_by_a_browser_until_it_goes) {
  const auto where = network();
  auto publisher = publish("Living Room", where);
  EXPECT_EQ(publisher->published_name(), "");
  ASSERT_TRUE(becomes(*publisher, "Living-Room"));
  EXPECT_FALSE(publisher->uses_avahi());
  // The announcement may have gone out just now; the same record comes again a second later.
  const auto found = browse(where, 1500ms);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].name, "Living-Room");
  EXPECT_EQ(found[0].host, "box.local");
  EXPECT_EQ(found[0].port, 47989);
  ASSERT_FALSE(found[0].addresses.empty());
  EXPECT_EQ(found[0].addresses[0].to_string(), "127.0.0.1:47989");
  publisher.reset();
  EXPECT_TRUE(browse(where).empty());
}

TEST_F(Publishing, each_service_is_found_by_who_asks_for_it) {
  const auto where = network();
  auto created = MdnsPublisher::create(
      {.name = "box", .service = kLumenService, .port = 47986, .host = "box", .network = where}, *loop_,
      *log_);
  ASSERT_TRUE(created);
  ASSERT_TRUE(becomes(**created, "box"));
  const auto found = browse(where, 1500ms, kLumenService);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].port, 47986);
  EXPECT_TRUE(browse(where).empty());
}

TEST_F(Publishing, a_goodbye_reaches_a_browser_at_once) {
  const auto where = network();
  auto publisher = publish("box", where);
  ASSERT_TRUE(becomes(*publisher, "box"));
  loop_->call_at(std::chrono::time_point_cast<Duration>(Clock::now()) + 1300ms, [&] { publisher.reset(); });
  EXPECT_TRUE(browse(where, 1600ms).empty());
}

TEST_F(Publishing, two_hosts_of_one_name_get_two_names) {
  const auto where = network();
  const auto first = publish("box", where, 47989);
  ASSERT_TRUE(becomes(*first, "box"));
  const auto second = publish("box", where, 48989);
  ASSERT_TRUE(becomes(*second, "box #2"));
  EXPECT_EQ(first->published_name(), "box");
  const auto found = browse(where, 1500ms);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].port, 47989);
  EXPECT_EQ(found[1].port, 48989);
}

TEST_F(Publishing, needs_a_port) {
  const auto created = MdnsPublisher::create({.name = "box"}, *loop_, *log_);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().id, "mdns.port");
}

TEST_F(Publishing, a_browse_ends_when_told) {
  std::stop_source stop;
  std::jthread stopping{[&stop] { stop.request_stop(); }};
  const auto begin = Clock::now();
  EXPECT_TRUE(browse_hosts({.timeout = 60s, .network = network()}, stop.get_token()));
  EXPECT_LT(Clock::now() - begin, 30s);
}

// ---- with Avahi.

class PublishingByAvahi : public Publishing {
 protected:
  MdnsNetwork with_avahi() const {
    auto where = network();
    where.use_avahi = true;
    where.bus_address = bus_.address();
    return where;
  }
  TestBus bus_;
};

TEST_F(PublishingByAvahi, hands_the_service_to_the_daemon_and_takes_it_back) {
  FakeAvahi avahi{*loop_, bus_.address()};
  auto publisher = publish("box", with_avahi());
  ASSERT_TRUE(becomes(*publisher, "box"));
  EXPECT_TRUE(publisher->uses_avahi());
  ASSERT_NE(avahi.committed(), nullptr);
  EXPECT_EQ(avahi.committed()->name, "box");
  EXPECT_EQ(avahi.committed()->type, "_nvstream._tcp");
  EXPECT_EQ(avahi.committed()->domain, "");
  EXPECT_EQ(avahi.committed()->host, "");
  EXPECT_EQ(avahi.committed()->port, 47989);
  EXPECT_EQ(avahi.committed()->interface, -1);
  EXPECT_EQ(avahi.committed()->protocol, -1);
  EXPECT_TRUE(browse(with_avahi()).empty()) << "nobody else publishes it";
  publisher.reset();
  EXPECT_TRUE(run_until(*loop_, [&] { return avahi.committed() == nullptr; }));
}

TEST_F(PublishingByAvahi, takes_another_name_when_the_daemon_or_the_network_has_it) {
  FakeAvahi avahi{*loop_, bus_.address()};
  avahi.taken_here = {"box"};
  avahi.taken_elsewhere = {"box #2"};
  const auto publisher = publish("box", with_avahi());
  EXPECT_TRUE(becomes(*publisher, "box #3"));
  EXPECT_EQ(avahi.services.size(), 1U);
}

TEST_F(PublishingByAvahi, follows_a_daemon_that_comes_and_goes) {
  const auto publisher = publish("box", with_avahi());
  ASSERT_TRUE(becomes(*publisher, "box"));
  EXPECT_FALSE(publisher->uses_avahi());
  {
    FakeAvahi avahi{*loop_, bus_.address()};
    EXPECT_TRUE(run_until(*loop_, [&] { return avahi.committed() != nullptr; }));
    EXPECT_TRUE(publisher->uses_avahi());
    EXPECT_TRUE(becomes(*publisher, "box"));
  }
  EXPECT_TRUE(run_until(*loop_, [&] { return !publisher->uses_avahi(); }));
  EXPECT_TRUE(becomes(*publisher, "box"));
}

TEST_F(PublishingByAvahi, waits_while_the_daemon_looks_for_a_host_name) {
  FakeAvahi avahi{*loop_, bus_.address()};
  avahi.state = 1;
  const auto publisher = publish("box", with_avahi());
  EXPECT_FALSE(run_until(*loop_, [&] { return !avahi.services.empty(); }, 300ms));
  avahi.set_state(2);
  ASSERT_TRUE(becomes(*publisher, "box"));
  avahi.set_state(3);
  EXPECT_TRUE(becomes(*publisher, ""));
  EXPECT_EQ(avahi.freed, 1);
  avahi.set_state(2);
  EXPECT_TRUE(becomes(*publisher, "box"));
}

TEST_F(PublishingByAvahi, publishes_by_itself_what_the_daemon_refuses) {
  FakeAvahi avahi{*loop_, bus_.address()};
  avahi.refuses = true;
  const auto publisher = publish("box", with_avahi());
  EXPECT_TRUE(becomes(*publisher, "box"));
  EXPECT_FALSE(publisher->uses_avahi());
}

TEST_F(PublishingByAvahi, survives_the_end_of_the_bus) {
  auto avahi = std::make_unique<FakeAvahi>(*loop_, bus_.address());
  const auto publisher = publish("box", with_avahi());
  ASSERT_TRUE(becomes(*publisher, "box"));
  avahi.reset();
  bus_.stop();
  EXPECT_TRUE(run_until(*loop_, [&] { return !publisher->uses_avahi(); }));
  EXPECT_TRUE(becomes(*publisher, "box"));
}

TEST_F(Publishing, does_without_a_bus) {
  auto where = network();
  where.use_avahi = true;
  where.bus_address = "unix:path=/nonexistent/bus";
  const auto publisher = publish("box", where);
  EXPECT_TRUE(becomes(*publisher, "box"));
}

}  // namespace
}  // namespace lumen::net
