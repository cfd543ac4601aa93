#include "gamestream/http/pair_request.hpp"

#include <algorithm>

#include "gamestream/http/text.hpp"

namespace lumen::gamestream {
namespace {

constexpr std::size_t kMaxSignatureBytes = 1024;

template <std::size_t N>
std::optional<std::array<std::byte, N>> fixed_hex(std::string_view digits) {
  if (digits.size() != 2 * N) return std::nullopt;
  const auto bytes = crypto::from_hex(digits);
  if (!bytes) return std::nullopt;
  std::array<std::byte, N> fixed{};
  std::ranges::copy(*bytes, fixed.begin());
  return fixed;
}

PairingPhase parse_certificate(const Query& query) {
  const auto salt =
      fixed_hex<kPairingBlockBytes>(query.find("salt").value_or("").substr(0, 2 * kPairingBlockBytes));
  if (!salt) return Unusable{"The client sent no usable salt"};
  const auto digits = query.find("clientcert").value_or("");
  const auto pem = digits.size() <= 2 * crypto::kMaxPemBytes ? crypto::from_hex(digits) : std::nullopt;
  if (!pem) return Unusable{"The client sent no usable certificate"};
  auto certificate = crypto::Certificate::from_pem({reinterpret_cast<const char*>(pem->data()), pem->size()});
  if (!certificate || !certificate->is_signed_with_sha256()) {
    return Unusable{"The client's certificate is not RSA-2048 or P-256 with SHA-256"};
  }
  return GetHostCertificate{*salt, *std::move(certificate)};
}

PairingPhase parse_challenge(std::string_view digits) {
  const auto bytes = fixed_hex<kPairingBlockBytes>(digits);
  if (!bytes) return Unusable{"The client's challenge is malformed"};
  return ClientChallenge{*bytes};
}

PairingPhase parse_hash(std::string_view digits) {
  const auto bytes = fixed_hex<2 * kPairingBlockBytes>(digits);
  if (!bytes) return Unusable{"The client's answer to the challenge is malformed"};
  return ClientHash{*bytes};
}

PairingPhase parse_secret(std::string_view digits) {
  const auto bytes = digits.size() <= 2 * (kPairingBlockBytes + kMaxSignatureBytes) ? crypto::from_hex(digits)
                                                                                    : std::nullopt;
  if (!bytes || bytes->size() <= kPairingBlockBytes) return Unusable{"The client's secret is malformed"};
  ClientSecret phase;
  std::copy_n(bytes->begin(), kPairingBlockBytes, phase.secret.begin());
  phase.signature.assign(bytes->begin() + kPairingBlockBytes, bytes->end());
  return phase;
}

}  // namespace

std::optional<PairingPhase> parse_pairing_phase(const Query& query) {
  const bool first = query.find("phrase") == "getservercert";
  const auto challenge = query.find("clientchallenge"), hash = query.find("serverchallengeresp");
  const auto secret = query.find("clientpairingsecret");
  const auto phases =
      int{first} + int{challenge.has_value()} + int{hash.has_value()} + int{secret.has_value()};
  if (phases == 0) return std::nullopt;
  if (phases > 1) return Unusable{"The client sent several phases of pairing at once"};
  if (first) return parse_certificate(query);
  if (challenge) return parse_challenge(*challenge);
  return hash ? parse_hash(*hash) : parse_secret(*secret);
}

Result<PairingKey> pairing_key(ByteView salt, std::string_view pin) {
  LUMEN_TRY(auto digest, crypto::sha256({salt, as_view(pin)}));
  const PairingKey key{digest};
  crypto::wipe(digest);
  return key;
}

Result<crypto::Sha256> pairing_hash(ByteView challenge, ByteView certificate_signature, ByteView secret) {
  return crypto::sha256({challenge, certificate_signature, secret});
}

bool is_pin(std::string_view text) {
  return text.size() == 4 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace lumen::gamestream
