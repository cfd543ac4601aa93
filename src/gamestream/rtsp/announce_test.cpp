#include <gtest/gtest.h>

#include "gamestream/rtsp/sdp.hpp"
#include "gamestream/rtsp/test_support.hpp"

namespace lumen::gamestream::rtsp {
namespace {

using test::announce_of;
using test::request_1080p;
using test::with;
using test::without;

RtspStatus status_of(const std::string& body) {
  const auto request = parse_announce(body);
  return request ? RtspStatus::ok : request.error().status;
}

TEST(Announce, is_read_as_it_was_written) {
  auto request = request_1080p();
  request.yuv444 = true;
  request.codec = VideoCodec::av1;
  request.ten_bit = true;
  request.max_reference_frames = 0;
  request.refresh_rate_x100 = 5994;
  request.audio_channels = 8;
  request.channel_mask = 1599;
  request.high_quality_surround = true;
  request.audio_packet_ms = 10;
  request.color_space = VideoColorSpace::bt2020;
  request.full_range = true;
  request.slices_per_frame = 4;
  request.video_qos = request.audio_qos = false;
  request.resolution_changes = request.recovery_mode = true;
  const auto read = parse_announce(announce_of(request));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, request);
}

TEST(Announce, has_the_size_and_lines_of_a_stock_clients) {
  const auto text = announce_of(request_1080p());
  EXPECT_GE(text.size(), 1466U);
  EXPECT_LE(text.size(), 1499U);
  EXPECT_TRUE(
      text.starts_with("v=0\r\no=android 0 14 IN IPv4 192.0.2.7\r\ns=NVIDIA Streaming Client\r\n"
                       "a=x-ml-general.featureFlags:3 \r\n"));
  EXPECT_TRUE(text.ends_with("a=x-nv-video[0].encoderCscMode:0 \r\nt=0 0\r\nm=video 47998  \r\n"));
}

TEST(GameStream1, s59_trailing_blanks_and_line_ends_make_no_difference) {
  const auto text = announce_of(request_1080p());
  const auto expected = parse_announce(text);
  ASSERT_TRUE(expected);
  for (const std::string end : {"\r\n", "\n", "\r", " \n", "\t\r\n\r\n"}) {
    std::string changed;
    auto rest = std::string_view{text};
    while (!rest.empty()) {
      const auto line = rest.substr(0, rest.find(" \r\n"));
      changed += std::string{line} + end;
      rest.remove_prefix(std::min(line.size() + 3, rest.size()));
    }
    ASSERT_TRUE(parse_announce(changed));
    EXPECT_EQ(*parse_announce(changed), *expected);
  }
}

TEST(GameStream1, s59_unknown_attributes_and_lines_are_ignored) {
  const auto text = announce_of(request_1080p());
  const auto more = "a=x-nv-vqos[1].bw.flags:abc \r\na=alone\r\nb=AS:5\r\nnonsense\r\na=:\r\n" + text +
                    "a=x-nv-general.serverAddress:192.0.2.1 \r\na=x-ml-video.unheard-of:-5\r\n";
  ASSERT_TRUE(parse_announce(more));
  EXPECT_EQ(*parse_announce(more), *parse_announce(text));
}

constexpr std::array<std::string_view, 7> kMandatory{
    "x-nv-video[0].clientViewportWd",
    "x-nv-video[0].clientViewportHt",
    "x-nv-video[0].maxFPS",
    "x-nv-video[0].packetSize",
    "x-nv-vqos[0].bw.maximumBitrateKbps",
    "x-nv-audio.surround.numChannels",
    "x-nv-audio.surround.channelMask",
};

TEST(GameStream1, s59_each_attribute_without_a_default_yields_400_when_missing) {
  const auto text = announce_of(request_1080p());
  for (const auto name : kMandatory) {
    ASSERT_NE(text.find(name), std::string::npos);
    EXPECT_EQ(status_of(without(text, name)), RtspStatus::bad_request) << name;
  }
}

TEST(GameStream1, s59_each_other_attribute_gets_its_default_when_missing) {
  std::string least;
  for (const auto name : kMandatory) {
    const auto full = announce_of(request_1080p());
    const auto at = full.find("a=" + std::string{name} + ":");
    least += full.substr(at, full.find('\n', at) + 1 - at);
  }
  const auto request = parse_announce(least);
  ASSERT_TRUE(request);
  StreamRequest expected;
  expected.width = 1920;
  expected.height = 1080;
  expected.max_fps = 60;
  expected.packet_size_bytes = 1360;
  expected.maximum_bitrate_kbps = 16'000;
  expected.audio_channels = 2;
  expected.channel_mask = 3;
  EXPECT_EQ(*request, expected);
  // The table's "absent" column.
  EXPECT_EQ(request->ml_features, 0U);
  EXPECT_EQ(request->encryption_enabled, 0U);
  EXPECT_EQ(request->configured_bitrate_kbps, 0U);
  EXPECT_TRUE(request->video_qos && request->audio_qos);
  EXPECT_EQ(request->nv_features, 135U);
  EXPECT_EQ(request->reliable_udp, 1U);
  EXPECT_EQ(request->min_fec_packets, 0U);
  EXPECT_EQ(request->slices_per_frame, 1U);
  EXPECT_EQ(request->codec, VideoCodec::h264);
  EXPECT_EQ(request->max_reference_frames, 0U);
  EXPECT_EQ(request->refresh_rate_x100, 0U);
  EXPECT_EQ(request->audio_packet_ms, 5U);
  EXPECT_EQ(request->color_space, VideoColorSpace::bt601);
  EXPECT_FALSE(request->yuv444 || request->ten_bit || request->resolution_changes || request->recovery_mode ||
               request->high_quality_surround || request->full_range || request->intra_refresh);
}

struct Case {
  std::string_view name, value;
};

TEST(Announce, is_refused_for_values_that_cannot_be) {
  for (const auto [name, value] : {
           Case{"x-nv-video[0].clientViewportWd", "0"},
           {"x-nv-video[0].clientViewportWd", "8193"},
           {"x-nv-video[0].clientViewportHt", "-1080"},
           {"x-nv-video[0].clientViewportHt", "4294967296"},
           {"x-nv-video[0].maxFPS", "0"},
           {"x-nv-video[0].maxFPS", "59.94"},
           {"x-nv-video[0].packetSize", "0"},
           {"x-nv-video[0].packetSize", "65000"},
           {"x-nv-vqos[0].bw.maximumBitrateKbps", ""},
           {"x-ml-video.configuredBitrateKbps", "4000000000"},
           {"x-nv-vqos[0].fec.minRequiredFecPackets", "256"},
           {"x-nv-vqos[0].bitStreamFormat", "3"},
           {"x-nv-video[0].dynamicRangeMode", "2"},
           {"x-ss-video[0].chromaSamplingType", "2"},
           {"x-nv-video[0].maxNumReferenceFrames", "17"},
           {"x-nv-audio.surround.numChannels", "1"},
           {"x-nv-audio.surround.numChannels", "4"},
           {"x-nv-audio.surround.numChannels", "9"},
           {"x-nv-aqos.packetDuration", "7"},
           {"x-nv-aqos.packetDuration", "20"},
           {"x-nv-video[0].encoderCscMode", "6"},
           {"x-ss-general.encryptionEnabled", "0x7"},
       }) {
    EXPECT_EQ(status_of(with(announce_of(request_1080p()), name, value)), RtspStatus::bad_request)
        << name << ' ' << value;
  }
}

TEST(Announce, takes_the_default_for_hints_that_cannot_be) {
  auto text = announce_of(request_1080p());
  text = with(text, "x-nv-video[0].videoEncoderSlicesPerFrame", "0");
  text = with(text, "x-nv-video[0].clientRefreshRateX100", "-1");
  text = with(text, "x-nv-vqos[0].qosTrafficType", "best");
  EXPECT_EQ(*parse_announce(text), request_1080p());
}

TEST(Announce, of_which_the_last_attribute_of_a_name_counts) {
  const auto text = announce_of(request_1080p()) + "a=x-nv-video[0].maxFPS:120 \r\n";
  EXPECT_EQ(parse_announce(text)->max_fps, 120U);
}

TEST(Announce, says_color_space_and_range_in_one_number) {
  const auto text = with(announce_of(request_1080p()), "x-nv-video[0].encoderCscMode", "3");
  EXPECT_EQ(parse_announce(text)->color_space, VideoColorSpace::bt709);
  EXPECT_TRUE(parse_announce(text)->full_range);
}

}  // namespace
}  // namespace lumen::gamestream::rtsp
