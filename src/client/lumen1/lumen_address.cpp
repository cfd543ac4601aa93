#include "client/lumen1/lumen_address.hpp"

#include <netdb.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include <fmt/format.h>

namespace lumen::client {
namespace {

constexpr std::size_t kMaxHostBytes = 253;

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == '_' || c == ':' || c == '%';
}

}  // namespace

Result<LumenAddress> parse_lumen_address(std::string_view text) {
  const auto bad = [text] {
    return fail(ErrorCode::invalid_argument, "client.address", fmt::format("{} is no address", text),
                "Write a name or a number, and a port behind a colon if it is not the usual one: box, "
                "box:47986, 192.0.2.7, [2001:db8::7]:47986");
  };
  LumenAddress address;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return bad();
    address.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return bad();
  } else {
    const auto colon = text.find(':');
    const bool is_ipv6 =
        colon != std::string_view::npos && text.find(':', colon + 1) != std::string_view::npos;
    address.host = is_ipv6 ? text : text.substr(0, colon);
    if (!is_ipv6 && colon != std::string_view::npos) port = text.substr(colon);
  }
  if (address.host.empty() || address.host.size() > kMaxHostBytes ||
      !std::ranges::all_of(address.host, is_host_character) || address.host.starts_with('-'))
    return bad();
  if (port.empty()) return address;
  const auto* const end = port.data() + port.size();
  const auto [rest, error] = std::from_chars(port.data() + 1, end, address.port);
  if (error != std::errc{} || rest != end || address.port == 0) return bad();
  return address;
}

std::string to_string(const LumenAddress& address) {
  if (address.port == kLumenPort) return address.host;
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", address.host, address.port)
                 : fmt::format("{}:{}", address.host, address.port);
}

Result<std::vector<net::Endpoint>> resolve(const LumenAddress& address) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_DGRAM;
  wanted.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const auto port = std::to_string(address.port);
  const int error = getaddrinfo(address.host.c_str(), port.c_str(), &wanted, &found);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, &freeaddrinfo};
  std::vector<net::Endpoint> endpoints;
  for (const auto* entry = found; entry != nullptr; entry = entry->ai_next) {
    const auto endpoint = net::Endpoint::from_sockaddr(entry->ai_addr, entry->ai_addrlen);
    if (endpoint.length() != 0 && std::ranges::find(endpoints, endpoint) == endpoints.end())
      endpoints.push_back(endpoint);
  }
  if (endpoints.empty()) {
    return fail(ErrorCode::unavailable, "client.unknown-host",
                fmt::format("there is no computer called {} ({})", address.host,
                            error != 0 ? gai_strerror(error) : "no address"),
                "Check the name, or write its number");
  }
  std::ranges::stable_sort(endpoints, {}, [](const net::Endpoint& endpoint) {
    return endpoint.address()->sa_family == AF_INET ? 0 : 1;
  });
  return endpoints;
}

}  // namespace lumen::client
