#include "crypto/aead.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
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

Nonce nonce_from_hex(std::string_view hex) {
  Nonce nonce{};
  std::ranges::copy(from_hex(hex), nonce.begin());
  return nonce;
}

bool is_there(AeadBackend backend) {
  const std::array<std::byte, 16> key{};
  return Aead::create(AeadAlgorithm::aes_128_gcm, key, backend).has_value();
}

struct KnownAnswer {
  AeadAlgorithm algorithm;
  const char *key, *nonce, *associated, *plain, *cipher, *tag;
};

constexpr auto kGcm = AeadAlgorithm::aes_128_gcm, kChaCha = AeadAlgorithm::chacha20_poly1305;

// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test cases 1 to 4, which are NIST's;
// RFC 8439, 2.8.2 and appendix A.5.
constexpr auto kPlain =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
constexpr auto kCipher =
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091";
const std::string kPlain3 = std::string{kPlain} + "1aafd255";
const std::string kCipher3 = std::string{kCipher} + "473f5985";
constexpr auto kSunscreen =
    "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a2049662049"
    "20636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c20"
    "73756e73637265656e20776f756c642062652069742e";
constexpr auto kSunscreenSealed =
    "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92"
    "728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b"
    "4831d7bc3ff4def08e4b7a9de576d26586cec64b6116";
constexpr auto kDraft =
    "496e7465726e65742d4472616674732061726520647261667420646f63756d656e74732076616c696420666f7220"
    "61206d6178696d756d206f6620736978206d6f6e74687320616e64206d617920626520757064617465642c207265"
    "706c616365642c206f72206f62736f6c65746564206279206f7468657220646f63756d656e747320617420616e79"
    "2074696d652e20497420697320696e617070726f70726961746520746f2075736520496e7465726e65742d447261"
    "667473206173207265666572656e6365206d6174657269616c206f7220746f2063697465207468656d206f746865"
    "72207468616e206173202fe2809c776f726b20696e2070726f67726573732e2fe2809d";
constexpr auto kDraftSealed =
    "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d"
    "26b0bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1"
    "ff37c8559797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b"
    "5216cde7a4e99040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea"
    "1b422273f548271a0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d36"
    "1094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709b";
