#include "lumen1/control/device_book.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "lumen1/text.hpp"

namespace lumen::lumen1::control {
namespace {

using Json = nlohmann::json;
using std::chrono::sys_seconds;

// The first one names `clipboard` with every device: nobody had granted it, and it meant nothing yet.
constexpr int kFileVersion = 2, kFileVersionBeforeClipboard = 1;
constexpr std::size_t kLeastIdDigits = 4;

tl::unexpected<Error> bad_file(std::string what) {
  return fail(ErrorCode::malformed, "pairing.device-file",
              "the list of paired devices cannot be used: " + std::move(what),
              "Restore the file, or remove it and pair the devices again");
}

// Refuses what the library would let pass: a key twice in an object, and depths that no list of ours has.
class Strictness {
 public:
  bool operator()(int depth, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) keys_.emplace_back();
    if (event == Json::parse_event_t::object_end) keys_.pop_back();
    if (event == Json::parse_event_t::key) {
      ok_ = ok_ && keys_.back().insert(value.get<std::string>()).second;
    }
    ok_ = ok_ && depth <= kMaxDepth;
    return true;
  }
  bool ok() const { return ok_; }

 private:
  static constexpr int kMaxDepth = 5;
  std::vector<std::set<std::string>> keys_;
  bool ok_ = true;
};

bool has_exactly(const Json& object, std::initializer_list<std::string_view> keys) {
  return object.is_object() && object.size() == keys.size() &&
         std::ranges::all_of(keys, [&](std::string_view key) { return object.contains(key); });
}

std::optional<Permissions> read_permissions(const Json& names) {
  if (!names.is_array() || names.size() > kPermissionNames.size()) return std::nullopt;
  Permissions permissions;
  for (const auto& name : names) {
    const auto permission =
        name.is_string() ? permission_named(name.get_ref<const std::string&>()) : std::nullopt;
    if (!permission || permissions.has(*permission)) return std::nullopt;
    permissions = permissions.with(*permission);
  }
  return permissions;
}

std::optional<sys_seconds> read_time(const Json& value) {
  constexpr std::int64_t kEndOfTime = 253'402'300'799;  // the last second of the year 9999
  if (!value.is_number_integer() || value < 0 || value > kEndOfTime) return std::nullopt;
  return sys_seconds{std::chrono::seconds{value.get<std::int64_t>()}};
}

std::optional<crypto::Fingerprint> read_id(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto& digits = value.get_ref<const std::string&>();
  const auto bytes = crypto::from_hex(digits);
  crypto::Fingerprint fingerprint{};
  if (!bytes || bytes->size() != fingerprint.size() || crypto::to_hex(*bytes) != digits) return std::nullopt;
  std::ranges::copy(*bytes, fingerprint.begin());
  return fingerprint;
}

bool is_device_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxDeviceNameBytes && is_plain_text(name) &&
         name.find_first_not_of(' ') != std::string_view::npos;
}

Result<PairedDevice> read_device(const Json& entry, std::size_t number) {
  const auto bad = [&](std::string_view what) {
    return bad_file(fmt::format("device {}: {}", number, what));
  };
  if (!has_exactly(entry, {"id", "name", "permissions", "enabled", "paired_at", "last_seen"})) {
    return bad("it has not the fields that it should have");
  }
  const auto fingerprint = read_id(entry["id"]);
  if (!fingerprint) return bad("\"id\" is not 64 hexadecimal digits in lower case");
  if (!entry["name"].is_string() || !is_device_name(entry["name"].get_ref<const std::string&>())) {
    return bad("\"name\" is not a text of 1 to 64 bytes");
  }
  const auto permissions = read_permissions(entry["permissions"]);
  if (!permissions) return bad("\"permissions\" names something unknown, or something twice");
  if (!entry["enabled"].is_boolean()) return bad("\"enabled\" is neither true nor false");
  const auto paired_at = read_time(entry["paired_at"]), last_seen = read_time(entry["last_seen"]);
  if (!paired_at || !last_seen) return bad("a time is not a number of seconds since 1970");
  return PairedDevice{.fingerprint = *fingerprint,
                      .name = entry["name"].get<std::string>(),
                      .permissions = *permissions,
                      .enabled = entry["enabled"].get<bool>(),
                      .paired_at = *paired_at,
                      .last_seen = *last_seen};
}

Json permission_list(Permissions permissions) {
  auto names = Json::array();
  for (const auto& [permission, name] : kPermissionNames) {
    if (permissions.has(permission)) names.push_back(name);
  }
  return names;
}

tl::unexpected<Error> no_such_device() {
  return fail(ErrorCode::invalid_argument, "pairing.no-such-device", "no such device is paired",
              "Look at the list of paired devices");
}

}  // namespace

