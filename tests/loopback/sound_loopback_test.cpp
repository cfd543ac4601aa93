// Sound and microphone over real sockets and threads: samples made here go through encoder, ring, cipher,
// UDP, injected loss and jitter buffer to samples, and a client's voice to the link of a session process.
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "audio/opus_encoder.hpp"
#include "audio/test_tone.hpp"
#include "host/client_port.hpp"
#include "stream/receive/stream_receiver.hpp"

namespace lumen {
namespace {

using namespace std::chrono_literals;

Timestamp now() { return SteadyTime{}.now(); }

// Speaks a tone at the pace of the machine's clock.
class ToneInput final : public SoundInput {
 public:
  std::size_t take(std::span<float> mono) override {
    const auto due = static_cast<std::size_t>((now() - begun_) * std::int64_t{kSampleRateHz} / Duration{1s});
    const auto count = std::min(mono.size(), due - given_);
    std::ranges::copy(audio::tones(1, given_, count), mono.begin());
    given_ += count;
    return count;
  }

 private:
  Timestamp begun_ = now();
  std::size_t given_ = 0;
};

class SoundLoopback : public testing::Test {
 protected:
  SoundLoopback() {
    EXPECT_TRUE(crypto::fill_random(secret_));
    auto sockets = link::make_socket_pair().value();
    session_ = std::move(sockets.session);
    host_link_ = std::move(sockets.host);
    link_.set(host_link_.get());
    sound_.set_ring(ring_);
    port_ = std::make_unique<host::ClientPort>(
        std::uint8_t{0}, socket_, sender_, link_, board_,
        host::ClientEvents{[](const lumen1::ClientState&, std::uint64_t) {}, [](std::uint64_t) {}}, *log_,
        &sound_);
    port_->admit(secret_);
    network_ = std::make_unique<OwnedThread>("lm-net", [this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        socket_.receive(20ms, [this](const net::Endpoint& from, MutableBytes datagram) {
          port_->on_datagram(from, datagram, now());
        });
      }
    });
  }
  ~SoundLoopback() override {
    receiver_.reset();
    network_.reset();
    link_.set(-1);
  }

