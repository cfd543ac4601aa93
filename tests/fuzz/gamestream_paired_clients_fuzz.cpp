// Any bytes as the file of paired clients: what is taken is bounded, consistent and stored as it was; nobody
// is allowed who is not in it.
#include <cstdint>
#include <cstdlib>

#include "gamestream/http/paired_clients.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lumen;
  using namespace lumen::gamestream;
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  if (const auto certificate = crypto::Certificate::from_pem(input)) {
    require(crypto::Certificate::from_pem(certificate->pem()).value() == *certificate);
  }
  if (const auto certificate = crypto::Certificate::from_der(as_view(input))) {
    require(crypto::Certificate::from_pem(certificate->pem()).value() == *certificate);
    require(!certificate->verify(as_view("x"), certificate->signature()));
  }
  auto set = PairedClients::from_json(input);
  if (!set) return 0;
  require(set->clients().size() <= kMaxPairedClients && !set->allows({}));
  require(PairedClients::from_json(set->to_json()).value().to_json() == set->to_json());
  while (!set->clients().empty()) {
    const auto client = set->clients().front();
    require(set->allows(client.certificate.fingerprint()) == client.enabled);
    require(set->remove(client.id).has_value());
    require(!set->allows(client.certificate.fingerprint()));
  }
  return 0;
}
