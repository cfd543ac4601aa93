#include "crypto/aead.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace lumen::crypto {
namespace {

std::vector<std::byte> from_hex(std::string_view hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16)));
  }
  return bytes;
}

template <class Array>
Array array_from_hex(std::string_view hex) {
  Array array{};
  std::ranges::copy(from_hex(hex), array.begin());
  return array;
}

struct KnownAnswer {
  const char *key, *nonce, *associated, *plain, *cipher, *tag;
};

// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test cases 1 to 4.
constexpr auto kPlain =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
constexpr auto kCipher =
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091";
const std::string kPlain3 = std::string{kPlain} + "1aafd255";
const std::string kCipher3 = std::string{kCipher} + "473f5985";
const KnownAnswer kKnownAnswers[] = {
    {"00000000000000000000000000000000", "000000000000000000000000", "", "", "",
     "58e2fccefa7e3061367f1d57a4e7455a"},
    {"00000000000000000000000000000000", "000000000000000000000000", "", "00000000000000000000000000000000",
     "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf"},
    {"feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "", kPlain3.c_str(), kCipher3.c_str(),
     "4d5c2af327cd64a62cf35abd2ba6fab4"},
    {"feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2", kPlain, kCipher, "5bc94fbc3221a5db94fae95ae7121a47"},
};

class KnownAnswers : public testing::TestWithParam<KnownAnswer> {
 protected:
  Aes128Gcm cipher = Aes128Gcm::create(array_from_hex<Key>(GetParam().key)).value();
  Nonce nonce = array_from_hex<Nonce>(GetParam().nonce);
  std::vector<std::byte> associated = from_hex(GetParam().associated);
};

TEST_P(KnownAnswers, seal_gives_the_published_text_and_tag) {
  auto text = from_hex(GetParam().plain);
  std::array<std::byte, kTagBytes> tag{};
  ASSERT_TRUE(cipher.seal(nonce, associated, text, tag));
  EXPECT_EQ(text, from_hex(GetParam().cipher));
  EXPECT_TRUE(std::ranges::equal(tag, from_hex(GetParam().tag)));
}

TEST_P(KnownAnswers, open_gives_the_published_plain_text) {
  auto text = from_hex(GetParam().cipher);
  ASSERT_TRUE(cipher.open(nonce, associated, text, from_hex(GetParam().tag)));
  EXPECT_EQ(text, from_hex(GetParam().plain));
}

INSTANTIATE_TEST_SUITE_P(McGrewViega, KnownAnswers, testing::ValuesIn(kKnownAnswers));

class Sealed : public testing::Test {
 protected:
  Sealed() { sealed_ok = cipher.seal(nonce, associated, text, tag); }

  Aes128Gcm cipher = Aes128Gcm::create(array_from_hex<Key>("000102030405060708090a0b0c0d0e0f")).value();
  Nonce nonce = array_from_hex<Nonce>("101112131415161718191a1b");
  std::vector<std::byte> associated = from_hex("feedface");
  const std::vector<std::byte> plain = std::vector<std::byte>(1200, std::byte{0x5A});
  std::vector<std::byte> text = plain;
  std::array<std::byte, kTagBytes> tag{};
  bool sealed_ok = false;
};

TEST_F(Sealed, a_packet_comes_back_in_place) {
  ASSERT_TRUE(sealed_ok);
  EXPECT_NE(text, plain);
  ASSERT_TRUE(cipher.open(nonce, associated, text, tag));
  EXPECT_EQ(text, plain);
}

TEST_F(Sealed, any_flipped_bit_of_the_tag_is_noticed) {
  for (std::size_t bit = 0; bit < 8 * kTagBytes; ++bit) {
    auto forged = tag;
    forged[bit / 8] ^= std::byte{1} << (bit % 8);
    auto copy = text;
    EXPECT_FALSE(cipher.open(nonce, associated, copy, forged)) << bit;
  }
}

