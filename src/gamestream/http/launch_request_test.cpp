#include "gamestream/http/launch_request.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "gamestream/http/test_identity.hpp"

namespace lumen::gamestream {
namespace {

// What a current Qt client sends.
constexpr std::string_view kQuery =
    "uniqueid=ab12&uuid=00112233445566778899aabbccddeeff&appid=881448767&mode=1920x1080x60&additionalStates=1"
    "&sops=1&rikey=000102030405060708090a0b0c0d0e0f&rikeyid=-235802127&hdrMode=1&clientHdrCapVersion=0"
    "&clientHdrCapSupportedFlagsInUint32=0&clientHdrCapMetaDataId=NV_STATIC_METADATA_TYPE_1"
    "&clientHdrCapDisplayData=0x0x0x0x0x0x0x0x0x0x0&localAudioPlayMode=1&surroundAudioInfo=4128774"
    "&remoteControllersBitmap=3&gcmap=3&gcpersist=1&corever=1";

std::variant<LaunchRequest, Answer> parse(LaunchVerb verb, std::string_view text) {
  return parse_launch(verb, Query::parse(text).value());
}
LaunchRequest good(LaunchVerb verb, std::string_view text) {
  return std::get<LaunchRequest>(parse(verb, text));
}

// `text` without the parameter `name`, or with another value for it.
std::string changed(std::string_view text, std::string_view name, std::optional<std::string_view> value) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('&', at), text.size());
    const auto pair = text.substr(at, end - at);
    if (!pair.starts_with(std::string{name} + "=")) out += "&" + std::string{pair};
    at = end + 1;
  }
  if (value) out += "&" + encode_parameter(name, *value);
  return out.substr(1);
}

