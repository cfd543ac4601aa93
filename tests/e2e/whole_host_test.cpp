// What a GameStream host is from outside, whatever it streams: its ports, its announcement, how soon it
// answers, what its log keeps to itself.
#include <sys/socket.h>

#include <atomic>
#include <cstdlib>

#include "client/gamestream/game_stream_session.hpp"
#include "client/gamestream/host_fetch.hpp"
#include "codec/software.hpp"
#include "net/http/client.hpp"
#include "net/mdns/test_bus.hpp"
#include "tests/e2e/gamestream_fixture.hpp"

namespace lumen::e2e {
namespace {

Timestamp now() { return SteadyTime{}.now(); }
net::Endpoint local(int port) { return *net::Endpoint::parse("127.0.0.1", static_cast<std::uint16_t>(port)); }

bool takes_tcp(int port) {
  const UniqueFd fd{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const auto to = local(port);
  return connect(fd.get(), to.address(), to.length()) == 0;
}

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

bool is_free_udp(int port) {
  const auto bound =
      net::UdpSocket::bind({.local = *net::Endpoint::parse("0.0.0.0", static_cast<std::uint16_t>(port))});
  return bound.has_value();
}

// A client within the test: the one that was paired.
class Viewer {
 public:
  explicit Viewer(const Place& place, const std::string& host)
      : book_{*client::HostBook::open(place.path() + "/state/lumen/client")},
        connection_{client::GameConnection::open({.address = *client::parse_host_address(host),
                                                  .book = &book_,
                                                  .fetch = *client::create_host_fetch(book_.identity())},
                                                 {})} {}

  Status start() {
    if (!connection_) return tl::unexpected{connection_.error()};
    auto& connection = *connection_;
    LUMEN_TRY(const auto app, connection.find_app("", {}));
    LUMEN_TRY(session_, client::GameStreamSession::start(connection,
                                                         {.app = app,
                                                          .mode = {640, 360, 30'000},
                                                          .make_decoder = codec::create_decoder,
                                                          .on_picture = [this](const auto&) { ++pictures_; },
                                                          .on_sound = [](const auto&) {},
                                                          .on_failed = [](const Error&) {}},
                                                         {}, *log_));
    return {};
  }
  client::GameStreamSession& session() { return *session_; }
  int pictures() const { return pictures_; }
  void press_and_release(std::uint16_t code) {
    session_->send_input(Key{code, true});
    session_->send_input(Key{code, false});
  }

 private:
  std::shared_ptr<Logger> log_ = make_null_logger();
  client::HostBook book_;
  Result<client::GameConnection> connection_;
  std::atomic<int> pictures_{0};
  std::unique_ptr<client::GameStreamSession> session_;  // last: calls on_picture
};

class WholeHost : public GameStream {
 protected:
  // Of /serverinfo over HTTP; nullopt: no proper answer.
  std::optional<Duration> time_to_answer() const {
    const auto begin = now();
    const auto answer = http_.get({.to = local(base_port()), .target = "/serverinfo"});
    if (!answer || answer->status != 200 || !contains(answer->body, "<hostname>")) return std::nullopt;
    return now() - begin;
  }
  std::ptrdiff_t log_lines() const {
    const auto log = host_->output();
    return std::ranges::count(log, '\n');
  }

  net::HttpClient http_ = *net::HttpClient::create();
};

TEST_F(WholeHost, s1_s2_c1_it_listens_at_the_ports_that_hang_on_the_base_port) {
  for (const int udp : {9, 10, 11}) ASSERT_TRUE(is_free_udp(base_port() + udp)) << "another program has it";
  start_host();
  EXPECT_TRUE(takes_tcp(base_port())) << "HTTP";
  EXPECT_TRUE(takes_tcp(base_port() - 5)) << "HTTPS";
  EXPECT_TRUE(takes_tcp(base_port() + 21)) << "RTSP";
  // Before any client asks for them, so before SETUP is answered.
  EXPECT_FALSE(is_free_udp(base_port() + 9)) << "picture";
  EXPECT_FALSE(is_free_udp(base_port() + 10)) << "control";
  EXPECT_FALSE(is_free_udp(base_port() + 11)) << "sound";
  const auto info = http_.get({.to = local(base_port()), .target = "/serverinfo"});
  ASSERT_TRUE(info);
  EXPECT_PRED2(contains, info->body, "<HttpsPort>" + std::to_string(base_port() - 5) + "</HttpsPort>");
  EXPECT_PRED2(contains, info->body, "<ExternalPort>" + std::to_string(base_port()) + "</ExternalPort>");
}

// Avahi is the test's, on a bus of its own, so nothing leaves this machine.
class AnnouncedHost : public WholeHost {
 protected:
  AnnouncedHost() { setenv("DBUS_SYSTEM_BUS_ADDRESS", bus_.address().c_str(), 1); }
  ~AnnouncedHost() override { unsetenv("DBUS_SYSTEM_BUS_ADDRESS"); }

  net::mdns::TestBus bus_;
  std::unique_ptr<EventLoop> loop_ = *EventLoop::create();
  net::mdns::FakeAvahi avahi_{*loop_, bus_.address()};
};

TEST_F(AnnouncedHost, s3_s4_it_is_announced_once_it_answers_and_not_beyond_its_end) {
  launch_host("test-scene", "h264", {"--no-lumen"});
  bool answers = false;
  const bool announced = net::mdns::run_until(*loop_, [&] {
    if (avahi_.services.empty()) return false;
    answers = time_to_answer().has_value();
    return true;
  });
  ASSERT_TRUE(announced) << host_->output();
  EXPECT_TRUE(answers) << "announced before it did";
  EXPECT_TRUE(net::mdns::run_until(*loop_, [&] { return avahi_.committed() != nullptr; }));
  // Nothing else follows.
  EXPECT_FALSE(net::mdns::run_until(*loop_, [&] { return avahi_.services.size() != 1; }, 500ms));
  ASSERT_EQ(avahi_.services.size(), 1U);
  EXPECT_EQ(avahi_.services.at(0).type, "_nvstream._tcp");
  EXPECT_EQ(avahi_.services.at(0).port, base_port());
  host_->signal(SIGTERM);
  EXPECT_TRUE(net::mdns::run_until(*loop_, [&] { return avahi_.services.empty(); }, 1s));
  EXPECT_EQ(avahi_.freed, 1);
  EXPECT_EQ(host_->wait(10s), "exited with status 0") << host_->output();
}

// While it measures its encoders, which it does from its beginning, and while a session starts.
TEST_F(WholeHost, s5_s23_it_answers_within_a_second_whatever_starts) {
  start_paired();
  Duration longest{};
  int answers = 0;
  const auto running = start_stream({}, place_);
  const bool streams = eventually(
      [&] {
        const auto took = time_to_answer();
        EXPECT_TRUE(took) << host_->output();
        longest = std::max(longest, took.value_or(1h));
        ++answers;
        const auto status = host_status(place_);
        return !status.is_null() && !status["gamestream"]["sessions"].empty() &&
               status["gamestream"]["sessions"][0]["video"]["frames"] > 30;
      },
      20s);
  EXPECT_TRUE(streams) << host_->output() << running->output();
  EXPECT_GT(answers, 5);
  EXPECT_LT(longest, 1s);
  RecordProperty("longest_ms", static_cast<int>(longest / 1ms));
}

TEST_F(WholeHost, s69_a_stream_whose_client_vanished_is_replaced_within_a_second) {
  start_paired();
  const auto vanishing = start_stream({}, place_);
  ASSERT_TRUE(is_streaming()) << host_->output() << vanishing->output();
  vanishing->signal(SIGKILL);
  ASSERT_TRUE(vanishing->wait(10s));
  Viewer viewer{place_, host()};
  const auto begin = now();
  const auto started = viewer.start();
  const auto took = now() - begin;
  ASSERT_TRUE(started) << describe(started.error()) << host_->output();
  EXPECT_TRUE(viewer.session().resumed());
  EXPECT_LT(took, 1s);
  RecordProperty("resume_ms", static_cast<int>(took / 1ms));
  EXPECT_TRUE(eventually([&] { return viewer.pictures() > 0; }));
}

TEST_F(WholeHost, s70_c40_its_log_tells_neither_what_is_typed_nor_any_secret) {
  const auto typed_path = place_.path() + "/typed";
  start_paired("sh -c 'exec " LUMEN_PROGRAM_DIR "/lumen-test-scene --print-events > " + typed_path + "'",
               "h264", {"--no-publish", "--log-level", "trace"});
  Viewer viewer{place_, host()};
  const auto started = viewer.start();
  ASSERT_TRUE(started) << describe(started.error()) << host_->output();
  ASSERT_TRUE(eventually([&] { return viewer.pictures() > 0; })) << host_->output();
  const auto typed = [&] { return read_small_file(typed_path, 1U << 20U).value_or(""); };
  constexpr std::uint16_t kKeyA = 30, kKeyZ = 44;
  // The window has the keyboard as soon as a key arrives.
  ASSERT_TRUE(eventually([&] {
    viewer.press_and_release(kKeyZ);
    return contains(typed(), "key 44 1");
  }));
  const auto lines_before = log_lines();
  // A little at a time: there is a limit to how fast one may type.
  constexpr int kRounds = 20, kKeysEach = 5;
  for (int round = 1; round <= kRounds; ++round) {
    for (int i = 0; i < kKeysEach; ++i) viewer.press_and_release(kKeyA);
    for (const char32_t each : std::u32string{U"Geheimnis"}) viewer.session().send_input(Character{each});
    ASSERT_TRUE(eventually([&] {
      return count(typed(), "key 30 1") == round * kKeysEach && count(typed(), "key 31 1") == round;  // a, s
    })) << typed();
  }
  EXPECT_EQ(client({"quit", host()}).how, "exited with status 0");
  host_->signal(SIGTERM);
  EXPECT_EQ(host_->wait(15s), "exited with status 0");
  const auto log = host_->output();
  EXPECT_PRED2(contains, log, "lumen-host info");  // of both, and with what only developers want to know
  EXPECT_PRED2(contains, log, "lumen-session debug");
  // A word on each key would be a hundred lines and more.
  EXPECT_LT(log_lines() - lines_before, kRounds * kKeysEach / 2) << log;
  for (const auto* secret :
       {"Geheimnis", "rikey", "uniqueid=", "salt=", "clientchallenge", "launch?", "resume?"})
    EXPECT_FALSE(contains(log, secret)) << secret << '\n' << log;
}

}  // namespace
}  // namespace lumen::e2e
