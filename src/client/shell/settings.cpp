#include "client/shell/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <initializer_list>
#include <utility>

#include <fmt/format.h>

#include "base/runtime_dir.hpp"
#include "base/toml.hpp"

namespace lumen::client {
namespace {

constexpr std::size_t kMaxFile = 1U << 16U, kMaxText = 256;

template <class... Args>
tl::unexpected<Error> bad(const toml::node& where, std::string_view id, fmt::format_string<Args...> text,
                          Args&&... args) {
  return fail(
      ErrorCode::invalid_argument, id,
      fmt::format("line {}: {}", where.source().begin.line, fmt::format(text, std::forward<Args>(args)...)),
      "Correct it in client.toml, or remove the line to have the default");
}

constexpr std::array<std::pair<std::string_view, Pacing>, 3> kPacings{
    {{"auto", Pacing::automatic}, {"display", Pacing::display}, {"immediate", Pacing::immediate}}};
constexpr std::array<std::pair<std::string_view, OverlayLevel>, 3> kLevels{
    {{"off", OverlayLevel::off}, {"compact", OverlayLevel::compact}, {"full", OverlayLevel::full}}};
constexpr std::array<std::pair<std::string_view, std::optional<Codec>>, 4> kCodecs{
    {{"auto", std::nullopt}, {"h264", Codec::h264}, {"hevc", Codec::hevc}, {"av1", Codec::av1}}};

template <class Table>
std::string_view name_in(const Table& names, const auto& value) {
  return std::ranges::find(names, value, [](const auto& each) { return each.second; })->first;
}

template <class Table>
std::string list_of(const Table& names) {
  std::string all;
  for (const auto& each : names) all += fmt::format("{}\"{}\"", all.empty() ? "" : ", ", each.first);
  return all;
}

template <class Table, class Value>
Status take_name(const toml::table& table, std::string_view key, const Table& names, Value& into) {
  const auto* node = table.get(key);
  if (node == nullptr) return {};
  const auto text = node->value_exact<std::string>().value_or("");
  const auto found = std::ranges::find(names, text, [](const auto& each) { return each.first; });
  if (found == names.end()) return bad(*node, "settings.value", "{} is one of {}", key, list_of(names));
  into = found->second;
  return {};
}

Status take(const toml::table& table, std::string_view key, bool& into) {
  const auto* node = table.get(key);
  if (node == nullptr) return {};
  const auto value = node->value_exact<bool>();
  if (!value) return bad(*node, "settings.value", "{} is true or false", key);
  into = *value;
  return {};
}

Status take_mode(const toml::table& table, std::optional<Mode>& into) {
  const auto* node = table.get("mode");
  if (node == nullptr) return {};
  const auto text = node->value_exact<std::string>().value_or("");
  if (text == "auto") {
    into.reset();
    return {};
  }
  const auto mode = text.size() > kMaxText
                        ? Result<Mode>{fail(ErrorCode::malformed, "mode.malformed", "too long")}
                        : parse_mode(text);
  if (!mode) return bad(*node, "settings.value", "mode is \"auto\" or such as \"1920x1080@60\"");
  into = *mode;
  return {};
}

Status take_bitrate(const toml::table& table, std::uint32_t& into) {
  const auto* node = table.get("bitrate_kbps");
  if (node == nullptr) return {};
  const auto value = node->value_exact<std::int64_t>().value_or(-1);
  if (value != 0 && (value < kMinBitrateSetting || value > kMaxBitrateSetting)) {
    return bad(*node, "settings.value", "bitrate_kbps is 0 (from the mode), or a number from {} to {}",
               kMinBitrateSetting, kMaxBitrateSetting);
  }
  into = static_cast<std::uint32_t>(value);
  return {};
}

Status take_speed(const toml::table& table, float& into) {
  const auto* node = table.get("pointer_speed");
  if (node == nullptr) return {};
  const auto value = node->value<double>();
  if (!value || !(*value >= 0.1 && *value <= 10))
    return bad(*node, "settings.value", "pointer_speed is a number from 0.1 to 10");
  into = static_cast<float>(*value);
  return {};
}

bool is_plain(std::string_view text) {
  return !text.empty() && text.size() <= kMaxText &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c != 0x7F && c != '"' && c != '\\'; });
}

Status take_addresses(const toml::table& table, std::vector<std::string>& into) {
  const auto* node = table.get("hosts");
  if (node == nullptr) return {};
  const auto* list = node->as_array();
  if (list == nullptr || list->size() > kMaxAddresses)
    return bad(*node, "settings.value", "hosts is a list of at most {} addresses", kMaxAddresses);
  for (const auto& entry : *list) {
    const auto text = entry.value_exact<std::string>().value_or("");
    if (!is_plain(text)) return bad(entry, "settings.value", "each of hosts is an address");
    if (std::ranges::find(into, text) == into.end()) into.push_back(text);
  }
  return {};
}

constexpr std::array<std::string_view, 12> kKeys{
    "mode",          "bitrate_kbps",  "codec",         "fullscreen", "pacing",     "sound",
    "pointer_drawn", "grab_keyboard", "pointer_speed", "clipboard",  "statistics", "hosts"};

