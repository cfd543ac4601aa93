// Any bytes as a request target: nobody gets beyond what the table of endpoints lets through, every answer is
// a document that the reader takes, what was decoded is found and encodes back to the same.
#include <cstdint>
#include <cstdlib>

#include "gamestream/http/http_api.hpp"

namespace {

using namespace lumen;
using namespace lumen::gamestream;

void require(bool condition) {
  if (!condition) std::abort();
}

// A certificate that is paired; its key is not needed.
constexpr std::string_view kPaired = R"(-----BEGIN CERTIFICATE-----
MIIBbjCCAROgAwIBAgIUDNi/lkPpKB/YWxkwIqcY5gkxu3EwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBdDAeFw0yNjExMjcxOTM0MjNaFw00NjExMjIxOTM0MjNaMAwx
CjAIBgNVBAMMAXQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQa7Vca0w1fSbYh
0Sxw73wrPwrGvTGAt20WPXvLqe07qkelL8CDQE+UvlrDWBBiyErxPDk9nRUrUv/3
6A6xPq2Oo1MwUTAdBgNVHQ4EFgQU+rM03BRm6QsLd5494m9MyvTBOEYwHwYDVR0j
BBgwFoAU+rM03BRm6QsLd5494m9MyvTBOEYwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNJADBGAiEAyKI7xe4X99gRuaBjc39BKELcBe/DJ/tkIFTXg9QGPW8C
IQDYx1QtWLBYGLzziMmaG5l/kFQaXDEv1XNlpq0HX5yOQQ==
-----END CERTIFICATE-----
)";

const PairedClients& paired() {
  static const auto clients = [] {
    PairedClients set;
    require(set.add(crypto::Certificate::from_pem(kPaired).value(), "TV", {}).has_value());
    return set;
  }();
  return clients;
}

Routed route(Scheme scheme, std::string_view target, std::optional<crypto::Fingerprint> client) {
  auto routed = HttpApi{paired()}.route({scheme, "GET", target, client, {}, {}});
  if (const auto* answer = std::get_if<Answer>(&routed)) {
    require(answer->http_status == 200 && read_xml(answer->body).has_value());
  }
  return routed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const auto known = paired().clients()[0].certificate.fingerprint();
  const auto plain = route(Scheme::http, input, std::nullopt);
  require(std::holds_alternative<Answer>(plain) || std::holds_alternative<ServerInfoRequest>(plain) ||
          std::holds_alternative<PairRequest>(plain) || std::holds_alternative<UnpairRequest>(plain));
  require(std::holds_alternative<Answer>(route(Scheme::https, input, crypto::Fingerprint{})));
  for (const auto* path : {"", "/launch?", "/resume?", "/pair?uniqueid=1&", "/appasset?"}) {
    const auto routed = route(Scheme::https, std::string{path} + std::string{input}, known);
    if (const auto* launch = std::get_if<LaunchRequest>(&routed)) {
      require(launch->client == known && launch->app_id <= kMaxAppId);
      require(launch->verb == LaunchVerb::resume || (launch->app_id != 0 && launch->play_on_host));
      require(!launch->mode || (launch->mode->width_px != 0 && launch->mode->height_px != 0));
    }
  }
  const auto query = Query::parse(input);
  if (!query) return 0;
  require(query->size() <= kMaxParameters);
  for (const auto* name : {"a", "rikey", ""}) {
    const auto value = query->find(name);
    if (value) require(Query::parse(encode_parameter(name, *value))->find(name) == value);
  }
  return 0;
}
