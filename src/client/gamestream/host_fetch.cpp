#include "client/gamestream/host_fetch.hpp"

#include <fmt/format.h>

#include "net/http/client.hpp"

namespace lumen::client {
namespace {

constexpr Duration kForAPerson = std::chrono::hours{1};
constexpr std::size_t kMaxAnswerBytes = 4U << 20U;
constexpr unsigned kUnauthorized = 401, kFirstError = 400;

}  // namespace

Result<HostFetch> create_host_fetch(const crypto::Identity& identity) {
  LUMEN_TRY(auto key, identity.private_key_pem());
  auto made = net::HttpClient::create({.certificate_pem = identity.certificate().pem(), .key_pem = key});
  crypto::wipe(MutableBytes{reinterpret_cast<std::byte*>(key.data()), key.size()});
  LUMEN_TRY(auto opened, std::move(made));
  const auto client = std::make_shared<net::HttpClient>(std::move(opened));
  return HostFetch{[client](const HostGet& get, const std::stop_token& stop) -> Result<std::string> {
    net::HttpGet what{.to = get.to,
                      .target = std::string{get.target},
                      .is_tls = get.scheme == gamestream::Scheme::https,
                      .timeout = get.timeout.value_or(kForAPerson),
                      .max_body_bytes = kMaxAnswerBytes};
    if (get.pinned != nullptr) {
      const auto der = get.pinned->der();
      what.expected_certificate.assign(der.begin(), der.end());
    }
    auto answer = client->get(what, stop);
    crypto::wipe(MutableBytes{reinterpret_cast<std::byte*>(what.target.data()), what.target.size()});
    if (!answer) return tl::unexpected{std::move(answer.error())};
    // Some hosts say this in HTTP's own words.
    if (answer->status == kUnauthorized) return std::string{R"(<root status_code="401"/>)"};
    if (answer->status < kFirstError) return std::move(answer->body);
    return fail(ErrorCode::unavailable, "client.http-status",
                fmt::format("{} answers with HTTP status {}", get.to.to_string(), answer->status),
                "Check the address and the port, and the host's log");
  }};
}

}  // namespace lumen::client
