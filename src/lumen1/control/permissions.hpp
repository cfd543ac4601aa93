// lumen1/control: what a paired device may do. A value; on the wire and in the device book.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace lumen::lumen1::control {

enum class Permission : std::uint32_t {
  view = 0x01,
  input = 0x02,  // keyboard and mouse, fingers and pens
  gamepad = 0x04,
  sound = 0x08,
  microphone = 0x10,
  clipboard = 0x20,
};

inline constexpr std::array<std::pair<Permission, std::string_view>, 6> kPermissionNames{
    {{Permission::view, "view"},
     {Permission::input, "input"},
     {Permission::gamepad, "gamepad"},
     {Permission::sound, "sound"},
     {Permission::microphone, "microphone"},
     {Permission::clipboard, "clipboard"}}};

class Permissions {
 public:
  constexpr Permissions() = default;
  // Bits that this version does not know are dropped.
  constexpr explicit Permissions(std::uint32_t mask) : mask_{mask & kAll} {}
  static constexpr Permissions all() { return Permissions{kAll}; }
  // Of a device that was just paired: all but what reads what its owner never showed it.
  static constexpr Permissions at_first() { return all().without(Permission::clipboard); }

  constexpr bool has(Permission permission) const {
    return (mask_ & static_cast<std::uint32_t>(permission)) != 0;
  }
  constexpr Permissions with(Permission permission) const {
    return Permissions{mask_ | static_cast<std::uint32_t>(permission)};
  }
  constexpr Permissions without(Permission permission) const {
    return Permissions{mask_ & ~static_cast<std::uint32_t>(permission)};
  }
  constexpr std::uint32_t mask() const { return mask_; }
  constexpr bool operator==(const Permissions&) const = default;

 private:
  static constexpr std::uint32_t kAll = 0x3F;
  std::uint32_t mask_ = 0;
};

// "view" gives Permission::view; nullopt for any other text.
constexpr std::optional<Permission> permission_named(std::string_view name) {
  for (const auto& [permission, text] : kPermissionNames) {
    if (text == name) return permission;
  }
  return std::nullopt;
}

}  // namespace lumen::lumen1::control
