#include "host/config.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <optional>

#include <fmt/format.h>

#include "base/machine_name.hpp"
#include "base/runtime_dir.hpp"
#include "base/toml.hpp"
#include "host/application.hpp"

namespace lumen::host {
namespace {

constexpr std::size_t kMaxFile = 1U << 20U, kMaxApps = 256, kMaxText = 1024, kMaxCommands = 16;

template <class... Args>
tl::unexpected<Error> bad(const toml::node& where, std::string_view id, fmt::format_string<Args...> text,
                          Args&&... args) {
  return fail(
      ErrorCode::invalid_argument, id,
      fmt::format("line {}: {}", where.source().begin.line, fmt::format(text, std::forward<Args>(args)...)),
      "Correct it in host.toml");
}

Status check_keys(const toml::table& table, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : table) {
    if (std::ranges::find(known, key.str()) == known.end())
      return bad(value, "config.unknown", "there is no setting {}", key.str());
  }
  return {};
}

bool is_text(const std::string& text) {
  return text.size() <= kMaxText && std::ranges::none_of(text, [](char c) { return c >= 0 && c < ' '; });
}

Status take(const toml::table& table, std::string_view key, std::string& into) {
  const auto* node = table.get(key);
  if (node == nullptr) return {};
  const auto text = node->value_exact<std::string>();
  if (!text || !is_text(*text)) return bad(*node, "config.value", "{} is a line of text", key);
  into = *text;
  return {};
}

Status take(const toml::table& table, std::string_view key, bool& into) {
  const auto* node = table.get(key);
  if (node == nullptr) return {};
  const auto value = node->value_exact<bool>();
  if (!value) return bad(*node, "config.value", "{} is true or false", key);
  into = *value;
  return {};
}

Result<std::vector<std::string>> to_command(const toml::node& node, std::string_view key) {
  const auto text = node.value_exact<std::string>();
  if (!text || !is_text(*text)) return bad(node, "config.value", "{} is a command line", key);
  auto words = split_command(*text);
  if (!words) return bad(node, "config.value", "{}: {}", key, words.error().what);
  if (words->empty()) return bad(node, "config.value", "{} names no program", key);
  return words;
}

Status take(const toml::table& table, std::string_view key, std::vector<std::vector<std::string>>& into) {
  const auto* node = table.get(key);
  if (node == nullptr) return {};
  const auto* list = node->as_array();
  if (list == nullptr || list->size() > kMaxCommands)
    return bad(*node, "config.value", "{} is a list of at most {} command lines", key, kMaxCommands);
  for (const auto& entry : *list) {
    LUMEN_TRY(auto command, to_command(entry, key));
    into.push_back(std::move(command));
  }
  return {};
}

bool is_variable(std::string_view name) {
  return !name.empty() && name.size() <= kMaxText && name.find('=') == std::string_view::npos;
}

Status take_environment(const toml::table& table, AppEntry& app) {
  const auto* node = table.get("environment");
  if (node == nullptr) return {};
  const auto* entries = node->as_table();
  if (entries == nullptr || entries->size() > kMaxApps)
    return bad(*node, "config.value", "environment is a table of texts");
  for (const auto& [key, value] : *entries) {
    const auto text = value.value_exact<std::string>();
    if (!text || !is_text(*text) || !is_variable(key.str()))
      return bad(value, "config.value", "environment {} is a line of text", key.str());
    app.environment.emplace_back(key.str(), *text);
  }
  return {};
}

Status take_desktop_name(const toml::table& table, std::string_view key, std::string& into) {
  LUMEN_CHECK_OK(take(table, key, into));
  if (is_desktop_name(into)) return {};
  return bad(*table.get(key), "config.value", "{} is one of {}", key, fmt::join(kDesktopNames, ", "));
}

Status parse_desktop(const toml::node& node, DesktopConfig& config) {
  const auto* table = node.as_table();
  if (table == nullptr) return bad(node, "config.value", "desktop is a table");
  LUMEN_CHECK_OK(check_keys(*table, {"use", "scale"}));
  LUMEN_CHECK_OK(take_desktop_name(*table, "use", config.use));
  if (const auto* scale = table->get("scale")) {
    const auto value = scale->value<double>();
    if (!value || !(*value >= 0.5 && *value <= 4))
      return bad(*scale, "config.value", "scale is a number from 0.5 to 4");
    config.scale = *value;
  }
  return {};
}

Result<AppEntry> parse_app(const toml::table& table) {
  LUMEN_CHECK_OK(check_keys(
      table, {"title", "command", "working_dir", "art", "before", "after", "environment", "desktop"}));
  AppEntry app;
  LUMEN_CHECK_OK(take(table, "title", app.title));
  if (app.title.empty()) return bad(table, "config.value", "an app needs a title");
  const auto* command = table.get("command");
  if (command == nullptr) return bad(table, "config.value", "the app {} needs a command", app.title);
  LUMEN_TRY(app.command, to_command(*command, "command"));
  for (const auto& [key, path] : {std::pair{"working_dir", &app.working_dir}, std::pair{"art", &app.art}}) {
    LUMEN_CHECK_OK(take(table, key, *path));
    if (!path->empty() && !path->starts_with('/'))
      return bad(*table.get(key), "config.value", "{} is an absolute path", key);
  }
  LUMEN_CHECK_OK(take(table, "before", app.before));
  LUMEN_CHECK_OK(take(table, "after", app.after));
  LUMEN_CHECK_OK(take_environment(table, app));
  LUMEN_CHECK_OK(take_desktop_name(table, "desktop", app.desktop));
  app.id = app_id(app.title);
  return app;
}

Status parse_apps(const toml::node& node, std::vector<AppEntry>& apps) {
  const auto* list = node.as_array();
  if (list == nullptr || list->size() > kMaxApps)
    return bad(node, "config.value", "apps are written as [[app]], {} at most", kMaxApps);
  for (const auto& entry : *list) {
    const auto* table = entry.as_table();
    if (table == nullptr) return bad(entry, "config.value", "apps are written as [[app]]");
    LUMEN_TRY(auto app, parse_app(*table));
    const auto is_same = [&](const AppEntry& other) { return other.id == app.id; };
    if (app.id == app_id("Desktop") || std::ranges::any_of(apps, is_same))
      return bad(*table, "config.app-twice", "there is an app {} already", app.title);
    apps.push_back(std::move(app));
  }
  return {};
}

Status take_policy(const toml::node& node, EncryptionPolicy& into) {
  const auto text = node.value_exact<std::string>().value_or(std::string{});
  if (text == "require") {
    into = EncryptionPolicy::require;
  } else if (text == "prefer") {
    into = EncryptionPolicy::prefer;
  } else if (text == "client") {
    into = EncryptionPolicy::client;
  } else {
    return bad(node, "config.value", "encryption is \"require\", \"prefer\" or \"client\"");
  }
  return {};
}

Status take_codecs(const toml::node& node, std::vector<Codec>& into) {
  constexpr std::string_view kRule = "codecs is a list of \"h264\", \"hevc\" and \"av1\"";
  const auto* list = node.as_array();
  if (list == nullptr) return bad(node, "config.value", "{}", kRule);
  for (const auto& entry : *list) {
    const auto text = entry.value_exact<std::string>().value_or("");
    if (text == "h264") {
      into.push_back(Codec::h264);
    } else if (text == "hevc") {
      into.push_back(Codec::hevc);
    } else if (text == "av1") {
      into.push_back(Codec::av1);
    } else {
      return bad(entry, "config.value", "{}", kRule);
    }
  }
  return {};
}

Status take_pads(const toml::node& node, std::optional<PadModel>& into) {
  constexpr std::pair<std::string_view, std::optional<PadModel>> kModels[] = {
      {"auto", std::nullopt},
      {"xbox", PadModel::xbox},
      {"dualsense", PadModel::dualsense},
      {"dualshock4", PadModel::dualshock4},
      {"switch", PadModel::switch_pro}};
  const auto text = node.value_exact<std::string>().value_or("");
  for (const auto& [name, model] : kModels) {
    if (text != name) continue;
    into = model;
    return {};
  }
  return bad(node, "config.value", "pads is \"auto\", \"xbox\", \"dualsense\", \"dualshock4\" or \"switch\"");
}

Status take_port(const toml::table& table, std::uint16_t least, std::uint16_t most, std::uint16_t& into) {
  const auto* port = table.get("port");
  if (port == nullptr) return {};
  const auto value = port->value_exact<std::int64_t>();
  if (!value || *value < least || *value > most)
    return bad(*port, "config.value", "port is a number from {} to {}", least, most);
  into = static_cast<std::uint16_t>(*value);
  return {};
}

Status parse_lumen(const toml::node& node, LumenConfig& config) {
  const auto* table = node.as_table();
  if (table == nullptr) return bad(node, "config.value", "lumen is a table");
  LUMEN_CHECK_OK(check_keys(*table, {"enabled", "bind", "port", "pads"}));
  LUMEN_CHECK_OK(take(*table, "enabled", config.enabled));
  LUMEN_CHECK_OK(take(*table, "bind", config.bind));
  if (const auto* pads = table->get("pads")) {
    LUMEN_CHECK_OK(take_pads(*pads, config.pads));
  }
  return take_port(*table, 1, 65535, config.port);
}

Status parse_gamestream(const toml::node& node, GameStreamConfig& config) {
  const auto* table = node.as_table();
  if (table == nullptr) return bad(node, "config.value", "gamestream is a table");
  LUMEN_CHECK_OK(check_keys(*table, {"enabled", "bind", "port", "encryption", "codecs", "pads"}));
  LUMEN_CHECK_OK(take(*table, "enabled", config.enabled));
  LUMEN_CHECK_OK(take(*table, "bind", config.bind));
  if (const auto* policy = table->get("encryption")) {
    LUMEN_CHECK_OK(take_policy(*policy, config.encryption));
  }
  if (const auto* codecs = table->get("codecs")) {
    LUMEN_CHECK_OK(take_codecs(*codecs, config.codecs));
  }
  if (const auto* pads = table->get("pads")) {
    LUMEN_CHECK_OK(take_pads(*pads, config.pads));
  }
  return take_port(*table, kMinBasePort, kMaxBasePort, config.port);
}

// toml++ 3.3 takes a line that begins so for its own bug and ends the program.
Status refuse_three_brackets(std::string_view text) {
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = text.substr(begin, end - begin);
    const auto first = line.find_first_not_of(" \t\r");
    ++number;
    if (first != std::string_view::npos && line.substr(first).starts_with("[[[")) {
      return fail(ErrorCode::invalid_argument, "config.syntax",
                  fmt::format("line {}: three brackets", number), "Correct it in host.toml");
    }
    begin = end + 1;
  }
  return {};
}

