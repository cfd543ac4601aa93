#include <algorithm>

#include "gamestream/rtsp/stream.hpp"

namespace lumen::gamestream::rtsp {
namespace {

// 0.0.0.0 by itself or with a port: the client wants stereo in normal quality.
AudioQuality stereo_quality(std::string_view host_header) {
  constexpr std::string_view kNone = "0.0.0.0";
  const auto low = host_header.empty() || host_header == kNone ||
                   (host_header.starts_with(kNone) && host_header[kNone.size()] == ':');
  return low ? AudioQuality::normal : AudioQuality::high;
}

tl::unexpected<Refusal> refuse(std::string why, RtspStatus status = RtspStatus::bad_request) {
  return tl::unexpected<Refusal>{Refusal{status, std::move(why)}};
}

std::uint32_t stream_refresh_mhz(const StreamRequest& request) {
  constexpr std::uint32_t kMillihertzAbove = 4000;
  if (request.max_fps > kMillihertzAbove) return request.max_fps;
  return request.max_fps * 1000;
}

// The display's rate when it is the stream's, but for the fraction.
std::uint32_t refresh_mhz(const StreamRequest& request) {
  const std::uint64_t stream = stream_refresh_mhz(request);
  const std::uint64_t display = std::uint64_t{request.refresh_rate_x100} * 10;
  const auto difference = std::max(stream, display) - std::min(stream, display);
  const auto same = difference * 100 <= stream && display <= kMaxRefreshMhz;
  return static_cast<std::uint32_t>(same ? display : stream);
}

Negotiated<AudioAgreement> negotiate_audio(const StreamOffer& offer, const StreamRequest& request,
                                           std::string_view host_header) {
  AudioAgreement audio;
  const auto stereo = request.audio_channels == 2;
  audio.quality = stereo                          ? stereo_quality(host_header)
                  : request.high_quality_surround ? AudioQuality::high
                                                  : AudioQuality::normal;
  const auto choice = standard_layout(request.audio_channels, audio.quality);
  if (!choice || request.audio_channels > offer.max_audio_channels) {
    return refuse("the client wants sound in " + std::to_string(request.audio_channels) + " channels");
  }
  audio.layout = choice->layout;
  if (offer.custom_layout && offer.custom_layout->channels == request.audio_channels) {
    audio.layout = as_client_reads(*offer.custom_layout, audio.quality);
  }
  audio.bitrate_bps = choice->bitrate_bps;
  audio.packet_ms = request.audio_packet_ms;
  if (!stereo && audio.quality == AudioQuality::high && audio.packet_ms != 5) {
    return refuse("the client wants high-quality surround sound in packets too large for a datagram");
  }
  audio.channel_mask = request.channel_mask;
  // Bit 0x20 counts by itself: a client that wants sound encrypted decrypts it whatever was offered.
  audio.encrypted =
      (request.encryption_enabled & kEncryptAudio) != 0 || (request.nv_features & kNvAudioEncryption) != 0;
  audio.mark_dscp = request.audio_qos;
  return audio;
}

Negotiated<VideoAgreement> negotiate_video(const StreamOffer& offer, const StreamRequest& request,
                                           AudioQuality audio_quality) {
  const VideoProfile profile{request.codec, request.ten_bit, request.yuv444};
  if (((offer.codec_modes | kH264) & mode_bit(profile)) == 0) {
    return refuse("the client wants a codec or profile that was not offered");
  }
  if (request.max_fps > kMaxRefreshMhz || request.max_fps == 0) return refuse("no such frame rate");
  const Mode mode{request.width, request.height, refresh_mhz(request)};
  if (!is_valid(mode)) return refuse("the client wants a mode of an impossible size or rate");
  VideoAgreement video{.mode = mode, .profile = profile};
  video.color_space = request.color_space;
  video.full_range = request.full_range;
  video.encoder_bitrate_kbps = encoder_bitrate_kbps(request, offer, audio_quality);
  if (video.encoder_bitrate_kbps == 0) return refuse("the client wants a bitrate of zero");
  video.total_bitrate_kbps = request.configured_bitrate_kbps;
  if (offer.max_bitrate_kbps != 0) {
    video.total_bitrate_kbps = std::min(video.total_bitrate_kbps, offer.max_bitrate_kbps);
  }
  video.packet_size_bytes = request.packet_size_bytes;
  video.fec_percent = offer.fec_percent;
  video.min_parity_packets = request.min_fec_packets;
  video.slices_per_frame = request.slices_per_frame;
  video.max_reference_frames = request.max_reference_frames;
  video.reference_invalidation = offer.reference_invalidation && request.max_reference_frames != 1;
  video.intra_refresh = request.intra_refresh;
  video.encrypted = (request.encryption_enabled & kEncryptVideo) != 0;
  video.mark_dscp = request.video_qos;
  return video;
}

}  // namespace

CodecModes mode_bit(const VideoProfile& profile) {
  switch (profile.codec) {
    case VideoCodec::h264:
      if (profile.ten_bit) return 0;
      return profile.yuv444 ? kH264High444 : kH264;
    case VideoCodec::hevc:
      if (profile.yuv444) return profile.ten_bit ? kHevc444Ten : kHevc444;
      return profile.ten_bit ? kHevcMain10 : kHevc;
    case VideoCodec::av1:
      break;
  }
  if (profile.yuv444) return profile.ten_bit ? kAv1High444Ten : kAv1High444;
  return profile.ten_bit ? kAv1Main10 : kAv1;
}

EncryptionSet requested_encryption(const StreamOffer& offer) {
  return offer.encryption_mandatory ? kEncryptAll
                                    : (offer.encryption_requested & kEncryptAll) | kEncryptControl;
}

EncryptionSet supported_encryption(const StreamOffer& offer) {
  return (offer.encryption_supported & kEncryptAll) | requested_encryption(offer);
}

std::uint32_t encoder_bitrate_kbps(const StreamRequest& request, const StreamOffer& offer,
                                   AudioQuality quality) {
  constexpr std::uint64_t kMostParityTaken = 80, kHighKbps = 256, kNormalKbps = 96, kOtherKbps = 500;
  const auto capped = [&](std::uint64_t kbps) {
    return offer.max_bitrate_kbps == 0 ? kbps : std::min<std::uint64_t>(kbps, offer.max_bitrate_kbps);
  };
  if (request.configured_bitrate_kbps == 0) {
    return static_cast<std::uint32_t>(capped(request.maximum_bitrate_kbps));
  }
  auto rate = capped(request.configured_bitrate_kbps);
  if (offer.fec_percent <= kMostParityTaken) rate = rate * (100U - offer.fec_percent) / 100U;
  const auto per_channel = quality == AudioQuality::high ? kHighKbps : kNormalKbps;
  rate -= std::min(per_channel * request.audio_channels, rate / 5);
  rate -= std::min(kOtherKbps, rate / 10);
  return static_cast<std::uint32_t>(rate);
}

Negotiated<StreamAgreement> negotiate(const StreamOffer& offer, const StreamRequest& request,
                                      std::string_view host_header) {
  auto audio = negotiate_audio(offer, request, host_header);
  if (!audio) return tl::unexpected{std::move(audio).error()};
  auto video = negotiate_video(offer, request, audio->quality);
  if (!video) return tl::unexpected{std::move(video).error()};
  if ((request.encryption_enabled & kEncryptControl) == 0) {
    return refuse("the client does not encrypt its control stream as this host does", RtspStatus::forbidden);
  }
  constexpr auto kMedia = kEncryptVideo | kEncryptAudio;
  if (offer.encryption_mandatory && (request.encryption_enabled & kMedia) != kMedia) {
    return refuse("the client leaves streams unencrypted, and encryption is mandatory",
                  RtspStatus::forbidden);
  }
  return StreamAgreement{.video = *std::move(video),
                         .audio = *std::move(audio),
                         .session_ids = (request.ml_features & kUsesSessionIds) != 0,
                         .client_sends_fec_status = (request.ml_features & kSendsFecStatus) != 0};
}

}  // namespace lumen::gamestream::rtsp
