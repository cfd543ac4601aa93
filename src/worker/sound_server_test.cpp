// The real PipeWire, WirePlumber and pipewire-pulse, started by a session for itself.
#include "worker/sound_server.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <array>
#include <filesystem>

#include "audio/opus_decoder.hpp"
#include "audio/pipewire_source.hpp"
#include "audio/sound_pipeline.hpp"
#include "audio/test_tone.hpp"

namespace lumen::worker {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSecond = kSampleRateHz;
constexpr double kLoud = 0.3;  // of tones played at 0.5
constexpr const char* kSink = "lumen-test-sink";

Timestamp now() { return SteadyTime{}.now(); }

// A session's sound from application to packets, and what a client would hear.
class SessionSoundTest : public testing::Test {
 protected:
  SessionSoundTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "lumen-sound-XXXXXX";
    dir_ = mkdtemp(pattern.data());
  }
  ~SessionSoundTest() override {
    pipeline_.reset();
    server_.reset();
    for (const auto& player : players_) kill(player.pid, SIGKILL);
    link::kill_marked("", 300ms);
    while (link::reap_adopted({}) > 0) {
    }
    std::filesystem::remove_all(dir_);
  }

  void open(const AudioFormat& format, std::optional<std::string> user_socket = std::nullopt) {
    hear(format);
    server_ = std::make_unique<SoundServer>(
        SoundServer::Params{.runtime_dir = dir_, .user_socket = user_socket, .on_change = [] {}}, *loop_,
        *log_);
    pipeline_ = std::make_unique<audio::SoundPipeline>(
        format,
        audio::make_pipewire_source({.socket = server_->socket(), .sink_name = kSink, .description = "Test"}),
        audio::SoundEvents{
            .on_packet =
                [this](const AudioPacketView& packet) {
                  loop_->post([this, format = packet.format,
                               bytes = std::vector(packet.bytes.begin(), packet.bytes.end())] {
                    on_packet(format, bytes);
                  });
                  return true;
                },
            .on_sound =
                [this](const std::string& reason) { loop_->post([this, reason] { reason_ = reason; }); }},
        *log_);
    pipeline_->set_streaming(true);
  }

  void hear(const AudioFormat& format) {
    format_ = format;
    heard_.clear();
    decoder_ = std::make_unique<audio::OpusDecoder>(
        audio::OpusDecoder::create(audio::layout_of(format), format.packet_ms).value());
  }

  void on_packet(const AudioFormat& format, ByteView bytes) {
    if (format != format_) return;
    ++packets_;
    const auto samples = decoder_->decode(bytes).value();
    heard_.insert(heard_.end(), samples.begin(), samples.end());
    const auto most = std::size_t{format_.channels} * kSecond / 2;
    if (heard_.size() > most) heard_.erase(heard_.begin(), heard_.end() - static_cast<std::ptrdiff_t>(most));
  }

  // Runs the loop until `condition` holds; false when it does not within ten seconds.
  template <class Condition>
  bool becomes(Condition condition) {
    const auto deadline = now() + 20s;
    while (!condition() && now() < deadline) {
      loop_->call_at(now() + 20ms, [this] { loop_->stop(); });
      loop_->run();
    }
    return condition();
  }
  bool comes_up() {
    return becomes([this] { return server_->ready() && reason_ == std::string{}; });
  }

  void play(std::vector<std::string> argv) {
    auto environment = server_->environment(kSink);
    environment.push_back("XDG_RUNTIME_DIR=" + dir_);
    auto player =
        link::spawn({.argv = std::move(argv), .environment = environment, .unset = server_->unset()});
    ASSERT_TRUE(player) << describe(player.error());
    players_.push_back(std::move(*player));
  }

  double heard(std::size_t channel, double hz) const {
    return heard_.empty() ? 0 : audio::amplitude_at(heard_, format_.channels, channel, hz);
  }
  // Each channel's own tone, and no other's.
  bool all_heard(std::size_t channels) const {
    for (std::size_t channel = 0; channel < channels; ++channel) {
      if (heard(channel, audio::tone_hz(channel)) < kLoud) return false;
      const auto other = (channel + 1) % channels;
      if (heard(channel, audio::tone_hz(other)) > 0.1) return false;
    }
    return true;
  }

