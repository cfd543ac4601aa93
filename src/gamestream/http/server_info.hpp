// gamestream/http: what a host says of itself, /serverinfo (GameStream part 1, 5), and of its applications,
// /applist and /appasset (8). Values and pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/wire.hpp"
#include "gamestream/http/address.hpp"
#include "gamestream/http/answer.hpp"

namespace lumen::gamestream {

inline constexpr std::uint16_t kDefaultHttpPort = 47989;
inline constexpr std::uint16_t kMinHttpPort = 1029, kMaxHttpPort = 65514;
inline constexpr std::string_view kAppVersion = "7.1.431.-1", kGfeVersion = "3.23.0.74";

// The family of ports that hangs on the HTTP port (section 1).
struct Ports {
  std::uint16_t http, https, video, control, audio, rtsp;
};
// `gamestream.base-port` outside kMinHttpPort…kMaxHttpPort.
Result<Ports> ports_from(std::uint16_t http_port);

// What the host can encode beyond H.264 High 8 bit 4:2:0, which it always can.
struct CodecOffer {
  bool hevc = false, hevc_10 = false, av1 = false, av1_10 = false;
  bool h264_444 = false, hevc_444 = false, hevc_444_10 = false, av1_444 = false, av1_444_10 = false;

  bool any_hevc() const { return hevc || hevc_10 || hevc_444 || hevc_444_10; }
  bool any_av1() const { return av1 || av1_10 || av1_444 || av1_444_10; }
};
// ServerCodecModeSupport (5.3).
std::uint32_t codec_mode_support(const CodecOffer& offer);

struct DisplayMode {
  std::uint32_t width_px = 0, height_px = 0, refresh_mhz = 0;  // millihertz; 0: the host chooses
  bool operator==(const DisplayMode&) const = default;
};
// 720p, 1080p, 1440p, 2160p and 4320p at 30, 60, 90 and 120 Hz.
std::vector<DisplayMode> common_display_modes();

struct HostInfo {
  std::string hostname;   // shown to people; "Lumen" when empty
  std::string unique_id;  // a UUID that never changes
  Ports ports{};
  std::string external_ip;  // omitted when empty
  CodecOffer codecs;
  std::vector<DisplayMode> display_modes = common_display_modes();
};

using MacAddress = std::array<std::uint8_t, 6>;

struct ServerInfoView {
  bool paired = false;            // an authorised certificate over HTTPS
  IpAddress local;                // the host's end of this connection
  MacAddress mac{};               // of the interface that owns `local`; not told to the unpaired
  std::uint32_t current_app = 0;  // what the caller could resume, 0 for nothing; not told to the unpaired
};

Answer server_info_answer(const HostInfo& host, const ServerInfoView& view);

inline constexpr std::uint32_t kMaxAppId = 2'147'483'647;

struct App {
  std::uint32_t id = 0;
  std::string title;
  bool hdr = false;
  bool desktop = false;  // clients warn of their mouse mode for other entries
};

class AppList {
 public:
  AppList() = default;
  // `gamestream.apps` unless ids are within 1…kMaxAppId and unique and titles have visible text; ≤ 1024 apps.
  static Result<AppList> create(std::vector<App> apps);
  const App* find(std::uint32_t id) const;  // nullptr: not one of ours
  std::span<const App> apps() const { return apps_; }

 private:
  std::vector<App> apps_;
};

Answer app_list_answer(const AppList& apps);

// Whether a PNG may go out as box art: `gamestream.box-art` when it is no PNG, or has one of the three sizes
// that clients take for a placeholder (8.2).
Status check_box_art(ByteView png);

}  // namespace lumen::gamestream
