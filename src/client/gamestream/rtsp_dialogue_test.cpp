// The dialogue with a host's end over loopback.
#include "client/gamestream/rtsp_dialogue.hpp"

#include <gtest/gtest.h>

#include "client/gamestream/test_stream_host.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;
namespace rtsp = gamestream::rtsp;

constexpr rtsp::SessionKey kKey{std::byte{7}};

net::Endpoint loopback(std::uint16_t port = 1) { return net::Endpoint::parse("127.0.0.1", port).value(); }

rtsp::RtspClient client_at(std::uint16_t port, rtsp::StreamWish wish = {}) {
  return rtsp::RtspClient::create({.session_url = "rtspenc://127.0.0.1:" + std::to_string(port),
                                   .host_address = "127.0.0.1",
                                   .key = kKey,
                                   .wish = wish})
      .value();
}

TEST(RtspDialogue, settles_the_stream_and_tells_of_the_sound_before_it_is_announced) {
  test::StreamHost host;
  auto client = client_at(host.launch(ByteView{kKey}, kKey), {.width = 1280, .height = 720});
  bool announced_at_audio = true;
  const auto spoken = speak({.client = client,
                             .host = loopback(),
                             .on_audio = [&](const rtsp::MediaPath& path) -> Status {
                               EXPECT_TRUE(path.ping);
                               announced_at_audio =
                                   host.locked([](auto& at) { return at.agreement.has_value(); });
                               return {};
                             }},
                            {});
  ASSERT_TRUE(spoken) << describe(spoken.error());
  EXPECT_TRUE(client.done());
  EXPECT_FALSE(announced_at_audio);
  EXPECT_TRUE(host.wait_until([](auto& at) { return at.played; }));
  EXPECT_EQ(host.locked([](auto& at) { return at.agreement->video.mode; }), (Mode{1280, 720, 60'000}));
}

TEST(RtspDialogue, a_refused_stream_ends_it) {
  test::StreamHost host;
  host.refuse_announce(rtsp::RtspStatus::internal_error);
  auto client = client_at(host.launch(ByteView{kKey}, kKey));
  const auto spoken = speak({client, loopback(), [](const auto&) { return Status{}; }}, {});
  ASSERT_FALSE(spoken);
  EXPECT_EQ(spoken.error().id, "gamestream.rtsp-status");
}

TEST(RtspDialogue, a_host_that_hangs_up_is_named) {
  test::StreamHost host;
  auto client = client_at(host.launch(ByteView{kKey}, kKey));
  rtsp::SessionKey other{};
  const auto port = client.port();
  auto stranger = rtsp::RtspClient::create({.session_url = "rtspenc://127.0.0.1:" + std::to_string(port),
                                            .host_address = "127.0.0.1",
                                            .key = other})
                      .value();
  const auto spoken = speak({stranger, loopback(), [](const auto&) { return Status{}; }}, {});
  ASSERT_FALSE(spoken);
  EXPECT_EQ(spoken.error().id, "client.rtsp-no-answer");
}

TEST(RtspDialogue, a_failure_of_the_sound_ends_it) {
  test::StreamHost host;
  auto client = client_at(host.launch(ByteView{kKey}, kKey));
  const auto spoken =
      speak({client, loopback(),
             [](const auto&) -> Status { return fail(ErrorCode::unavailable, "net.bind", "no socket"); }},
            {});
  ASSERT_FALSE(spoken);
  EXPECT_EQ(spoken.error().id, "net.bind");
  EXPECT_FALSE(host.locked([](auto& at) { return at.agreement.has_value(); }));
}

TEST(RtspDialogue, nobody_there_is_tried_again_and_then_said) {
  const auto free = net::listen_tcp({.addresses = {"127.0.0.1"}}).value().front().local.port();
  auto client = client_at(free);
  const auto begun = SteadyTime{}.now();
  const auto spoken = speak({client, loopback(), [](const auto&) { return Status{}; }, 1200ms}, {});
  ASSERT_FALSE(spoken);
  EXPECT_EQ(spoken.error().id, "tcp.refused");
  EXPECT_GE(SteadyTime{}.now() - begun, 900ms);
}

TEST(RtspDialogue, waiting_can_be_stopped) {
  const auto free = net::listen_tcp({.addresses = {"127.0.0.1"}}).value().front().local.port();
  auto client = client_at(free);
  std::stop_source source;
  source.request_stop();
  const auto spoken = speak({client, loopback(), [](const auto&) { return Status{}; }}, source.get_token());
  ASSERT_FALSE(spoken);
  EXPECT_EQ(spoken.error().id, "tcp.stopped");
}

}  // namespace
}  // namespace lumen::client
