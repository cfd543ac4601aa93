// What goes wrong in real life: processes killed, applications that do not exist, die or hang, full disks,
// ports in use. Each has a clear message and a remedy, and nothing is left behind.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "base/runtime_dir.hpp"
#include "net/udp.hpp"
#include "tests/e2e/programs.hpp"

namespace lumen::e2e {
namespace {

using namespace std::chrono_literals;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class Faults : public testing::Test {
 protected:
  std::unique_ptr<Program> start_host(const std::string& application = "test-scene") {
    auto host = std::make_unique<Program>(place_, "lumen-host",
                                          std::vector<std::string>{"serve", "--app", application, "--port",
                                                                   "0", "--no-gamestream", "--no-lumen"});
    EXPECT_TRUE(eventually([this] { return !host_status(place_).is_null(); })) << host->output();
    return host;
  }
  std::unique_ptr<Program> start_client(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"--headless", "--check", "--stats-json", stats_path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::make_unique<Program>(place_, "lumen-client", arguments);
  }
  nlohmann::json session() const {
    const auto status = host_status(place_);
    return status.is_null() ? nlohmann::json{} : status["sessions"][0];
  }
  bool wait_streaming() {
    return eventually([this] {
      const auto now = session();
      return !now.is_null() && now.contains("picture") && now["picture"]["frames_encoded"] > 30;
    });
  }
  nlohmann::json client_figures() const {
    return nlohmann::json::parse(read_small_file(stats_path(), 1U << 20U).value_or("null"), nullptr, false);
  }
  std::string stats_path() const { return place_.path() + "/client.json"; }
  Place place_;
};

TEST_F(Faults, a_killed_session_is_named_and_the_picture_is_back_within_a_second) {
  const auto host = start_host();
  const auto client = start_client({"--seconds", "5"});
  ASSERT_TRUE(wait_streaming()) << host->output();
  const auto pid = session()["pid"].get<pid_t>();
  ASSERT_EQ(kill(pid, SIGKILL), 0);
  ASSERT_TRUE(eventually([&] { return session()["restarts"] == 1 && session()["state"] == "streaming"; }));
  EXPECT_EQ(client->wait(30s), "exited with status 0") << client->output();
  EXPECT_PRED2(contains, host->output(), "killed by signal 9");
  EXPECT_PRED2(contains, client->output(), "killed by signal 9");
  const auto figures = client_figures();
  EXPECT_EQ(figures["scene_restarts"], 1);
  EXPECT_EQ(figures["frames_unreadable"], 0);
  EXPECT_LT(figures["longest_freeze_ms"], 1000.0);
}

TEST_F(Faults, a_session_that_hangs_is_replaced) {
  const auto host = start_host();
  const auto client = start_client({"--seconds", "12"});
  ASSERT_TRUE(wait_streaming()) << host->output();
  ASSERT_EQ(kill(session()["pid"].get<pid_t>(), SIGSTOP), 0);
  EXPECT_TRUE(
      eventually([&] { return session()["restarts"] == 1 && session()["state"] == "streaming"; }, 15s));
  EXPECT_EQ(client->wait(30s), "exited with status 0") << client->output();
}

TEST_F(Faults, a_killed_host_leaves_nothing_and_the_next_start_is_clean) {
  auto host = start_host();
  const auto client = start_client();
  ASSERT_TRUE(wait_streaming()) << host->output();
  client->signal(SIGTERM);
  ASSERT_TRUE(client->wait(10s));
  host->signal(SIGKILL);
  ASSERT_TRUE(host->wait(5s));
  EXPECT_TRUE(eventually([this] { return processes_of(place_).empty(); }, 5s));
  host = start_host();
  EXPECT_EQ(start_client({"--seconds", "1"})->wait(30s), "exited with status 0");
}

TEST_F(Faults, what_a_killed_host_and_session_left_is_ended_by_the_next_start) {
  auto host = start_host("sh -c 'setsid sleep 600 & exec " LUMEN_PROGRAM_DIR "/lumen-test-scene'");
  const auto client = start_client();
  ASSERT_TRUE(wait_streaming()) << host->output();
  const auto pid = session()["pid"].get<pid_t>();
  host->signal(SIGSTOP);  // so that it cannot clean up in between
  ASSERT_EQ(kill(pid, SIGKILL), 0);
  host->signal(SIGKILL);
  ASSERT_TRUE(host->wait(5s));
  client->signal(SIGKILL);
  ASSERT_TRUE(client->wait(5s));
  ASSERT_FALSE(processes_of(place_).empty());  // the sleeper
  host = start_host();
  EXPECT_EQ(processes_of(place_), std::vector<pid_t>{host->pid()});
}

TEST_F(Faults, stopping_the_host_ends_everything) {
  const auto host = start_host();
  const auto client = start_client();
  ASSERT_TRUE(wait_streaming()) << host->output();
  client->signal(SIGTERM);
  ASSERT_TRUE(client->wait(10s));
  Program stop{place_, "lumen-host", {"stop"}};
  EXPECT_EQ(stop.wait(10s), "exited with status 0");
  EXPECT_EQ(host->wait(10s), "exited with status 0");
  EXPECT_TRUE(processes_of(place_).empty());
  EXPECT_FALSE(std::filesystem::exists(place_.runtime_root() + "/connect"));
}

TEST_F(Faults, an_application_that_does_not_exist_is_named_at_once) {
  Program host{place_,
               "lumen-host",
               {"serve", "--app", "no-such-program", "--port", "0", "--no-gamestream", "--no-lumen"}};
  EXPECT_EQ(host.wait(10s), "exited with status 1");
  EXPECT_PRED2(contains, host.output(), "no-such-program does not exist");
  EXPECT_PRED2(contains, host.output(), "Install it");
}

TEST_F(Faults, an_application_that_dies_ends_the_stream_with_its_status) {
  const auto host = start_host("sh -c 'echo no licence found; exit 7'");
  const auto client = start_client();
  EXPECT_EQ(client->wait(20s), "exited with status 1");
  EXPECT_PRED2(contains, client->output(), "exited with status 7");
  EXPECT_PRED2(contains, client->output(), "no licence found");
  EXPECT_PRED2(contains, client->output(), "--app");
}

TEST_F(Faults, an_application_without_a_window_is_given_up) {
  const auto host = start_host("sleep 600");
  const auto client = start_client();
  EXPECT_EQ(client->wait(30s), "exited with status 1");
  EXPECT_PRED2(contains, client->output(), "showed no window");
  EXPECT_TRUE(eventually([this] { return processes_of(place_).size() == 1; }));  // the host alone
}

TEST_F(Faults, an_application_that_hangs_is_told_to_the_client) {
  const auto host = start_host(LUMEN_PROGRAM_DIR "/lumen-test-scene --hang-after 2");
  const auto client = start_client({"--log-level", "warning"});
  ASSERT_TRUE(wait_streaming()) << host->output();
  EXPECT_TRUE(eventually([&] { return contains(client->output(), "does not answer"); }, 20s))
      << client->output();
}

TEST_F(Faults, a_port_in_use_is_named_with_a_remedy) {
  const auto taken = net::UdpSocket::bind({.local = net::Endpoint::parse("127.0.0.1", 0).value()}).value();
  const auto port = std::to_string(taken.local()->port());
  Program host{place_,
               "lumen-host",
               {"serve", "--app", "test-scene", "--port", port, "--no-gamestream", "--no-lumen"}};
  EXPECT_EQ(host.wait(10s), "exited with status 1");
  EXPECT_PRED2(contains, host.output(), port + " is already in use");
  EXPECT_PRED2(contains, host.output(), "--port");
}

TEST_F(Faults, a_second_host_is_refused) {
  const auto host = start_host();
  Program second{
      place_, "lumen-host", {"serve", "--app", "test-scene", "--port", "0", "--no-gamestream", "--no-lumen"}};
  EXPECT_EQ(second.wait(10s), "exited with status 1");
  EXPECT_PRED2(contains, second.output(), "lumen-host stop");
}

TEST_F(Faults, unknown_options_and_modes_are_refused) {
  for (const auto& [program, arguments] : std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"lumen-host", {"serve", "--no-such-option"}},
           {"lumen-client", {"--no-such-option"}},
           {"lumen-selftest", {"--no-such-option"}},
           {"lumen-selftest", {"--mode", "banana"}}}) {
    Program run{place_, program, arguments};
    const auto how = run.wait(10s);
    EXPECT_TRUE(how && *how != "exited with status 0") << program;
    EXPECT_TRUE(contains(run.output(), arguments.back())) << run.output();
  }
}

