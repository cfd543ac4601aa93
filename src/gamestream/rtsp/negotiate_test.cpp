#include <gtest/gtest.h>

#include "gamestream/rtsp/sdp.hpp"
#include "gamestream/rtsp/test_support.hpp"

namespace lumen::gamestream::rtsp {
namespace {

using test::request_1080p;

constexpr std::string_view kHost = "192.0.2.10";
constexpr CodecModes kAllModes = kH264 | kH264High444 | kAnyHevc | kAnyAv1;

RtspStatus status_of(const StreamOffer& offer, const StreamRequest& request) {
  const auto agreement = negotiate(offer, request, kHost);
  return agreement ? RtspStatus::ok : agreement.error().status;
}

TEST(GameStream1, s20_codec_lines_stand_for_the_codec_bits) {
  for (const CodecModes modes : {kH264, kH264 | kHevc, kH264 | kHevcMain10, kH264 | kAv1, kAllModes}) {
    const auto body = write_describe({.codec_modes = modes});
    EXPECT_EQ(body.find("sprop-parameter-sets=AAAAAU\r\n") != std::string::npos, (modes & kAnyHevc) != 0);
    EXPECT_EQ(body.find("a=rtpmap:98 AV1/90000\r\n") != std::string::npos, (modes & kAnyAv1) != 0);
  }
}

TEST(GameStream1, s57_describe_is_the_example_of_the_specification) {
  const StreamOffer offer{.codec_modes = kAllModes, .reference_invalidation = true, .input_features = 3};
  EXPECT_EQ(write_describe(offer),
            "a=x-ss-general.featureFlags:3\r\n"
            "a=x-ss-general.encryptionSupported:7\r\n"
            "a=x-ss-general.encryptionRequested:1\r\n"
            "a=x-nv-video[0].refPicInvalidation:1\r\n"
            "sprop-parameter-sets=AAAAAU\r\n"
            "a=rtpmap:98 AV1/90000\r\n"
            "a=fmtp:97 surround-params=21101\r\n"
            "a=fmtp:97 surround-params=21101\r\n"
            "a=fmtp:97 surround-params=642012453\r\n"
            "a=fmtp:97 surround-params=660012345\r\n"
            "a=fmtp:97 surround-params=85301245673\r\n"
            "a=fmtp:97 surround-params=88001234567\r\n");
  EXPECT_EQ(write_describe({}).find("refPicInvalidation"), std::string::npos);
}

TEST(GameStream1, s58_c11_supported_encryption_holds_what_is_requested_and_control_is_in_both) {
  for (EncryptionSet supported = 0; supported < 16; ++supported) {
    for (EncryptionSet requested = 0; requested < 16; ++requested) {
      for (const auto mandatory : {false, true}) {
        const auto host = parse_describe(write_describe({.encryption_supported = supported,
                                                         .encryption_requested = requested,
                                                         .encryption_mandatory = mandatory}));
        EXPECT_EQ(host.encryption_requested & ~host.encryption_supported, 0U);
        EXPECT_EQ(host.encryption_supported & host.encryption_requested & kEncryptControl, kEncryptControl);
        EXPECT_TRUE(!mandatory || host.encryption_requested == kEncryptAll);
      }
    }
  }
}

TEST(GameStream1, s60_m32_audio_is_encrypted_iff_either_bit_says_so) {
  for (const EncryptionSet enabled : {1U, 3U, 5U, 7U}) {
    for (const std::uint32_t features : {135U, 167U}) {
      auto request = request_1080p();
      request.encryption_enabled = enabled;
      request.nv_features = features;
      EXPECT_EQ(negotiate({}, request, kHost)->audio.encrypted, (enabled & 4U) != 0 || features == 167U);
    }
  }
}

TEST(GameStream1, s61_a_codec_or_profile_that_was_not_offered_gives_400) {
  for (const auto codec : {VideoCodec::h264, VideoCodec::hevc, VideoCodec::av1}) {
    for (const auto ten_bit : {false, true}) {
      for (const auto yuv444 : {false, true}) {
        auto request = request_1080p();
        request.codec = codec;
        request.ten_bit = ten_bit;
        request.yuv444 = yuv444;
        const auto bit = mode_bit({codec, ten_bit, yuv444});
        EXPECT_EQ(status_of({.codec_modes = kAllModes}, request),
                  bit == 0 ? RtspStatus::bad_request : RtspStatus::ok);
        EXPECT_EQ(status_of({.codec_modes = kAllModes & ~bit}, request),
                  bit == kH264 ? RtspStatus::ok : RtspStatus::bad_request);
      }
    }
  }
}

TEST(GameStream1, s61_mandatory_encryption_that_is_not_enabled_gives_403) {
  for (EncryptionSet enabled = 0; enabled < 8; ++enabled) {
    auto request = request_1080p();
    request.encryption_enabled = enabled;
    EXPECT_EQ(status_of({.encryption_mandatory = true}, request),
              enabled == 7 ? RtspStatus::ok : RtspStatus::forbidden);
  }
}

// Clients enable it wherever it is offered, which s58 shows to be everywhere.
TEST(GameStream3, c11_the_control_stream_must_be_encrypted_in_version_2) {
  for (EncryptionSet enabled = 0; enabled < 8; ++enabled) {
    for (const std::uint32_t reliable_udp : {1U, kEncryptedControl}) {
      auto request = request_1080p();
      request.encryption_enabled = enabled;
      request.reliable_udp = reliable_udp;
      EXPECT_EQ(status_of({}, request),
                (enabled & kEncryptControl) != 0 ? RtspStatus::ok : RtspStatus::forbidden);
    }
  }
}

TEST(GameStream1, s63_stereo_quality_follows_the_Host_header) {
  auto request = request_1080p();
  request.high_quality_surround = true;  // says nothing about stereo
  for (const auto* const low : {"", "0.0.0.0", "0.0.0.0:48010"}) {
    EXPECT_EQ(negotiate({}, request, low)->audio.quality, AudioQuality::normal) << low;
    EXPECT_EQ(negotiate({}, request, low)->audio.bitrate_bps, 96'000U);
  }
  request.high_quality_surround = false;
  for (const auto* const high : {"192.0.2.10", "0.0.0.01", "::"}) {
    EXPECT_EQ(negotiate({}, request, high)->audio.quality, AudioQuality::high) << high;
    EXPECT_EQ(negotiate({}, request, high)->audio.bitrate_bps, 512'000U);
  }
}

TEST(GameStream1, s63_surround_quality_follows_AudioQuality) {
  for (const std::uint32_t channels : {6U, 8U}) {
    for (const auto* const host : {"0.0.0.0", "192.0.2.10"}) {
      for (const auto high : {false, true}) {
        auto request = request_1080p();
        request.audio_channels = channels;
        request.high_quality_surround = high;
        const auto quality = high ? AudioQuality::high : AudioQuality::normal;
        const auto audio = negotiate({}, request, host)->audio;
        EXPECT_EQ(audio.quality, quality);
        EXPECT_EQ(audio.layout, standard_layout(channels, quality)->layout);
      }
    }
  }
}

std::uint32_t refresh_of(std::uint32_t fps, std::uint32_t refresh_x100) {
  auto request = request_1080p();
  request.max_fps = fps;
  request.refresh_rate_x100 = refresh_x100;
  return negotiate({}, request, kHost)->video.mode.refresh_mhz;
}

TEST(GameStream1, s64_the_displays_rate_counts_only_within_one_percent) {
  EXPECT_EQ(refresh_of(60, 0), 60'000U);
  EXPECT_EQ(refresh_of(60, 5994), 59'940U);
  EXPECT_EQ(refresh_of(60, 5940), 59'400U);
  EXPECT_EQ(refresh_of(60, 5939), 60'000U);
  EXPECT_EQ(refresh_of(60, 6060), 60'600U);
  EXPECT_EQ(refresh_of(60, 6061), 60'000U);
  EXPECT_EQ(refresh_of(30, 5994), 30'000U);
  EXPECT_EQ(refresh_of(60, 0xFFFF'FFFF), 60'000U);
  EXPECT_EQ(refresh_of(500, 50'100), 500'000U);  // more than a Mode may have
}

TEST(Negotiation, takes_large_frame_rates_for_millihertz) {
  EXPECT_EQ(refresh_of(59'940, 0), 59'940U);
  EXPECT_EQ(refresh_of(120'000, 11'988), 119'880U);
  auto request = request_1080p();
  for (const auto impossible : {501U, 4000U}) {
    request.max_fps = impossible;
    EXPECT_EQ(status_of({}, request), RtspStatus::bad_request);
  }
}

TEST(Negotiation, leaves_the_encoder_what_parity_sound_and_the_rest_do_not_take) {
  auto request = request_1080p();
  request.configured_bitrate_kbps = 20'000;
  EXPECT_EQ(encoder_bitrate_kbps(request, {}, AudioQuality::high), 20'000U * 80 / 100 - 512 - 500);
  EXPECT_EQ(encoder_bitrate_kbps(request, {}, AudioQuality::normal), 20'000U * 80 / 100 - 192 - 500);
  EXPECT_EQ(encoder_bitrate_kbps(request, {.fec_percent = 81}, AudioQuality::normal), 20'000U - 192 - 500);
  EXPECT_EQ(encoder_bitrate_kbps(request, {.max_bitrate_kbps = 10'000}, AudioQuality::normal),
            10'000U * 80 / 100 - 192 - 500);
  request.configured_bitrate_kbps = 1000;  // the shares are limits
  EXPECT_EQ(encoder_bitrate_kbps(request, {}, AudioQuality::high), 800U - 160 - 64);
  request.configured_bitrate_kbps = 0;
  EXPECT_EQ(encoder_bitrate_kbps(request, {}, AudioQuality::high), 16'000U);
}

TEST(Negotiation, refuses_a_bitrate_of_zero) {
  auto request = request_1080p();
  request.configured_bitrate_kbps = request.maximum_bitrate_kbps = 0;
  EXPECT_EQ(status_of({}, request), RtspStatus::bad_request);
}

TEST(Negotiation, lets_the_client_ask_for_invalidation_when_both_ends_can) {
  auto request = request_1080p();
  request.max_reference_frames = 0;
  EXPECT_TRUE(negotiate({.reference_invalidation = true}, request, kHost)->video.reference_invalidation);
  EXPECT_FALSE(negotiate({}, request, kHost)->video.reference_invalidation);
  request.max_reference_frames = 1;
  EXPECT_FALSE(negotiate({.reference_invalidation = true}, request, kHost)->video.reference_invalidation);
  EXPECT_EQ(negotiate({}, request, kHost)->video.max_reference_frames, 1U);
}

TEST(Negotiation, refuses_sound_that_was_not_offered_or_fits_no_datagram) {
  auto request = request_1080p();
  request.audio_channels = 8;
  EXPECT_EQ(status_of({.max_audio_channels = 6}, request), RtspStatus::bad_request);
  EXPECT_EQ(status_of({}, request), RtspStatus::ok);
  request.audio_packet_ms = 10;
  EXPECT_EQ(status_of({}, request), RtspStatus::ok);
  request.high_quality_surround = true;
  EXPECT_EQ(status_of({}, request), RtspStatus::bad_request);
}

TEST(Negotiation, sends_a_clients_own_layout_as_that_client_reads_it) {
  const StreamOffer offer{.custom_layout = parse_custom_layout("642041523")};
  const auto body = write_describe(offer);
  EXPECT_LT(body.find("surround-params=642041523"), body.find("surround-params=21101"));
  for (const auto high : {false, true}) {
    auto request = request_1080p();
    request.audio_channels = 6;
    request.high_quality_surround = high;
    const auto client = parse_describe(body).surround_51;
    EXPECT_EQ(negotiate(offer, request, kHost)->audio.layout, high ? client.high : client.normal);
    request.audio_channels = 8;
    EXPECT_EQ(negotiate(offer, request, kHost)->audio.layout.streams, high ? 8 : 5);
  }
}

}  // namespace
}  // namespace lumen::gamestream::rtsp