  std::string dir_;
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  std::unique_ptr<SoundServer> server_;
  std::unique_ptr<audio::SoundPipeline> pipeline_;
  std::unique_ptr<audio::OpusDecoder> decoder_;
  AudioFormat format_;
  std::vector<float> heard_;  // the last half second
  std::uint64_t packets_ = 0;
  std::optional<std::string> reason_;
  std::vector<link::Child> players_;
};

TEST_F(SessionSoundTest, silence_flows_at_once_and_what_a_program_plays_follows) {
  const auto begun = now();
  open({});
  ASSERT_TRUE(becomes([this] { return packets_ > 0; }));
  EXPECT_LT(now() - begun, 300ms);
  ASSERT_TRUE(comes_up()) << reason_.value_or("") << server_->trouble();
  audio::write_wav(dir_ + "/tone.wav", 2, 30);
  play({"pw-play", dir_ + "/tone.wav"});
  EXPECT_TRUE(becomes([this] { return all_heard(2); }));
}

TEST_F(SessionSoundTest, programs_that_know_only_pulseaudio_are_heard) {
  open({});
  ASSERT_TRUE(comes_up()) << reason_.value_or("") << server_->trouble();
  audio::write_wav(dir_ + "/tone.wav", 2, 30);
  play({"paplay", dir_ + "/tone.wav"});
  EXPECT_TRUE(becomes([this] { return all_heard(2); }));
}

class SessionSurround : public SessionSoundTest, public testing::WithParamInterface<AudioFormat> {};

TEST_P(SessionSurround, every_speaker_is_heard_on_its_own_channel) {
  open(GetParam());
  ASSERT_TRUE(comes_up()) << reason_.value_or("") << server_->trouble();
  audio::write_wav(dir_ + "/tone.wav", GetParam().channels, 30);
  play({"pw-play", dir_ + "/tone.wav"});
  EXPECT_TRUE(becomes([this] { return all_heard(format_.channels); }));
}

INSTANTIATE_TEST_SUITE_P(Of, SessionSurround,
                         testing::Values(AudioFormat{6, AudioQuality::high, 5},
                                         AudioFormat{8, AudioQuality::high, 5}),
                         [](const auto& each) { return std::to_string(each.param.channels) + "_channels"; });

TEST_F(SessionSoundTest, another_layout_while_a_program_plays_is_heard_as_well) {
  open({});
  ASSERT_TRUE(comes_up()) << reason_.value_or("") << server_->trouble();
  audio::write_wav(dir_ + "/tone.wav", 6, 60);
  play({"pw-play", dir_ + "/tone.wav"});
  ASSERT_TRUE(becomes([this] { return heard(0, audio::tone_hz(0)) > 0.1; }));
  const AudioFormat surround{6, AudioQuality::high, 5};
  hear(surround);
  pipeline_->set_format(surround);
  EXPECT_TRUE(becomes([this] { return all_heard(6); }));
}

TEST_F(SessionSoundTest, the_end_of_pipewire_is_told_and_sound_comes_back) {
  open({});
  ASSERT_TRUE(comes_up()) << reason_.value_or("") << server_->trouble();
  kill(server_->processes().front(), SIGKILL);
  ASSERT_TRUE(becomes([this] { return !server_->trouble().empty() && !reason_->empty(); }));
  EXPECT_NE(server_->trouble().find("pipewire was killed by signal 9"), std::string::npos)
      << server_->trouble();
  const auto before = packets_;
  ASSERT_TRUE(becomes([this] { return server_->trouble().empty(); }));
  ASSERT_TRUE(comes_up()) << *reason_;
  EXPECT_GT(packets_, before) << "silence meanwhile";
  audio::write_wav(dir_ + "/tone.wav", 2, 30);
  play({"pw-play", dir_ + "/tone.wav"});
  EXPECT_TRUE(becomes([this] { return all_heard(2); }));
}

