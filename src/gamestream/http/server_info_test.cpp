#include "gamestream/http/server_info.hpp"

#include <gtest/gtest.h>

#include "gamestream/http/test_identity.hpp"

namespace lumen::gamestream {
namespace {

HostInfo host() {
  return {.hostname = "living-room",
          .unique_id = "6F1D3C1E-6A41-4C5E-9A44-9A2F7A1C0E11",
          .ports = ports_from(kDefaultHttpPort).value(),
          .external_ip = {},
          .codecs = {.hevc = true, .av1 = true, .av1_10 = true},
          .display_modes = {{1920, 1080, 60'000}}};
}
ServerInfoView paired_view() {
  return {.paired = true, .local = address("192.168.7.20"), .mac = {2, 0x11, 0x22, 0x33, 0x44, 0xAB}};
}

TEST(GameStream1, s2_every_port_hangs_on_the_base_port) {
  const auto ports = ports_from(kDefaultHttpPort).value();
  EXPECT_EQ(ports.https, 47984);
  EXPECT_EQ(ports.video, 47998);
  EXPECT_EQ(ports.control, 47999);
  EXPECT_EQ(ports.audio, 48000);
  EXPECT_EQ(ports.rtsp, 48010);
  EXPECT_EQ(ports_from(kMinHttpPort)->https, 1024);
  EXPECT_EQ(ports_from(kMaxHttpPort)->rtsp, 65535);
  EXPECT_EQ(ports_from(kMinHttpPort - 1).error().id, "gamestream.base-port");
  EXPECT_EQ(ports_from(kMaxHttpPort + 1).error().id, "gamestream.base-port");
  auto moved = host();
  moved.ports = ports_from(52'000).value();
  EXPECT_EQ(element(server_info_answer(moved, paired_view()), "HttpsPort"), "51995");
  EXPECT_EQ(element(server_info_answer(moved, paired_view()), "ExternalPort"), "52000");
}

// The example of 5.5, whose mask lacks the HEVC bits that its luma figure promises; item 20 has it right.
TEST(ServerInfo, is_written_as_the_protocol_shows_it) {
  EXPECT_EQ(
      server_info_answer(host(), paired_view()).body,
      R"(<?xml version="1.0" encoding="utf-8"?><root status_code="200"><hostname>living-room</hostname>)"
      "<appversion>7.1.431.-1</appversion><GfeVersion>3.23.0.74</GfeVersion>"
      "<uniqueid>6F1D3C1E-6A41-4C5E-9A44-9A2F7A1C0E11</uniqueid><HttpsPort>47984</HttpsPort>"
      "<ExternalPort>47989</ExternalPort><MaxLumaPixelsHEVC>1869449984</MaxLumaPixelsHEVC>"
      "<mac>02:11:22:33:44:ab</mac><LocalIP>192.168.7.20</LocalIP>"
      "<ServerCodecModeSupport>196865</ServerCodecModeSupport><SupportedDisplayMode><DisplayMode>"
      "<Width>1920</Width><Height>1080</Height><RefreshRate>60</RefreshRate></DisplayMode>"
      "</SupportedDisplayMode><PairStatus>1</PairStatus><currentgame>0</currentgame>"
      "<state>SUNSHINE_SERVER_FREE</state></root>");
}

TEST(GameStream1, s17_the_unpaired_learn_neither_mac_nor_what_runs) {
  auto view = paired_view();
  view.current_app = 42;
  const auto paired = server_info_answer(host(), view);
  EXPECT_EQ(element(paired, "PairStatus"), "1");
  EXPECT_EQ(element(paired, "mac"), "02:11:22:33:44:ab");
  view.paired = false;
  const auto unpaired = server_info_answer(host(), view);
  EXPECT_EQ(element(unpaired, "PairStatus"), "0");
  EXPECT_EQ(element(unpaired, "mac"), "00:00:00:00:00:00");
  EXPECT_EQ(element(unpaired, "currentgame"), "0");
  EXPECT_EQ(element(unpaired, "state"), "SUNSHINE_SERVER_FREE");
}

TEST(GameStream1, s18_the_versions_are_those_that_clients_are_made_for) {
  const auto answer = server_info_answer(host(), paired_view());
  EXPECT_EQ(element(answer, "appversion"), "7.1.431.-1");
  EXPECT_EQ(element(answer, "GfeVersion"), "3.23.0.74");
  EXPECT_EQ(element(answer, "uniqueid"), host().unique_id);
}

TEST(GameStream1, s19_what_the_strictest_client_wants_is_there_even_from_a_nameless_host) {
  auto nameless = host();
  nameless.hostname = " \n";
  for (const bool paired : {false, true}) {
    auto view = paired_view();
    view.paired = paired;
    const auto answer = server_info_answer(nameless, view);
    for (const auto* name :
         {"hostname", "appversion", "GfeVersion", "uniqueid", "HttpsPort", "ExternalPort",
          "MaxLumaPixelsHEVC", "LocalIP", "ServerCodecModeSupport", "PairStatus", "currentgame", "state"}) {
      EXPECT_NE(element(answer, name), "(absent)") << name;
      EXPECT_NE(element(answer, name), "") << name;
    }
  }
}

TEST(GameStream1, s20_codec_bits_are_those_of_the_offer_and_agree_with_the_luma_figure) {
  EXPECT_EQ(codec_mode_support({}), 1U);
  EXPECT_EQ(codec_mode_support({.hevc = true}), 257U);
  EXPECT_EQ(codec_mode_support({.hevc = true, .hevc_10 = true}), 769U);
  EXPECT_EQ(codec_mode_support({.hevc = true, .hevc_10 = true, .av1 = true, .av1_10 = true}), 0x30301U);
  EXPECT_EQ(codec_mode_support({.h264_444 = true}), 0x40001U);
  EXPECT_EQ(codec_mode_support({.hevc_444 = true, .hevc_444_10 = true}), 0x180001U);
  EXPECT_EQ(codec_mode_support({.av1_444 = true, .av1_444_10 = true}), 0x600001U);
  for (const auto& offer : {CodecOffer{}, CodecOffer{.av1 = true}, CodecOffer{.hevc = true},
                            CodecOffer{.hevc_10 = true}, CodecOffer{.hevc_444_10 = true}}) {
    auto info = host();
    info.codecs = offer;
    const auto answer = server_info_answer(info, paired_view());
    const bool bits = (std::stoul(element(answer, "ServerCodecModeSupport")) & 0x180300U) != 0;
    EXPECT_EQ(element(answer, "MaxLumaPixelsHEVC") != "0", bits);
  }
}

TEST(GameStream1, s21_over_ipv6_the_local_address_is_127_0_0_1) {
  auto view = paired_view();
  view.local = address("2001:db8::1");
  EXPECT_EQ(element(server_info_answer(host(), view), "LocalIP"), "127.0.0.1");
  view.local = address("::ffff:192.0.2.3");
  EXPECT_EQ(element(server_info_answer(host(), view), "LocalIP"), "192.0.2.3");
}

TEST(GameStream1, s22_an_external_address_is_told_only_where_there_is_one) {
  EXPECT_EQ(element(server_info_answer(host(), paired_view()), "ExternalIP"), "(absent)");
  auto info = host();
  info.external_ip = "198.51.100.4";
  EXPECT_EQ(element(server_info_answer(info, paired_view()), "ExternalIP"), "198.51.100.4");
}

TEST(GameStream1, s45_a_running_application_goes_with_busy_and_only_with_it) {
  auto view = paired_view();
  for (const auto app : {0U, 881'448'767U}) {
    view.current_app = app;
    const auto answer = server_info_answer(host(), view);
    EXPECT_EQ(element(answer, "currentgame"), std::to_string(app));
    EXPECT_EQ(element(answer, "state"), app != 0 ? "SUNSHINE_SERVER_BUSY" : "SUNSHINE_SERVER_FREE");
  }
}

TEST(GameStream1, s36_applications_have_unique_numbers_and_visible_titles) {
  EXPECT_TRUE(AppList::create({{1, "A"}, {kMaxAppId, "B"}}).has_value());
  EXPECT_EQ(AppList::create({{0, "A"}}).error().id, "gamestream.apps");
  EXPECT_EQ(AppList::create({{kMaxAppId + 1, "A"}}).error().id, "gamestream.apps");
  EXPECT_EQ(AppList::create({{1, "A"}, {1, "B"}}).error().id, "gamestream.apps");
  EXPECT_EQ(AppList::create({{1, " "}}).error().id, "gamestream.apps");
  EXPECT_EQ(AppList::create(std::vector<App>(1025, {1, "A"})).error().id, "gamestream.apps");
}

TEST(GameStream1, s8_an_application_with_markup_in_its_name_is_escaped) {
  const auto answer = app_list_answer(AppList::create({{7, R"(A & B <"'>)", true, true}, {8, "C"}}).value());
  EXPECT_EQ(answer.body, R"(<?xml version="1.0" encoding="utf-8"?><root status_code="200"><App>)"
                         "<IsHdrSupported>1</IsHdrSupported><IsAppCollectorGame>1</IsAppCollectorGame>"
                         "<AppTitle>A &amp; B &lt;&quot;&apos;&gt;</AppTitle><ID>7</ID></App><App>"
                         "<IsHdrSupported>0</IsHdrSupported><AppTitle>C</AppTitle><ID>8</ID></App></root>");
  EXPECT_EQ(app_list_answer({}).body,
            R"(<?xml version="1.0" encoding="utf-8"?><root status_code="200"></root>)");
}

// The start of a PNG with that size, each side in hexadecimal.
std::vector<std::byte> png_of(const std::string& width, const std::string& height) {
  return crypto::from_hex("89504e470d0a1a0a0000000d49484452" + width + height).value();
}

TEST(GameStream1, s37_box_art_has_none_of_the_sizes_of_placeholders) {
  EXPECT_TRUE(check_box_art(png_of("00000258", "00000320")).has_value());  // 600x800
  EXPECT_EQ(check_box_art(png_of("00000082", "000000b4")).error().id, "gamestream.box-art");
  EXPECT_EQ(check_box_art(png_of("00000274", "00000378")).error().id, "gamestream.box-art");
  EXPECT_EQ(check_box_art(png_of("000000c8", "0000010a")).error().id, "gamestream.box-art");
  EXPECT_EQ(check_box_art(as_view("GIF89a")).error().id, "gamestream.box-art");
  EXPECT_EQ(check_box_art({}).error().id, "gamestream.box-art");
}

}  // namespace
}  // namespace lumen::gamestream
