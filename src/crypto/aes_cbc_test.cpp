#include "crypto/aes_cbc.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace lumen::crypto {
namespace {

using Buffer = std::vector<std::byte>;

constexpr const char* kKey = "2b7e151628aed2a6abf7158809cf4f3c";

Aes128Cbc::Iv iv() {
  Aes128Cbc::Iv iv{};
  std::ranges::copy(from_hex("000102030405060708090a0b0c0d0e0f").value(), iv.begin());
  return iv;
}

Buffer encrypt(Aes128Cbc& cipher, const Buffer& text) {
  Buffer sealed(Aes128Cbc::sealed_bytes(text.size()));
  EXPECT_TRUE(cipher.encrypt(iv(), text, sealed));
  return sealed;
}

// NIST SP 800-38A, F.2.1, with a block of padding behind.
TEST(Aes128Cbc, gives_the_published_example) {
  auto cipher = Aes128Cbc::create(from_hex(kKey).value()).value();
  const auto text = from_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51").value();
  const auto sealed = encrypt(cipher, text);
  EXPECT_EQ(to_hex(ByteView{sealed}.first(32)),
            "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2");
  EXPECT_EQ(sealed.size(), 48U);
}

TEST(Aes128Cbc, any_size_comes_back) {
  auto cipher = Aes128Cbc::create(from_hex(kKey).value()).value();
  for (std::size_t bytes = 0; bytes <= 50; ++bytes) {
    const Buffer text(bytes, std::byte{0x5A});
    auto sealed = encrypt(cipher, text);
    EXPECT_EQ(cipher.decrypt(iv(), sealed), bytes);
    EXPECT_TRUE(std::ranges::equal(text, ByteView{sealed}.first(bytes)));
  }
}

TEST(Aes128Cbc, wrong_padding_and_sizes_are_refused_and_the_next_packet_is_not_harmed) {
  auto cipher = Aes128Cbc::create(from_hex(kKey).value()).value();
  const Buffer text(20, std::byte{1});
  const auto sealed = encrypt(cipher, text);
  auto forged = sealed;
  forged[15] ^= std::byte{0xFF};  // turns the last byte of padding into 12 ^ 255
  EXPECT_FALSE(cipher.decrypt(iv(), forged));
  EXPECT_FALSE(cipher.decrypt(iv(), MutableBytes{forged}.first(17)));
  EXPECT_FALSE(cipher.decrypt(iv(), {}));
  auto good = sealed;
  EXPECT_EQ(cipher.decrypt(iv(), good), 20U);
  Buffer small(16);
  EXPECT_FALSE(cipher.encrypt(iv(), text, small));
}

TEST(Aes128Cbc, a_key_has_16_bytes) { EXPECT_EQ(Aes128Cbc::create(Buffer(24)).error().id, "crypto.key"); }

}  // namespace
}  // namespace lumen::crypto
