// The person's own desktop, streamed by the real programs, and what happens when a part of it dies.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/runtime_dir.hpp"
#include "tests/e2e/persons_desktop.hpp"
#include "tests/e2e/programs.hpp"

namespace lumen::e2e {
namespace {

using namespace std::chrono_literals;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class DesktopOfAPerson : public testing::Test {
 protected:
  void SetUp() override { desktop_ = std::make_unique<PersonsDesktop>(place_); }

  void start_host(const std::string& which = "auto") {
    host_ =
        std::make_unique<Program>(place_, "lumen-host",
                                  std::vector<std::string>{"serve", "--app", "desktop", "--desktop", which,
                                                           "--port", "0", "--no-gamestream", "--no-lumen"});
    EXPECT_TRUE(eventually([this] { return !host_status(place_).is_null(); })) << host_->output();
  }
  std::unique_ptr<Program> start_client(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"--headless", "--check",      "--mode",
                                       "640x480@60", "--stats-json", stats_path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::make_unique<Program>(place_, "lumen-client", arguments);
  }
  nlohmann::json session() const {
    const auto status = host_status(place_);
    return status.is_null() ? nlohmann::json{} : status["sessions"][0];
  }
  pid_t session_pid() const {
    const auto now = session();
    return now.is_null() || !now.contains("pid") ? -1 : now["pid"].get<pid_t>();
  }
  std::uint64_t frames_encoded() const {
    const auto now = session();
    return now.is_null() || !now.contains("picture") ? 0
                                                     : now["picture"]["frames_encoded"].get<std::uint64_t>();
  }
  bool goes_on() {
    const auto before = frames_encoded();
    return eventually(
        [&] {
          const auto now = frames_encoded();
          return now > before + 10 || (now < before && now > 10);
        },
        15s);
  }
  nlohmann::json client_figures() const {
    return nlohmann::json::parse(read_small_file(stats_path(), 1U << 20U).value_or("null"), nullptr, false);
  }
  std::string stats_path() const { return place_.path() + "/client.json"; }
  std::size_t left_to_restore() const {
    std::error_code none;
    const auto files = std::filesystem::directory_iterator{place_.path() + "/state/lumen/restore", none};
    return none ? 0 : static_cast<std::size_t>(std::distance(files, {}));
  }
  // Hosts and sessions.
  std::vector<std::string> programs_left() const {
    std::vector<std::string> names;
    for (const auto pid : processes_of(place_)) {
      std::ifstream file{"/proc/" + std::to_string(pid) + "/comm"};
      std::string name;
      std::getline(file, name);
      if (name.starts_with("lumen-host") || name.starts_with("lumen-session")) names.push_back(name);
    }
    return names;
  }

  Place place_;
  std::unique_ptr<PersonsDesktop> desktop_;
  std::unique_ptr<Program> host_;
};

TEST_F(DesktopOfAPerson, is_found_shown_at_the_clients_mode_and_left_as_it_was) {
  EXPECT_EQ(desktop_->monitors(), "");
  start_host();
  const auto client = start_client({"--seconds", "4"});
  ASSERT_TRUE(eventually([&] { return !desktop_->monitors().empty() && desktop_->monitors() != "?"; }))
      << host_->output();
  desktop_->start_scene();
  EXPECT_EQ(client->wait(30s), "exited with status 0") << client->output() << host_->output();
  const auto figures = client_figures();
  EXPECT_GT(figures["frames_correct"], 30);
  EXPECT_LE(figures["frames_wrong_color"], 2);  // where it appears, all of the picture is new at once: coarse
  EXPECT_EQ(figures["frames_wrong_size"], 0);
  EXPECT_EQ(figures["frames_out_of_order"], 0);
  Program stop{place_, "lumen-host", {"stop"}};
  EXPECT_EQ(host_->wait(10s), "exited with status 0");
  EXPECT_TRUE(eventually([&] { return desktop_->monitors().empty(); })) << desktop_->monitors();
  EXPECT_EQ(left_to_restore(), 0U);
}

TEST_F(DesktopOfAPerson, that_dies_is_waited_for_and_the_client_is_told_why) {
  start_host("mutter");
  const auto client = start_client();
  ASSERT_TRUE(goes_on()) << host_->output();
  desktop_->kill_compositor();
  ASSERT_TRUE(eventually([&] { return contains(session().dump(), "waiting for it to come back"); }))
      << host_->output();
  desktop_->start_compositor();
  ASSERT_TRUE(eventually([&] { return !contains(session().dump(), "waiting for it to come back"); }))
      << host_->output();
  EXPECT_TRUE(goes_on()) << host_->output();
  client->signal(SIGTERM);
  EXPECT_TRUE(client->wait(10s));
  EXPECT_PRED2(contains, client->output(), "is gone");
}

// Who dies, and when: every pair is a named point.
enum class Who { compositor, pipewire, bus, session, host };
enum class When {
  before_the_client,
  while_it_starts,
  while_it_streams,
  while_the_mode_changes,
  after_the_client
};
struct Point {
  Who who;
  When when;
};

std::string to_text(Who who) {
  constexpr std::array kNames{"compositor", "pipewire", "bus", "session", "host"};
  return kNames[static_cast<std::size_t>(who)];
}
std::string to_text(When when) {
  constexpr std::array kNames{"before_the_client", "while_it_starts", "while_it_streams",
                              "while_the_mode_changes", "after_the_client"};
  return kNames[static_cast<std::size_t>(when)];
}

class DeathOnADesktop : public DesktopOfAPerson, public testing::WithParamInterface<Point> {
 protected:
  void kill_it() {
    switch (GetParam().who) {
      case Who::compositor:
        return desktop_->kill_compositor();
      case Who::pipewire:
        return desktop_->kill_pipewire();
      case Who::bus:
        return desktop_->kill_bus();
      case Who::session:
        if (const auto pid = session_pid(); pid > 0) kill(pid, SIGKILL);
        return;
      case Who::host:
        host_->signal(SIGKILL);
    }
  }
  // As the person or the service manager does.
  void start_it_again() {
    switch (GetParam().who) {
      case Who::compositor:
        return desktop_->start_compositor();
      case Who::pipewire:
        desktop_->stop_session_manager();
        return desktop_->start_pipewire();
      case Who::bus:
        desktop_->kill_compositor();
        desktop_->start_bus();
        desktop_->stop_session_manager();
        desktop_->kill_pipewire();
        desktop_->start_pipewire();
        return desktop_->start_compositor();
      case Who::session:
        return;
      case Who::host:
        EXPECT_TRUE(host_->wait(5s));
        EXPECT_TRUE(eventually([this] { return programs_left().empty(); }, 5s));
        start_host("mutter");
    }
  }
};

TEST_P(DeathOnADesktop, hangs_nothing_leaves_nothing_and_the_next_client_is_served) {
  const auto when = GetParam().when;
  start_host("mutter");
  std::unique_ptr<Program> client;
  if (when == When::before_the_client) kill_it();
  if (when != When::before_the_client) {
    client = start_client(when == When::while_the_mode_changes
                              ? std::vector<std::string>{"--then-mode", "800x600@60", "--then-after", "1"}
                              : std::vector<std::string>{});
    ASSERT_TRUE(eventually([&] { return session_pid() > 0; })) << host_->output();
  }
  if (when == When::while_it_starts) kill_it();
  if (when == When::while_it_streams || when == When::while_the_mode_changes ||
      when == When::after_the_client) {
    ASSERT_TRUE(goes_on()) << host_->output();
  }
  if (when == When::while_the_mode_changes) {
    ASSERT_TRUE(eventually([&] { return contains(session().dump(), "800"); })) << session().dump();
  }
  if (when == When::after_the_client) {
    client->signal(SIGTERM);
    ASSERT_TRUE(client->wait(10s));
  }
  if (when > When::while_it_starts) kill_it();
  start_it_again();
  if (client) {
    client->signal(SIGTERM);
    EXPECT_TRUE(client->wait(10s)) << client->output();
  }
  const auto next = start_client({"--seconds", "0.5"});
  EXPECT_EQ(next->wait(30s), "exited with status 0") << next->output() << host_->output();
  Program stop{place_, "lumen-host", {"stop"}};
  EXPECT_EQ(host_->wait(10s), "exited with status 0") << host_->output();
  EXPECT_TRUE(eventually([&] { return programs_left().empty(); }, 5s))
      << testing::PrintToString(programs_left());
  EXPECT_TRUE(eventually([&] { return desktop_->monitors().empty(); }, 5s)) << desktop_->monitors();
  if (GetParam().who == Who::pipewire && left_to_restore() != 0) {
    // One that has just come back may answer too late; what was written down is undone when it does.
    EXPECT_EQ((Program{place_, "lumen-host", {"restore"}}.wait(10s)), "exited with status 0");
  }
  EXPECT_EQ(left_to_restore(), 0U);
}

std::vector<Point> every_point() {
  std::vector<Point> points;
  for (const auto who : {Who::compositor, Who::pipewire, Who::bus, Who::session, Who::host}) {
    for (const auto when : {When::before_the_client, When::while_it_starts, When::while_it_streams,
                            When::while_the_mode_changes, When::after_the_client})
      points.push_back({who, when});
  }
  return points;
}

INSTANTIATE_TEST_SUITE_P(All, DeathOnADesktop, testing::ValuesIn(every_point()), [](const auto& each) {
  return to_text(each.param.who) + "_" + to_text(each.param.when);
});

}  // namespace
}  // namespace lumen::e2e
