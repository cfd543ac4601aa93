#include "gamestream/http/launch_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "gamestream/http/text.hpp"

namespace lumen::gamestream {
namespace {

constexpr std::uint32_t kMaxSide = 16'384, kMaxRefreshMhz = 1'000'000;
constexpr std::size_t kMaxSurroundLayout = 64;

template <std::integral T>
std::optional<T> number(const Query& query, std::string_view name) {
  const auto text = query.find(name);
  return text ? parse_decimal<T>(*text) : std::nullopt;
}

std::optional<bool> flag(const Query& query, std::string_view name) {
  const auto value = number<std::int64_t>(query, name);
  return value ? std::optional{*value != 0} : std::nullopt;
}

// "60", "59.94" in hertz, or 1000 and more: millihertz.
std::optional<std::uint32_t> parse_refresh(std::string_view text) {
  constexpr std::size_t kMaxFraction = 6;
  const auto point = std::min(text.find('.'), text.size());
  const auto whole = parse_decimal<std::uint32_t>(text.substr(0, point));
  if (!whole || *whole > kMaxRefreshMhz) return std::nullopt;
  auto fraction = text.substr(std::min(point + 1, text.size()));
  if (fraction.size() > kMaxFraction) return std::nullopt;
  std::uint32_t mhz = 0, weight = 100;
  for (const char digit : fraction) {
    if (digit < '0' || digit > '9') return std::nullopt;
    mhz += static_cast<std::uint32_t>(digit - '0') * weight;
    weight /= 10;
  }
  return *whole >= 1000 ? *whole : *whole * 1000 + mhz;
}

std::optional<DisplayMode> parse_mode(std::string_view text) {
  const auto first = text.find('x');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = text.find('x', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto width = parse_decimal<std::uint32_t>(text.substr(0, first));
  const auto height = parse_decimal<std::uint32_t>(text.substr(first + 1, second - first - 1));
  const auto refresh = parse_refresh(text.substr(second + 1));
  if (!width || !height || !refresh || *width == 0 || *height == 0 || *width > kMaxSide ||
      *height > kMaxSide) {
    return std::nullopt;
  }
  return DisplayMode{.width_px = *width, .height_px = *height, .refresh_mhz = *refresh};
}

SurroundAudio parse_surround(std::uint32_t value) {
  const SurroundAudio audio{.channel_mask = static_cast<std::uint16_t>(value >> 16U),
                            .channels = static_cast<std::uint16_t>(value & 0xFFFFU)};
  const bool known = audio.channels == 2 || audio.channels == 6 || audio.channels == 8;
  return known ? audio : SurroundAudio{};
}

// Signed 32 bits from some clients, unsigned from others; what counts are the low 32.
std::optional<std::uint32_t> parse_key_id(std::string_view text) {
  const auto value = parse_decimal<std::int64_t>(text);
  if (!value || *value < std::numeric_limits<std::int32_t>::min() ||
      *value > std::numeric_limits<std::uint32_t>::max()) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*value & 0xFFFF'FFFF);
}

// False: not exactly 16 bytes.
bool parse_key(std::string_view text, SessionKey& key) {
  if (text.size() != 2 * crypto::kAes128KeyBytes) return false;
  auto bytes = crypto::from_hex(text);
  if (!bytes) return false;
  key = SessionKey{*bytes};
  crypto::wipe(*bytes);
  return true;
}

void parse_optional(const Query& query, LaunchRequest& request) {
  if (const auto mode = query.find("mode")) request.mode = parse_mode(*mode);
  request.may_change_display = flag(query, "sops").value_or(false);
  request.hdr = flag(query, "hdrMode").value_or(false);
  request.play_on_host = flag(query, "localAudioPlayMode");
  if (const auto surround = number<std::uint32_t>(query, "surroundAudioInfo")) {
    request.surround = parse_surround(*surround);
  }
  const auto bitmap = number<std::uint32_t>(query, "remoteControllersBitmap");
  request.gamepads = bitmap.value_or(number<std::uint32_t>(query, "gcmap").value_or(0));
  request.keep_gamepads = flag(query, "gcpersist").value_or(false);
  request.encrypted_rtsp = number<std::int64_t>(query, "corever").value_or(0) >= 1;
  const auto layout = query.find("surroundParams").value_or("");
  if (layout.size() <= kMaxSurroundLayout &&
      std::ranges::all_of(layout, [](char c) { return c >= '0' && c <= '9'; })) {
    request.surround_layout = layout;
  }
  request.continuous_audio = flag(query, "continuousAudio").value_or(false);
}

std::string_view element_of(LaunchVerb verb) { return verb == LaunchVerb::launch ? "gamesession" : "resume"; }

}  // namespace

std::variant<LaunchRequest, Answer> parse_launch(LaunchVerb verb, const Query& query) {
  const auto missing = [&](std::string_view name) {
    return launch_refusal(verb, 400, fmt::format("The client sent no usable {}", name));
  };
  LaunchRequest request{.verb = verb};
  const auto key_id = query.find("rikeyid");
  const auto parsed_key_id = key_id ? parse_key_id(*key_id) : std::nullopt;
  if (!parse_key(query.find("rikey").value_or(""), request.key)) return missing("rikey");
  if (!parsed_key_id) return missing("rikeyid");
  request.key_id = *parsed_key_id;
  parse_optional(query, request);

  const auto app_id = number<std::int64_t>(query, "appid");
  const bool possible = app_id && *app_id >= 1 && *app_id <= kMaxAppId;
  if (possible) request.app_id = static_cast<std::uint32_t>(*app_id);
  if (verb == LaunchVerb::resume) return request;
  if (!app_id) return missing("appid");
  if (!request.play_on_host) return missing("localAudioPlayMode");
  if (!possible) return launch_refusal(verb, 404, "The host has no such application");
  return request;
}

Answer launch_refusal(LaunchVerb verb, std::int32_t status_code, std::string_view message) {
  XmlWriter xml{status_code, message};
  xml.number(element_of(verb), 0);
  return xml_answer(std::move(xml));
}

Answer launch_success(LaunchVerb verb, std::string_view url) {
  XmlWriter xml{200};
  xml.text("sessionUrl0", url);
  xml.number(element_of(verb), 1);
  return xml_answer(std::move(xml));
}

std::string session_url(const IpAddress& local, std::uint16_t rtsp_port, bool encrypted) {
  return fmt::format("{}://{}:{}", encrypted ? "rtspenc" : "rtsp", local.in_brackets(), rtsp_port);
}

}  // namespace lumen::gamestream
