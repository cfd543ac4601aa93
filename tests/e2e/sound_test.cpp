// Sound from an application in a real session to the packets that a host would send.
#include <gtest/gtest.h>

#include <signal.h>

#include "audio/opus_decoder.hpp"
#include "audio/test_tone.hpp"
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
    slot_->client_wants({.width = 640, .height = 360, .refresh_mhz = 60'000}, true);
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

}  // namespace
}  // namespace lumen::e2e
