// GameStream between the real programs: a host with a desktop, and lumen-client as its Moonlight. Every frame
// is checked by its pixels, sound by its tones.
#include <array>
#include <filesystem>

#include "audio/test_tone.hpp"
#include "tests/e2e/gamestream_fixture.hpp"

namespace lumen::e2e {
namespace {

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

TEST_F(GameStream, s34_a_client_that_is_removed_is_cut_off_and_has_to_pair_again) {
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
