// IPsec-MB at every level of this CPU against OpenSSL, byte for byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "crypto/aead_cipher.hpp"

namespace lumen::crypto {
namespace {

using Buffer = std::vector<std::byte>;

class Chance {
 public:
  explicit Chance(std::uint32_t seed) : engine_{seed} {}
  std::size_t below(std::size_t limit) { return engine_() % limit; }
  Buffer bytes(std::size_t count) {
    Buffer bytes(count);
    for (auto& byte : bytes) byte = static_cast<std::byte>(engine_());
    return bytes;
  }

 private:
  std::mt19937 engine_;
};

struct Packet {
  Packet(Chance& chance, std::size_t size)
      : associated{chance.bytes(chance.below(40))}, text{chance.bytes(size)} {
    std::ranges::copy(chance.bytes(kNonceBytes), nonce.begin());
  }
  bool seal(AeadCipher& cipher) { return cipher.seal(nonce, associated, text, tag); }
  bool open(AeadCipher& cipher) { return cipher.open(nonce, associated, text, tag); }

  Nonce nonce{};
  Buffer associated, text;
  std::array<std::byte, kTagBytes> tag{};
};

struct Case {
  AeadAlgorithm algorithm;
  SimdLevel level;
};

class IpsecMb : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!ipsec_mb) GTEST_SKIP() << "not in this build, or not for this CPU";
  }
  void set_keys(const Buffer& key) {
    ASSERT_TRUE(ipsec_mb->set_key(key));
    ASSERT_TRUE(openssl->set_key(key));
  }
  std::size_t key_size() const { return key_bytes(GetParam().algorithm); }

  std::unique_ptr<AeadCipher> ipsec_mb = make_ipsec_mb_cipher(GetParam().algorithm, GetParam().level);
  std::unique_ptr<AeadCipher> openssl = make_openssl_cipher(GetParam().algorithm);
  Chance chance{20261126};
};

TEST_P(IpsecMb, seals_as_openssl_does_and_opens_what_it_sealed) {
  for (std::size_t round = 0; round < 3000; ++round) {
    if (round % 100 == 0) set_keys(chance.bytes(key_size()));
    const Packet plain{chance, round < 600 ? round : chance.below(1500)};
    auto ours = plain, theirs = plain;
    ASSERT_TRUE(ours.seal(*ipsec_mb) && theirs.seal(*openssl));
    ASSERT_EQ(ours.text, theirs.text) << "round " << round;
    ASSERT_EQ(ours.tag, theirs.tag) << "round " << round;
    ASSERT_TRUE(ours.open(*openssl) && theirs.open(*ipsec_mb)) << "round " << round;
    ASSERT_EQ(ours.text, plain.text);
    ASSERT_EQ(theirs.text, plain.text);
  }
}

TEST_P(IpsecMb, refuses_whatever_was_changed) {
  set_keys(chance.bytes(key_size()));
  for (std::size_t round = 0; round < 500; ++round) {
    Packet packet{chance, 1 + chance.below(200)};
    packet.associated.resize(12);
    ASSERT_TRUE(packet.seal(*ipsec_mb));
    const std::array<MutableBytes, 4> parts{packet.nonce, packet.associated, packet.text, packet.tag};
    const auto part = parts[round % parts.size()];
    part[chance.below(part.size())] ^= std::byte{1} << chance.below(8);
    auto copy = packet;
    EXPECT_FALSE(copy.open(*ipsec_mb)) << "round " << round;
    EXPECT_FALSE(packet.open(*openssl)) << "round " << round;
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto algorithm : {AeadAlgorithm::aes_128_gcm, AeadAlgorithm::chacha20_poly1305}) {
    for (const auto level :
         {SimdLevel::best, SimdLevel::sse, SimdLevel::avx, SimdLevel::avx2, SimdLevel::avx512}) {
      all.push_back({algorithm, level});
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Levels, IpsecMb, testing::ValuesIn(cases()));

}  // namespace
}  // namespace lumen::crypto
