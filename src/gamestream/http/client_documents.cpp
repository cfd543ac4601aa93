#include "gamestream/http/client_documents.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gamestream/http/query.hpp"
#include "gamestream/http/text.hpp"
#include "gamestream/http/xml.hpp"

namespace lumen::gamestream {
namespace {

constexpr std::size_t kMaxNameBytes = 255;

tl::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::malformed, "gamestream.host-answer",
              fmt::format("the host's answer has no usable {}", what), "Update the host");
}

tl::unexpected<Error> refused(std::string_view words) {
  auto shown = display_name(words, kMaxNameBytes);
  return fail(ErrorCode::denied, "gamestream.host-refused",
              shown.empty() ? "the host refused the request" : std::move(shown), "See what the host says");
}

Result<XmlElement> read_root(std::string_view body) {
  LUMEN_TRY(auto document, read_xml(body));
  if (document.status_code == 401) {
    return fail(ErrorCode::denied, "gamestream.not-paired", "the host does not know this client",
                "Pair with the host");
  }
  if (document.status_code != 200) return refused(document.status_message);
  return std::move(document.root);
}

std::optional<std::array<std::int32_t, 4>> parse_version(std::string_view text) {
  std::array<std::int32_t, 4> version{};
  for (std::size_t i = 0; i < version.size(); ++i) {
    const auto point = i + 1 < version.size() ? text.find('.') : text.size();
    if (point == std::string_view::npos) return std::nullopt;
    const auto number = parse_decimal<std::int32_t>(text.substr(0, point));
    if (!number) return std::nullopt;
    version[i] = *number;
    text.remove_prefix(std::min(point + 1, text.size()));
  }
  return version;
}

template <std::integral T>
T number_or(const XmlElement& root, std::string_view name, T fallback) {
  return parse_decimal<T>(root.child_text(name)).value_or(fallback);
}

std::string_view element_of(LaunchVerb verb) { return verb == LaunchVerb::launch ? "gamesession" : "resume"; }

}  // namespace

Result<ServerInfo> read_server_info(std::string_view body) {
  LUMEN_TRY(const auto root, read_root(body));
  ServerInfo info;
  info.hostname = display_name(root.child_text("hostname"), kMaxNameBytes);
  info.unique_id = display_name(root.child_text("uniqueid"), kMaxNameBytes);
  if (info.unique_id.empty()) return malformed("uniqueid");
  const auto version = parse_version(root.child_text("appversion"));
  if (!version) return malformed("appversion");
  info.app_version = *version;
  const auto port = number_or<std::uint16_t>(root, "HttpsPort", 0);
  if (port != 0) info.https_port = port;
  info.codec_mode_support = number_or<std::uint32_t>(root, "ServerCodecModeSupport", 1);
  info.hevc = number_or<std::int64_t>(root, "MaxLumaPixelsHEVC", 0) > 0;
  info.paired = root.child_text("PairStatus") == "1";
  if (root.child_text("state").ends_with("_SERVER_BUSY")) {
    info.current_app = number_or<std::uint32_t>(root, "currentgame", 0);
  }
  return info;
}

Result<std::vector<App>> read_app_list(std::string_view body) {
  LUMEN_TRY(const auto root, read_root(body));
  std::vector<App> apps;
  for (const auto& each : root.children) {
    if (each.name != "App") continue;
    App app{.id = number_or<std::uint32_t>(each, "ID", 0),
            .title = display_name(each.child_text("AppTitle"), kMaxNameBytes),
            .hdr = each.child_text("IsHdrSupported") == "1",
            .desktop = each.child_text("IsAppCollectorGame") == "1"};
    if (app.id != 0 && app.id <= kMaxAppId && !app.title.empty()) apps.push_back(std::move(app));
  }
  return apps;
}

Result<LaunchGrant> read_launch_answer(LaunchVerb verb, std::string_view body) {
  LUMEN_TRY(const auto root, read_root(body));
  const auto session = root.child_text(element_of(verb));
  if (session.empty() || session == "0") return refused("");
  auto url = root.child_text("sessionUrl0");
  LaunchGrant grant;
  grant.encrypted_rtsp = url.starts_with("rtspenc://");
  if (!grant.encrypted_rtsp && !url.starts_with("rtsp://")) return malformed("sessionUrl0");
  const auto colon = url.rfind(':');
  const auto port = parse_decimal<std::uint16_t>(url.substr(colon + 1));
  if (port && *port != 0) grant.rtsp_port = *port;
  return grant;
}

std::string launch_target(const LaunchRequest& request, std::string_view unique_id) {
  auto target = fmt::format(
      "{}?{}&appid={}&sops={:d}&rikey={}&rikeyid={}&localAudioPlayMode={:d}&surroundAudioInfo={}"
      "&remoteControllersBitmap={}&gcmap={}&gcpersist={:d}&corever={:d}",
      request.verb == LaunchVerb::launch ? "/launch" : "/resume", encode_parameter("uniqueid", unique_id),
      request.app_id, request.may_change_display, crypto::to_hex(request.key.view()),
      static_cast<std::int32_t>(request.key_id), request.play_on_host.value_or(false),
      (std::uint32_t{request.surround.channel_mask} << 16U) | request.surround.channels, request.gamepads,
      request.gamepads, request.keep_gamepads, request.encrypted_rtsp);
  if (request.mode) {
    const auto mhz = request.mode->refresh_mhz;
    target += fmt::format("&mode={}x{}x{}", request.mode->width_px, request.mode->height_px, mhz / 1000);
    if (mhz % 1000 != 0) target += fmt::format(".{:03}", mhz % 1000);
  }
  if (request.hdr) target += "&hdrMode=1";
  if (!request.surround_layout.empty()) target += "&surroundParams=" + request.surround_layout;
  if (request.continuous_audio) target += "&continuousAudio=1";
  return target;
}

}  // namespace lumen::gamestream
