#include "crypto/digest.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>

namespace lumen::crypto {
namespace {

// FIPS 180-4's example "abc", whole and in pieces.
TEST(Digest, sha256_gives_the_published_example_however_it_is_cut) {
  const std::string expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(to_hex(sha256({as_view("abc")}).value()), expected);
  EXPECT_EQ(to_hex(sha256({as_view("a"), as_view(""), as_view("bc")}).value()), expected);
}

// NIST SP 800-38A, F.1.1.
TEST(Digest, aes_128_ecb_gives_the_published_example_and_back) {
  const auto key = from_hex("2b7e151628aed2a6abf7158809cf4f3c").value();
  const auto text = from_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51").value();
  const auto cipher = encrypt_aes_128_ecb(key, text).value();
  EXPECT_EQ(to_hex(cipher), "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf");
  EXPECT_EQ(decrypt_aes_128_ecb(key, cipher).value(), text);
}

TEST(Digest, aes_128_ecb_refuses_broken_blocks_and_keys) {
  const std::vector<std::byte> key(16), text(16);
  EXPECT_EQ(encrypt_aes_128_ecb(key, ByteView{text}.first(15)).error().id, "crypto.ecb");
  EXPECT_EQ(decrypt_aes_128_ecb(ByteView{key}.first(15), text).error().id, "crypto.ecb");
  EXPECT_EQ(decrypt_aes_128_ecb(key, std::vector<std::byte>(65'552)).error().id, "crypto.ecb");
  EXPECT_TRUE(encrypt_aes_128_ecb(key, {}).value().empty());
}

TEST(Digest, hexadecimal_takes_both_cases_and_nothing_else) {
  EXPECT_EQ(to_hex(from_hex("00fFAb9c").value()), "00ffab9c");
  for (const auto* bad : {"0", "0g", " 0", "0x", "-1", "00\n0"}) EXPECT_FALSE(from_hex(bad)) << bad;
  EXPECT_TRUE(from_hex("")->empty());
}

TEST(Digest, secrets_compare_by_their_bytes) {
  const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
  const SecretBytes<3> secret{bytes};
  EXPECT_EQ(secret, SecretBytes<3>{secret});
  EXPECT_FALSE(secret == SecretBytes<3>{ByteView{bytes}.first(2)});
  EXPECT_FALSE(equal_in_constant_time(bytes, ByteView{bytes}.first(2)));
}

TEST(GameStream1, s72_c40_secrets_are_wiped_when_they_go) {
  using Secret = SecretBytes<16>;
  const std::vector<std::byte> bytes(sizeof(Secret), std::byte{0xAB});
  alignas(Secret) std::array<std::byte, sizeof(Secret)> storage{};
  auto* const secret = new (storage.data()) Secret{bytes};
  EXPECT_TRUE(std::ranges::equal(storage, bytes));
  secret->~Secret();
  EXPECT_EQ(std::ranges::count(storage, std::byte{0}), 16);
}

}  // namespace
}  // namespace lumen::crypto
