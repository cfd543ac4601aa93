// A GameStream host with a desktop and the clients that use it, all real programs, for end-to-end tests.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/runtime_dir.hpp"
#include "tests/e2e/programs.hpp"

namespace lumen::e2e {

using namespace std::chrono_literals;
using Arguments = std::vector<std::string>;

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Below the ports that the kernel hands out by itself; the family hangs on it.
inline int base_port() { return 12'000 + getpid() % 600 * 30; }

class GameStream : public testing::Test {
 protected:
  // Does not wait until it is there.
  void launch_host(const std::string& application, const std::string& codec, const Arguments& more) {
    const auto config = place_.path() + "/host.toml";
    std::ofstream{config} << "[gamestream]\nport = " << base_port() << "\ncodecs = [\"" << codec << "\"]\n";
    Arguments arguments{"serve", "--app", application, "--port", "0", "--config", config};
    arguments.insert(arguments.end(), more.begin(), more.end());
    host_ = std::make_unique<Program>(place_, "lumen-host", arguments);
  }
  void start_host(const std::string& application = "test-scene", const std::string& codec = "h264",
                  const Arguments& more = {"--no-publish"}) {
    launch_host(application, codec, more);
    ASSERT_TRUE(eventually([this] { return !host_status(place_).is_null(); })) << host_->output();
  }
  std::string host() const { return "127.0.0.1:" + std::to_string(base_port()); }

  // How it ended, and what it said.
  struct Ran {
    std::string how, output;
  };
  Ran client(Arguments arguments, const Place& as) const {
    Program program{as, "lumen-client", std::move(arguments)};
    const auto how = program.wait(60s);
    return {how.value_or("did not end"), program.output()};
  }
  Ran client(Arguments arguments) const { return client(std::move(arguments), place_); }

  // The client shows `shown`, and the person at the host types `typed`.
  Ran pair(const Place& as, const std::string& shown = "1234", const std::string& typed = "1234") {
    Program program{as, "lumen-client", {"pair", host(), "--pin", shown}};
    Program person{place_, "lumen-host", {"pair", typed, "--wait", "20"}};
    const auto how = program.wait(40s);
    typed_ = person.wait(40s).value_or("did not end");
    return {how.value_or("did not end"), program.output()};
  }
  void start_paired(const std::string& application = "test-scene", const std::string& codec = "h264",
                    const Arguments& more = {"--no-publish"}) {
    start_host(application, codec, more);
    const auto paired = pair(place_);
    ASSERT_EQ(paired.how, "exited with status 0") << paired.output;
  }

  Arguments stream_arguments(Arguments more, const Place& as) const {
    Arguments arguments{"stream", host(), "--headless", "--stats-json", as.path() + "/client.json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  nlohmann::json stream(Arguments more) const {
    const auto ran = client(stream_arguments(std::move(more), place_));
    EXPECT_EQ(ran.how, "exited with status 0") << ran.output << host_->output();
    return figures(place_);
  }
  static nlohmann::json figures(const Place& as) {
    return nlohmann::json::parse(read_small_file(as.path() + "/client.json", 1U << 20U).value_or("null"),
                                 nullptr, false);
  }
  std::unique_ptr<Program> start_stream(Arguments more, const Place& as) const {
    return std::make_unique<Program>(as, "lumen-client", stream_arguments(std::move(more), as));
  }
  bool is_streaming(std::size_t sessions = 1) const {
    return eventually(
        [&] {
          const auto status = host_status(place_);
          return !status.is_null() && status["gamestream"]["sessions"].size() == sessions &&
                 std::ranges::all_of(status["gamestream"]["sessions"],
                                     [](const auto& session) { return session["video"]["frames"] > 30; });
        },
        20s);
  }

  static void expect_nothing_wrong(const nlohmann::json& figures, int too_coarse = 0) {
    ASSERT_TRUE(figures.is_object());
    EXPECT_LE(figures["frames_unreadable"], too_coarse);
    EXPECT_LE(figures["frames_wrong_color"], too_coarse);
    for (const auto* bad : {"frames_wrong_size", "frames_out_of_order", "scene_restarts",
                            "datagrams_not_authentic", "shards_invalid"}) {
      EXPECT_EQ(figures[bad], 0) << bad;
    }
  }
  static double share_correct(const nlohmann::json& figures) {
    return figures["frames_correct"].get<double>() / figures["frames_drawn"].get<double>();
  }

  const Place place_;
  std::unique_ptr<Program> host_;
  std::string typed_;
};

}  // namespace lumen::e2e
