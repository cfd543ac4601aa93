#include "crypto/identity.hpp"

#include <gtest/gtest.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace lumen::crypto {
namespace {

const std::chrono::system_clock::time_point kNow{std::chrono::seconds{1'800'000'000}};

const Identity& one() {
  static const auto identity = Identity::create("Lumen test", kNow).value();
  return identity;
}
const Identity& other() {
  static const auto identity = Identity::create("Lumen test", kNow).value();
  return identity;
}

// A throw-away key on P-256 with its certificate, and one of RSA-1024.
constexpr std::string_view kEcKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgiykynWdJLSampPEl
/lkVFBSEF85g+91E0KbcsPih4MmhRANCAAQa7Vca0w1fSbYh0Sxw73wrPwrGvTGA
t20WPXvLqe07qkelL8CDQE+UvlrDWBBiyErxPDk9nRUrUv/36A6xPq2O
-----END PRIVATE KEY-----
)";
constexpr std::string_view kEcCertificate = R"(-----BEGIN CERTIFICATE-----
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
constexpr std::string_view kWeakCertificate = R"(-----BEGIN CERTIFICATE-----
MIIB9DCCAV2gAwIBAgIULnn+BKjADXLkzNAAfWwHQ+oFdG0wDQYJKoZIhvcNAQEL
BQAwDDEKMAgGA1UEAwwBdDAeFw0yNjExMjcxOTM0MjNaFw00NjExMjIxOTM0MjNa
MAwxCjAIBgNVBAMMAXQwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBANHgBpjC
wJlB2+dEwKA1gBZm0FXNgjNz91sCn34Ko5UjI9pwwUAiqTitTbqdirjLpL+v4ch6
eA7ELORCm1egb9Rduxnu3KrA6Qm/gbidHTsI4GWB200Zfer7AhPL9bFggLyLTz90
l6DvIH33CdSM5fAecOmsoUWt/miXAGUyeaC9AgMBAAGjUzBRMB0GA1UdDgQWBBTH
1WIrIyvmpPEfJBJDNtQCjp3JXjAfBgNVHSMEGDAWgBTH1WIrIyvmpPEfJBJDNtQC
jp3JXjAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4GBACof3JUb7PMY
SiQBjhjaXRoqkVTAsk5GHYQuJnHphN0m8eghfjFAjmyr0DpC6/OyjlBHlBz2ZzS7
HNcY2Sx0USvvMu0V6b3qs4XiXk5fBAfEfHa7/KJwEgtfTf5SR1QT5Z4ykUk/GtLy
nhIMhDIDpB3Mhq3Du5DndGDbv0PGa1IW
-----END CERTIFICATE-----
)";
constexpr std::string_view kSha1Certificate = R"(-----BEGIN CERTIFICATE-----
MIIC+TCCAeGgAwIBAgIUIf3FN+Nu5khiF1AEPIkxULDPDkkwDQYJKoZIhvcNAQEF
BQAwDDEKMAgGA1UEAwwBdDAeFw0yNjExMjcxOTM0MjNaFw00NjExMjIxOTM0MjNa
MAwxCjAIBgNVBAMMAXQwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCe
FU/fcl/Zf4N8Dwx/KGmNULL289nbGjLrK5GSICx8vZHjbtEERTjbXUjDLlXBTdIc
FypmLhMatP/tmmHnJaM44WzRgZq4M3UbNee++VyTwGcI4ogoSvTaL6sy0MsGxTOY
1HJIqY7r/Tskf+gHfm+zK0J6fv8jYYptdvZQd0LUlqCXMXyC5YPTcaefWGqmXRQh
AYjNzzb9l3FS+ArgT6FKMLPHAWmUizMCE+fvazgK+57eQfHTJjp1PCIKaSCS7BtD
1ajmUnkz1YiXz+BMn0F5VLzr3lrmQf/GGgLbVBCBBbKz1Kq+wz6vuTPtBwcF0BXJ
x4WAO+cGHTmoogPxfU39AgMBAAGjUzBRMB0GA1UdDgQWBBT1DgeuCk0qCZ9i5+9A
9jdNN4L3+DAfBgNVHSMEGDAWgBT1DgeuCk0qCZ9i5+9A9jdNN4L3+DAPBgNVHRMB
Af8EBTADAQH/MA0GCSqGSIb3DQEBBQUAA4IBAQAU+HaZUE5R0j3ac1R+Y/bPFlUz
4cNjautKFgb560qdFkgv8lATaJ5oocv2erPZ4Jkfw9Q+Jvi6t1NDq/1IwdJ7LVQb
M0SBOqeSZfJnbvJKNQOiq5S3wZDWpTC0CiVIImyD5eZK0cxyWDC3gTxgTcCtVlOl
Jxtv8tlJMNREa2NxhEKQ1wg1tV1EG54Ktt5wYKL8H6E7oRGzXb2nBIZKoVw3Wr2g
VJK1Oz3RF0P+TKL4F+NQ3j84IOFI3C2TWcFwEmM5OsYGTIhiBwWnQvbu7HQMzYyu
452uIFGUpFOdYoD/cqBuv1wL9q91LEHNcYlCkzBwwbuW1G0g+eXi373oI4cR
-----END CERTIFICATE-----
)";