Status check_keys(const toml::table& table) {
  for (const auto& [key, value] : table) {
    if (std::ranges::find(kKeys, key.str()) == kKeys.end())
      return bad(value, "settings.unknown", "there is no setting {}", key.str().substr(0, kMaxText));
  }
  return {};
}

tl::unexpected<Error> bad_syntax(std::size_t line, std::string_view what) {
  return fail(ErrorCode::invalid_argument, "settings.syntax", fmt::format("line {}: {}", line, what),
              "Correct it in client.toml, or remove the file to have the defaults");
}

// There are no tables in this file, and toml++ 3.3 takes a line that begins with "[[[" for its own bug and
// ends the program.
Status refuse_tables(std::string_view text) {
  std::size_t line = 1;
  bool at_begin = true;
  for (const char c : text) {
    if (c == '[' && at_begin) return bad_syntax(line, "a line begins with a bracket");
    at_begin = c == '\n' || (at_begin && (c == ' ' || c == '\t' || c == '\r'));
    if (c == '\n') ++line;
  }
  return {};
}

}  // namespace

Result<Settings> parse_settings(std::string_view text) {
  LUMEN_CHECK_OK(refuse_tables(text));
  const auto parsed = toml::parse(text);
  if (!parsed) return bad_syntax(parsed.error().source().begin.line, parsed.error().description());
  const toml::table& table = parsed.table();
  LUMEN_CHECK_OK(check_keys(table));
  Settings settings;
  LUMEN_CHECK_OK(take_mode(table, settings.mode));
  LUMEN_CHECK_OK(take_bitrate(table, settings.bitrate_kbps));
  LUMEN_CHECK_OK(take_name(table, "codec", kCodecs, settings.codec));
  LUMEN_CHECK_OK(take(table, "fullscreen", settings.fullscreen));
  LUMEN_CHECK_OK(take_name(table, "pacing", kPacings, settings.pacing));
  LUMEN_CHECK_OK(take(table, "sound", settings.sound));
  LUMEN_CHECK_OK(take(table, "pointer_drawn", settings.pointer_drawn));
  LUMEN_CHECK_OK(take(table, "grab_keyboard", settings.grab_keyboard));
  LUMEN_CHECK_OK(take_speed(table, settings.pointer_speed));
  LUMEN_CHECK_OK(take(table, "clipboard", settings.clipboard));
  LUMEN_CHECK_OK(take_name(table, "statistics", kLevels, settings.statistics));
  LUMEN_CHECK_OK(take_addresses(table, settings.addresses));
  return settings;
}

std::string to_toml(const Settings& settings) {
  std::string hosts;
  for (const auto& address : settings.addresses) {
    if (is_plain(address)) hosts += fmt::format("{}\"{}\"", hosts.empty() ? "" : ", ", address);
  }
  return fmt::format(
      "# Settings of lumen-client, written by its settings screen. docs/client.md says what they mean.\n"
      "mode = \"{}\"\n"
      "bitrate_kbps = {}\n"
      "codec = \"{}\"\n"
      "fullscreen = {}\n"
      "pacing = \"{}\"\n"
      "sound = {}\n"
      "pointer_drawn = {}\n"
      "grab_keyboard = {}\n"
      "pointer_speed = {}\n"
      "clipboard = {}\n"
      "statistics = \"{}\"\n"
      "hosts = [{}]\n",
      settings.mode ? to_string(*settings.mode) : "auto", settings.bitrate_kbps,
      codec_setting(settings.codec), settings.fullscreen, name_in(kPacings, settings.pacing), settings.sound,
      settings.pointer_drawn, settings.grab_keyboard, settings.pointer_speed, settings.clipboard,
      name_in(kLevels, settings.statistics), hosts);
}

std::string_view codec_setting(const std::optional<Codec>& codec) { return name_in(kCodecs, codec); }

bool parse_codec_setting(std::string_view text, std::optional<Codec>& codec) {
  const auto found = std::ranges::find(kCodecs, text, [](const auto& each) { return each.first; });
  if (found == kCodecs.end()) return false;
  codec = found->second;
  return true;
}

std::string settings_path() {
  // NOLINTBEGIN(concurrency-mt-unsafe): nobody changes the environment
  if (const char* base = std::getenv("XDG_CONFIG_HOME"); base != nullptr && *base == '/')
    return fmt::format("{}/lumen/client.toml", base);
  const char* home = std::getenv("HOME");
  // NOLINTEND(concurrency-mt-unsafe)
  return fmt::format("{}/.config/lumen/client.toml", home == nullptr ? "" : home);
}

Result<Settings> load_settings(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) return Settings{};
  LUMEN_TRY(const auto text, read_small_file(path, kMaxFile));
  auto settings = parse_settings(text);
  if (!settings) settings.error().what = fmt::format("{}, {}", path, settings.error().what);
  return settings;
}

Status save_settings(const std::string& path, const Settings& settings) {
  return write_state_file(path, to_toml(settings));
}

}  // namespace lumen::client