  void connect(double loss_percent, bool speaks = false) {
    stream::ReceiverParams params{.connect = {"127.0.0.1", socket_.local().value().port(), 0, secret_},
                                  .mode = {1280, 720, 60'000},
                                  .loss_percent = loss_percent,
                                  .loss_seed = 7,
                                  .make_decoder = [](Codec) -> Result<std::unique_ptr<VideoDecoder>> {
                                    return fail(ErrorCode::unsupported, "test.no-picture",
                                                "there is no picture here");
                                  },
                                  .on_picture = [](const stream::DecodedPicture&) {},
                                  .on_host_state = [](const lumen1::HostState&) {},
                                  .on_failed = [](const Error& error) { ADD_FAILURE() << describe(error); }};
    params.sound.on_sound = [this](std::span<const float> samples, std::uint8_t) {
      MutexLock lock{mutex_};
      heard_.insert(heard_.end(), samples.begin(), samples.end());
    };
    if (speaks) params.open_microphone = [] { return std::make_unique<ToneInput>(); };
    receiver_ = stream::StreamReceiver::create(std::move(params), *log_).value();
    const auto deadline = now() + 10s;
    while (port_->counters().connections == 0 && now() < deadline) std::this_thread::sleep_for(1ms);
    ASSERT_EQ(port_->counters().connections, 1U);
  }
  // As a session process does, in real time.
  void play(Duration time) {
    const auto until = now() + time;
    for (auto due = now(); due < until; due += 5ms) {
      std::this_thread::sleep_until(due);
      const auto packet = encoder_.encode(audio::tones(2, played_++ * 240, 240)).value();
      EXPECT_TRUE(ring_->try_push({.format = {}, .bytes = packet, .captured = now()}));
    }
  }
  double level(std::size_t channel) {
    MutexLock lock{mutex_};
    const auto last = std::span{heard_}.last(std::min<std::size_t>(heard_.size(), 2 * 24'000));
    return audio::usual_amplitude_at(last, 2, channel, audio::tone_hz(channel));
  }
  // What the session process was sent of the microphone meanwhile, in the order of its numbers.
  std::map<std::uint64_t, std::vector<std::byte>> voice_for(Duration time) {
    std::map<std::uint64_t, std::vector<std::byte>> voice;
    for (const auto until = now() + time; now() < until; std::this_thread::sleep_for(1ms)) {
      while (const auto received = link::receive_to_session(session_.get()).value()) {
        const auto* packet = std::get_if<link::VoicePacket>(&received->message);
        if (packet == nullptr) continue;
        const auto bytes = packet->packet();
        EXPECT_TRUE(voice.try_emplace(packet->number, bytes.begin(), bytes.end()).second) << "it came twice";
      }
    }
    return voice;
  }

  std::shared_ptr<Logger> log_ = make_null_logger();
  lumen1::Secret secret_{};
  net::UdpSocket socket_ =
      net::UdpSocket::bind({.local = net::Endpoint::parse("127.0.0.1", 0).value()}).value();
  UniqueFd session_, host_link_;
  std::shared_ptr<link::AudioRing> ring_ =
      std::make_shared<link::AudioRing>(link::AudioRing::create().value());
  audio::OpusEncoder encoder_ = audio::OpusEncoder::create({}).value();
  std::size_t played_ = 0;
  fec::Leopard codec_;
  stream::VideoSender sender_{stream::SenderParams{.on_idr_needed = [] {}}, codec_, socket_, *log_};
  stream::SoundSender sound_{{}, socket_, *log_};
  host::SessionPort link_;
  host::StateBoard board_;
  std::unique_ptr<host::ClientPort> port_;
  std::unique_ptr<OwnedThread> network_;
  Mutex mutex_;
  std::vector<float> heard_ LUMEN_GUARDED_BY(mutex_);
  std::unique_ptr<stream::StreamReceiver> receiver_;
};

TEST_F(SoundLoopback, a_tone_arrives_whole) {
  connect(0);
  play(3s);
  EXPECT_GT(level(0), 0.3);
  EXPECT_GT(level(1), 0.3);
  const auto sound = receiver_->stats().sound;
  EXPECT_GT(sound.player.playout.played, 550U);
  EXPECT_LE(sound.player.playout.concealed, 20U);
  EXPECT_EQ(sound.not_authentic, 0U);
  EXPECT_LT(sound.player.latency, 200ms);  // 30 ms where the machine has time
}

TEST_F(SoundLoopback, at_five_percent_loss_copies_fill_the_gaps) {
  connect(5);
  play(5s);
  EXPECT_GT(level(0), 0.3);
  const auto playout = receiver_->stats().sound.player.playout;
  EXPECT_GT(playout.copies_used, 20U);
  EXPECT_LE(playout.concealed, 40U) << "of 1000, 50 of them lost";
}

TEST_F(SoundLoopback, a_microphone_is_passed_on_only_when_it_is_allowed) {
  port_->set_permissions(
      lumen1::control::Permissions::all().without(lumen1::control::Permission::microphone));
  connect(0, true);
  EXPECT_EQ(voice_for(500ms).size(), 0U);
  port_->set_permissions(lumen1::control::Permissions::all());
  EXPECT_GT(voice_for(500ms).size(), 20U);
  port_->set_permissions(lumen1::control::Permissions{}.with(lumen1::control::Permission::view));
  voice_for(50ms);  // what was on its way
  EXPECT_EQ(voice_for(300ms).size(), 0U);
}

TEST_F(SoundLoopback, what_is_said_arrives_once_and_in_whole) {
  connect(0, true);
  const auto voice = voice_for(2s);
  ASSERT_GT(voice.size(), 100U);
  auto decoder = audio::OpusDecoder::create(audio::layout_of({.channels = 1, .packet_ms = 10}), 10).value();
  std::vector<float> heard;
  auto expected = voice.begin()->first;
  for (const auto& [number, packet] : voice) {
    EXPECT_EQ(number, expected++);
    const auto samples = decoder.decode(packet).value();
    heard.insert(heard.end(), samples.begin(), samples.end());
  }
  EXPECT_GT(audio::amplitude_at(std::span{heard}.last(24'000), 1, 0, audio::tone_hz(0)), 0.35);
}

}  // namespace
}  // namespace lumen
