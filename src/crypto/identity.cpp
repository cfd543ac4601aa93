// Making, reading and using a key with its certificate.
#include "crypto/identity.hpp"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <utility>

#include "crypto/aead_cipher.hpp"
#include "crypto/x509.hpp"

namespace lumen::crypto {
namespace {

constexpr unsigned kRsaBits = 2048;
constexpr std::size_t kSerialBytes = 16, kMaxCommonName = 64;  // ub-common-name of X.520
constexpr std::chrono::hours kBackdated{24}, kValidity{20 * 365 * 24};
constexpr long kVersion3 = 2;
constexpr std::string_view kDnsName = "lumen";

tl::unexpected<Error> refuse(std::string what, std::string remedy) {
  ERR_clear_error();
  return fail(ErrorCode::invalid_argument, "crypto.identity", std::move(what), std::move(remedy));
}
tl::unexpected<Error> broken(std::string what) {
  ERR_clear_error();
  return fail(ErrorCode::internal, "crypto.identity", std::move(what),
              "Check that OpenSSL 3 is installed completely");
}

bool set_serial(X509* certificate) {
  std::array<std::byte, kSerialBytes> serial;
  if (!fill_random(serial)) return false;
  serial[0] = (serial[0] & std::byte{0x7F}) | std::byte{0x40};  // positive, and of one length
  struct FreeNumber {
    void operator()(BIGNUM* number) const { BN_free(number); }
  };
  const std::unique_ptr<BIGNUM, FreeNumber> number{
      BN_bin2bn(raw(ByteView{serial}), static_cast<int>(serial.size()), nullptr)};
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_name(X509* certificate, std::string_view common_name) {
  auto* name = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, raw(as_view(common_name)),
                                    static_cast<int>(common_name.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1;
}

bool set_validity(X509* certificate, std::chrono::system_clock::time_point now) {
  const auto from = std::chrono::system_clock::to_time_t(now - kBackdated);
  const auto until = std::chrono::system_clock::to_time_t(now + kValidity);
  return ASN1_TIME_set(X509_getm_notBefore(certificate), from) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), until) != nullptr;
}

// Not the common name: that may be any text, and a DNS name may not.
bool set_alternative_name(X509* certificate) {
  struct FreeNames {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  };
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names{GENERAL_NAMES_new()};
  auto* name = GENERAL_NAME_new();
  auto* text = ASN1_IA5STRING_new();
  if (!names || name == nullptr || text == nullptr || sk_GENERAL_NAME_push(names.get(), name) <= 0) {
    GENERAL_NAME_free(name);
    ASN1_IA5STRING_free(text);
    return false;
  }
  GENERAL_NAME_set0_value(name, GEN_DNS, text);  // `names` own `name`, and that owns `text`
  return ASN1_STRING_set(text, kDnsName.data(), static_cast<int>(kDnsName.size())) == 1 &&
         X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1;
}

EVP_PKEY* new_key(KeyKind kind) {
  return kind == KeyKind::ecdsa_p256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(kRsaBits);
}

Result<Certificate> self_signed(EVP_PKEY* key, KeyKind kind, std::string_view common_name,
                                std::chrono::system_clock::time_point now) {
  const X509Owned<X509> x509{X509_new()};
  if (!x509 || X509_set_version(x509.get(), kVersion3) != 1 || !set_serial(x509.get()) ||
      !set_name(x509.get(), common_name) || !set_validity(x509.get(), now) ||
      X509_set_pubkey(x509.get(), key) != 1 ||
      (kind == KeyKind::ecdsa_p256 && !set_alternative_name(x509.get())) ||
      X509_sign(x509.get(), key, EVP_sha256()) <= 0) {
    return broken("no certificate could be made");
  }
  std::vector<std::byte> der(static_cast<std::size_t>(std::max(0, i2d_X509(x509.get(), nullptr))));
  auto* at = raw(MutableBytes{der});
  if (der.empty() || i2d_X509(x509.get(), &at) < 0) return broken("the certificate could not be encoded");
  return Certificate::from_der(der);
}

// The one who asks for a passphrase is told that there is none.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

void Identity::FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
Identity::Identity(Certificate certificate, Key key)
    : certificate_{std::move(certificate)}, key_{std::move(key)} {}
Identity::Identity(Identity&&) noexcept = default;
Identity& Identity::operator=(Identity&&) noexcept = default;
Identity::~Identity() = default;

Result<Identity> Identity::create(std::string_view common_name, std::chrono::system_clock::time_point now,
                                  KeyKind kind) {
  if (common_name.empty() || common_name.size() > kMaxCommonName) {
    return refuse("a certificate's name has 1 to 64 bytes", "Choose another name");
  }
  Key key{new_key(kind)};
  if (!key) return broken("no key could be made");
  LUMEN_TRY(auto certificate, self_signed(key.get(), kind, common_name, now));
  return Identity{std::move(certificate), std::move(key)};
}

Result<Identity> Identity::from_pem(std::string_view certificate_pem, std::string_view private_key_pem) {
  LUMEN_TRY(auto certificate, Certificate::from_pem(certificate_pem));
  if (private_key_pem.size() > kMaxPemBytes) {
    return refuse("the private key is too large", "Restore the key file, or remove it and pair again");
  }
  const X509Owned<BIO> bio{BIO_new_mem_buf(private_key_pem.data(), static_cast<int>(private_key_pem.size()))};
  Key key{bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr};
  const auto x509 = parse_x509(certificate.der());
  if (!key || !is_acceptable_key(key.get()) || !x509 || X509_check_private_key(x509.get(), key.get()) != 1) {
    return refuse("the private key cannot be read, or is not that of the certificate",
                  "Restore both files together, or remove both and pair again");
  }
  ERR_clear_error();
  return Identity{std::move(certificate), std::move(key)};
}

Result<std::string> Identity::private_key_pem() const {
  const X509Owned<BIO> bio{BIO_new(BIO_s_secmem())};
  if (!bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return broken("the private key could not be encoded");
  }
  char* text = nullptr;
  const auto length = BIO_get_mem_data(bio.get(), &text);
  return std::string{text, static_cast<std::size_t>(length)};
}

Result<std::vector<std::byte>> Identity::sign(ByteView message) const {
  const X509Owned<EVP_MD_CTX> context{EVP_MD_CTX_new()};
  std::size_t length = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &length, raw(message), message.size()) != 1) {
    return broken("nothing could be signed");
  }
  std::vector<std::byte> signature(length);
  if (EVP_DigestSign(context.get(), raw(MutableBytes{signature}), &length, raw(message), message.size()) !=
      1) {
    return broken("nothing could be signed");
  }
  signature.resize(length);
  return signature;
}

}  // namespace lumen::crypto
