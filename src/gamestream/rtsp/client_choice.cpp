// What a stock client makes of its wish and the host's description (GameStream part
// 1, 11.1, 12.1, 12.2, 13.2).
#include "gamestream/rtsp/client_choice.hpp"

#include <algorithm>
#include <array>

namespace lumen::gamestream::rtsp {
namespace {

constexpr std::uint32_t kHighQualityFromKbps = 15'000, kLongPacketsBelowKbps = 5'000;

constexpr std::uint32_t channel_mask(std::uint32_t channels) {
  return channels == 6 ? 0x3FU : channels == 8 ? 0x63FU : 0x3U;
}

// The core keeps a fifth for what is not video, and the old fields end at 100 Mbit/s.
std::uint32_t classic_bitrate_kbps(const StreamWish& wish) {
  constexpr std::uint32_t kMost = 100'000, kRemoteLess = 500;
  auto rate = static_cast<std::uint32_t>(std::uint64_t{wish.bitrate_kbps} * 4 / 5);
  if (wish.remote && rate > kRemoteLess) rate -= kRemoteLess;
  return std::min(rate, kMost);
}

std::uint32_t packet_size_bytes(const StreamWish& wish, EncryptionSet encryption) {
  constexpr std::uint32_t kEncryptionBytes = 32;
  const auto size = wish.packet_size_bytes / 16 * 16;
  return (encryption & kEncryptVideo) != 0 && size > kEncryptionBytes ? size - kEncryptionBytes : size;
}

std::uint32_t nv_features(const StreamWish& wish, EncryptionSet encryption) {
  constexpr std::uint32_t kBase = 7, kInputEncryption = 128;
  const auto audio = ((wish.encryption | encryption) & kEncryptAudio) != 0;
  return kBase + kInputEncryption + (audio ? kNvAudioEncryption : 0);
}

}  // namespace

bool wants_high_quality(const StreamWish& wish) {
  return wish.bitrate_kbps >= kHighQualityFromKbps && !wish.slow_audio_decoder &&
         (!wish.remote || wish.audio_channels <= 2);
}

std::uint32_t audio_packet_ms(const StreamWish& wish, bool high_surround) {
  if (high_surround) return 5;
  const auto saves_bits = wish.bitrate_kbps < kLongPacketsBelowKbps && wish.flexible_audio_packets;
  return wish.slow_audio_decoder || saves_bits ? 10 : 5;
}

VideoProfile choose_profile(const StreamWish& wish, const HostDescription& host) {
  const auto first_of = [&](VideoCodec codec) {
    constexpr std::array<std::pair<bool, bool>, 3> kBest{{{true, true}, {true, false}, {false, true}}};
    for (const auto& [ten_bit, yuv444] : kBest) {
      const VideoProfile profile{codec, ten_bit, yuv444};
      if ((wish.codec_modes & wish.host_codec_modes & mode_bit(profile)) != 0) return profile;
    }
    return VideoProfile{codec, false, false};
  };
  if (host.av1 && (wish.codec_modes & kAnyAv1) != 0) return first_of(VideoCodec::av1);
  if (host.hevc && (wish.codec_modes & kAnyHevc) != 0) return first_of(VideoCodec::hevc);
  return first_of(VideoCodec::h264);
}

EncryptionSet choose_encryption(EncryptionSet wanted, const HostDescription& host) {
  EncryptionSet enabled = host.encryption_supported & kEncryptControl;
  for (const auto bit : {kEncryptVideo, kEncryptAudio}) {
    const auto wants = (wanted & bit) != 0;
    const auto enables =
        wants ? (host.encryption_supported & bit) != 0 : (host.encryption_requested & bit) != 0;
    if (enables) enabled |= bit;
  }
  return enabled;
}

StreamRequest choose_stream(const StreamWish& wish, const HostDescription& host, bool high_surround) {
  const auto profile = choose_profile(wish, host);
  StreamRequest request;
  request.ml_features = kSendsFecStatus | kUsesSessionIds;
  request.encryption_enabled = choose_encryption(wish.encryption, host);
  request.yuv444 = profile.yuv444;
  request.width = wish.width;
  request.height = wish.height / 2 * 2;
  request.max_fps = wish.fps;
  request.packet_size_bytes = packet_size_bytes(wish, request.encryption_enabled);
  request.maximum_bitrate_kbps = classic_bitrate_kbps(wish);
  request.configured_bitrate_kbps = wish.bitrate_kbps;
  request.video_qos = request.audio_qos = !wish.remote;
  request.nv_features = nv_features(wish, request.encryption_enabled);
  request.reliable_udp = kEncryptedControl;
  request.min_fec_packets = 2;
  request.slices_per_frame = wish.slices_per_frame;
  request.codec = profile.codec;
  request.ten_bit = profile.ten_bit;
  request.max_reference_frames = (wish.invalidation_modes & mode_bit(profile)) != 0 ? 0 : 1;
  request.refresh_rate_x100 = wish.refresh_rate_x100;
  request.audio_channels = wish.audio_channels;
  request.channel_mask = channel_mask(wish.audio_channels);
  request.high_quality_surround = high_surround;
  request.audio_packet_ms = audio_packet_ms(wish, high_surround);
  request.color_space = wish.color_space;
  request.full_range = wish.full_range;
  return request;
}

}  // namespace lumen::gamestream::rtsp
