// The sound's way from a host's encoder and packetizer over loopback to samples.
#include "stream/receive/game_audio_receiver.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <vector>

#include "audio/opus_encoder.hpp"
#include "audio/test_tone.hpp"
#include "gamestream/media/audio_packetizer.hpp"

namespace lumen::stream {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::byte, 16> kKey{std::byte{5}};
constexpr std::uint32_t kKeyId = 0xF1F1F1F1;

class Sound : public testing::TestWithParam<AudioFormat> {
 protected:
  void start(const AudioFormat& format, bool encrypted = true) {
    format_ = format;
    encoder_ = audio::OpusEncoder::create(format).value();
    packetizer_ = gamestream::AudioPacketizer::create({.packet_ms = format.packet_ms, .key_id = kKeyId},
                                                      encrypted ? ByteView{kKey} : ByteView{})
                      .value();
    receiver_ =
        GameAudioReceiver::create({.socket = MediaSocket::open(host_.local().value(), std::nullopt).value(),
                                   .layout = audio::layout_of(format),
                                   .packet_ms = format.packet_ms,
                                   .key = crypto::SecretBytes<16>{ByteView{kKey}},
                                   .is_encrypted = encrypted,
                                   .key_id = kKeyId,
                                   .on_sound = [this](const auto& sound) { on_sound(sound); }},
                                  *log_)
            .value();
    while (!client_) host_.receive(1s, [&](const net::Endpoint& from, MutableBytes) { client_ = from; });
  }
  // The next packet of the tones; with `lost` its own datagram is not sent, parity is.
  void send(bool lost = false) {
    const auto frames = format_.frames_per_packet();
    const auto samples = audio::tones(format_.channels, sent_ * frames, frames);
    ++sent_;
    const auto packed = packetizer_->pack(encoder_->encode(samples).value()).value();
    for (std::size_t i = lost ? 1 : 0; i < packed.all().size(); ++i)
      ASSERT_TRUE(host_.send_one(*client_, packed.all()[i]));
  }
  bool packets(std::size_t count) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 20s, [&] { return packets_ >= count; });
  }
  void on_sound(const DecodedSound& sound) {
    const std::lock_guard lock{mutex_};
    ++packets_;
    concealed_ += sound.concealed ? 1U : 0U;
    samples_.insert(samples_.end(), sound.samples.begin(), sound.samples.end());
    changed_.notify_all();
  }

  std::shared_ptr<Logger> log_ = make_null_logger();
  net::UdpSocket host_ =
      net::UdpSocket::bind({.local = net::Endpoint::parse("127.0.0.1", 0).value()}).value();
  std::optional<net::Endpoint> client_;
  AudioFormat format_;
  std::optional<audio::OpusEncoder> encoder_;
  std::optional<gamestream::AudioPacketizer> packetizer_;
  std::size_t sent_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t packets_ = 0, concealed_ = 0;
  std::vector<float> samples_;
  std::unique_ptr<GameAudioReceiver> receiver_;  // last
};

TEST_P(Sound, every_channel_carries_its_tone) {
  start(GetParam());
  for (std::size_t i = 0; i < 100; ++i) {
    send();
    ASSERT_TRUE(packets(i + 1));
  }
  const auto per_packet = std::size_t{GetParam().frames_per_packet()} * GetParam().channels;
  ASSERT_EQ(samples_.size(), 100 * per_packet);
  const std::span late{samples_.data() + 20 * per_packet, 80 * per_packet};
  for (std::size_t i = 0; i < GetParam().channels; ++i) {
    EXPECT_GT(audio::amplitude_at(late, GetParam().channels, i, audio::tone_hz(i)), 0.3) << i;
  }
  EXPECT_EQ(concealed_, 0U);
}

INSTANTIATE_TEST_SUITE_P(Formats, Sound,
                         testing::Values(AudioFormat{2, AudioQuality::normal, 5},
                                         AudioFormat{2, AudioQuality::high, 10},
                                         AudioFormat{6, AudioQuality::normal, 5},
                                         AudioFormat{8, AudioQuality::high, 5}));

TEST_F(Sound, one_lost_packet_of_four_is_mended) {
  start({});
  for (std::size_t i = 0; i < 40; ++i) send(i % 4 == 1);
  ASSERT_TRUE(packets(40));
  EXPECT_EQ(concealed_, 0U);
}

TEST_F(Sound, what_cannot_be_mended_is_concealed_and_no_time_is_lost) {
  start({}, false);
  for (std::size_t i = 0; i < 40; ++i) send(i >= 8 && i < 11);
  ASSERT_TRUE(packets(40));
  EXPECT_EQ(concealed_, 3U);
  EXPECT_EQ(samples_.size(), 40U * 480);
}

}  // namespace
}  // namespace lumen::stream