const KnownAnswer kKnownAnswers[] = {
    {kGcm, "00000000000000000000000000000000", "000000000000000000000000", "", "", "",
     "58e2fccefa7e3061367f1d57a4e7455a"},
    {kGcm, "00000000000000000000000000000000", "000000000000000000000000", "",
     "00000000000000000000000000000000", "0388dace60b6a392f328c2b971b2fe78",
     "ab6e47d42cec13bdf53a67b21257bddf"},
    {kGcm, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "", kPlain3.c_str(),
     kCipher3.c_str(), "4d5c2af327cd64a62cf35abd2ba6fab4"},
    {kGcm, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2", kPlain, kCipher, "5bc94fbc3221a5db94fae95ae7121a47"},
    {kChaCha, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "070000004041424344454647",
     "50515253c0c1c2c3c4c5c6c7", kSunscreen, kSunscreenSealed, "1ae10b594f09e26a7e902ecbd0600691"},
    {kChaCha, "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0", "000000000102030405060708",
     "f33388860000000000004e91", kDraft, kDraftSealed, "eead9d67890cbb22392336fea1851f38"},
};

// Every back end that is there.
std::vector<AeadBackend> backends() {
  std::vector<AeadBackend> there{AeadBackend::openssl};
  if (is_there(AeadBackend::ipsec_mb)) there.push_back(AeadBackend::ipsec_mb);
  return there;
}

class KnownAnswers : public testing::TestWithParam<KnownAnswer> {
 protected:
  Aead cipher(AeadBackend backend) const {
    return Aead::create(GetParam().algorithm, from_hex(GetParam().key), backend).value();
  }
  Nonce nonce = nonce_from_hex(GetParam().nonce);
  std::vector<std::byte> associated = from_hex(GetParam().associated);
};

TEST_P(KnownAnswers, seal_gives_the_published_text_and_tag) {
  for (const auto backend : backends()) {
    auto text = from_hex(GetParam().plain);
    std::array<std::byte, kTagBytes> tag{};
    ASSERT_TRUE(cipher(backend).seal(nonce, associated, text, tag));
    EXPECT_EQ(text, from_hex(GetParam().cipher));
    EXPECT_TRUE(std::ranges::equal(tag, from_hex(GetParam().tag)));
  }
}

TEST_P(KnownAnswers, open_gives_the_published_plain_text) {
  for (const auto backend : backends()) {
    auto text = from_hex(GetParam().cipher);
    ASSERT_TRUE(cipher(backend).open(nonce, associated, text, from_hex(GetParam().tag)));
    EXPECT_EQ(text, from_hex(GetParam().plain));
  }
}

INSTANTIATE_TEST_SUITE_P(Published, KnownAnswers, testing::ValuesIn(kKnownAnswers));

struct Kind {
  AeadAlgorithm algorithm;
  AeadBackend backend;
};

std::vector<Kind> kinds() {
  std::vector<Kind> all;
  for (const auto algorithm : {kGcm, kChaCha}) {
    for (const auto backend : backends()) all.push_back({algorithm, backend});
  }
  return all;
}

class Sealed : public testing::TestWithParam<Kind> {
 protected:
  Sealed() { sealed_ok = cipher.seal(nonce, associated, text, tag); }
  static std::vector<std::byte> key(std::uint8_t fill) {
    return std::vector<std::byte>(key_bytes(GetParam().algorithm), std::byte{fill});
  }
  bool opens(Aead& with) const {
    auto copy = text;
    return with.open(nonce, associated, copy, tag) && copy == plain;
  }

  Aead cipher = Aead::create(GetParam().algorithm, key(7), GetParam().backend).value();
  Nonce nonce = nonce_from_hex("101112131415161718191a1b");
  std::vector<std::byte> associated = from_hex("feedface");
  const std::vector<std::byte> plain = std::vector<std::byte>(1200, std::byte{0x5A});
  std::vector<std::byte> text = plain;
  std::array<std::byte, kTagBytes> tag{};
  bool sealed_ok = false;
};

TEST_P(Sealed, a_packet_comes_back_in_place) {
  ASSERT_TRUE(sealed_ok);
  EXPECT_NE(text, plain);
  ASSERT_TRUE(cipher.open(nonce, associated, text, tag));
  EXPECT_EQ(text, plain);
}

TEST_P(Sealed, says_what_it_is) {
  EXPECT_EQ(cipher.algorithm(), GetParam().algorithm);
  EXPECT_EQ(cipher.backend(), GetParam().backend);
}

TEST_P(Sealed, any_flipped_bit_of_the_tag_is_noticed) {
  for (std::size_t bit = 0; bit < 8 * kTagBytes; ++bit) {
    auto forged = tag;
    forged[bit / 8] ^= std::byte{1} << (bit % 8);
    auto copy = text;
    EXPECT_FALSE(cipher.open(nonce, associated, copy, forged)) << bit;
  }
}

TEST_P(Sealed, a_changed_text_is_noticed) {
  text.back() ^= std::byte{1};
  EXPECT_FALSE(opens(cipher));
}

TEST_P(Sealed, a_changed_header_is_noticed) {
  associated.front() ^= std::byte{1};
  EXPECT_FALSE(opens(cipher));
}

TEST_P(Sealed, any_flipped_bit_of_the_nonce_is_noticed) {
  for (std::size_t bit = 0; bit < 8 * kNonceBytes; ++bit) {
    nonce[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(opens(cipher)) << bit;
    nonce[bit / 8] ^= std::byte{1} << (bit % 8);
  }
  EXPECT_TRUE(opens(cipher));
}

TEST_P(Sealed, another_key_is_noticed) {
  auto other = cipher.like(key(8)).value();
  EXPECT_FALSE(opens(other));
}

TEST_P(Sealed, the_same_key_in_another_one_like_it_opens) {
  auto other = cipher.like(key(7)).value();
  EXPECT_EQ(other.backend(), cipher.backend());
  EXPECT_TRUE(opens(other));
}

TEST_P(Sealed, a_key_replaces_the_one_before_it) {
  ASSERT_TRUE(cipher.set_key(key(8)));
  EXPECT_FALSE(opens(cipher));
  ASSERT_TRUE(cipher.set_key(key(7)));
  EXPECT_TRUE(opens(cipher));
}

TEST_P(Sealed, a_key_of_another_size_is_refused_and_the_old_one_stays) {
  auto longer = key(7);
  longer.push_back(std::byte{7});
  EXPECT_FALSE(cipher.set_key(longer));
  EXPECT_FALSE(cipher.set_key({}));
  EXPECT_TRUE(opens(cipher));
  EXPECT_EQ(Aead::create(GetParam().algorithm, longer, GetParam().backend).error().id, "crypto.key");
  EXPECT_EQ(cipher.like({}).error().id, "crypto.key");
}

TEST_P(Sealed, a_forgery_does_not_spoil_the_next_packet) {
  auto forged = text;
  forged.front() ^= std::byte{1};
  ASSERT_FALSE(cipher.open(nonce, associated, forged, tag));
  EXPECT_TRUE(opens(cipher));
}

TEST_P(Sealed, a_tag_of_another_length_is_refused_and_the_text_left_alone) {
  const auto before = text;
  EXPECT_FALSE(cipher.open(nonce, associated, text, ByteView{tag}.first(kTagBytes - 1)));
  EXPECT_FALSE(cipher.open(nonce, associated, text, {}));
  EXPECT_FALSE(cipher.seal(nonce, associated, text, MutableBytes{tag}.first(kTagBytes - 1)));
  EXPECT_EQ(text, before);
}

TEST_P(Sealed, moving_keeps_the_key) {
  auto moved = std::move(cipher);
  EXPECT_TRUE(opens(moved));
}

INSTANTIATE_TEST_SUITE_P(Kinds, Sealed, testing::ValuesIn(kinds()));

TEST(Aead, automatic_takes_a_back_end_that_is_there) {
  for (const auto algorithm : {kGcm, kChaCha}) {
    const std::vector<std::byte> key(key_bytes(algorithm));
    const auto cipher = Aead::create(algorithm, key).value();
    EXPECT_NE(cipher.backend(), AeadBackend::automatic);
    EXPECT_TRUE(is_there(cipher.backend()));
  }
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