TEST(Identity, is_the_same_after_it_was_stored) {
  const auto key = one().private_key_pem().value();
  const auto again = Identity::from_pem(one().certificate().pem(), key).value();
  EXPECT_EQ(again.certificate().fingerprint(), one().certificate().fingerprint());
  EXPECT_EQ(again.certificate().pem(), one().certificate().pem());
  EXPECT_TRUE(one().certificate().verify(as_view("message"), again.sign(as_view("message")).value()));
}

TEST(Identity, each_is_another) {
  EXPECT_FALSE(one().certificate() == other().certificate());
  EXPECT_NE(one().certificate().fingerprint(), other().certificate().fingerprint());
}

TEST(Identity, a_signature_fits_its_key_and_message_only) {
  const auto signature = one().sign(as_view("message")).value();
  EXPECT_EQ(signature.size(), 256U);
  EXPECT_TRUE(one().certificate().verify(as_view("message"), signature));
  EXPECT_FALSE(one().certificate().verify(as_view("massage"), signature));
  EXPECT_FALSE(other().certificate().verify(as_view("message"), signature));
  EXPECT_FALSE(one().certificate().verify(as_view("message"), ByteView{signature}.first(255)));
  EXPECT_FALSE(one().certificate().verify(as_view("message"), {}));
}