TEST_F(Faults, a_client_without_a_host_says_what_to_start) {
  const auto client = start_client();
  EXPECT_EQ(client->wait(10s), "exited with status 1");
  EXPECT_PRED2(contains, client->output(), "lumen-host serve");
}

TEST_F(Faults, a_damaged_connect_file_is_refused) {
  std::filesystem::create_directories(place_.runtime_root());
  std::ofstream{place_.runtime_root() + "/connect"} << "lumen-connect 1\naddress 127.0.0.1\nport 99999\n";
  std::filesystem::permissions(place_.runtime_root() + "/connect", std::filesystem::perms::owner_read);
  const auto client = start_client();
  EXPECT_EQ(client->wait(10s), "exited with status 1");
  EXPECT_PRED2(contains, client->output(), "connect.malformed");
}

TEST_F(Faults, a_connect_file_that_others_can_read_is_refused) {
  std::filesystem::create_directories(place_.runtime_root());
  std::ofstream{place_.runtime_root() + "/connect"} << "lumen-connect 1\n";
  const auto client = start_client();
  EXPECT_EQ(client->wait(10s), "exited with status 1");
  EXPECT_PRED2(contains, client->output(), "file.not-private");
}

TEST_F(Faults, a_client_is_told_when_the_host_stops) {
  auto host = start_host();
  const auto client = start_client();
  ASSERT_TRUE(wait_streaming()) << host->output();
  host->signal(SIGTERM);
  EXPECT_EQ(client->wait(10s), "exited with status 1");
  EXPECT_PRED2(contains, client->output(), "the host was stopped");
}

