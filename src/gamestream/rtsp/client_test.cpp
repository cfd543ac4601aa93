#include "gamestream/rtsp/client.hpp"

#include <gtest/gtest.h>

#include "gamestream/rtsp/test_support.hpp"

namespace lumen::gamestream::rtsp {
namespace {

using test::host_params;
using test::key_of;
using test::kPeer;

constexpr Timestamp kNow{std::chrono::seconds{100}};
constexpr std::string_view kPlain = "rtsp://192.0.2.10:48010", kEncrypted = "rtspenc://192.0.2.10:48010";

RtspClient client_of(StreamWish wish, std::string_view url = kEncrypted) {
  return RtspClient::create({.session_url = std::string{url},
                             .host_address = "192.0.2.10",
                             .key = key_of(0),
                             .wish = std::move(wish)})
      .value();
}

// Both ends, until the client is done. The agreement; nullopt when either gave up.
std::optional<StreamAgreement> converse(RtspClient& client, const StreamOffer& offer, bool encrypted = true) {
  RtspDispatcher host;
  const auto key = encrypted ? std::optional{key_of(0)} : std::nullopt;
  if (!host.add({.id = {1}, .peer = kPeer, .key = key, .host = host_params(offer)})) return std::nullopt;
  std::optional<StreamAgreement> agreement;
  for (std::uint64_t i = 1; i <= 7 && !client.done(); ++i) {
    if (!host.open({i}, kPeer, kNow)) return std::nullopt;
    auto output = host.receive({i}, client.next_request().value(), kNow);
    if (!output.events.empty()) {
      if (auto* const announced = std::get_if<Announced>(&output.events[0])) {
        agreement = announced->agreement;
        output = host.ready({1}, kNow);
      }
    }
    if (output.sends.size() != 1 || !client.take_reply(output.sends[0].bytes)) return std::nullopt;
    host.closed({i});
  }
  return client.done() ? agreement : std::nullopt;
}

TEST(RtspClient, and_host_agree_encrypted_and_plain) {
  for (const auto encrypted : {true, false}) {
    auto client = client_of({}, encrypted ? kEncrypted : kPlain);
    const auto agreement = converse(client, {}, encrypted);
    ASSERT_TRUE(agreement) << encrypted;
    const auto& stream = client.stream();
    EXPECT_EQ(stream.audio->port, 48000);
    EXPECT_EQ(stream.video.port, 47998);
    EXPECT_EQ(stream.control_port, 47999);
    EXPECT_EQ(stream.connect_data, 3938596490U);
    EXPECT_EQ(stream.audio->ping, host_params().ids.audio_ping);
    EXPECT_EQ(stream.video.ping, host_params().ids.video_ping);
    EXPECT_EQ(agreement->video.mode, (Mode{1920, 1080, 60'000}));
    EXPECT_EQ(agreement->audio.quality, AudioQuality::high);
    EXPECT_TRUE(agreement->video.encrypted && agreement->audio.encrypted && agreement->session_ids);
  }
}

TEST(RtspClient, and_host_agree_on_every_sound) {
  for (const std::uint32_t channels : {2U, 6U, 8U}) {
    for (const std::uint32_t bitrate : {4'000U, 10'000U, 20'000U}) {
      auto client = client_of({.bitrate_kbps = bitrate, .audio_channels = channels});
      const auto agreement = converse(client, {});
      ASSERT_TRUE(agreement) << channels << ' ' << bitrate;
      EXPECT_EQ(agreement->audio.layout, client.stream().opus);
      EXPECT_EQ(agreement->audio.quality, client.stream().audio_quality);
      EXPECT_EQ(agreement->audio.quality, bitrate < 15'000 ? AudioQuality::normal : AudioQuality::high);
      EXPECT_EQ(agreement->audio.packet_ms, bitrate < 5'000 ? 10U : 5U);
    }
  }
}

struct EncryptionRow {
  EncryptionSet supported, requested, wanted, enabled;
  std::uint32_t features, packet_size;
};

// The measured rows of 12.2.
TEST(GameStream1, s58_clients_enable_what_stock_clients_were_seen_to_enable) {
  for (const auto& row : {EncryptionRow{7, 1, 0, 1, 135, 1392},
                          {7, 7, 0, 7, 167, 1360},
                          {7, 7, 7, 7, 167, 1360},
                          {1, 1, 7, 1, 167, 1392},
                          {0, 0, 7, 0, 167, 1392},
                          {0, 7, 0, 6, 167, 1360},
                          {0, 7, 7, 0, 167, 1392}}) {
    auto client = client_of({.encryption = row.wanted}, kPlain);
    const auto ok = [&](std::string_view more) {
      return test::bytes_of("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n" + std::string{more});
    };
    EXPECT_TRUE(client.next_request() && client.take_reply(ok("")));
    EXPECT_TRUE(
        client.next_request() &&
        client.take_reply(ok("a=x-ss-general.encryptionSupported:" + std::to_string(row.supported) +
                             "\na=x-ss-general.encryptionRequested:" + std::to_string(row.requested))));
    const auto& request = client.stream().request;
    EXPECT_EQ(request.encryption_enabled, row.enabled);
    EXPECT_EQ(request.nv_features, row.features);
    EXPECT_EQ(request.packet_size_bytes, row.packet_size);
  }
}

TEST(RtspClient, takes_the_best_profile_that_both_have) {
  constexpr CodecModes kAll = kH264 | kH264High444 | kAnyHevc | kAnyAv1;
  const HostDescription both{.hevc = true, .av1 = true}, hevc{.hevc = true}, none;
  const auto choose = [](CodecModes own, CodecModes host_modes, const HostDescription& host) {
    return choose_profile({.codec_modes = own, .host_codec_modes = host_modes}, host);
  };
  EXPECT_EQ(choose(kAll, kAll, both), (VideoProfile{VideoCodec::av1, true, true}));
  EXPECT_EQ(choose(kAll & ~kAv1High444Ten, kAll, both), (VideoProfile{VideoCodec::av1, true, false}));
  EXPECT_EQ(choose(kAll, kAv1High444, both), (VideoProfile{VideoCodec::av1, false, true}));
  EXPECT_EQ(choose(kAll, kH264, both), (VideoProfile{VideoCodec::av1, false, false}));  // no bit needed
  EXPECT_EQ(choose(kHevc | kHevcMain10, kAll, both), (VideoProfile{VideoCodec::hevc, true, false}));
  EXPECT_EQ(choose(kAll, kAll, hevc), (VideoProfile{VideoCodec::hevc, true, true}));
  EXPECT_EQ(choose(kAll, kAll, none), (VideoProfile{VideoCodec::h264, false, true}));
  EXPECT_EQ(choose(kH264, kAll, both), (VideoProfile{VideoCodec::h264, false, false}));
}

TEST(RtspClient, writes_the_first_request_of_the_specification) {
  EXPECT_EQ(test::text_of(client_of({}, kPlain).next_request().value()),
            "OPTIONS rtsp://192.0.2.10:48010 RTSP/1.0\r\n"
            "CSeq: 1\r\nX-GS-ClientVersion: 14\r\nHost: 192.0.2.10\r\n\r\n");
  EXPECT_EQ(test::text_of(client_of({.bitrate_kbps = 14'999}, kPlain).next_request().value()),
            "OPTIONS rtsp://0.0.0.0:48010 RTSP/1.0\r\n"
            "CSeq: 1\r\nX-GS-ClientVersion: 14\r\nHost: 0.0.0.0\r\n\r\n");
}

TEST(RtspClient, gives_the_classic_fields_four_fifths) {
  auto client =
      client_of({.height = 1081, .bitrate_kbps = 20'000, .packet_size_bytes = 1030, .remote = true});
  const auto agreement = converse(client, {});
  ASSERT_TRUE(agreement);
  const auto& request = client.stream().request;
  EXPECT_EQ(request.maximum_bitrate_kbps, 15'500U);
  EXPECT_EQ(request.configured_bitrate_kbps, 20'000U);
  EXPECT_EQ(request.packet_size_bytes, 1024U - 32);
  EXPECT_EQ(request.height, 1080U);
  EXPECT_FALSE(agreement->video.mark_dscp || agreement->audio.mark_dscp);
}

TEST(RtspClient, may_ask_for_invalidation_when_both_ends_can) {
  for (const auto offered : {false, true}) {
    for (const auto able : {false, true}) {
      auto client = client_of({.invalidation_modes = able ? kH264 : 0});
      const auto agreement = converse(client, {.reference_invalidation = offered});
      ASSERT_TRUE(agreement);
      EXPECT_EQ(client.stream().reference_invalidation, offered && able);
      EXPECT_EQ(agreement->video.reference_invalidation, offered && able);
      EXPECT_EQ(agreement->video.max_reference_frames, able ? 0U : 1U);
    }
  }
}

std::string failure_of(std::string_view first_reply, std::string_view url = kPlain) {
  auto client = client_of({}, url);
  EXPECT_TRUE(client.next_request());
  const auto status = client.take_reply(as_view(first_reply));
  return status ? "" : std::string{status.error().id};
}

TEST(RtspClient, gives_up_with_the_hosts_status_or_at_nonsense) {
  EXPECT_EQ(failure_of("RTSP/1.0 200 OK\r\n\r\n"), "");
  EXPECT_EQ(failure_of("RTSP/1.0 404 NOT FOUND\r\nCSeq: 1\r\n\r\n"), "gamestream.rtsp-status");
  EXPECT_EQ(failure_of("RTSP/1.0 201 Created\r\nCSeq: 1\r\n\r\n"), "gamestream.rtsp-status");
  EXPECT_EQ(failure_of(""), "gamestream.rtsp-reply");
  EXPECT_EQ(failure_of("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", kEncrypted), "gamestream.rtsp-reply");
}

TEST(RtspClient, takes_an_encrypted_reply_only_whole_and_from_the_host) {
  auto cipher = crypto::Aead::create(crypto::AeadAlgorithm::aes_128_gcm, key_of(0)).value();
  const auto text = std::string_view{"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"};
  const auto taken = [&](std::vector<std::byte> reply) {
    auto client = client_of({});
    return client.next_request() && client.take_reply(reply);
  };
  const auto good = seal_frame(cipher, Sender::host, 9, text).value();
  EXPECT_TRUE(taken(good));
  EXPECT_FALSE(taken(seal_frame(cipher, Sender::client, 9, text).value()));
  auto longer = good, shorter = good;
  longer.push_back({});
  shorter.pop_back();
  EXPECT_FALSE(taken(longer));
  EXPECT_FALSE(taken(shorter));
}

TEST(RtspClient, reads_setups_leniently) {
  auto client = client_of({.audio_channels = 6}, kPlain);
  const auto step = [&](std::string_view reply) {
    return client.next_request() && client.take_reply(as_view(reply));
  };
  EXPECT_TRUE(step("RTSP/1.0 200 OK\nCSeq: 1\n\n"));
  EXPECT_TRUE(step("RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\nv=0\r\nm=audio 0\r\n"));
  EXPECT_FALSE(client.stream().audio);
  EXPECT_TRUE(
      step("RTSP/1.0 200 OK\r\nsession:AB CD;x\r\nTransport: unicast;server_port=5000-5001;source=x\r\n"
           "X-SS-Ping-Payload: short\r\n\r\n"));
  EXPECT_TRUE(step("RTSP/1.0 200 OK\r\nTransport: server_port=70000\r\n\r\n"));
  EXPECT_TRUE(step("RTSP/1.0 200 OK\r\nX-SS-Connect-Data: x\r\n\r\n"));
  EXPECT_EQ(client.stream().audio->port, 5000);
  EXPECT_FALSE(client.stream().audio->ping);
  EXPECT_EQ(client.stream().video.port, 47998);
  EXPECT_EQ(client.stream().control_port, 47999);
  EXPECT_EQ(client.stream().connect_data, 0U);
  // What a client falls back to when no 5.1 layout is offered.
  EXPECT_EQ(client.stream().opus,
            (OpusLayout{.channels = 6, .streams = 4, .coupled = 2, .mapping = {0, 4, 1, 5, 2, 3}}));
}

TEST(RtspClient, fails_without_a_session_a_description_or_a_layout_for_seven_one) {
  const auto failure = [](std::uint32_t channels, std::string_view description, std::string_view setup) {
    auto client = client_of({.audio_channels = channels}, kPlain);
    std::string id;
    for (const auto reply : {std::string_view{"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"}, description, setup}) {
      EXPECT_TRUE(client.next_request());
      const auto status = client.take_reply(as_view(reply));
      if (!status) return std::string{status.error().id};
    }
    return id;
  };
  constexpr std::string_view kDescription = "RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\nx";
  constexpr std::string_view kSetup = "RTSP/1.0 200 OK\r\nSession: A\r\n\r\n";
  EXPECT_EQ(failure(2, kDescription, kSetup), "");
  EXPECT_EQ(failure(2, kDescription, "RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n"), "gamestream.rtsp-reply");
  const auto endless = "RTSP/1.0 200 OK\r\nSession: " + std::string(257, 'A') + "\r\n\r\n";
  EXPECT_EQ(failure(2, kDescription, endless), "gamestream.rtsp-reply");
  EXPECT_EQ(failure(2, "RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n", kSetup), "gamestream.rtsp-reply");
  EXPECT_EQ(failure(8, kDescription, kSetup), "gamestream.rtsp-surround");
}

TEST(RtspClient, needs_a_url_a_key_for_encryption_and_a_known_number_of_channels) {
  const auto failure = [](RtspClientParams params) {
    const auto client = RtspClient::create(std::move(params));
    return client ? "" : std::string{client.error().id};
  };
  const RtspClientParams good{.session_url = std::string{kPlain}, .host_address = "192.0.2.10"};
  EXPECT_EQ(failure(good), "");
  auto params = good;
  for (const auto* const url : {"", "http://192.0.2.10:48010", "rtsp://a b", "rtsp://a\r\nx: y"}) {
    params.session_url = url;
    EXPECT_EQ(failure(params), "gamestream.session-url") << url;
  }
  params.session_url = kEncrypted;
  EXPECT_EQ(failure(params), "gamestream.session-url");
  params = good;
  params.wish.audio_channels = 4;
  EXPECT_EQ(failure(params), "gamestream.rtsp-wish");
  params = good;
  params.host_address = "a\r\nb";
  EXPECT_EQ(failure(params), "gamestream.rtsp-wish");
}

TEST(RtspClient, finds_the_port_behind_the_last_colon) {
  const auto port_of = [](std::string_view url) { return client_of({}, url).port(); };
  EXPECT_EQ(port_of("rtsp://[2001:db8::1]:5000"), 5000);
  EXPECT_EQ(port_of("rtsp://192.0.2.10"), 48010);
  EXPECT_EQ(port_of("rtsp://192.0.2.10:0"), 48010);
  EXPECT_EQ(port_of("rtsp://192.0.2.10:65536"), 48010);
}

}  // namespace
}  // namespace lumen::gamestream::rtsp
