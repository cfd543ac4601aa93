// gamestream/http: an IP address as the session protocol needs it: compared, and written into answers. A
// value without sockets.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lumen::gamestream {

class IpAddress {
 public:
  IpAddress() = default;  // IPv6's "::"
  static IpAddress v4(std::array<std::uint8_t, 4> bytes);
  // An IPv4-mapped address (::ffff:a.b.c.d) is the IPv4 address it maps.
  static IpAddress v6(std::array<std::uint8_t, 16> bytes);
  // A literal without brackets, scope or port.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const;
  std::string text() const;         // "192.0.2.1", "2001:db8::1"
  std::string in_brackets() const;  // as in a URL: "192.0.2.1", "[2001:db8::1]"
  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace lumen::gamestream
