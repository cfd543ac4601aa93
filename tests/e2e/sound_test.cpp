// Sound from an application in a real session to the packets that a host would send, and by lumen/1 to what a
// client plays.
#include <gtest/gtest.h>

#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "audio/opus_decoder.hpp"
#include "audio/test_tone.hpp"
#include "base/runtime_dir.hpp"
#include "host/session_slot.hpp"
#include "tests/e2e/programs.hpp"

namespace lumen::e2e {
namespace {

using namespace std::chrono_literals;

Timestamp now() { return SteadyTime{}.now(); }

class Sound : public testing::Test {
 protected:
  void open(const std::string& application) {
    const auto dir = place_.path() + "/session-0";
    slot_ = std::make_unique<host::SessionSlot>(
        host::SlotParams{
            .program = LUMEN_PROGRAM_DIR "/lumen-session",
            .command = {"sh", "-c", application},
            .runtime_dir = dir,
            .marker = link::make_marker(dir),
            .environment = {"XDG_RUNTIME_DIR=" + place_.path()},  // where this user runs no PipeWire
            .audio = kFormat,
            .log_level = "warning"},
        host::SlotEvents{
            .on_ring = [](const auto&) {},
            .on_audio_ring = [this](std::shared_ptr<link::AudioRing> ring) { ring_ = std::move(ring); },
            .on_state = [this](host::SlotState state, const std::string&) { state_ = state; },
            .on_ready = [](const link::Ready&) {},
            .on_mode = [](const link::ModeChanged&) {},
            .on_sound = [this](const link::SoundState& sound) { trouble_ = sound.reason; }},
        *loop_, port_, *log_);
    slot_->client_wants({.width = 640, .height = 360, .refresh_mhz = 60'000}, {.drawn = true});
  }

  template <class Condition>
  bool becomes(Condition condition) {
    const auto deadline = now() + 30s;
    while (!condition() && now() < deadline) {
      loop_->call_at(now() + 5ms, [this] { loop_->stop(); });
      loop_->run();
      listen();
    }
    return condition();
  }
  void listen() {
    while (const auto packet = ring_ ? ring_->peek() : std::nullopt) {
      ASSERT_EQ(packet->format, kFormat);
      const auto samples = decoder_.decode(packet->bytes).value();
      heard_.insert(heard_.end(), samples.begin(), samples.end());
      ring_->release();
      constexpr std::size_t kMost = std::size_t{kFormat.channels} * kSampleRateHz / 2;
      if (heard_.size() > kMost) heard_.erase(heard_.begin(), heard_.end() - std::ptrdiff_t{kMost});
    }
  }
  bool tones_are_heard() const {
    for (std::size_t channel = 0; channel < kFormat.channels; ++channel) {
      if (audio::amplitude_at(heard_, kFormat.channels, channel, audio::tone_hz(channel)) < 0.3) return false;
    }
    return true;
  }

  static constexpr AudioFormat kFormat{6, AudioQuality::high, 5};
  const Place place_;
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  host::SessionPort port_;
  std::shared_ptr<link::AudioRing> ring_;
  host::SlotState state_ = host::SlotState::starting;
  std::optional<std::string> trouble_;
  audio::OpusDecoder decoder_ =
      audio::OpusDecoder::create(audio::layout_of(kFormat), kFormat.packet_ms).value();
  std::vector<float> heard_{0.0F};
  std::unique_ptr<host::SessionSlot> slot_;
};

TEST_F(Sound, of_an_application_reaches_the_host_and_comes_back_when_its_session_died) {
  audio::write_wav(place_.path() + "/tone.wav", kFormat.channels, 60);
  open("paplay " + place_.path() + "/tone.wav & exec " LUMEN_PROGRAM_DIR "/lumen-test-scene");
  ASSERT_TRUE(becomes([this] { return trouble_.has_value(); }));
  EXPECT_EQ(*trouble_, "");
  ASSERT_TRUE(becomes([this] { return tones_are_heard(); }));
  EXPECT_EQ(state_, host::SlotState::streaming);

  kill(slot_->pid(), SIGKILL);
  ASSERT_TRUE(becomes([this] { return slot_->restarts() == 1 && slot_->runs(); }));
  heard_.assign(1, 0.0F);
  EXPECT_TRUE(becomes([this] { return tones_are_heard(); }));
}

TEST_F(Sound, leaves_nothing_behind) {
  open("exec " LUMEN_PROGRAM_DIR "/lumen-test-scene");
  ASSERT_TRUE(becomes([this] { return state_ == host::SlotState::streaming && trouble_ == std::string{}; }));
  slot_.reset();
  EXPECT_EQ(processes_of(place_).size(), 0U);
}

// A client's figures of sound after so many seconds of two tones.
nlohmann::json heard_by_client(const std::string& loss) {
  const Place place;
  audio::write_wav(place.path() + "/tone.wav", 2, 120);
  const auto application =
      "sh -c 'paplay " + place.path() + "/tone.wav & exec " LUMEN_PROGRAM_DIR "/lumen-test-scene'";
  const Program host{
      place, "lumen-host", {"serve", "--app", application, "--port", "0", "--no-gamestream", "--no-lumen"}};
  if (!eventually([&] { return !host_status(place).is_null(); })) ADD_FAILURE() << host.output();
  const auto stats = place.path() + "/client.json";
  Program client{place,
                 "lumen-client",
                 {"--headless", "--check", "--mode", "640x360@60", "--seconds", "10", "--loss", loss,
                  "--stats-json", stats}};
  EXPECT_EQ(client.wait(60s), "exited with status 0") << client.output() << host.output();
  const auto text = read_small_file(stats, 1U << 16U);
  if (!text) {
    ADD_FAILURE() << describe(text.error());
    return {};
  }
  auto sound = nlohmann::json::parse(*text)["sound"];
  const auto status = host_status(place);
  EXPECT_EQ(status["sessions"][0]["reason"], "");
  sound["copies"] = status["sessions"][0]["sound"]["copies"];
  return sound;
}

void expect_tones(const nlohmann::json& sound) {
  ASSERT_EQ(sound["channels"].size(), 2U) << sound.dump(2);
  for (std::size_t channel = 0; channel < 2; ++channel) {
    const auto hz = audio::tone_hz(channel);
    EXPECT_NEAR(sound["channels"][channel]["tone_hz"].get<double>(), hz, hz / 100) << sound.dump(2);
    EXPECT_NEAR(sound["channels"][channel]["level_dbfs"].get<double>(), -9, 1.5);
  }
  EXPECT_EQ(sound["datagrams_malformed"], 0);
  EXPECT_EQ(sound["packets_undecodable"], 0);
  EXPECT_EQ(sound["streams"], 1);
}

TEST(SoundOverLumen, of_an_application_is_played_by_the_client) {
  const auto sound = heard_by_client("0");
  expect_tones(sound);
  EXPECT_GT(sound["packets_played"], 1900);
  EXPECT_LE(sound["packets_concealed"], 10) << "of 2000 that last 5 ms: " << sound.dump(2);
  EXPECT_LE(sound["wanted_lead_ms"], 15);
}

TEST(SoundOverLumen, has_no_audible_gap_at_five_percent_loss) {
  const auto sound = heard_by_client("5");
  expect_tones(sound);
  EXPECT_EQ(sound["copies"], 3);
  EXPECT_GT(sound["packets_from_copies"], 50);
  EXPECT_LE(sound["packets_concealed"], 15) << "of 2000 that last 5 ms, 100 of them lost: " << sound.dump(2);
}

// What a client says into its microphone, which is a file here, is recorded by a program of the session.
class MicrophoneOverLumen : public testing::Test {
 protected:
  MicrophoneOverLumen() {
    const auto said = audio::tones(1, 0, 60 * std::size_t{kSampleRateHz});
    std::ofstream{place_.path() + "/said.raw", std::ios::binary}.write(
        reinterpret_cast<const char*>(said.data()),
        static_cast<std::streamsize>(said.size() * sizeof(float)));
    setenv("SDL_AUDIODRIVER", "disk", 1);
    setenv("SDL_DISKAUDIOFILEIN", (place_.path() + "/said.raw").c_str(), 1);
    std::ofstream{place_.path() + "/application"}
        << "( until pw-cli ls Node | grep -q microphone; do sleep 0.1; done\n"
           "  exec pw-record --rate 48000 --channels 1 --format f32 "
        << place_.path() << "/recorded-$$.wav ) &\nexec " LUMEN_PROGRAM_DIR "/lumen-test-scene\n";
  }
  ~MicrophoneOverLumen() override {
    unsetenv("SDL_AUDIODRIVER");
    unsetenv("SDL_DISKAUDIOFILEIN");
  }
  std::string application() const { return "sh " + place_.path() + "/application"; }
  // Files that hold a second of the tone at their end.
  std::size_t recordings_with_tone() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{place_.path()}) {
      if (entry.path().extension() == ".wav" && ends_with_tone(entry.path())) ++count;
    }
    return count;
  }
  static bool ends_with_tone(const std::string& path) {
    std::ifstream file{path, std::ios::binary | std::ios::ate};
    constexpr std::streamoff kBytes = 48'000 * sizeof(float);
    const auto size = static_cast<std::streamoff>(file.tellg()) / 4 * 4;
    if (size < kBytes + 200) return false;
    std::vector<float> samples(48'000);
    file.seekg(size - kBytes);
    file.read(reinterpret_cast<char*>(samples.data()), kBytes);
    return audio::usual_amplitude_at(samples, 1, 0, audio::tone_hz(0)) > 0.3;
  }
  // Whether the session's own PipeWire has one.
  bool has_microphone() const {
    const auto dir = place_.runtime_root() + "/session-0";
    const auto command = "PIPEWIRE_RUNTIME_DIR=" + dir + " PIPEWIRE_REMOTE=" + dir +
                         "/pipewire-0 timeout 5 pw-cli ls Node | grep -q microphone";
    return std::system(command.c_str()) == 0;
  }

  const Place place_;
};

TEST_F(MicrophoneOverLumen, is_recorded_in_the_session_also_after_its_death_and_goes_with_the_client) {
  const Program host{place_,
                     "lumen-host",
                     {"serve", "--app", application(), "--port", "0", "--no-gamestream", "--no-lumen"}};
  ASSERT_TRUE(eventually([&] { return !host_status(place_).is_null(); })) << host.output();
  EXPECT_FALSE(has_microphone());
  Program client{place_, "lumen-client", {"--headless", "--microphone", "--mode", "640x360@60"}};
  EXPECT_TRUE(eventually([&] { return recordings_with_tone() == 1; }, 40s))
      << client.output() << host.output();
  EXPECT_TRUE(has_microphone());
  kill(host_status(place_)["sessions"][0]["pid"].get<pid_t>(), SIGKILL);
  EXPECT_TRUE(eventually([&] { return recordings_with_tone() == 2; }, 40s))
      << client.output() << host.output();
  client.signal(SIGTERM);
  EXPECT_EQ(client.wait(10s), "exited with status 0") << client.output();
  EXPECT_TRUE(eventually([&] { return !has_microphone(); }));
}

}  // namespace
}  // namespace lumen::e2e