TEST_F(Faults, a_client_that_was_silent_too_long_gets_its_picture_back) {
  const auto host = start_host();
  const auto client = start_client({"--seconds", "9"});
  ASSERT_TRUE(wait_streaming()) << host->output();
  client->signal(SIGSTOP);
  ASSERT_TRUE(eventually([this] { return session()["has_client"] == false; }));
  const auto before = session()["send"]["frames"].get<int>();
  client->signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return session()["send"]["frames"] > before + 20; }, 2s));
  EXPECT_EQ(client->wait(30s), "exited with status 0") << client->output();
}

TEST_F(Faults, after_an_end_the_next_client_gets_a_new_session) {
  const auto host = start_host(LUMEN_PROGRAM_DIR "/lumen-test-scene --exit-after 3 --exit-status 4");
  EXPECT_EQ(start_client()->wait(20s), "exited with status 1");
  EXPECT_EQ(start_client({"--seconds", "1"})->wait(20s), "exited with status 0");
}

TEST_F(Faults, a_full_disk_is_named_when_the_picture_is_written) {
  const auto host = start_host();
  const auto client = start_client({"--seconds", "1", "--png", "/dev/full"});
  EXPECT_EQ(client->wait(30s), "exited with status 1");
  EXPECT_PRED2(contains, client->output(), "No space left on device");
  EXPECT_PRED2(contains, client->output(), "png.write");
}

TEST_F(Faults, a_hundred_thousand_random_datagrams_do_not_disturb_the_stream) {
  const auto host = start_host();
  const auto client = start_client({"--seconds", "6"});
  ASSERT_TRUE(wait_streaming()) << host->output();
  const auto attacker = net::UdpSocket::bind({.local = net::Endpoint::parse("127.0.0.1", 0).value()}).value();
  const auto target = net::Endpoint::parse("127.0.0.1", host_status(place_)["port"]).value();
  std::vector<std::byte> junk(200);
  std::uint64_t state = 5;
  for (int i = 0; i < 100'000; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    for (std::size_t b = 0; b < 32; ++b) junk[b] = static_cast<std::byte>(state >> (b % 8 * 8));
    if (i % 2 == 0) junk[0] = static_cast<std::byte>(4 + i % 5), junk[1] = std::byte{0};
    attacker.send_one(target, ByteView{junk}.first(1 + state % 200));
  }
  EXPECT_EQ(client->wait(30s), "exited with status 0") << client->output();
  const auto figures = client_figures();
  EXPECT_EQ(figures["frames_unreadable"], 0);
  EXPECT_EQ(figures["frames_out_of_order"], 0);
  EXPECT_EQ(figures["access_units_lost"], 0);
  EXPECT_EQ(session()["client"]["connections"], 1);
}

}  // namespace
}  // namespace lumen::e2e
