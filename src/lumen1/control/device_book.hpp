// lumen1/control: the devices that are paired with a host, each known by the SHA-256 of its certificate and
// by nothing else, with what it may do. The host keeps the text of to_json() in a file; nothing here touches
// one. Owner: one thread.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "crypto/certificate.hpp"
#include "lumen1/control/permissions.hpp"

namespace lumen::lumen1::control {

inline constexpr std::size_t kMaxDevices = 256, kMaxDeviceFileBytes = 1 << 20, kMaxDeviceNameBytes = 64;

struct PairedDevice {
  crypto::Fingerprint fingerprint{};
  std::string name;  // what people call it; not empty, at most kMaxDeviceNameBytes of text.hpp's plain text
  Permissions permissions;
  bool enabled = true;
  std::chrono::sys_seconds paired_at{}, last_seen{};

  std::string id() const { return crypto::to_hex(fingerprint); }
  bool operator==(const PairedDevice&) const = default;
};

class DeviceBook {
 public:
  // Strict: anything unknown, missing, doubled or out of range makes the whole text `pairing.device-file`,
  // with what is wrong and where, rather than letting in a device that was shut out.
  static Result<DeviceBook> from_json(std::string_view text);
  std::string to_json() const;

  std::span<const PairedDevice> devices() const { return devices_; }
  const PairedDevice* find(const crypto::Fingerprint& fingerprint) const;  // nullptr: not paired
  // By what people type: a name, or the beginning of an id, four digits at least. `pairing.no-such-device`
  // when there is none, `pairing.ambiguous-device` when there are several.
  Result<PairedDevice> named(std::string_view name_or_id) const;

  // A device that is there already is replaced, and enabled again. `pairing.book-full` above kMaxDevices.
  Status add(const crypto::Fingerprint& fingerprint, std::string_view name, Permissions permissions,
             std::chrono::sys_seconds now);
  // `pairing.no-such-device` where there is none. After each the host tells the device's dialogues, see
  // HostDialogue::book_changed().
  Status rename(const crypto::Fingerprint& fingerprint, std::string_view name);  // or `pairing.device-name`
  Status set_enabled(const crypto::Fingerprint& fingerprint, bool enabled);
  Status set_permissions(const crypto::Fingerprint& fingerprint, Permissions permissions);
  Status seen(const crypto::Fingerprint& fingerprint, std::chrono::sys_seconds now);
  Status remove(const crypto::Fingerprint& fingerprint);

 private:
  Result<PairedDevice*> require(const crypto::Fingerprint& fingerprint);
  std::vector<PairedDevice> devices_;
};

}  // namespace lumen::lumen1::control
