#include "client/lumen1/lumen_address.hpp"

#include <netdb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <memory>

#include <fmt/format.h>

namespace lumen::client {
namespace {

constexpr std::size_t kMaxHostBytes = 253;
constexpr int kResolveSteps = 100;  // of 50 ms

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == '_' || c == ':' || c == '%';
}

tl::unexpected<Error> unknown(const std::string& host, const char* why) {
  return fail(ErrorCode::unavailable, "client.unknown-host",
              fmt::format("there is no computer called {} ({})", host, why),
              "Check the name, or write its number");
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

// What the system's resolver works on; it may go on with it after everybody has given up.
struct Lookup {
  std::string host, port;
  addrinfo wanted{};
  gaicb request{};
  ~Lookup() {
    if (request.ar_result != nullptr) freeaddrinfo(request.ar_result);
  }
};

Result<std::vector<net::Endpoint>> resolve(const LumenAddress& address, const std::stop_token& stop) {
  auto lookup = std::make_unique<Lookup>();
  lookup->host = address.host;
  lookup->port = std::to_string(address.port);
  lookup->wanted.ai_socktype = SOCK_DGRAM;
  lookup->wanted.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  lookup->request = {.ar_name = lookup->host.c_str(),
                     .ar_service = lookup->port.c_str(),
                     .ar_request = &lookup->wanted,
                     .ar_result = nullptr};
  std::array<gaicb*, 1> requests{&lookup->request};
  int error = getaddrinfo_a(GAI_NOWAIT, requests.data(), 1, nullptr);
  const std::array<const gaicb*, 1> waited{&lookup->request};
  for (int left = kResolveSteps; error == 0 && left > 0 && !stop.stop_requested(); --left) {
    error = gai_error(&lookup->request);
    if (error != EAI_INPROGRESS) break;
    constexpr timespec kStep{.tv_sec = 0, .tv_nsec = 50'000'000};
    gai_suspend(waited.data(), 1, &kStep);
    error = 0;
  }
  if (gai_error(&lookup->request) == EAI_INPROGRESS && gai_cancel(&lookup->request) == EAI_NOTCANCELED) {
    static_cast<void>(lookup.release());  // the resolver's, until the program ends
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "client.cancelled", "cancelled");
    return unknown(address.host, "the resolver does not answer");
  }
  const auto* const found = lookup->request.ar_result;
  std::vector<net::Endpoint> endpoints;
  for (const auto* entry = found; entry != nullptr; entry = entry->ai_next) {
    const auto endpoint = net::Endpoint::from_sockaddr(entry->ai_addr, entry->ai_addrlen);
    if (endpoint.length() != 0 && std::ranges::find(endpoints, endpoint) == endpoints.end())
      endpoints.push_back(endpoint);
  }
  if (endpoints.empty()) {
    return unknown(address.host, error != 0 ? gai_strerror(error) : "no address");
  }
  std::vector<net::Endpoint> sorted;
  for (const bool ipv4 : {true, false}) {
    std::ranges::copy_if(endpoints, std::back_inserter(sorted), [ipv4](const net::Endpoint& endpoint) {
      return (endpoint.address()->sa_family == AF_INET) == ipv4;
    });
  }
  return sorted;
}

}  // namespace lumen::client