TEST_F(Sealed, a_changed_text_is_noticed) {
  text.back() ^= std::byte{1};
  EXPECT_FALSE(cipher.open(nonce, associated, text, tag));
}

TEST_F(Sealed, a_changed_header_is_noticed) {
  associated.front() ^= std::byte{1};
  EXPECT_FALSE(cipher.open(nonce, associated, text, tag));
}

TEST_F(Sealed, another_nonce_is_noticed) {
  nonce.back() ^= std::byte{1};
  EXPECT_FALSE(cipher.open(nonce, associated, text, tag));
}

TEST_F(Sealed, another_key_is_noticed) {
  auto other = Aes128Gcm::create(Key{}).value();
  EXPECT_FALSE(other.open(nonce, associated, text, tag));
}

TEST_F(Sealed, a_forgery_does_not_spoil_the_next_packet) {
  auto forged = text;
  forged.front() ^= std::byte{1};
  ASSERT_FALSE(cipher.open(nonce, associated, forged, tag));
  EXPECT_TRUE(cipher.open(nonce, associated, text, tag));
  EXPECT_EQ(text, plain);
}

TEST_F(Sealed, a_tag_of_another_length_is_refused_and_the_text_left_alone) {
  const auto before = text;
  EXPECT_FALSE(cipher.open(nonce, associated, text, ByteView{tag}.first(kTagBytes - 1)));
  EXPECT_FALSE(cipher.open(nonce, associated, text, {}));
  EXPECT_FALSE(cipher.seal(nonce, associated, text, MutableBytes{tag}.first(kTagBytes - 1)));
  EXPECT_EQ(text, before);
}

TEST_F(Sealed, moving_keeps_the_key) {
  auto moved = std::move(cipher);
  EXPECT_TRUE(moved.open(nonce, associated, text, tag));
}

struct Rfc5869 {
  std::vector<std::byte> secret, salt;
  std::string info;
  std::vector<std::byte> out;
};

std::vector<std::byte> counting(std::size_t from, std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(from + i);
  return bytes;
}

std::string text_of(const std::vector<std::byte>& bytes) {
  std::string text;
  for (const auto byte : bytes) text += static_cast<char>(byte);
  return text;
}

// RFC 5869, appendix A.1 to A.3.
TEST(Hkdf, gives_the_output_of_the_rfc) {
  const Rfc5869 cases[] = {
      {std::vector<std::byte>(22, std::byte{0x0B}), counting(0x00, 13), text_of(counting(0xF0, 10)),
       from_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")},
      {counting(0x00, 80), counting(0x60, 80), text_of(counting(0xB0, 80)),
       from_hex(
           "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
           "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87")},
      {std::vector<std::byte>(22, std::byte{0x0B}),
       {},
       {},
       from_hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")},
  };
  for (const auto& test : cases) {
    std::vector<std::byte> out(test.out.size());
    ASSERT_TRUE(derive(test.secret, test.salt, test.info, out).has_value());
    EXPECT_EQ(out, test.out);
  }
}

TEST(Hkdf, refuses_more_than_the_rfc_allows) {
  std::vector<std::byte> out(255 * 32 + 1);
  const auto secret = counting(0, 16);
  ASSERT_FALSE(derive(secret, {}, "x", out).has_value());
  EXPECT_EQ(derive(secret, {}, "x", out).error().id, "crypto.hkdf");
  EXPECT_TRUE(derive(secret, {}, "x", MutableBytes{out}.first(255 * 32)).has_value());
}

TEST(Random, two_draws_differ) {
  std::array<std::byte, 32> first{}, second{};
  ASSERT_TRUE(fill_random(first).has_value());
  ASSERT_TRUE(fill_random(second).has_value());
  EXPECT_NE(first, second);
  EXPECT_TRUE(fill_random({}).has_value());
}

TEST(Wipe, leaves_only_zeros) {
  auto secret = counting(1, 40);
  wipe(secret);
  EXPECT_EQ(secret, std::vector<std::byte>(40));
}

}  // namespace
}  // namespace lumen::crypto
