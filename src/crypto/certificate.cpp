// PEM is taken apart here and not by OpenSSL, whose reader skips whatever it does not know: a file with two
// certificates, or with text around one, would otherwise mean different things to different readers.
#include "crypto/certificate.hpp"

#include <openssl/ec.h>
#include <openssl/objects.h>

#include <algorithm>
#include <array>

#include "crypto/aead_cipher.hpp"
#include "crypto/x509.hpp"

namespace lumen::crypto {
namespace {

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----", kEnd = "-----END CERTIFICATE-----";
constexpr int kMinRsaBits = 2048, kMaxRsaBits = 8192;
constexpr std::size_t kPemLine = 64, kMaxSignatureBytes = 1024;

tl::unexpected<Error> refuse(std::string what) {
  return fail(ErrorCode::malformed, "crypto.certificate", std::move(what),
              "Use a PEM file with one X.509 certificate whose key is RSA-2048 or P-256");
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_base64(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::vector<std::byte>> from_base64(std::string_view text) {
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return !is_blank(c); });
  if (digits.empty() || digits.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && digits[digits.size() - 1 - padding] == '=') ++padding;
  if (!std::all_of(digits.begin(), digits.end() - static_cast<std::ptrdiff_t>(padding), is_base64)) {
    return std::nullopt;
  }
  std::vector<std::byte> bytes(digits.size() / 4 * 3);
  const auto count =
      EVP_DecodeBlock(raw(MutableBytes{bytes}), raw(as_view(digits)), static_cast<int>(digits.size()));
  if (count < 0 || static_cast<std::size_t>(count) != bytes.size()) return std::nullopt;
  bytes.resize(bytes.size() - padding);
  return bytes;
}

bool is_der_of(const X509* certificate, ByteView der) {
  unsigned char* encoded = nullptr;
  const auto length = i2d_X509(certificate, &encoded);
  if (length < 0) return false;
  const auto* bytes = reinterpret_cast<const std::byte*>(encoded);
  const bool same = std::ranges::equal(ByteView{bytes, static_cast<std::size_t>(length)}, der);
  OPENSSL_free(encoded);
  return same;
}

}  // namespace

X509Owned<X509> parse_x509(ByteView der) {
  if (der.empty() || der.size() > kMaxCertificateBytes) return nullptr;
  const auto* at = raw(der);
  X509Owned<X509> certificate{d2i_X509(nullptr, &at, static_cast<long>(der.size()))};
  if (certificate && (at != raw(der) + der.size() || !is_der_of(certificate.get(), der))) certificate.reset();
  ERR_clear_error();
  return certificate;
}

bool is_acceptable_key(const EVP_PKEY* key) {
  if (key == nullptr) return false;
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    return EVP_PKEY_get_bits(key) >= kMinRsaBits && EVP_PKEY_get_bits(key) <= kMaxRsaBits;
  }
  std::array<char, 64> group{};
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1 &&
         OBJ_txt2nid(group.data()) == NID_X9_62_prime256v1;
}

Result<Certificate> Certificate::from_der(ByteView der) {
  const auto parsed = parse_x509(der);
  if (!parsed) return refuse("this is not one X.509 certificate");
  const bool acceptable = is_acceptable_key(X509_get0_pubkey(parsed.get()));
  ERR_clear_error();
  if (!acceptable) return refuse("the certificate's key is neither RSA of 2048 to 8192 bits nor P-256");

  const ASN1_BIT_STRING* signature = nullptr;
  X509_get0_signature(&signature, nullptr, parsed.get());
  const auto* bytes = reinterpret_cast<const std::byte*>(ASN1_STRING_get0_data(signature));
  const auto length = static_cast<std::size_t>(ASN1_STRING_length(signature));
  if (length == 0 || length > kMaxSignatureBytes) return refuse("the certificate bears no usable signature");

  Certificate certificate;
  certificate.der_.assign(der.begin(), der.end());
  certificate.signature_.assign(bytes, bytes + length);
  LUMEN_TRY(certificate.fingerprint_, sha256({der}));
  int digest = NID_undef;
  certificate.signed_with_sha256_ =
      OBJ_find_sigid_algs(X509_get_signature_nid(parsed.get()), &digest, nullptr) == 1 &&
      digest == NID_sha256;
  return certificate;
}

Result<Certificate> Certificate::from_pem(std::string_view pem) {
  if (pem.size() > kMaxPemBytes) return refuse("the certificate is too large");
  pem = trim(pem);
  if (!pem.starts_with(kBegin) || !pem.ends_with(kEnd) || pem.size() < kBegin.size() + kEnd.size()) {
    return refuse("this is not a PEM certificate");
  }
  const auto der = from_base64(pem.substr(kBegin.size(), pem.size() - kBegin.size() - kEnd.size()));
  if (!der) return refuse("the PEM certificate is not base 64");
  return from_der(*der);
}

std::string Certificate::pem() const {
  std::string digits(der_.size() / 3 * 4 + 5, '\0');
  const auto length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(digits.data()), raw(ByteView{der_}),
                                      static_cast<int>(der_.size()));
  digits.resize(static_cast<std::size_t>(length));
  std::string text{kBegin};
  text += '\n';
  for (std::size_t at = 0; at < digits.size(); at += kPemLine) {
    text += digits.substr(at, kPemLine);
    text += '\n';
  }
  text += kEnd;
  text += '\n';
  return text;
}

bool Certificate::verify(ByteView message, ByteView signature) const {
  const auto parsed = parse_x509(der_);
  const X509Owned<EVP_MD_CTX> context{EVP_MD_CTX_new()};
  const bool good =
      parsed && context &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, X509_get0_pubkey(parsed.get())) ==
          1 &&
      EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(message), message.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace lumen::crypto
