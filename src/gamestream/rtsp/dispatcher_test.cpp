#include "gamestream/rtsp/dispatcher.hpp"

#include <gtest/gtest.h>

#include "gamestream/rtsp/test_support.hpp"

namespace lumen::gamestream::rtsp {
namespace {

using test::announce_request;
using test::key_of;
using test::kOtherPeer;
using test::kPeer;
using test::request_of;
using test::session_header;

constexpr Timestamp kNow{std::chrono::seconds{100}};

struct Rig {
  void add(std::uint64_t id, std::optional<SessionKey> key, PeerAddress peer = kPeer,
           RtspHostParams host = test::host_params()) {
    ASSERT_TRUE(rtsp.add({.id = {id}, .peer = peer, .key = key, .host = std::move(host)}));
  }
  // What comes of `bytes` on a new connection, in segments of `segment` bytes.
  RtspOutput send(ByteView bytes, PeerAddress peer = kPeer, std::size_t segment = 65536) {
    const ConnectionId connection{++last_connection};
    EXPECT_TRUE(rtsp.open(connection, peer, kNow));
    RtspOutput all;
    while (!bytes.empty()) {
      const auto part = bytes.first(std::min(segment, bytes.size()));
      auto output = rtsp.receive(connection, part, kNow);
      for (auto& sent : output.sends) all.sends.push_back(std::move(sent));
      for (auto& event : output.events) all.events.push_back(std::move(event));
      bytes = bytes.subspan(part.size());
    }
    return all;
  }
  RtspOutput send(const Request& request, PeerAddress peer = kPeer, std::size_t segment = 65536) {
    return send(as_view(write_request(request)), peer, segment);
  }