TEST(Identity, a_key_of_another_certificate_is_refused) {
  EXPECT_EQ(Identity::from_pem(one().certificate().pem(), other().private_key_pem().value()).error().id,
            "crypto.identity");
  EXPECT_EQ(Identity::from_pem(one().certificate().pem(), "").error().id, "crypto.identity");
  EXPECT_EQ(Identity::from_pem(one().certificate().pem(), std::string(20'000, 'A')).error().id,
            "crypto.identity");
  EXPECT_EQ(Identity::from_pem("", one().private_key_pem().value()).error().id, "crypto.certificate");
}

TEST(Identity, names_are_of_1_to_64_bytes) {
  EXPECT_EQ(Identity::create("", kNow).error().id, "crypto.identity");
  EXPECT_EQ(Identity::create(std::string(65, 'x'), kNow).error().id, "crypto.identity");
}

TEST(Identity, keys_on_p256_work_as_well) {
  const auto identity = Identity::from_pem(kEcCertificate, kEcKey).value();
  EXPECT_TRUE(identity.certificate().verify(as_view("x"), identity.sign(as_view("x")).value()));
  EXPECT_FALSE(identity.certificate().verify(as_view("y"), identity.sign(as_view("x")).value()));
  EXPECT_TRUE(identity.certificate().is_signed_with_sha256());
}

TEST(Identity, of_p256_is_small_verifies_and_is_the_same_after_it_was_stored) {
  const auto identity = Identity::create("a name, DNS:other", kNow, KeyKind::ecdsa_p256).value();
  EXPECT_LT(identity.certificate().der().size(), 450U);
  EXPECT_TRUE(identity.certificate().is_signed_with_sha256());
  const auto again =
      Identity::from_pem(identity.certificate().pem(), identity.private_key_pem().value()).value();
  EXPECT_EQ(again.certificate().fingerprint(), identity.certificate().fingerprint());
  const auto signature = again.sign(as_view("message")).value();
  EXPECT_TRUE(identity.certificate().verify(as_view("message"), signature));
  EXPECT_FALSE(identity.certificate().verify(as_view("massage"), signature));
}

TEST(Identity, of_p256_bears_one_dns_name_whatever_its_common_name_is) {
  const auto identity = Identity::create("a name, DNS:other", kNow, KeyKind::ecdsa_p256).value();
  const auto der = identity.certificate().der();
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  auto* x509 = d2i_X509(nullptr, &at, static_cast<long>(der.size()));
  ASSERT_NE(x509, nullptr);
  EXPECT_EQ(X509_get_version(x509), 2);
  EXPECT_EQ(X509_get_signature_nid(x509), NID_ecdsa_with_SHA256);
  EXPECT_EQ(X509_verify(x509, X509_get0_pubkey(x509)), 1);
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr));
  EXPECT_EQ(sk_GENERAL_NAME_num(names), 1);
  EXPECT_EQ(X509_check_host(x509, "lumen", 5, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(x509, "other", 5, 0, nullptr), 0);
  GENERAL_NAMES_free(names);
  X509_free(x509);
}

// GameStream part 1, 3.2, as OpenSSL reads it.
TEST(GameStream1, s11_the_certificate_is_rsa_2048_sha_256_version_3_with_a_positive_serial) {
  const auto der = one().certificate().der();
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  auto* x509 = d2i_X509(nullptr, &at, static_cast<long>(der.size()));
  ASSERT_NE(x509, nullptr);
  EXPECT_EQ(X509_get_version(x509), 2);
  EXPECT_EQ(X509_get_signature_nid(x509), NID_sha256WithRSAEncryption);
  EXPECT_EQ(EVP_PKEY_get_bits(X509_get0_pubkey(x509)), 2048);
  EXPECT_LE(ASN1_STRING_length(X509_get_serialNumber(x509)), 20);
  EXPECT_EQ(ASN1_STRING_type(X509_get_serialNumber(x509)), V_ASN1_INTEGER);
  EXPECT_EQ(X509_verify(x509, X509_get0_pubkey(x509)), 1);
  const auto now = std::chrono::system_clock::to_time_t(kNow);
  int days = 0, seconds = 0;
  ASN1_TIME* start = ASN1_TIME_set(nullptr, now);
  EXPECT_EQ(ASN1_TIME_diff(&days, &seconds, start, X509_get0_notAfter(x509)), 1);
  EXPECT_EQ(days, 20 * 365);
  EXPECT_EQ(ASN1_TIME_diff(&days, &seconds, start, X509_get0_notBefore(x509)), 1);
  EXPECT_EQ(days, -1);
  ASN1_TIME_free(start);
  X509_free(x509);
  EXPECT_EQ(one().certificate().signature().size(), 256U);
  EXPECT_TRUE(one().certificate().is_signed_with_sha256());
}

TEST(Certificate, is_taken_from_pem_with_any_line_ends_and_nothing_around_it) {
  auto pem = one().certificate().pem();
  EXPECT_EQ(Certificate::from_pem(pem)->fingerprint(), one().certificate().fingerprint());
  std::string crlf;
  for (const char c : pem) crlf += c == '\n' ? std::string{"\r\n"} : std::string{c};
  EXPECT_EQ(Certificate::from_pem(crlf)->fingerprint(), one().certificate().fingerprint());
  EXPECT_FALSE(Certificate::from_pem("text\n" + pem));
  EXPECT_FALSE(Certificate::from_pem(pem + pem));
  EXPECT_FALSE(Certificate::from_pem(pem + "x"));
  EXPECT_FALSE(Certificate::from_pem(pem + std::string(kMaxPemBytes, ' ')));
  EXPECT_FALSE(Certificate::from_pem("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"));
  EXPECT_FALSE(Certificate::from_pem("-----BEGIN CERTIFICATE-----"));
}

TEST(Certificate, der_that_is_cut_or_continued_or_changed_is_another_or_none) {
  const auto der = one().certificate().der();
  std::vector<std::byte> bytes{der.begin(), der.end()};
  EXPECT_TRUE(Certificate::from_der(bytes));
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(Certificate::from_der(bytes));
  for (std::size_t length = 0; length < der.size(); ++length) {
    EXPECT_FALSE(Certificate::from_der(der.first(length))) << length;
  }
  for (std::size_t at = 0; at < der.size(); at += 7) {
    std::vector<std::byte> changed{der.begin(), der.end()};
    changed[at] ^= std::byte{1};
    const auto parsed = Certificate::from_der(changed);
    EXPECT_FALSE(parsed && *parsed == one().certificate()) << at;
  }
}

TEST(Certificate, weak_keys_are_refused_and_weak_digests_told) {
  EXPECT_EQ(Certificate::from_pem(kWeakCertificate).error().id, "crypto.certificate");
  EXPECT_FALSE(Certificate::from_pem(kSha1Certificate).value().is_signed_with_sha256());
}

}  // namespace
}  // namespace lumen::crypto