TEST(LaunchRequest, has_what_a_current_client_sends) {
  const auto request = good(LaunchVerb::launch, kQuery);
  EXPECT_EQ(request.app_id, 881'448'767U);
  EXPECT_EQ(request.mode, (DisplayMode{1920, 1080, 60'000}));
  EXPECT_TRUE(request.may_change_display);
  EXPECT_EQ(crypto::to_hex(request.key.view()), "000102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(request.key_id, 4'059'165'169U);
  EXPECT_TRUE(request.hdr);
  EXPECT_EQ(request.play_on_host, true);
  EXPECT_EQ(request.surround, (SurroundAudio{0x3F, 6}));
  EXPECT_EQ(request.gamepads, 3U);
  EXPECT_TRUE(request.keep_gamepads);
  EXPECT_TRUE(request.encrypted_rtsp);
  EXPECT_FALSE(request.continuous_audio);
}

TEST(LaunchRequest, has_defaults_for_what_an_old_client_leaves_out) {
  const auto request = good(LaunchVerb::resume, "rikey=000102030405060708090A0B0C0D0E0F&rikeyid=1");
  EXPECT_EQ(request.app_id, 0U);
  EXPECT_EQ(request.mode, std::nullopt);
  EXPECT_FALSE(request.may_change_display || request.hdr || request.keep_gamepads || request.encrypted_rtsp);
  EXPECT_EQ(request.play_on_host, std::nullopt);
  EXPECT_EQ(request.surround, (SurroundAudio{3, 2}));
  EXPECT_EQ(request.gamepads, 0U);
}

TEST(GameStream1, s38_what_is_required_and_absent_fails_with_400) {
  for (const auto* name : {"rikey", "rikeyid", "appid", "localAudioPlayMode"}) {
    const auto refused = std::get<Answer>(parse(LaunchVerb::launch, changed(kQuery, name, std::nullopt)));
    EXPECT_EQ(status(refused), 400) << name;
    EXPECT_EQ(element(refused, "gamesession"), "0") << name;
  }
  for (const auto* name : {"rikey", "rikeyid"}) {
    const auto refused = std::get<Answer>(parse(LaunchVerb::resume, changed(kQuery, name, std::nullopt)));
    EXPECT_EQ(status(refused), 400) << name;
    EXPECT_EQ(element(refused, "resume"), "0") << name;
  }
  for (const auto* key : {"", "00", "000102030405060708090a0b0c0d0e0", "000102030405060708090a0b0c0d0e0g",
                          "000102030405060708090a0b0c0d0e0f00"}) {
    EXPECT_EQ(status(std::get<Answer>(parse(LaunchVerb::launch, changed(kQuery, "rikey", key)))), 400) << key;
  }
}

TEST(GameStream1, s39_key_numbers_are_signed_or_unsigned_and_only_their_bits_count) {
  const auto id = [](std::string_view text) {
    return good(LaunchVerb::launch, changed(kQuery, "rikeyid", text)).key_id;
  };
  EXPECT_EQ(id("-2147483648"), 0x8000'0000U);
  EXPECT_EQ(id("0"), 0U);
  EXPECT_EQ(id("-1"), 0xFFFF'FFFFU);
  EXPECT_EQ(id("4294967295"), id("-1"));
  for (const auto* bad : {"", "x", "-2147483649", "4294967296", "1x", "+1", "99999999999999999999"}) {
    EXPECT_EQ(status(std::get<Answer>(parse(LaunchVerb::launch, changed(kQuery, "rikeyid", bad)))), 400)
        << bad;
  }
}

TEST(GameStream1, s24_the_key_numbers_of_the_vectors_are_reproduced) {
  std::ifstream file{LUMEN_TEST_VECTORS "/gamestream-session.json"};
  const auto vectors = nlohmann::json::parse(file).at("rikeyid");
  ASSERT_FALSE(vectors.empty());
  for (const auto& vector : vectors) {
    const auto text = std::to_string(vector.at("param").get<std::int64_t>());
    EXPECT_EQ(good(LaunchVerb::launch, changed(kQuery, "rikeyid", text)).key_id, vector.at("u32")) << text;
  }
}

TEST(LaunchRequest, modes_come_in_hertz_fractions_and_millihertz) {
  const auto mode = [](std::string_view text) {
    return good(LaunchVerb::launch, changed(kQuery, "mode", text)).mode;
  };
  EXPECT_EQ(mode("1280x720x59.94"), (DisplayMode{1280, 720, 59'940}));
  EXPECT_EQ(mode("1280x720x119880"), (DisplayMode{1280, 720, 119'880}));
  EXPECT_EQ(mode("1280x720x0"), (DisplayMode{1280, 720, 0}));
  for (const auto* none : {"0x0x0", "", "1280x720", "x720x60", "1280x720x60x1", "-1x720x60", "99999x720x60",
                           "1280x720x", "1280x720x60.x", "1280x720x1000001", "1280x720x4294967296"}) {
    EXPECT_EQ(mode(none), std::nullopt) << none;
  }
}

TEST(LaunchRequest, optional_nonsense_counts_as_absent) {
  auto query = changed(kQuery, "surroundAudioInfo", "7");
  for (const auto* name : {"remoteControllersBitmap", "gcmap", "hdrMode", "corever", "sops", "gcpersist"}) {
    query = changed(query, name, "99999999999999999999");
  }
  query = changed(query, "surroundParams", "21x");
  const auto request = good(LaunchVerb::launch, query);
  EXPECT_EQ(request.surround, SurroundAudio{});
  EXPECT_EQ(request.gamepads, 0U);
  EXPECT_FALSE(request.hdr || request.encrypted_rtsp || request.may_change_display || request.keep_gamepads);
  EXPECT_EQ(request.surround_layout, "");
  EXPECT_EQ(good(LaunchVerb::launch, changed(kQuery, "surroundParams", "642014523")).surround_layout,
            "642014523");
  EXPECT_TRUE(good(LaunchVerb::launch, changed(kQuery, "continuousAudio", "1")).continuous_audio);
}

TEST(GameStream1, s44_a_number_that_no_application_has_gives_404) {
  for (const auto* id : {"0", "-1", "2147483648", "4000000000"}) {
    EXPECT_EQ(status(std::get<Answer>(parse(LaunchVerb::launch, changed(kQuery, "appid", id)))), 404) << id;
  }
}

TEST(GameStream1, s40_success_has_a_number_and_a_literal_address) {
  const std::regex form{R"(^rtsp(enc)?://(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):\d+$)"};
  for (const auto* local : {"192.168.7.20", "::ffff:192.0.2.1", "2001:db8::20"}) {
    for (const bool encrypted : {false, true}) {
      const auto url = session_url(address(local), 48010, encrypted);
      EXPECT_TRUE(std::regex_match(url, form)) << url;
      const auto launched = launch_success(LaunchVerb::launch, url);
      EXPECT_EQ(status(launched), 200);
      EXPECT_EQ(element(launched, "sessionUrl0"), url);
      EXPECT_EQ(element(launched, "gamesession"), "1");
      EXPECT_EQ(element(launch_success(LaunchVerb::resume, url), "resume"), "1");
    }
  }
}

TEST(GameStream1, s41_the_scheme_follows_corever) {
  EXPECT_TRUE(good(LaunchVerb::launch, changed(kQuery, "corever", "2")).encrypted_rtsp);
  EXPECT_FALSE(good(LaunchVerb::launch, changed(kQuery, "corever", "0")).encrypted_rtsp);
  EXPECT_FALSE(good(LaunchVerb::launch, changed(kQuery, "corever", std::nullopt)).encrypted_rtsp);
  EXPECT_EQ(session_url(address("192.0.2.1"), 48010, true), "rtspenc://192.0.2.1:48010");
  EXPECT_EQ(session_url(address("192.0.2.1"), 48010, false), "rtsp://192.0.2.1:48010");
}

TEST(GameStream1, s42_failures_carry_their_element_as_0) {
  const auto launch = launch_refusal(LaunchVerb::launch, 503, "No encoder");
  EXPECT_EQ(launch.http_status, 200);
  EXPECT_EQ(status(launch), 503);
  EXPECT_EQ(element(launch, "gamesession"), "0");
  EXPECT_EQ(element(launch_refusal(LaunchVerb::resume, 503, ""), "resume"), "0");
  EXPECT_EQ(element(cancel_answer(false), "cancel"), "0");
  EXPECT_EQ(element(cancel_answer(true), "cancel"), "1");
}

TEST(GameStream1, s70_no_refusal_repeats_the_key) {
  const std::string key = "000102030405060708090a0b0c0d0e0f";
  for (const auto* name : {"rikey", "rikeyid", "appid", "localAudioPlayMode"}) {
    const auto query = changed(kQuery, name, "x" + key);
    const auto verdict = parse(LaunchVerb::launch, query);
    ASSERT_TRUE(std::holds_alternative<Answer>(verdict)) << name;
    EXPECT_EQ(std::get<Answer>(verdict).body.find(key), std::string::npos) << name;
  }
  EXPECT_EQ(describe(Query::parse("rikey=" + key + "&a=%").error()).find(key), std::string::npos);
}

}  // namespace
}  // namespace lumen::gamestream
