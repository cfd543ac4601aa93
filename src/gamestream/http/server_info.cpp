#include "gamestream/http/server_info.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "gamestream/http/text.hpp"

namespace lumen::gamestream {
namespace {

constexpr std::int64_t kMaxLumaPixelsHevc = 1'869'449'984;
constexpr std::size_t kMaxApps = 1024;

enum CodecBit : std::uint32_t {
  h264_bit = 0x1,
  hevc_bit = 0x100,
  hevc_10_bit = 0x200,
  av1_bit = 0x1'0000,
  av1_10_bit = 0x2'0000,
  h264_444_bit = 0x4'0000,
  hevc_444_bit = 0x8'0000,
  hevc_444_10_bit = 0x10'0000,
  av1_444_bit = 0x20'0000,
  av1_444_10_bit = 0x40'0000,
};

std::string mac_text(const MacAddress& mac) { return fmt::format("{:02x}", fmt::join(mac, ":")); }

void write_display_modes(XmlWriter& xml, std::span<const DisplayMode> modes) {
  if (modes.empty()) return;
  xml.open("SupportedDisplayMode");
  for (const auto& mode : modes) {
    xml.open("DisplayMode");
    xml.number("Width", mode.width_px);
    xml.number("Height", mode.height_px);
    xml.number("RefreshRate", (mode.refresh_mhz + 500) / 1000);
    xml.close("DisplayMode");
  }
  xml.close("SupportedDisplayMode");
}

bool has_visible_text(std::string_view title) { return !display_name(title, title.size()).empty(); }

tl::unexpected<Error> bad_apps(std::string what) {
  return fail(ErrorCode::invalid_argument, "gamestream.apps", std::move(what),
              "Correct the list of applications");
}

}  // namespace

Result<Ports> ports_from(std::uint16_t http_port) {
  if (http_port < kMinHttpPort || http_port > kMaxHttpPort) {
    return fail(ErrorCode::invalid_argument, "gamestream.base-port",
                fmt::format("GameStream's HTTP port is {} to {}", kMinHttpPort, kMaxHttpPort),
                "Choose another port, 47989 for instance");
  }
  const auto at = [&](int offset) { return static_cast<std::uint16_t>(http_port + offset); };
  return Ports{
      .http = http_port, .https = at(-5), .video = at(9), .control = at(10), .audio = at(11), .rtsp = at(21)};
}

std::uint32_t codec_mode_support(const CodecOffer& offer) {
  std::uint32_t mask = h264_bit;
  const auto add = [&](bool offered, CodecBit bit) { mask |= offered ? bit : 0U; };
  add(offer.hevc, hevc_bit);
  add(offer.hevc_10, hevc_10_bit);
  add(offer.av1, av1_bit);
  add(offer.av1_10, av1_10_bit);
  add(offer.h264_444, h264_444_bit);
  add(offer.hevc_444, hevc_444_bit);
  add(offer.hevc_444_10, hevc_444_10_bit);
  add(offer.av1_444, av1_444_bit);
  add(offer.av1_444_10, av1_444_10_bit);
  return mask;
}

std::vector<DisplayMode> common_display_modes() {
  std::vector<DisplayMode> modes;
  for (const auto height : {720U, 1080U, 1440U, 2160U, 4320U}) {
    for (const auto hertz : {30U, 60U, 90U, 120U}) {
      modes.push_back({.width_px = height * 16 / 9, .height_px = height, .refresh_mhz = hertz * 1000});
    }
  }
  return modes;
}

Answer server_info_answer(const HostInfo& host, const ServerInfoView& view) {
  const bool busy = view.paired && view.current_app != 0;
  const auto name = display_name(host.hostname, 255);
  XmlWriter xml{200};
  xml.text("hostname", name.empty() ? "Lumen" : name);
  xml.text("appversion", kAppVersion);
  xml.text("GfeVersion", kGfeVersion);
  xml.text("uniqueid", host.unique_id);
  xml.number("HttpsPort", host.ports.https);
  xml.number("ExternalPort", host.ports.http);
  xml.number("MaxLumaPixelsHEVC", host.codecs.any_hevc() ? kMaxLumaPixelsHevc : 0);
  xml.text("mac", mac_text(view.paired ? view.mac : MacAddress{}));
  // Clients overwrite the IPv4 address they know with anything but 127.*.
  xml.text("LocalIP", view.local.is_v4() ? view.local.text() : "127.0.0.1");
  xml.text("ExternalIP", host.external_ip);
  xml.number("ServerCodecModeSupport", codec_mode_support(host.codecs));
  write_display_modes(xml, host.display_modes);
  xml.number("PairStatus", view.paired ? 1 : 0);
  xml.number("currentgame", busy ? view.current_app : 0);
  xml.text("state", busy ? "SUNSHINE_SERVER_BUSY" : "SUNSHINE_SERVER_FREE");
  return xml_answer(std::move(xml));
}

Result<AppList> AppList::create(std::vector<App> apps) {
  if (apps.size() > kMaxApps) return bad_apps("there are more than 1024 applications");
  std::set<std::uint32_t> ids;
  for (const auto& app : apps) {
    if (!has_visible_text(app.title)) return bad_apps(fmt::format("application {} has no title", app.id));
    if (app.id == 0 || app.id > kMaxAppId || !ids.insert(app.id).second) {
      return bad_apps(fmt::format("\"{}\" needs a number of its own from 1 to {}", app.title, kMaxAppId));
    }
  }
  AppList list;
  list.apps_ = std::move(apps);
  return list;
}

const App* AppList::find(std::uint32_t id) const {
  const auto found = std::ranges::find(apps_, id, &App::id);
  return found == apps_.end() ? nullptr : &*found;
}

Answer app_list_answer(const AppList& apps) {
  XmlWriter xml{200};
  for (const auto& app : apps.apps()) {
    xml.open("App");
    xml.number("IsHdrSupported", app.hdr ? 1 : 0);
    if (app.desktop) xml.number("IsAppCollectorGame", 1);
    xml.text("AppTitle", app.title);
    xml.number("ID", app.id);
    xml.close("App");
  }
  return xml_answer(std::move(xml));
}

Status check_box_art(ByteView png) {
  constexpr std::uint64_t kSignature = 0x89504E470D0A1A0A;
  constexpr std::uint32_t kHeaderChunk = 0x49484452;  // "IHDR"
  constexpr std::pair<std::uint32_t, std::uint32_t> kPlaceholders[] = {{130, 180}, {628, 888}, {200, 266}};
  ByteReader reader{png};
  const auto signature = reader.big<std::uint64_t>();
  reader.take(4);
  const auto chunk = reader.big<std::uint32_t>();
  const auto width = reader.big<std::uint32_t>(), height = reader.big<std::uint32_t>();
  if (!reader.ok() || signature != kSignature || chunk != kHeaderChunk) {
    return fail(ErrorCode::malformed, "gamestream.box-art", "the box art is no PNG", "Use a PNG picture");
  }
  if (std::ranges::find(kPlaceholders, std::pair{width, height}) != std::end(kPlaceholders)) {
    return fail(ErrorCode::invalid_argument, "gamestream.box-art",
                fmt::format("clients take a picture of {}x{} for a placeholder", width, height),
                "Use another size, 600x800 for instance");
  }
  return {};
}

}  // namespace lumen::gamestream
