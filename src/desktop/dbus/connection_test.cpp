#include "desktop/dbus/connection.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.hpp"
#include "desktop/testing/test_session.hpp"

namespace lumen::dbus {
namespace {

using namespace std::chrono_literals;

Timestamp now() { return SteadyTime{}.now(); }

class Connections : public testing::Test {
 protected:
  std::unique_ptr<Connection> open() { return Connection::open(session_.bus_address(), now() + 5s).value(); }
  bool run_until(const std::function<bool()>& done, Duration limit = 5s) {
    const auto end = now() + limit;
    while (!done()) {
      if (now() >= end) return false;
      loop_->call_at(now() + 2ms, [this] { loop_->stop(); });
      loop_->run();
    }
    return true;
  }
  const std::string kDaemon = "org.freedesktop.DBus", kPath = "/org/freedesktop/DBus";
  desktop_test::PrivateSession session_{{.pipewire = false}};
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
};

// Owns a name while it lives.
struct Service {
  explicit Service(Connection& connection, const char* name) {
    const std::string daemon = "org.freedesktop.DBus", path = "/org/freedesktop/DBus";
    EXPECT_TRUE(
        connection.call({daemon, path, "org.freedesktop.DBus", "RequestName"}, now() + 5s, "su", name, 0U));
  }
};

TEST_F(Connections, a_call_is_answered_or_says_why_not) {
  const auto bus = open();
  EXPECT_TRUE(bus->unique_name().starts_with(":"));
  EXPECT_TRUE(bus->call({kDaemon, kPath, "org.freedesktop.DBus", "GetId"}, now() + 5s, ""));
  const auto refused = bus->call({kDaemon, kPath, "org.freedesktop.DBus", "Nonsense"}, now() + 5s, "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "dbus.call");
  EXPECT_NE(refused.error().what.find("Nonsense"), std::string::npos);
  EXPECT_EQ(bus->owner_of("org.example.Nobody", now() + 5s).error().id, "dbus.absent");
}

TEST_F(Connections, a_service_that_goes_away_is_told_on_the_loop) {
  const auto bus = open();
  auto other = open();
  const Service service{*other, "org.example.Desktop"};
  EXPECT_EQ(bus->owner_of("org.example.Desktop", now() + 5s).value(), other->unique_name());
  int changes = 0;
  ASSERT_TRUE(bus->watch_owner("org.example.Desktop", [&] { ++changes; }));
  ASSERT_TRUE(bus->attach(*loop_, {}));
  ASSERT_TRUE(bus->call({kDaemon, kPath, "org.freedesktop.DBus", "GetId"}, now() + 5s, ""));
  other.reset();
  EXPECT_TRUE(run_until([&] { return changes == 1; }));
}

TEST_F(Connections, a_signal_that_comes_during_a_call_is_not_lost) {
  const auto bus = open();
  int changes = 0;
  ASSERT_TRUE(bus->watch_owner("org.example.Other", [&] { ++changes; }));
  ASSERT_TRUE(bus->attach(*loop_, {}));
  const auto other = open();
  const Service service{*other, "org.example.Other"};
  // The signal was sent before this is answered, so it has been read with the answer.
  ASSERT_TRUE(bus->call({kDaemon, kPath, "org.freedesktop.DBus", "GetId"}, now() + 5s, ""));
  EXPECT_EQ(changes, 0);
  EXPECT_TRUE(run_until([&] { return changes == 1; }, 1s));
}

TEST_F(Connections, a_call_to_one_who_never_answers_ends_in_time) {
  const auto bus = open();
  const auto silent = open();  // it is not attached: nobody reads what comes
  const auto began = now();
  const auto result = bus->call({silent->unique_name(), "/x", "org.example.X", "Wait"}, now() + 200ms, "");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::timed_out);
  EXPECT_LT(now() - began, 2s);
}

TEST_F(Connections, a_bus_that_dies_is_told_once) {
  const auto bus = open();
  int lost = 0;
  ASSERT_TRUE(bus->attach(*loop_, [&] { ++lost; }));
  session_.kill_bus();
  EXPECT_TRUE(run_until([&] { return lost > 0; }, 1s));
  EXPECT_FALSE(bus->call({kDaemon, kPath, "org.freedesktop.DBus", "GetId"}, now() + 1s, ""));
  run_until([] { return false; }, 50ms);
  EXPECT_EQ(lost, 1);
}

TEST_F(Connections, nobody_there_and_one_who_says_nothing_are_found_out_in_time) {
  EXPECT_EQ(Connection::open("unix:path=/nonexistent/bus", now() + 1s).error().id, "dbus.connect");
  EXPECT_EQ(Connection::open("nonsense", now() + 1s).error().id, "dbus.connect");
  const auto path = session_.runtime_dir() + "/mute";
  const UniqueFd mute{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(mute.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(mute.get(), 1), 0);
  const auto began = now();
  EXPECT_EQ(Connection::open("unix:path=" + path, now() + 200ms).error().id, "dbus.connect");
  EXPECT_LT(now() - began, 2s);
}

}  // namespace
}  // namespace lumen::dbus
