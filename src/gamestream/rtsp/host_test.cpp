#include "gamestream/rtsp/host.hpp"

#include <gtest/gtest.h>

#include <set>

#include "gamestream/rtsp/test_support.hpp"

namespace lumen::gamestream::rtsp {
namespace {

using test::announce_request;
using test::host_params;
using test::request_of;
using test::session_header;

Response answer_of(RtspHost& host, const Request& request) {
  const auto outcome = host.handle(request);
  return std::get<RtspHost::Answered>(outcome).response;
}
std::string header_of(const Response& response, std::string_view name) {
  const auto* const value = find_header(response.headers, name);
  return value == nullptr ? "" : *value;
}

TEST(GameStream1, s49_the_CSeq_is_echoed_exactly) {
  RtspHost host{host_params()};
  auto request = request_of("OPTIONS", "rtsp://192.0.2.10:48010");
  request.headers[0].value = "007";
  EXPECT_EQ(write_response(answer_of(host, request)), "RTSP/1.0 200 OK\r\nCSeq: 007\r\n\r\n");
}

TEST(GameStream1, s54_every_form_of_a_setup_target_works) {
  RtspHost host{host_params()};
  for (const auto& [target, port] : {std::pair{"streamid=audio/0/0", "48000"},
                                     {"streamid=audio", "48000"},
                                     {"streamid=video/0/0", "47998"},
                                     {"streamid=control/13/0", "47999"},
                                     {"streamid=control/1/0", "47999"},
                                     {"stream=control/13/0", "47999"}}) {
    const auto response = answer_of(host, request_of("SETUP", target));
    EXPECT_EQ(response.status, RtspStatus::ok) << target;
    EXPECT_EQ(header_of(response, "Transport"), std::string{"server_port="} + port);
  }
}

TEST(GameStream1, s2_setup_names_the_ports_that_the_host_has) {
  auto params = host_params();
  params.ports = {.video = 52'009, .control = 52'010, .audio = 52'011};
  RtspHost host{std::move(params)};
  for (const auto& [target, transport] : {std::pair{"streamid=audio", "server_port=52011"},
                                          {"streamid=video", "server_port=52009"},
                                          {"streamid=control", "server_port=52010"}}) {
    EXPECT_EQ(header_of(answer_of(host, request_of("SETUP", target)), "Transport"), transport);
  }
}

TEST(GameStream1, s54_any_other_setup_target_is_404) {
  RtspHost host{host_params()};
  for (const auto* const target : {"/", "audio", "streamid", "streamid=", "streamid=/", "streamid=Audio",
                                   "streamid=audio2/0", "=x=audio"}) {
    EXPECT_EQ(answer_of(host, request_of("SETUP", target)).status, RtspStatus::not_found) << target;
  }
  EXPECT_EQ(answer_of(host, request_of("TEARDOWN", "/")).status, RtspStatus::not_found);
  EXPECT_EQ(answer_of(host, request_of("ANNOUNCE", "streamid=video/0/0")).status, RtspStatus::not_found);
}

TEST(GameStream1, s55_all_setups_carry_the_same_session_and_an_exact_transport) {
  RtspHost host{host_params()};
  for (const auto* const stream : {"audio", "video", "control"}) {
    const auto response = answer_of(host, request_of("SETUP", std::string{"streamid="} + stream));
    EXPECT_EQ(header_of(response, "Session"), "5F3A9C01D2E4B678;timeout = 90");
    EXPECT_TRUE(header_of(response, "Transport").starts_with("server_port="));
  }
}

TEST(GameStream1, s56_c2_m2_ids_are_as_clients_need_them) {
  std::set<std::string> seen;
  for (int i = 0; i < 64; ++i) {
    const auto ids = draw_launch_ids().value();
    EXPECT_NE(ids.connect_data, 0U);
    const std::string audio{ids.audio_ping.begin(), ids.audio_ping.end()};
    const std::string video{ids.video_ping.begin(), ids.video_ping.end()};
    for (const auto& id : {ids.session, audio, video}) {
      EXPECT_EQ(id.size(), 16U);
      EXPECT_EQ(id.find_first_not_of("0123456789ABCDEF"), std::string::npos) << id;
      EXPECT_TRUE(seen.insert(id).second);
    }
  }
}

TEST(GameStream1, s56_c2_m2_setups_show_ping_payload_and_connect_data) {
  RtspHost host{host_params()};
  EXPECT_EQ(header_of(answer_of(host, request_of("SETUP", "streamid=audio")), "X-SS-Ping-Payload"),
            "0F1E2D3C4B5A6978");
  EXPECT_EQ(header_of(answer_of(host, request_of("SETUP", "streamid=video")), "X-SS-Ping-Payload"),
            "8796A5B4C3D2E1F0");
  EXPECT_EQ(header_of(answer_of(host, request_of("SETUP", "streamid=control")), "X-SS-Connect-Data"),
            "3938596490");
}

TEST(GameStream1, s62_an_announce_is_answered_only_when_the_host_is_ready) {
  RtspHost host{host_params()};
  const auto outcome = host.handle(announce_request());
  const auto* const pending = std::get_if<RtspHost::AnnouncePending>(&outcome);
  ASSERT_NE(pending, nullptr);
  EXPECT_EQ(pending->agreement.video.mode, (Mode{1920, 1080, 60'000}));
  EXPECT_EQ(answer_of(host, request_of("PLAY", "/", {session_header()})).status, RtspStatus::bad_request);
  EXPECT_EQ(answer_of(host, announce_request()).status, RtspStatus::bad_request);
  EXPECT_EQ(host.finish_announce(RtspStatus::ok)->status, RtspStatus::ok);
  EXPECT_FALSE(host.finish_announce(RtspStatus::ok));
  const auto played = host.handle(request_of("PLAY", "/", {session_header()}));
  EXPECT_EQ(std::get<RtspHost::Playing>(played).response.status, RtspStatus::ok);
}

TEST(GameStream1, s61_a_failing_encoder_gives_500_and_the_client_may_try_again) {
  RtspHost host{host_params()};
  EXPECT_TRUE(std::holds_alternative<RtspHost::AnnouncePending>(host.handle(announce_request())));
  EXPECT_EQ(host.finish_announce(RtspStatus::internal_error)->status, RtspStatus::internal_error);
  EXPECT_EQ(answer_of(host, request_of("PLAY", "/", {session_header()})).status, RtspStatus::bad_request);
  EXPECT_TRUE(std::holds_alternative<RtspHost::AnnouncePending>(host.handle(announce_request())));
}

TEST(RtspHost, answers_454_to_announce_and_play_of_another_session) {
  RtspHost host{host_params()};
  auto announce = announce_request();
  for (auto& header : announce.headers) {
    if (header.name == "Session") header.value = "5F3A9C01D2E4B679";
  }
  EXPECT_EQ(answer_of(host, announce).status, RtspStatus::session_not_found);
  EXPECT_EQ(answer_of(host, request_of("PLAY", "/")).status, RtspStatus::session_not_found);
  EXPECT_EQ(answer_of(host, request_of("ANNOUNCE", "streamid=control")).status,
            RtspStatus::session_not_found);
}

TEST(RtspHost, takes_the_session_with_or_without_its_parameters) {
  RtspHost host{host_params()};
  EXPECT_TRUE(host.is_session(request_of("PLAY", "/", {{"session", "5F3A9C01D2E4B678 ;timeout = 90"}})));
  EXPECT_TRUE(host.is_session(request_of("PLAY", "/", {session_header()})));
  EXPECT_FALSE(host.is_session(request_of("PLAY", "/", {{"Session", ""}})));
}

TEST(RtspHost, answers_400_without_CSeq_and_to_an_announce_without_body) {
  RtspHost host{host_params()};
  auto request = request_of("OPTIONS", "/");
  request.headers.clear();
  EXPECT_EQ(write_response(answer_of(host, request)), "RTSP/1.0 400 BAD REQUEST\r\nCSeq: 0\r\n\r\n");
  const auto empty = request_of("ANNOUNCE", "streamid=control", {session_header()});
  EXPECT_EQ(answer_of(host, empty).status, RtspStatus::bad_request);
}

}  // namespace
}  // namespace lumen::gamestream::rtsp
