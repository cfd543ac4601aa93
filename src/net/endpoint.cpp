#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "net/udp.hpp"

namespace lumen::net {
namespace {

template <class Address>
Address read_as(const sockaddr* address) {
  Address value{};
  std::memcpy(&value, address, sizeof value);
  return value;
}

// "fe80::1%eth0" or "fe80::1%2"; false when there is no such interface.
bool take_scope(std::string& text, std::uint32_t& scope) {
  const auto percent = text.find('%');
  if (percent == std::string::npos) return true;
  const std::string name = text.substr(percent + 1);
  text.resize(percent);
  scope = if_nametoindex(name.c_str());
  if (scope != 0) return true;
  const bool digits = !name.empty() && name.size() <= 6 && name.find_first_not_of("0123456789") == name.npos;
  if (digits) scope = static_cast<std::uint32_t>(std::stoul(name));
  return scope != 0;
}

sockaddr_in unmapped(const sockaddr_in6& mapped) {
  sockaddr_in plain{};
  plain.sin_family = AF_INET;
  plain.sin_port = mapped.sin6_port;
  std::memcpy(&plain.sin_addr, &mapped.sin6_addr.s6_addr[12], sizeof plain.sin_addr);
  return plain;
}

}  // namespace

Result<Endpoint> Endpoint::parse(const std::string& address, std::uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    return from_sockaddr(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::string text = address;
  if (take_scope(text, v6.sin6_scope_id) && inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    return from_sockaddr(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  }
  return fail(ErrorCode::invalid_argument, "net.address", fmt::format("'{}' is not an IP address", address),
              "Give a numeric address such as 192.168.1.20 or ::1");
}

Endpoint Endpoint::from_sockaddr(const sockaddr* address, socklen_t length) {
  Endpoint endpoint;
  const auto keep = [&endpoint](const auto& value) {
    std::memcpy(&endpoint.storage_, &value, sizeof value);
    endpoint.length_ = sizeof value;
  };
  if (length < sizeof(sa_family_t)) return endpoint;
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) keep(read_as<sockaddr_in>(address));
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    const auto v6 = read_as<sockaddr_in6>(address);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      keep(unmapped(v6));
    } else {
      keep(v6);
    }
  }
  return endpoint;
}

std::uint16_t Endpoint::port() const {
  if (storage_.ss_family == AF_INET) return ntohs(read_as<sockaddr_in>(address()).sin_port);
  if (storage_.ss_family == AF_INET6) return ntohs(read_as<sockaddr_in6>(address()).sin6_port);
  return 0;
}

std::string Endpoint::host() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage_.ss_family == AF_INET) {
    const auto v4 = read_as<sockaddr_in>(address());
    return inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  }
  if (storage_.ss_family != AF_INET6) return {};
  const auto v6 = read_as<sockaddr_in6>(address());
  inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  if (v6.sin6_scope_id != 0) return fmt::format("{}%{}", text.data(), v6.sin6_scope_id);
  return text.data();
}

std::string Endpoint::to_string() const {
  if (length_ == 0) return "(no address)";
  if (storage_.ss_family == AF_INET6) return fmt::format("[{}]:{}", host(), port());
  return fmt::format("{}:{}", host(), port());
}

// Byte by byte would compare padding and the IPv6 flow label as well.
bool Endpoint::operator==(const Endpoint& other) const {
  if (length_ != other.length_ || storage_.ss_family != other.storage_.ss_family) return false;
  if (length_ == 0) return true;
  if (port() != other.port()) return false;
  if (storage_.ss_family == AF_INET) {
    return read_as<sockaddr_in>(address()).sin_addr.s_addr ==
           read_as<sockaddr_in>(other.address()).sin_addr.s_addr;
  }
  const auto mine = read_as<sockaddr_in6>(address());
  const auto theirs = read_as<sockaddr_in6>(other.address());
  return mine.sin6_scope_id == theirs.sin6_scope_id &&
         std::ranges::equal(mine.sin6_addr.s6_addr, theirs.sin6_addr.s6_addr);
}

}  // namespace lumen::net
