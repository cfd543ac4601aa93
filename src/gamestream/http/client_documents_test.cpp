#include "gamestream/http/client_documents.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "gamestream/http/test_identity.hpp"

namespace lumen::gamestream {
namespace {

std::string root(std::string_view children) {
  return "<root status_code=\"200\">" + std::string{children} + "</root>";
}

TEST(ClientDocuments, server_info_is_read_as_our_host_writes_it) {
  HostInfo host{.hostname = "a & b",
                .unique_id = "6F1D3C1E",
                .ports = ports_from(52'000).value(),
                .external_ip = {},
                .codecs = {.hevc = true}};
  const auto answer =
      server_info_answer(host, {.paired = true, .local = address("192.0.2.1"), .mac = {}, .current_app = 7});
  const auto info = read_server_info(answer.body).value();
  EXPECT_EQ(info.hostname, "a & b");
  EXPECT_EQ(info.unique_id, "6F1D3C1E");
  EXPECT_EQ(info.app_version, (std::array{7, 1, 431, -1}));
  EXPECT_EQ(info.https_port, 51'995);
  EXPECT_EQ(info.codec_mode_support, 257U);
  EXPECT_TRUE(info.hevc && info.paired);
  EXPECT_EQ(info.current_app, 7U);
}

TEST(ClientDocuments, server_info_of_other_hosts_has_defaults_and_a_running_game_only_with_busy) {
  const auto info =
      read_server_info(root("<uniqueid>x</uniqueid><appversion>7.1.450.0</appversion><state>"
                            "MJOLNIR_STATE_SERVER_AVAILABLE</state><currentgame>9</currentgame>"))
          .value();
  EXPECT_EQ(info.https_port, 47984);
  EXPECT_EQ(info.codec_mode_support, 1U);
  EXPECT_FALSE(info.hevc || info.paired);
  EXPECT_EQ(info.current_app, 0U);
}

TEST(ClientDocuments, refusals_are_told_apart) {
  EXPECT_EQ(read_server_info(error_answer(401, "no").body).error().id, "gamestream.not-paired");
  const auto refused = read_app_list(error_answer(503, "No encoder").body);
  EXPECT_EQ(refused.error().id, "gamestream.host-refused");
  EXPECT_EQ(refused.error().what, "No encoder");
  EXPECT_EQ(read_server_info("").error().id, "gamestream.xml");
  for (const auto* bad :
       {"", "<uniqueid>x</uniqueid>", "<uniqueid>x</uniqueid><appversion>7.1.431</appversion>",
        "<appversion>7.1.431.-1</appversion>",
        "<uniqueid>x</uniqueid><appversion>7.1.431.-1.0</appversion>"}) {
    EXPECT_EQ(read_server_info(root(bad)).error().id, "gamestream.host-answer") << bad;
  }
}

TEST(ClientDocuments, app_lists_are_read_without_their_broken_entries) {
  const auto list = AppList::create({{7, "A & B", true, true}, {8, "C"}}).value();
  const auto apps = read_app_list(app_list_answer(list).body).value();
  ASSERT_EQ(apps.size(), 2U);
  EXPECT_EQ(apps[0].title, "A & B");
  EXPECT_TRUE(apps[0].hdr && apps[0].desktop);
  EXPECT_EQ(apps[1].id, 8U);
  EXPECT_TRUE(read_app_list(root("<App><ID>0</ID><AppTitle>x</AppTitle></App><App><ID>4000000000</ID>"
                                 "<AppTitle>x</AppTitle></App><App><ID>5</ID></App><x/>"))
                  ->empty());
}

TEST(ClientDocuments, launch_answers_give_scheme_and_port) {
  const auto grant = read_launch_answer(
      LaunchVerb::launch, launch_success(LaunchVerb::launch, "rtspenc://[2001:db8::1]:48011").body);
  EXPECT_TRUE(grant->encrypted_rtsp);
  EXPECT_EQ(grant->rtsp_port, 48011);
  const auto plain =
      read_launch_answer(LaunchVerb::resume, root("<sessionUrl0>rtsp://x</sessionUrl0><resume>1</resume>"));
  EXPECT_FALSE(plain->encrypted_rtsp);
  EXPECT_EQ(plain->rtsp_port, 48010);
  EXPECT_EQ(
      read_launch_answer(LaunchVerb::launch, launch_refusal(LaunchVerb::launch, 400, "x").body).error().what,
      "x");
  EXPECT_EQ(read_launch_answer(LaunchVerb::resume, root("<resume>0</resume>")).error().id,
            "gamestream.host-refused");
  EXPECT_EQ(read_launch_answer(LaunchVerb::launch, root("<gamesession>1</gamesession>")).error().id,
            "gamestream.host-answer");
}

RC_GTEST_PROP(ClientDocuments, a_launch_target_is_parsed_to_the_same_request, (bool flag, bool other)) {
  LaunchRequest request{.verb = flag ? LaunchVerb::launch : LaunchVerb::resume};
  request.key = SessionKey{*rc::gen::container<std::vector<std::byte>>(
      16, rc::gen::map(rc::gen::inRange(0, 256), [](int each) { return static_cast<std::byte>(each); }))};
  request.key_id = *rc::gen::arbitrary<std::uint32_t>();
  request.app_id = *rc::gen::inRange<std::uint32_t>(1, kMaxAppId);
  request.mode = DisplayMode{*rc::gen::inRange(1U, 16'384U), *rc::gen::inRange(1U, 16'384U),
                             *rc::gen::inRange(0U, 999'999U)};
  request.play_on_host = other;
  request.surround = flag ? SurroundAudio{0x63F, 8} : SurroundAudio{0x3F, 6};
  request.gamepads = *rc::gen::arbitrary<std::uint32_t>();
  request.encrypted_rtsp = request.hdr = other;
  request.keep_gamepads = request.may_change_display = request.continuous_audio = flag;
  request.surround_layout = "642014523";

  PairedClients paired;
  RC_ASSERT(paired.add(client_identity().certificate(), "TV", {}).has_value());
  const auto target = launch_target(request, "1&2");
  const auto routed = HttpApi{paired}.route(
      {Scheme::https, "GET", target, client_identity().certificate().fingerprint(), {}, {}});
  const auto& parsed = std::get<LaunchRequest>(routed);
  RC_ASSERT(parsed.verb == request.verb);
  RC_ASSERT(bool{parsed.key == request.key});
  RC_ASSERT(parsed.key_id == request.key_id);
  RC_ASSERT(parsed.app_id == request.app_id);
  RC_ASSERT(bool{parsed.mode == request.mode});
  RC_ASSERT(bool{parsed.play_on_host == request.play_on_host});
  RC_ASSERT(bool{parsed.surround == request.surround});
  RC_ASSERT(parsed.gamepads == request.gamepads);
  RC_ASSERT(parsed.encrypted_rtsp == request.encrypted_rtsp);
  RC_ASSERT(parsed.hdr == request.hdr);
  RC_ASSERT(parsed.keep_gamepads == request.keep_gamepads);
  RC_ASSERT(parsed.may_change_display == request.may_change_display);
  RC_ASSERT(parsed.continuous_audio == request.continuous_audio);
  RC_ASSERT(parsed.surround_layout == request.surround_layout);
}

}  // namespace
}  // namespace lumen::gamestream
