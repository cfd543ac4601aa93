#include "lumen1/control/agreement.hpp"

#include <gtest/gtest.h>

namespace lumen::lumen1::control {
namespace {

constexpr VideoFormat kH264{}, kHevc{Codec::hevc}, kHevc10{Codec::hevc, 10}, kAv1{Codec::av1},
    kH264Full{Codec::h264, 8, Chroma::yuv444};

StreamWish wish() {
  return {.mode = {1920, 1080, 60'000},
          .formats = {kAv1, kHevc, kH264},
          .audio = AudioFormat{6},
          .microphone = true};
}
HostOffer offer() { return {.formats = {kH264, kHevc}, .colors = {{}}, .microphone = true}; }

Stream agreed(const StreamWish& wish, const HostOffer& offer, Permissions permissions = Permissions::all()) {
  const auto agreement = agree(wish, offer, permissions);
  EXPECT_TRUE(agreement.stream);
  return agreement.stream.value_or(Stream{});
}
RefusalReason refused(const StreamWish& wish, const HostOffer& offer,
                      Permissions permissions = Permissions::all()) {
  const auto agreement = agree(wish, offer, permissions);
  EXPECT_FALSE(agreement.stream);
  return agreement.refusal;
}

TEST(Agreement, takes_the_first_format_of_the_client_that_the_host_has) {
  EXPECT_EQ(agreed(wish(), offer()).format, kHevc);
}

TEST(Agreement, is_none_without_a_common_format) {
  auto picky = wish();
  picky.formats = {kAv1, kHevc10, kH264Full};
  EXPECT_EQ(refused(picky, offer()), RefusalReason::no_common_codec);
}

TEST(Agreement, is_none_beyond_what_the_host_can_show) {
  for (const Mode& mode :
       {Mode{1921, 1080, 60'000}, Mode{1920, 1081, 60'000}, Mode{1920, 1080, 60'001}, Mode{}}) {
    auto large = wish();
    large.mode = mode;
    auto small = offer();
    small.max_width = 1920;
    small.max_height = 1080;
    small.max_refresh_mhz = 60'000;
    EXPECT_EQ(refused(large, small), RefusalReason::mode_out_of_range);
    EXPECT_EQ(agreed(wish(), small).mode, wish().mode);
  }
}

TEST(Agreement, is_none_without_the_permission_to_watch) {
  EXPECT_EQ(refused(wish(), offer(), Permissions::all().without(Permission::view)),
            RefusalReason::not_permitted);
}

TEST(Agreement, leaves_out_what_the_device_may_not) {
  const auto stream = agreed(wish(), offer(), Permissions{}.with(Permission::view));
  EXPECT_FALSE(stream.audio);
  EXPECT_FALSE(stream.microphone);
}

TEST(Agreement, has_sound_as_far_as_both_have_it) {
  auto host = offer();
  EXPECT_EQ(agreed(wish(), host).audio, AudioFormat{6});
  host.max_audio_channels = 2;
  EXPECT_EQ(agreed(wish(), host).audio, AudioFormat{2});
  host.max_audio_channels = 0;
  EXPECT_FALSE(agreed(wish(), host).audio);
  auto silent = wish();
  silent.audio.reset();
  EXPECT_FALSE(agreed(silent, offer()).audio);
}

TEST(Agreement, has_the_colour_of_the_client_where_the_host_has_it) {
  auto full = wish();
  full.color = {ColorMatrix::bt601, ColorRange::full};
  EXPECT_EQ(agreed(full, offer()).color, ColorSpace{});
  auto host = offer();
  host.colors.push_back(full.color);
  EXPECT_EQ(agreed(full, host).color, full.color);
  host.colors.clear();
  EXPECT_EQ(agreed(full, host).color, full.color) << "no colours named: all are fine";
}

TEST(Agreement, keeps_to_the_narrower_bounds) {
  auto client = wish();
  client.parity = {5, 90};
  client.max_datagram_bytes = 1400;
  client.fec_fields = kFecGf8;
  client.features = 0b0110;
  auto host = offer();
  host.parity = {10, 60};
  host.max_datagram_bytes = 1200;
  host.features = 0b0011;
  const auto stream = agreed(client, host);
  EXPECT_EQ(stream.parity, (ParityBounds{10, 60}));
  EXPECT_EQ(stream.max_datagram_bytes, 1200);
  EXPECT_EQ(stream.fec_fields, kFecGf8);
  EXPECT_EQ(stream.features, 0b0010U);
  host.fec_fields = kFecGf16;
  EXPECT_EQ(refused(client, host), RefusalReason::unsupported);
  host = offer();
  host.parity = {60, 80};
  client.parity = {0, 20};
  EXPECT_EQ(agreed(client, host).parity, (ParityBounds{60, 60}));
}

TEST(Agreement, takes_the_lower_bitrate_limit_where_zero_is_none) {
  const auto limit = [](std::uint32_t of_client, std::uint32_t of_host) {
    auto client = wish();
    client.max_bitrate_kbps = of_client;
    auto host = offer();
    host.max_bitrate_kbps = of_host;
    return agreed(client, host).max_bitrate_kbps;
  };
  EXPECT_EQ(limit(0, 0), 0U);
  EXPECT_EQ(limit(10, 0), 10U);
  EXPECT_EQ(limit(0, 20), 20U);
  EXPECT_EQ(limit(10, 20), 10U);
  EXPECT_EQ(limit(30, 20), 20U);
}

TEST(Agreement, every_agreed_stream_can_be_told) {
  std::vector<std::byte> bytes;
  EXPECT_TRUE(append(bytes, HostMessage{Opened{1, 1, 1, agreed(wish(), offer())}}));
}

TEST(StreamWish, changes_in_what_a_change_names_and_nothing_else) {
  EXPECT_EQ(with_change(wish(), {}), wish());
  auto wanted = wish();
  wanted.mode = {1280, 720, 30'000};
  wanted.formats = {kH264};
  wanted.color = {ColorMatrix::bt601, ColorRange::full};
  wanted.max_bitrate_kbps = 5;
  wanted.audio.reset();
  wanted.microphone = false;
  EXPECT_EQ(with_change(wish(), {.mode = wanted.mode,
                                 .formats = wanted.formats,
                                 .color = wanted.color,
                                 .max_bitrate_kbps = 5,
                                 .audio = Change::Sound{},
                                 .microphone = false}),
            wanted);
}

}  // namespace
}  // namespace lumen::lumen1::control