// The same beside what else this user listens to: a PipeWire that is not the session's, with a sound card.
class UsersPipeWireTest : public SessionSoundTest {
 protected:
  UsersPipeWireTest() {
    std::filesystem::create_directory(user_dir_);
    std::filesystem::permissions(user_dir_, std::filesystem::perms::owner_all);
    user_ = std::make_unique<SoundServer>(SoundServer::Params{.runtime_dir = user_dir_, .on_change = [] {}},
                                          *loop_, *log_);
    EXPECT_TRUE(becomes([this] { return user_->ready(); }));
    // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread yet
    setenv("PULSE_SERVER", ("unix:" + user_dir_ + "/pulse/native").c_str(), 1);
  }
  ~UsersPipeWireTest() override {
    unsetenv("PULSE_SERVER");  // NOLINT(concurrency-mt-unsafe)
    pipeline_.reset();
    server_.reset();
    user_.reset();
  }

  // What the program wrote.
  std::string output_of(std::vector<std::string> argv) {
    auto tail = OutputTail::create(*loop_).value();
    auto environment = user_->environment(kSink);
    environment.push_back("XDG_RUNTIME_DIR=" + user_dir_);
    auto child =
        link::spawn({.argv = std::move(argv), .environment = environment, .output_fd = tail->write_end()})
            .value();
    std::optional<std::string> ended;
    EXPECT_TRUE(becomes([&] { return (ended = link::reap(child.pid)).has_value(); }));
    return tail->last_line();
  }
  void plug_in_card() {
    output_of({"pw-cli", "create-node", "adapter",
               "{ factory.name=support.null-audio-sink node.name=card media.class=Audio/Sink "
               "object.linger=true audio.position=[FL FR] priority.session=1000 }"});
    ASSERT_TRUE(becomes([this] { return default_sink() == "card"; }));
  }
  std::string default_sink() { return output_of({"pactl", "get-default-sink"}); }

  const std::string user_dir_ = dir_ + "/user";
  std::unique_ptr<SoundServer> user_;
};

TEST_F(UsersPipeWireTest, the_session_is_heard_and_the_users_default_stays) {
  plug_in_card();
  open({}, user_->socket());
  EXPECT_TRUE(server_->processes().empty());
  ASSERT_TRUE(comes_up()) << reason_.value_or("");
  audio::write_wav(dir_ + "/tone.wav", 2, 60);
  play({"pw-play", dir_ + "/tone.wav"});
  ASSERT_TRUE(becomes([this] { return all_heard(2); }));
  kill(players_.back().pid, SIGKILL);
  ASSERT_TRUE(becomes([this] { return heard(0, audio::tone_hz(0)) < 0.01; }));
  play({"paplay", dir_ + "/tone.wav"});
  EXPECT_TRUE(becomes([this] { return all_heard(2); }));
  EXPECT_EQ(default_sink(), "card");
}

TEST_F(UsersPipeWireTest, programs_follow_the_session_to_another_layout) {
  plug_in_card();
  for (const auto* player : {"pw-play", "paplay"}) {
    SCOPED_TRACE(player);
    open({}, user_->socket());
    ASSERT_TRUE(comes_up()) << reason_.value_or("");
    audio::write_wav(dir_ + "/tone.wav", 6, 60);
    play({player, dir_ + "/tone.wav"});
    ASSERT_TRUE(becomes([this] { return heard(0, audio::tone_hz(0)) > 0.1; }));
    const AudioFormat surround{6, AudioQuality::high, 5};
    hear(surround);
    pipeline_->set_format(surround);
    EXPECT_TRUE(becomes([this] { return all_heard(6); }));
    kill(players_.back().pid, SIGKILL);
    pipeline_.reset();
    reason_.reset();
  }
}

TEST_F(SessionSoundTest, without_pipewire_it_is_told_what_to_install) {
  const std::string path = getenv("PATH");  // NOLINT(concurrency-mt-unsafe): no other thread yet
  setenv("PATH", dir_.c_str(), 1);          // NOLINT(concurrency-mt-unsafe)
  open({});
  setenv("PATH", path.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_NE(server_->trouble().find("pipewire was not found"), std::string::npos) << server_->trouble();
  ASSERT_TRUE(becomes([this] { return packets_ > 10 && reason_; }));
  EXPECT_NE(reason_->find("PipeWire does not answer"), std::string::npos) << *reason_;
}

}  // namespace
}  // namespace lumen::worker
