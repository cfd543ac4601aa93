#include "desktop/portal/portal_answers.hpp"

#include <functional>
#include <string_view>

namespace lumen::portal {
namespace {

constexpr std::size_t kMaxToken = 4096;

// Calls `take(key)` at the value of each entry; it returns false for what is to be skipped.
void for_each_entry(sd_bus_message* message, const std::function<bool(std::string_view)>& take) {
  if (sd_bus_message_enter_container(message, 'a', "{sv}") <= 0) return;
  while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
    const char* key = nullptr;
    if (sd_bus_message_read(message, "s", &key) < 0) return;
    if (!take(key) && sd_bus_message_skip(message, "v") < 0) return;
    if (sd_bus_message_exit_container(message) < 0) return;
  }
  sd_bus_message_exit_container(message);
}

bool holds(sd_bus_message* message, std::string_view signature) {
  char type = 0;
  const char* contents = nullptr;
  return sd_bus_message_peek_type(message, &type, &contents) > 0 && type == 'v' && contents == signature;
}

bool read_text(sd_bus_message* message, std::string& out) {
  const char* text = nullptr;
  if (!holds(message, "s") || sd_bus_message_read(message, "v", "s", &text) < 0) return false;
  if (std::string_view{text}.size() <= kMaxToken) out = text;
  return true;
}

bool read_number(sd_bus_message* message, std::uint32_t& out) {
  return holds(message, "u") && sd_bus_message_read(message, "v", "u", &out) >= 0;
}

bool read_size(sd_bus_message* message, Grant& grant) {
  std::int32_t width = 0, height = 0;
  if (!holds(message, "(ii)") || sd_bus_message_read(message, "v", "(ii)", &width, &height) < 0) return false;
  if (width > 0 && height > 0) {
    grant.width = static_cast<std::uint32_t>(width);
    grant.height = static_cast<std::uint32_t>(height);
  }
  return true;
}

// The first of the streams; one was asked for.
bool read_streams(sd_bus_message* message, Grant& grant) {
  bool found = false;
  if (sd_bus_message_enter_container(message, 'v', "a(ua{sv})") <= 0) return false;
  sd_bus_message_enter_container(message, 'a', "(ua{sv})");
  while (sd_bus_message_enter_container(message, 'r', "ua{sv}") > 0) {
    if (found) {
      sd_bus_message_skip(message, "ua{sv}");
    } else {
      found = sd_bus_message_read(message, "u", &grant.node_id) >= 0;
      for_each_entry(message, [&](std::string_view key) {
        if (key == "source_type") return read_number(message, grant.source_type);
        return key == "size" && read_size(message, grant);
      });
    }
    sd_bus_message_exit_container(message);
  }
  sd_bus_message_exit_container(message);
  sd_bus_message_exit_container(message);
  return found;
}

}  // namespace

std::string read_session_handle(sd_bus_message* message) {
  std::string handle;
  for_each_entry(message, [&](std::string_view key) {
    if (key != "session_handle") return false;
    if (!holds(message, "o")) return read_text(message, handle);
    const char* path = nullptr;  // some portals say it as a path
    if (sd_bus_message_read(message, "v", "o", &path) >= 0) handle = path;
    return true;
  });
  return handle;
}

bool read_start_results(sd_bus_message* message, Grant& grant) {
  bool found = false;
  for_each_entry(message, [&](std::string_view key) {
    if (key == "streams" && holds(message, "a(ua{sv})")) {
      found = read_streams(message, grant);
      return true;
    }
    if (key == "devices") return read_number(message, grant.device_types);
    return key == "restore_token" && read_text(message, grant.restore_token);
  });
  return found;
}

bool may_be_mutter(std::string_view current_desktop) {
  const auto listed = ":" + std::string{current_desktop} + ":";
  return current_desktop.empty() || listed.find(":GNOME:") != std::string::npos;
}

}  // namespace lumen::portal