std::string below_home(const char* variable, const char* fallback, const char* rest) {
  // NOLINTBEGIN(concurrency-mt-unsafe): nobody changes the environment
  if (const char* base = std::getenv(variable); base != nullptr && *base == '/')
    return fmt::format("{}/{}", base, rest);
  const char* home = std::getenv("HOME");
  // NOLINTEND(concurrency-mt-unsafe)
  return fmt::format("{}/{}/{}", home == nullptr ? "" : home, fallback, rest);
}

}  // namespace

Result<HostConfig> parse_config(std::string_view text) {
  LUMEN_CHECK_OK(refuse_three_brackets(text));
  const auto parsed = toml::parse(text);
  if (!parsed) {
    return fail(ErrorCode::invalid_argument, "config.syntax",
                fmt::format("line {}: {}", parsed.error().source().begin.line, parsed.error().description()),
                "Correct it in host.toml");
  }
  const toml::table& table = parsed.table();
  LUMEN_CHECK_OK(check_keys(table, {"name", "desktop", "lumen", "gamestream", "app"}));
  HostConfig config;
  LUMEN_CHECK_OK(take(table, "name", config.name));
  if (const auto* node = table.get("desktop")) {
    LUMEN_CHECK_OK(parse_desktop(*node, config.desktop));
  }
  if (const auto* node = table.get("lumen")) {
    LUMEN_CHECK_OK(parse_lumen(*node, config.lumen));
  }
  if (const auto* node = table.get("gamestream")) {
    LUMEN_CHECK_OK(parse_gamestream(*node, config.gamestream));
  }
  if (const auto* node = table.get("app")) {
    LUMEN_CHECK_OK(parse_apps(*node, config.apps));
  }
  return config;
}

Result<HostConfig> read_config(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) return HostConfig{};
  LUMEN_TRY(const auto text, read_small_file(path, kMaxFile));
  return parse_config(text);
}

bool is_desktop_name(std::string_view name) {
  return std::ranges::find(kDesktopNames, name) != kDesktopNames.end();
}

std::string shown_name(const HostConfig& config) {
  return config.name.empty() ? machine_name("Lumen") : config.name;
}

std::string config_path() { return below_home("XDG_CONFIG_HOME", ".config", "lumen/host.toml"); }
std::string state_dir() { return below_home("XDG_STATE_HOME", ".local/state", "lumen"); }

std::string restore_dir(const std::string& state_dir) { return state_dir + "/restore"; }

std::uint32_t app_id(std::string_view title) {
  std::uint32_t hash = 2'166'136'261U;  // FNV-1a
  for (const char c : title) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16'777'619U;
  return std::max(1U, hash & 0x7FFF'FFFFU);
}

}  // namespace lumen::host