Result<DeviceBook> DeviceBook::from_json(std::string_view text) {
  if (text.size() > kMaxDeviceFileBytes) return bad_file("it is larger than 1 MiB");
  Strictness strictness;
  const auto json = Json::parse(text, std::ref(strictness), false);
  if (json.is_discarded() || !strictness.ok()) return bad_file("it is not JSON, or names something twice");
  if (!has_exactly(json, {"version", "devices"})) return bad_file("it is something else");
  const bool is_old = json["version"] == kFileVersionBeforeClipboard;
  if (!is_old && json["version"] != kFileVersion) return bad_file("it is of another version");
  const auto& entries = json["devices"];
  if (!entries.is_array() || entries.size() > kMaxDevices) return bad_file("it has more than 256 devices");
  DeviceBook book;
  for (const auto& entry : entries) {
    LUMEN_TRY(auto device, read_device(entry, book.devices_.size() + 1));
    if (book.find(device.fingerprint) != nullptr) return bad_file("a device stands in it twice");
    if (is_old) device.permissions = device.permissions.without(Permission::clipboard);
    book.devices_.push_back(std::move(device));
  }
  return book;
}

std::string DeviceBook::to_json() const {
  auto entries = Json::array();
  for (const auto& device : devices_) {
    entries.push_back({{"id", device.id()},
                       {"name", device.name},
                       {"permissions", permission_list(device.permissions)},
                       {"enabled", device.enabled},
                       {"paired_at", device.paired_at.time_since_epoch().count()},
                       {"last_seen", device.last_seen.time_since_epoch().count()}});
  }
  const Json json{{"version", kFileVersion}, {"devices", std::move(entries)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

const PairedDevice* DeviceBook::find(const crypto::Fingerprint& fingerprint) const {
  const auto found = std::ranges::find(devices_, fingerprint, &PairedDevice::fingerprint);
  return found == devices_.end() ? nullptr : &*found;
}

Result<PairedDevice> DeviceBook::named(std::string_view name_or_id) const {
  std::vector<const PairedDevice*> found;
  for (const auto& device : devices_) {
    const bool by_id = name_or_id.size() >= kLeastIdDigits && device.id().starts_with(name_or_id);
    if (by_id || device.name == name_or_id) found.push_back(&device);
  }
  if (found.empty()) return no_such_device();
  if (found.size() > 1) {
    return fail(ErrorCode::invalid_argument, "pairing.ambiguous-device", "several devices are called that",
                "Type more of the device's id");
  }
  return *found.front();
}

Result<PairedDevice*> DeviceBook::require(const crypto::Fingerprint& fingerprint) {
  const auto found = std::ranges::find(devices_, fingerprint, &PairedDevice::fingerprint);
  if (found == devices_.end()) return no_such_device();
  return &*found;
}

Status DeviceBook::add(const crypto::Fingerprint& fingerprint, std::string_view name, Permissions permissions,
                       sys_seconds now) {
  auto shown = to_plain_text(name, kMaxDeviceNameBytes);
  if (!is_device_name(shown)) shown = "Device";
  PairedDevice device{.fingerprint = fingerprint,
                      .name = std::move(shown),
                      .permissions = permissions,
                      .paired_at = now,
                      .last_seen = now};
  if (auto known = require(fingerprint)) {
    **known = std::move(device);
    return {};
  }
  if (devices_.size() >= kMaxDevices) {
    return fail(ErrorCode::resource_exhausted, "pairing.book-full", "256 devices are paired already",
                "Remove devices that are no longer used");
  }
  devices_.push_back(std::move(device));
  return {};
}

Status DeviceBook::rename(const crypto::Fingerprint& fingerprint, std::string_view name) {
  LUMEN_TRY(auto* const device, require(fingerprint));
  if (!is_device_name(name)) {
    return fail(ErrorCode::invalid_argument, "pairing.device-name",
                "a device's name is a text of 1 to 64 bytes", "Type another name");
  }
  device->name = name;
  return {};
}

Status DeviceBook::set_enabled(const crypto::Fingerprint& fingerprint, bool enabled) {
  LUMEN_TRY(auto* const device, require(fingerprint));
  device->enabled = enabled;
  return {};
}

Status DeviceBook::set_permissions(const crypto::Fingerprint& fingerprint, Permissions permissions) {
  LUMEN_TRY(auto* const device, require(fingerprint));
  device->permissions = permissions;
  return {};
}

Status DeviceBook::seen(const crypto::Fingerprint& fingerprint, sys_seconds now) {
  LUMEN_TRY(auto* const device, require(fingerprint));
  device->last_seen = now;
  return {};
}

Status DeviceBook::remove(const crypto::Fingerprint& fingerprint) {
  LUMEN_CHECK_OK(require(fingerprint));
  std::erase_if(devices_, [&](const PairedDevice& each) { return each.fingerprint == fingerprint; });
  return {};
}

}  // namespace lumen::lumen1::control
