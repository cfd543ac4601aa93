#include "client/gamestream/host_address.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "gamestream/http/text.hpp"

namespace lumen::client {
namespace {

constexpr std::size_t kMaxNameBytes = 253;

tl::unexpected<Error> no_address(std::string_view text) {
  return fail(
      ErrorCode::invalid_argument, "client.host-address", fmt::format("'{}' is no address of a host", text),
      "Give a name or an address, and a port if it is not 47989: tv.local, 192.168.1.20:47989, [::1]");
}

bool is_name(std::string_view text) {
  // What resolvers take, IPv6 scopes included; nothing that could reach a URL or a header.
  return !text.empty() && text.size() <= kMaxNameBytes && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '%';
  });
}

Result<HostAddress> with_text_port(std::string_view host, std::string_view port, std::string_view all) {
  const auto number = gamestream::parse_decimal<std::uint16_t>(port);
  if (!is_name(host) || !number || *number == 0) return no_address(all);
  return HostAddress{std::string{host}, *number};
}

}  // namespace

Result<HostAddress> parse_host_address(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos || !is_name(text.substr(1, end - 1))) return no_address(text);
    const auto host = text.substr(1, end - 1), rest = text.substr(end + 1);
    if (rest.empty()) return HostAddress{std::string{host}};
    if (!rest.starts_with(':')) return no_address(text);
    return with_text_port(host, rest.substr(1), text);
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    if (!is_name(text)) return no_address(text);
    return HostAddress{std::string{text}};
  }
  return with_text_port(text.substr(0, colon), text.substr(colon + 1), text);
}

std::string to_string(const HostAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  auto text = v6 ? "[" + address.host + "]" : address.host;
  if (address.http_port != gamestream::kDefaultHttpPort) text += fmt::format(":{}", address.http_port);
  return text;
}

net::Endpoint with_port(const net::Endpoint& endpoint, std::uint16_t port) {
  sockaddr_storage storage{};
  std::memcpy(&storage, endpoint.address(), endpoint.length());
  if (storage.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(&storage)->sin_port = htons(port);
  }
  return net::Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&storage), endpoint.length());
}

std::string address_text(const net::Endpoint& endpoint) {
  std::array<char, NI_MAXHOST> text{};
  if (getnameinfo(endpoint.address(), endpoint.length(), text.data(), text.size(), nullptr, 0,
                  NI_NUMERICHOST) != 0) {
    return {};
  }
  return text.data();
}

bool is_ipv6(const net::Endpoint& endpoint) { return endpoint.address()->sa_family == AF_INET6; }

bool is_local(const net::Endpoint& endpoint) {
  if (is_ipv6(endpoint)) {
    const auto& bytes = reinterpret_cast<const sockaddr_in6*>(endpoint.address())->sin6_addr.s6_addr;
    const bool unique_local = (bytes[0] & 0xFEU) == 0xFC;
    const bool link_local = bytes[0] == 0xFE && (bytes[1] & 0xC0U) == 0x80;
    return unique_local || link_local || std::memcmp(bytes, &in6addr_loopback, sizeof in6addr_loopback) == 0;
  }
  const auto address = ntohl(reinterpret_cast<const sockaddr_in*>(endpoint.address())->sin_addr.s_addr);
  return (address >> 24U) == 127 || (address >> 24U) == 10 || (address >> 20U) == 0xAC1 ||
         (address >> 16U) == 0xC0A8 || (address >> 16U) == 0xA9FE;
}

}  // namespace lumen::client
