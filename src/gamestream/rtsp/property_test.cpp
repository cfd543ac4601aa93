// What holds for any stream, any layout and any segmentation.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "gamestream/rtsp/sdp.hpp"
#include "gamestream/rtsp/test_support.hpp"

namespace lumen::gamestream::rtsp {
namespace {

StreamRequest any_request() {
  StreamRequest request;
  request.ml_features = *rc::gen::arbitrary<std::uint32_t>();
  request.encryption_enabled = *rc::gen::arbitrary<std::uint32_t>();
  request.yuv444 = *rc::gen::arbitrary<bool>();
  request.width = *rc::gen::inRange(kMinModeSize, kMaxModeSize + 1);
  request.height = *rc::gen::inRange(kMinModeSize, kMaxModeSize + 1);
  request.max_fps = *rc::gen::inRange(1U, kMaxRefreshMhz + 1);
  request.packet_size_bytes = *rc::gen::inRange(256U, 8961U);
  request.maximum_bitrate_kbps = *rc::gen::inRange(0U, 10'000'001U);
  request.configured_bitrate_kbps = *rc::gen::inRange(0U, 10'000'001U);
  request.video_qos = *rc::gen::arbitrary<bool>();
  request.audio_qos = *rc::gen::arbitrary<bool>();
  request.nv_features = *rc::gen::arbitrary<std::uint32_t>();
  request.reliable_udp = *rc::gen::arbitrary<std::uint32_t>();
  request.min_fec_packets = *rc::gen::inRange(0U, 256U);
  request.slices_per_frame = *rc::gen::inRange(1U, 256U);
  request.codec = static_cast<VideoCodec>(*rc::gen::inRange(0, 3));
  request.ten_bit = *rc::gen::arbitrary<bool>();
  request.max_reference_frames = *rc::gen::inRange(0U, 17U);
  request.refresh_rate_x100 = *rc::gen::arbitrary<std::uint32_t>();
  request.audio_channels = *rc::gen::element(2U, 6U, 8U);
  request.channel_mask = *rc::gen::arbitrary<std::uint32_t>();
  request.high_quality_surround = *rc::gen::arbitrary<bool>();
  request.audio_packet_ms = *rc::gen::element(5U, 10U);
  request.color_space = static_cast<VideoColorSpace>(*rc::gen::inRange(0, 3));
  request.full_range = *rc::gen::arbitrary<bool>();
  return request;
}

RC_GTEST_PROP(AnnounceProperty, what_is_written_is_read, ()) {
  const auto request = any_request();
  const auto read = parse_announce(test::announce_of(request));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == request);
}

RC_GTEST_PROP(NegotiationProperty, agreements_are_within_what_was_offered_and_asked, ()) {
  const StreamOffer offer{.codec_modes = *rc::gen::arbitrary<CodecModes>(),
                          .encryption_mandatory = *rc::gen::arbitrary<bool>(),
                          .max_bitrate_kbps = *rc::gen::inRange(0U, 100'000U),
                          .fec_percent = *rc::gen::arbitrary<std::uint8_t>()};
  const auto request = any_request();
  const auto agreement = negotiate(offer, request, "192.0.2.1");
  if (!agreement) return;
  const auto& [video, audio, ids, fec_status] = *agreement;
  RC_ASSERT(is_valid(video.mode));
  RC_ASSERT(((offer.codec_modes | kH264) & mode_bit(video.profile)) != 0U);
  const auto budget =
      request.configured_bitrate_kbps != 0 ? request.configured_bitrate_kbps : request.maximum_bitrate_kbps;
  RC_ASSERT(video.encoder_bitrate_kbps > 0U && video.encoder_bitrate_kbps <= budget);
  RC_ASSERT(offer.max_bitrate_kbps == 0U || video.encoder_bitrate_kbps <= offer.max_bitrate_kbps);
  // An Opus packet with padding fits the 1400 bytes that clients take.
  RC_ASSERT(audio.bitrate_bps / 8 * audio.packet_ms / 1000 + 16 <= 1400U);
}

RC_GTEST_PROP(SurroundProperty, rotations_undo_each_other_and_text_is_read, ()) {
  OpusLayout layout{.channels = *rc::gen::inRange<std::uint8_t>(1, 9), .mapping = {}};
  layout.streams = *rc::gen::inRange<std::uint8_t>(1, static_cast<std::uint8_t>(layout.channels + 1));
  const auto most = std::min<int>(layout.streams, layout.channels - layout.streams);
  layout.coupled = static_cast<std::uint8_t>(*rc::gen::inRange(0, most + 1));
  for (std::size_t i = 0; i < layout.channels; ++i) {
    layout.mapping[i] = static_cast<std::uint8_t>(*rc::gen::inRange(0, layout.streams + layout.coupled));
  }
  for (const auto quality : {AudioQuality::normal, AudioQuality::high}) {
    RC_ASSERT(as_client_reads(as_host_offers(layout, quality), quality) == layout);
  }
  RC_ASSERT(parse_surround_params(write_surround_params(layout)) == layout);
}

RC_GTEST_PROP(RequestProperty, any_segmentation_gives_the_same_request, ()) {
  const auto text = write_request(test::announce_request()) + "more";
  RequestReader reader;
  std::string_view rest = text;
  while (!rest.empty() && reader.framing() == Framing::incomplete) {
    const auto size = *rc::gen::inRange<std::size_t>(1, 600);
    reader.add(rest.substr(0, size));
    rest.remove_prefix(std::min(size, rest.size()));
  }
  RC_ASSERT(reader.framing() == Framing::complete);
  RC_ASSERT(write_request(reader.take()) + "more" == text);
}

}  // namespace
}  // namespace lumen::gamestream::rtsp