  RtspDispatcher rtsp;
  std::uint64_t last_connection = 0;
};

std::vector<std::byte> sealed(const SessionKey& key, std::uint32_t sequence, const Request& request) {
  auto cipher = crypto::Aead::create(crypto::AeadAlgorithm::aes_128_gcm, key).value();
  return seal_frame(cipher, Sender::client, sequence, write_request(request)).value();
}
// Number and text of the one reply.
std::pair<std::uint32_t, std::string> opened(const SessionKey& key, const RtspOutput& output) {
  auto cipher = crypto::Aead::create(crypto::AeadAlgorithm::aes_128_gcm, key).value();
  if (output.sends.size() != 1) return {};
  const auto& bytes = output.sends[0].bytes;
  const auto header = parse_frame_header(bytes, kMaxResponseBytes);
  if (!header || !output.sends[0].finish) return {};
  return {header->sequence, open_frame(cipher, Sender::host, *header, bytes).value_or("")};
}
std::string text_of(const RtspOutput& output) {
  if (output.sends.size() != 1 || !output.sends[0].finish) return {};
  return test::text_of(output.sends[0].bytes);
}
bool is_dropped(const RtspOutput& output) {
  return output.events.empty() && output.sends.size() == 1 && output.sends[0].bytes.empty() &&
         !output.sends[0].finish;
}

const Request kOptions = request_of("OPTIONS", "rtsp://192.0.2.10:48010");
const std::string kOk = "RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n";

TEST(GameStream1, s49_a_reply_is_followed_by_FIN) {
  Rig rig;
  rig.add(1, {});
  const auto output = rig.send(kOptions);
  ASSERT_EQ(output.sends.size(), 1U);
  EXPECT_TRUE(output.sends[0].finish);
  EXPECT_EQ(test::text_of(output.sends[0].bytes), kOk);
}

TEST(GameStream1, s50_segments_give_the_same_answer_plain_and_encrypted) {
  Rig rig;
  rig.add(1, {});
  rig.add(2, key_of(0), kOtherPeer);
  std::uint32_t sequence = 0;
  for (const std::size_t segment : {1U, 3U, 25U, 536U, 65536U}) {
    EXPECT_EQ(text_of(rig.send(kOptions, kPeer, segment)), kOk);
    const auto frame = sealed(key_of(0), ++sequence, kOptions);
    EXPECT_EQ(opened(key_of(0), rig.send(frame, kOtherPeer, segment)).second, kOk);
    for (std::uint64_t id = 1; id <= rig.last_connection; ++id) rig.rtsp.closed({id});
  }
}

TEST(GameStream1, s52_what_is_not_authentic_gets_no_answer_and_disturbs_nothing) {
  Rig rig;
  rig.add(1, key_of(0));
  EXPECT_EQ(opened(key_of(0), rig.send(sealed(key_of(0), 1, kOptions))).second, kOk);

  auto wrong_tag = sealed(key_of(0), 2, kOptions);
  wrong_tag[9] ^= std::byte{1};
  EXPECT_TRUE(is_dropped(rig.send(wrong_tag)));
  auto clear_bit = sealed(key_of(0), 2, kOptions);
  clear_bit[0] &= std::byte{0x7F};
  EXPECT_TRUE(is_dropped(rig.send(clear_bit)));
  EXPECT_TRUE(is_dropped(rig.send(sealed(key_of(0), 1, kOptions))));  // repeated
  EXPECT_TRUE(is_dropped(rig.send(sealed(key_of(0), 0, kOptions))));
  EXPECT_TRUE(is_dropped(rig.send(sealed(key_of(9), 2, kOptions))));  // another key
  EXPECT_TRUE(is_dropped(rig.send(kOptions)));                        // plain text
  EXPECT_EQ(rig.rtsp.dropped(), 6U);

  const auto [number, text] = opened(key_of(0), rig.send(sealed(key_of(0), 2, kOptions)));
  EXPECT_EQ(text, kOk);
  EXPECT_EQ(number, 2U);  // what was dropped has used no number
}

TEST(GameStream1, s52_a_frame_that_claims_too_much_is_dropped_at_its_header) {
  Rig rig;
  rig.add(1, key_of(0));
  std::vector<std::byte> header(kFrameHeaderBytes);
  ByteWriter{header}.big(0x8000'0000U | std::uint32_t{kMaxRequestBytes + 1});
  EXPECT_TRUE(is_dropped(rig.send(header)));
}

TEST(GameStream1, s53_host_frames_count_from_one_for_each_launch) {
  Rig rig;
  rig.add(1, key_of(0));
  rig.add(2, key_of(50), kOtherPeer);
  for (std::uint32_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(opened(key_of(0), rig.send(sealed(key_of(0), 10 * i, kOptions))).first, i);
    EXPECT_EQ(opened(key_of(50), rig.send(sealed(key_of(50), i, kOptions), kOtherPeer)).first, i);
  }
}

TEST(GameStream1, s53_the_vectors_request_gets_the_vectors_reply) {
  Rig rig;
  rig.add(1, key_of(0));
  auto request = kOptions;
  request.headers[0].value = "1";
  const auto output = rig.send(sealed(key_of(0), 1, request));
  constexpr std::array<unsigned, 8> kStart{0x80, 0, 0, 0x1c, 0, 0, 0, 1};
  constexpr std::array<unsigned, 8> kTag{0xf1, 0x73, 0x4c, 0x68, 0xfc, 0xa6, 0x35, 0x6d};
  ASSERT_EQ(output.sends.size(), 1U);
  ASSERT_EQ(output.sends[0].bytes.size(), 52U);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(std::to_integer<unsigned>(output.sends[0].bytes[i]), kStart[i]);
    EXPECT_EQ(std::to_integer<unsigned>(output.sends[0].bytes[8 + i]), kTag[i]);
  }
}

TEST(GameStream1, s47_launches_side_by_side_are_told_apart_by_their_keys) {
  Rig rig;
  auto other_host = test::host_params();
  other_host.ids.session = "AAAAAAAAAAAAAAAA";
  rig.add(1, key_of(0));
  rig.add(2, key_of(50), kPeer, other_host);
  const auto setup = request_of("SETUP", "streamid=audio/0/0");
  EXPECT_NE(opened(key_of(50), rig.send(sealed(key_of(50), 1, setup))).second.find("AAAAAAAAAAAAAAAA"),
            std::string::npos);
  EXPECT_NE(opened(key_of(0), rig.send(sealed(key_of(0), 1, setup))).second.find(test::kToken),
            std::string::npos);
  // A client may come through another address than it launched from.
  EXPECT_EQ(opened(key_of(0), rig.send(sealed(key_of(0), 2, kOptions), kOtherPeer)).second, kOk);
}

TEST(GameStream1, s61_refusals_are_answered_and_said) {
  Rig rig;
  rig.add(1, key_of(0));
  auto request = test::request_1080p();
  request.codec = VideoCodec::av1;
  const auto output = rig.send(sealed(key_of(0), 1, announce_request(request)));
  EXPECT_TRUE(opened(key_of(0), output).second.starts_with("RTSP/1.0 400 BAD REQUEST\r\n"));
  ASSERT_EQ(output.events.size(), 1U);
  const auto& refused = std::get<RequestRefused>(output.events[0]);
  EXPECT_EQ(refused.status, RtspStatus::bad_request);
  EXPECT_FALSE(refused.why.empty());
}

TEST(GameStream1, s62_the_reply_to_announce_waits_for_the_host) {
  Rig rig;
  rig.add(1, key_of(0));
  const auto output = rig.send(sealed(key_of(0), 1, announce_request()));
  EXPECT_TRUE(output.sends.empty());
  ASSERT_EQ(output.events.size(), 1U);
  EXPECT_EQ(std::get<Announced>(output.events[0]).launch, LaunchId{1});
  EXPECT_FALSE(rig.rtsp.next_deadline());
  EXPECT_TRUE(rig.rtsp.expire(kNow + std::chrono::hours{1}).sends.empty());

  EXPECT_EQ(opened(key_of(0), rig.rtsp.ready({1}, kNow)).second, kOk);
  EXPECT_TRUE(rig.rtsp.ready({1}, kNow).sends.empty());
  const auto play = rig.send(sealed(key_of(0), 2, request_of("PLAY", "/", {session_header()})));
  EXPECT_EQ(opened(key_of(0), play), std::pair(2U, kOk));
  ASSERT_EQ(play.events.size(), 1U);
  EXPECT_EQ(std::get<DialogueDone>(play.events[0]).launch, LaunchId{1});
}

TEST(GameStream1, s61_a_host_that_fails_answers_500) {
  Rig rig;
  rig.add(1, key_of(0));
  EXPECT_EQ(rig.send(sealed(key_of(0), 1, announce_request())).events.size(), 1U);
  EXPECT_TRUE(opened(key_of(0), rig.rtsp.failed({1}, kNow))
                  .second.starts_with("RTSP/1.0 500 Internal Server Error\r\n"));
}

TEST(RtspDispatcher, answers_500_when_a_launch_goes_while_it_is_waited_for) {
  Rig rig;
  rig.add(1, {});
  EXPECT_EQ(rig.send(announce_request()).events.size(), 1U);
  EXPECT_TRUE(text_of(rig.rtsp.remove({1}, kNow)).starts_with("RTSP/1.0 500 "));
  EXPECT_EQ(rig.rtsp.launches(), 0U);
  EXPECT_TRUE(is_dropped(rig.send(kOptions)));
}

TEST(RtspDispatcher, forgets_the_answer_when_the_client_went_away) {
  Rig rig;
  rig.add(1, key_of(0));
  EXPECT_EQ(rig.send(sealed(key_of(0), 1, announce_request())).events.size(), 1U);
  rig.rtsp.closed({rig.last_connection});
  EXPECT_TRUE(rig.rtsp.ready({1}, kNow).sends.empty());
}

TEST(RtspDispatcher, gives_no_answer_to_plain_text_from_elsewhere) {
  Rig rig;
  rig.add(1, {});
  EXPECT_TRUE(is_dropped(rig.send(kOptions, kOtherPeer)));
  EXPECT_EQ(text_of(rig.send(kOptions)), kOk);
}

TEST(RtspDispatcher, answers_400_to_plain_text_that_does_not_parse) {
  Rig rig;
  rig.add(1, {});
  EXPECT_EQ(text_of(rig.send(as_view("hello\r\n\r\n"))), "RTSP/1.0 400 BAD REQUEST\r\nCSeq: 0\r\n\r\n");
  EXPECT_EQ(text_of(rig.send(as_view(std::string(kMaxRequestBytes, 'x')))),
            "RTSP/1.0 400 BAD REQUEST\r\nCSeq: 0\r\n\r\n");
}

TEST(RtspDispatcher, gives_plain_launches_of_one_address_a_session_each) {
  Rig rig;
  auto second = test::host_params();
  second.ids.session = "AAAAAAAAAAAAAAAA";
  rig.add(1, {});
  rig.add(2, {}, kPeer, second);
  const auto setup = request_of("SETUP", "streamid=audio/0/0");
  EXPECT_NE(text_of(rig.send(setup)).find(test::kToken), std::string::npos);
  EXPECT_NE(text_of(rig.send(setup)).find("AAAAAAAAAAAAAAAA"), std::string::npos);
  const auto video = request_of("SETUP", "streamid=video/0/0", {session_header()});
  EXPECT_NE(text_of(rig.send(video)).find(test::kToken), std::string::npos);
}

TEST(RtspDispatcher, bounds_connections_per_address_and_at_all) {
  Rig rig;
  for (std::uint64_t i = 0; i < kMaxConnectionsPerAddress; ++i) EXPECT_TRUE(rig.rtsp.open({i}, kPeer, kNow));
  EXPECT_FALSE(rig.rtsp.open({100}, kPeer, kNow));
  rig.rtsp.closed({0});
  EXPECT_TRUE(rig.rtsp.open({100}, kPeer, kNow));
  auto peer = kOtherPeer;
  for (std::uint64_t i = kMaxConnectionsPerAddress; i < kMaxConnections; ++i) {
    ++peer[10];
    EXPECT_TRUE(rig.rtsp.open({1000 + i}, peer, kNow));
  }
  EXPECT_FALSE(rig.rtsp.open({5000}, kOtherPeer, kNow));
}

TEST(RtspDispatcher, drops_connections_whose_time_is_over) {
  Rig rig;
  rig.add(1, {});
  ASSERT_TRUE(rig.rtsp.open({1}, kPeer, kNow));
  EXPECT_TRUE(rig.rtsp.receive({1}, as_view("OPTIONS"), kNow).sends.empty());
  EXPECT_EQ(rig.rtsp.next_deadline(), kNow + kRequestTime);
  EXPECT_TRUE(rig.rtsp.expire(kNow + kRequestTime - Duration{1}).sends.empty());
  EXPECT_TRUE(is_dropped(rig.rtsp.expire(kNow + kRequestTime)));
  EXPECT_FALSE(rig.rtsp.next_deadline());
  EXPECT_TRUE(rig.rtsp.receive({1}, as_view(" / RTSP/1.0\r\n\r\n"), kNow).sends.empty());
}

TEST(RtspDispatcher, ignores_what_follows_a_request) {
  Rig rig;
  rig.add(1, {});
  EXPECT_EQ(text_of(rig.send(as_view(write_request(kOptions) + "more"), kPeer, 10)), kOk);
}

TEST(RtspDispatcher, bounds_launches_and_knows_each_once) {
  Rig rig;
  for (std::uint64_t i = 0; i < kMaxPendingLaunches; ++i) rig.add(i, key_of(static_cast<std::uint8_t>(i)));
  LaunchParams more{.id = {99}, .peer = kPeer, .key = {}, .host = test::host_params()};
  EXPECT_EQ(rig.rtsp.add(more).error().id, "gamestream.rtsp-launches");
  rig.rtsp.remove({0}, kNow);
  more.id = {1};
  EXPECT_EQ(rig.rtsp.add(more).error().id, "gamestream.rtsp-launch");
  more.id = {99};
  EXPECT_TRUE(rig.rtsp.add(more));
}

}  // namespace
}  // namespace lumen::gamestream::rtsp
