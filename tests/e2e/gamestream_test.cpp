// GameStream between the real programs: a host with a desktop, and lumen-client as its Moonlight. Every frame
// is checked by its pixels, sound by its tones.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "audio/test_tone.hpp"
#include "base/runtime_dir.hpp"
#include "tests/e2e/programs.hpp"

namespace lumen::e2e {
namespace {

using namespace std::chrono_literals;
using Arguments = std::vector<std::string>;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Below the ports that the kernel hands out by itself; the family hangs on it.
int base_port() { return 12'000 + getpid() % 600 * 30; }

class GameStream : public testing::Test {
 protected:
  void start_host(const std::string& application = "test-scene", const std::string& codec = "h264") {
    const auto config = place_.path() + "/host.toml";
    std::ofstream{config} << "[gamestream]\nport = " << base_port() << "\ncodecs = [\"" << codec << "\"]\n";
    host_ = std::make_unique<Program>(
        place_, "lumen-host",
        Arguments{"serve", "--app", application, "--port", "0", "--config", config, "--no-publish"});
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
  void start_paired(const std::string& application = "test-scene", const std::string& codec = "h264") {
    start_host(application, codec);
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

TEST_F(GameStream, a_client_pairs_finds_the_desktop_and_sees_every_frame_of_it) {
  start_paired();
  EXPECT_EQ(typed_, "exited with status 0");
  const auto list = client({"list", host()});
  EXPECT_EQ(list.how, "exited with status 0");
  EXPECT_PRED2(contains, list.output, "Desktop");
  const auto known = client({"list"});
  EXPECT_PRED2(contains, known.output, host());
  const auto png = place_.path() + "/last.png";
  const auto seen = stream({"--check", "--seconds", "5", "--png", png});
  expect_nothing_wrong(seen);
  EXPECT_EQ(seen["mode"], "1280x720@60");
  EXPECT_EQ(seen["codec"], "h264");
  EXPECT_EQ(seen["idr_count"], 1);
  EXPECT_EQ(seen["access_units_lost"], 0);
  EXPECT_GT(seen["frames_drawn"], 240);
  EXPECT_GT(share_correct(seen), 0.95);
  EXPECT_GT(seen["sound"]["packets"], 500);
  EXPECT_EQ(seen["sound"]["packets_undecodable"], 0);
  EXPECT_GT(std::filesystem::file_size(png), 1000U);
}

TEST_F(GameStream, two_percent_loss_is_mended) {
  start_paired();
  const auto seen = stream({"--check", "--seconds", "10", "--loss", "2"});
  expect_nothing_wrong(seen);
  EXPECT_GT(seen["datagrams_dropped_by_injection"], 50);
  EXPECT_GT(seen["access_units_repaired"], 30);
  EXPECT_GT(share_correct(seen), 0.9);  // the machine may have more to do
  // What parity did not mend was asked for, once each.
  EXPECT_LE(seen["idr_count"], seen["access_units_lost"].get<int>() + 1);
  EXPECT_LE(seen["access_units_lost"], 5);
  EXPECT_GT(seen["sound"]["packets_repaired"], 10);
}

TEST_F(GameStream, a_wrong_pin_lets_nobody_in) {
  start_host();
  const auto refused = pair(place_, "1234", "4321");
  EXPECT_EQ(refused.how, "exited with status 1");
  EXPECT_PRED2(contains, refused.output, "gamestream.wrong-pin");
  EXPECT_NE(typed_, "exited with status 0");
  const auto streamed = client(stream_arguments({}, place_));
  EXPECT_EQ(streamed.how, "exited with status 1");
  EXPECT_PRED2(contains, streamed.output, "lumen-client pair " + host());
}

TEST_F(GameStream, a_stream_is_resumed_in_another_mode_and_quit) {
  start_paired();
  const auto first = stream({"--check", "--seconds", "2"});
  expect_nothing_wrong(first);
  EXPECT_EQ(first["resumed"], false);
  EXPECT_PRED2(contains, client({"list", host()}).output, "Desktop  (running)");
  const auto second = stream({"--check", "--seconds", "2", "--mode", "854x480@50"});
  expect_nothing_wrong(second);
  EXPECT_EQ(second["resumed"], true);
  EXPECT_EQ(second["mode"], "854x480@50");
  EXPECT_GT(second["frames_correct"], 60);
  const auto log = host_->output();  // one session process served both
  EXPECT_PRED2(contains, log, "session process");
  EXPECT_EQ(log.find("session process"), log.rfind("session process")) << log;
  EXPECT_TRUE(std::filesystem::exists(place_.runtime_root() + "/session-g0"));
  EXPECT_EQ(client({"quit", host()}).how, "exited with status 0");
  EXPECT_FALSE(std::filesystem::exists(place_.runtime_root() + "/session-g0"));
  EXPECT_FALSE(contains(client({"list", host()}).output, "(running)"));
  EXPECT_EQ(client({"quit", host()}).how, "exited with status 0");  // nothing runs: nothing to do
}

class AnyCodec : public GameStream, public testing::WithParamInterface<const char*> {};

TEST_P(AnyCodec, shows_what_the_desktop_shows) {
  start_paired("test-scene", GetParam());
  const auto seen = stream({"--check", "--seconds", "3", "--mode", "640x360@30"});
  // A slow machine shows AV1 few pictures, far apart: one behind a cut may be too coarse to read its code.
  expect_nothing_wrong(seen, 2);
  EXPECT_EQ(seen["codec"], GetParam());
  EXPECT_GT(seen["frames_correct"], 30);
}

INSTANTIATE_TEST_SUITE_P(All, AnyCodec, testing::Values("hevc", "av1"));

TEST_F(GameStream, sound_is_heard_on_every_channel) {
  const auto wav = place_.path() + "/tones.wav";
  audio::write_wav(wav, 6, 60);
  start_paired("sh -c 'paplay " + wav + " & exec " LUMEN_PROGRAM_DIR "/lumen-test-scene'");
  const auto seen = stream({"--seconds", "8", "--audio", "6", "--mode", "640x360@30"});
  const auto& channels = seen["sound"]["channels"];
  ASSERT_EQ(channels.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(channels[i]["tone_hz"].get<double>(), audio::tone_hz(i), 2) << i << ' ' << channels.dump();
  }
}

// Each plays tones that no other does, chosen by the width of its display.
TEST_F(GameStream, three_clients_at_once_see_and_hear_each_its_own) {
  struct Client {
    const char* mode;
    int width;
    std::size_t lowest_tone;
    Place place;
    std::unique_ptr<Program> program;
  };
  std::array<Client, 3> clients{
      {{"640x360@30", 640, 0, {}, {}}, {"800x600@30", 800, 4, {}, {}}, {"512x288@30", 512, 6, {}, {}}}};
  for (const auto& each : clients)
    audio::write_wav(place_.path() + "/tones-" + std::to_string(each.width) + ".wav", 2, 60,
                     each.lowest_tone);
  start_host("sh -c 'paplay " + place_.path() +
             "/tones-$LUMEN_CLIENT_WIDTH.wav & exec " LUMEN_PROGRAM_DIR "/lumen-test-scene'");
  for (const auto& each : clients) ASSERT_EQ(pair(each.place).how, "exited with status 0");
  for (auto& each : clients)
    each.program = start_stream({"--check", "--seconds", "7", "--mode", each.mode}, each.place);
  EXPECT_TRUE(is_streaming(3)) << host_->output();
  for (auto& each : clients) {
    EXPECT_EQ(each.program->wait(60s), "exited with status 0") << each.program->output();
    const auto seen = figures(each.place);
    EXPECT_EQ(seen["mode"], each.mode);
    expect_nothing_wrong(seen);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_NEAR(seen["sound"]["channels"][i]["tone_hz"].get<double>(), audio::tone_hz(each.lowest_tone + i),
                  2)
          << each.mode << seen["sound"].dump();
    }
  }
}

TEST_F(GameStream, a_client_is_told_when_the_host_stops) {
  start_paired();
  const auto running = start_stream({}, place_);
  ASSERT_TRUE(is_streaming()) << host_->output() << running->output();
  host_->signal(SIGTERM);
  EXPECT_EQ(running->wait(15s), "exited with status 1");
  EXPECT_PRED2(contains, running->output(), "client.host-ended");
}

TEST_F(GameStream, a_client_that_is_removed_is_cut_off_and_has_to_pair_again) {
  start_paired();
  const auto running = start_stream({}, place_);
  ASSERT_TRUE(is_streaming()) << host_->output() << running->output();
  Program list{place_, "lumen-host", {"clients"}};
  ASSERT_EQ(list.wait(10s), "exited with status 0");
  const auto id = list.output().substr(0, 8);
  Program remove{place_, "lumen-host", {"clients", "remove", id}};
  EXPECT_EQ(remove.wait(10s), "exited with status 0") << remove.output();
  EXPECT_EQ(running->wait(15s), "exited with status 1");
  const auto again = client(stream_arguments({}, place_));
  EXPECT_PRED2(contains, again.output, "client.not-paired");
}

TEST_F(GameStream, a_client_that_is_stopped_says_goodbye) {
  start_paired();
  const auto running = start_stream({}, place_);
  ASSERT_TRUE(is_streaming()) << host_->output() << running->output();
  running->signal(SIGTERM);
  EXPECT_EQ(running->wait(10s), "exited with status 0") << running->output();
  EXPECT_TRUE(eventually(
      [this] { return host_status(place_)["gamestream"]["sessions"][0]["streaming"] == false; }, 2s));
}

TEST_F(GameStream, a_host_that_is_not_there_is_named) {
  const auto ran = client(stream_arguments({}, place_));
  EXPECT_EQ(ran.how, "exited with status 1");
  EXPECT_PRED2(contains, ran.output, "http.refused");
}

}  // namespace
}  // namespace lumen::e2e
