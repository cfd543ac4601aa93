// A client's voice as a microphone in the real PipeWire of a session.
#include "audio/voice_source.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "audio/opus_encoder.hpp"
#include "audio/test_tone.hpp"
#include "worker/sound_server.hpp"

namespace lumen::worker {
namespace {

using namespace std::chrono_literals;

Timestamp now() { return SteadyTime{}.now(); }

class SessionMicrophoneTest : public testing::Test {
 protected:
  SessionMicrophoneTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "lumen-voice-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    server_ = std::make_unique<SoundServer>(
        SoundServer::Params{.runtime_dir = dir_, .user_socket = {}, .on_change = [] {}}, *loop_, *log_);
    speak();
  }
  ~SessionMicrophoneTest() override {
    microphone_.reset();
    server_.reset();
    for (const auto& recorder : recorders_) kill(recorder.pid, SIGKILL);
    link::kill_marked("", 300ms);
    while (link::reap_adopted({}) > 0) {
    }
    std::filesystem::remove_all(dir_);
  }

  template <class Condition>
  bool becomes(Condition condition) {
    const auto deadline = now() + 30s;
    while (!condition() && now() < deadline) {
      loop_->call_at(now() + 20ms, [this] { loop_->stop(); });
      loop_->run();
    }
    return condition();
  }
  void open() {
    microphone_ = std::make_unique<audio::VoiceSource>(
        audio::VoiceSourceParams{server_->socket(), "lumen-test-microphone", "Test microphone"}, *log_);
  }
  // A packet of the tone every 10 ms, for as long as the loop runs.
  void speak() {
    loop_->call_at(spoken_at_ += 10ms, [this] { speak(); });
    const auto packet = encoder_.encode(audio::tones(1, spoken_ * 480, 480)).value();
    ++spoken_;
    if (microphone_) microphone_->push({.number = spoken_, .bytes = packet});
  }
  // Begins to record once there is a microphone.
  std::string record() {
    auto path = dir_ + "/recorded-" + std::to_string(recorders_.size()) + ".wav";
    auto environment = server_->environment("");
    environment.push_back("XDG_RUNTIME_DIR=" + dir_);
    auto recorder = link::spawn({.argv = {"sh", "-c",
                                          "until pw-cli ls Node | grep -q microphone; do sleep 0.1; done; "
                                          "exec pw-record --rate 48000 --channels 1 --format f32 " +
                                              path},
                                 .environment = environment,
                                 .unset = server_->unset()});
    EXPECT_TRUE(recorder) << describe(recorder.error());
    if (recorder) recorders_.push_back(std::move(*recorder));
    return path;
  }
  // Half a second of the tone at its end.
  static bool has_tone(const std::string& path) {
    constexpr std::streamoff kFrames = 24'000, kBytes = kFrames * 4;
    std::ifstream file{path, std::ios::binary | std::ios::ate};
    const auto size = static_cast<std::streamoff>(file.tellg()) / 4 * 4;
    if (size < kBytes + 200) return false;
    std::vector<float> samples(kFrames);
    file.seekg(size - kBytes);
    file.read(reinterpret_cast<char*>(samples.data()), kBytes);
    return audio::usual_amplitude_at(samples, 1, 0, audio::tone_hz(0)) > 0.35;
  }

  std::string dir_;
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  std::unique_ptr<SoundServer> server_;
  audio::OpusEncoder encoder_ = audio::OpusEncoder::create({.channels = 1, .packet_ms = 10}).value();
  std::uint64_t spoken_ = 0;
  Timestamp spoken_at_ = now();
  std::vector<link::Child> recorders_;
  std::unique_ptr<audio::VoiceSource> microphone_;
};

TEST_F(SessionMicrophoneTest, what_is_said_is_recorded_by_a_program) {
  ASSERT_TRUE(becomes([this] { return server_->ready(); })) << server_->trouble();
  open();
  const auto path = record();
  EXPECT_TRUE(becomes([&] { return has_tone(path); }));
}

TEST_F(SessionMicrophoneTest, it_waits_for_pipewire_and_comes_back_when_that_died) {
  open();
  ASSERT_TRUE(becomes([this] { return server_->ready(); })) << server_->trouble();
  const auto first = record();
  ASSERT_TRUE(becomes([&] { return has_tone(first); }));
  kill(server_->processes().front(), SIGKILL);
  ASSERT_TRUE(becomes([this] { return !server_->trouble().empty(); }));
  ASSERT_TRUE(becomes([this] { return server_->trouble().empty() && server_->ready(); }));
  const auto second = record();
  EXPECT_TRUE(becomes([&] { return has_tone(second); }));
}

}  // namespace
}  // namespace lumen::worker
