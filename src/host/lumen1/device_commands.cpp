#include "host/lumen1/device_commands.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>
#include <utility>

#include <fmt/format.h>

namespace lumen::host {
namespace {

namespace control = lumen1::control;

Timestamp now() { return SteadyTime{}.now(); }

std::string complaint(const Error& error) { return fmt::format("error: {}\n", describe(error)); }
std::string say(const Status& status, std::string_view good) {
  return status ? std::string{good} : complaint(status.error());
}

std::string to_text(control::Permissions permissions) {
  std::string text;
  for (const auto& [permission, name] : control::kPermissionNames) {
    if (!permissions.has(permission)) continue;
    if (!text.empty()) text += ',';
    text += name;
  }
  return text.empty() ? "nothing" : text;
}

Result<control::Permissions> parse_permissions(const std::string& text) {
  control::Permissions permissions;
  std::istringstream names{text};
  for (std::string name; std::getline(names, name, ',');) {
    const auto permission = control::permission_named(name);
    if (!permission) {
      return fail(ErrorCode::invalid_argument, "device.permission",
                  fmt::format("there is no permission {}", name),
                  "Name some of view, input, gamepad, sound, microphone and clipboard, with commas between");
    }
    permissions = permissions.with(*permission);
  }
  return permissions;
}

control::AttemptId attempt_of(const std::string& text) {
  std::uint64_t id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id);
  return control::AttemptId{id};
}

std::string show_code(LumenService& service, const std::string& kind) {
  const auto offer =
      service.desk().offer_code(kind == "phrase" ? control::CodeKind::phrase : control::CodeKind::digits,
                                control::Permissions::at_first(), now());
  service.desk_changed();
  if (!offer) return complaint(offer.error());
  return fmt::format("{}\t{}\n", offer->code,
                     std::chrono::duration_cast<std::chrono::seconds>(offer->expires - now()).count());
}

std::string code_end(LumenService& service) {
  if (service.desk().offer(now())) return "shown\n";
  const auto end = service.last_code_end();
  if (!end) return "none\n";
  switch (*end) {
    case control::CodeEnd::used:
      return "used\n";
    case control::CodeEnd::expired:
      return "expired\n";
    case control::CodeEnd::guessed_at:
      return "guessed at\n";
    case control::CodeEnd::withdrawn:
      break;
  }
  return "withdrawn\n";
}

std::string asking(LumenService& service) {
  std::string text;
  for (const auto& device : service.desk().pending(now())) {
    text += fmt::format("{}\t{}\t{}\t{}\n", static_cast<std::uint64_t>(device.id), device.name,
                        device.address, device.words);
  }
  return text + "\n";
}

std::string list(const LumenService& service) {
  std::string text;
  for (const auto& device : service.devices().devices()) {
    text += fmt::format("{}\t{}\t{}\t{}\n", device.id().substr(0, 16),
                        device.enabled ? "enabled" : "disabled", to_text(device.permissions), device.name);
  }
  return text + "\n";
}

// What is done to one device of the book.
struct DeviceVerb {
  std::string_view verb, done;
  Status (*apply)(control::DeviceBook& book, const crypto::Fingerprint& device, const std::string& rest);
};
constexpr std::array<DeviceVerb, 5> kDeviceVerbs{{
    {"device-rename", "renamed\n",
     [](control::DeviceBook& book, const crypto::Fingerprint& device, const std::string& name) {
       return book.rename(device, name);
     }},
    {"device-enable", "enabled\n",
     [](control::DeviceBook& book, const crypto::Fingerprint& device, const std::string&) {
       return book.set_enabled(device, true);
     }},
    {"device-disable", "disabled\n",
     [](control::DeviceBook& book, const crypto::Fingerprint& device, const std::string&) {
       return book.set_enabled(device, false);
     }},
    {"device-remove", "removed\n",
     [](control::DeviceBook& book, const crypto::Fingerprint& device, const std::string&) {
       return book.remove(device);
     }},
    {"device-permit", "changed\n",
     [](control::DeviceBook& book, const crypto::Fingerprint& device, const std::string& names) -> Status {
       LUMEN_TRY(const auto permissions, parse_permissions(names));
       return book.set_permissions(device, permissions);
     }},
}};

std::string change(LumenService& service, const DeviceVerb& verb, const std::string& id,
                   const std::string& rest) {
  const auto device = service.devices().named(id);
  if (!device) return complaint(device.error());
  const auto changed = service.change_devices(
      [&](control::DeviceBook& book) { return verb.apply(book, device->fingerprint, rest); });
  return say(changed, verb.done);
}

}  // namespace

std::optional<std::string> device_command(LumenService& service, const std::string& command) {
  std::istringstream in{command};
  std::string verb, first, rest;
  in >> verb >> first >> std::ws;
  std::getline(in, rest);
  if (verb == "devices") return list(service);
  if (verb == "device-code") return show_code(service, first);
  if (verb == "device-code-end") return code_end(service);
  if (verb == "device-asking") return asking(service);
  if (verb == "device-code-withdraw") {
    service.desk().withdraw_code();
    service.desk_changed();
    return "withdrawn\n";
  }
  if (verb == "device-approve" || verb == "device-deny") {
    const auto decided =
        verb == "device-approve"
            ? service.desk().approve(attempt_of(first), control::Permissions::at_first(), now())
            : service.desk().deny(attempt_of(first), now());
    service.desk_changed();
    return say(decided, verb == "device-approve" ? "approved\n" : "denied\n");
  }
  const auto* const found = std::ranges::find(kDeviceVerbs, verb, &DeviceVerb::verb);
  if (found == kDeviceVerbs.end()) return std::nullopt;
  return change(service, *found, first, rest);
}

}  // namespace lumen::host
