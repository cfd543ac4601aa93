// Parity that other implementations of the code produced; tests/vectors/fec-gf8.json says how.
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "fec/test_shards.hpp"

namespace lumen::fec::test {
namespace {

std::string sha256_hex(std::span<const std::byte> bytes) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::string hex;
  for (const auto byte : digest) {
    hex += "0123456789abcdef"[byte >> 4U];
    hex += "0123456789abcdef"[byte & 15U];
  }
  return hex;
}

// The vectors' own data rules.
std::byte rule_a(std::size_t shard, std::size_t at) {
  return static_cast<std::byte>(31 * shard + 7 * at + 13);
}

void fill(const Shards& shards, std::size_t count, const std::string& rule) {
  for (std::size_t i = 0; i < count; ++i) {
    auto state = static_cast<std::uint32_t>(i + 1) * 0x9E3779B1U;
    const auto shard = shards.shard(i);
    for (std::size_t at = 0; at < shard.size(); ++at) {
      state = state * 1664525U + 1013904223U;
      shard[at] = rule == "A" ? rule_a(i, at) : static_cast<std::byte>(state >> 24U);
    }
  }
}

nlohmann::json load_vectors() {
  std::ifstream file{LUMEN_TEST_VECTORS "/fec-gf8.json"};
  return nlohmann::json::parse(file).at("vectors");
}

// Data and parity of a vector, as this implementation makes it.
Shards encode(const nlohmann::json& vector, Kernel kernel) {
  const auto k = vector.at("k").get<std::size_t>();
  const Shards shards{k + vector.at("m").get<std::size_t>(), vector.at("len").get<std::size_t>()};
  fill(shards, k, vector.at("rule").get<std::string>());
  EXPECT_TRUE(
      ReedSolomon{kernel}.encode(shards.data(k), shards.from(k), vector.at("len").get<std::size_t>()));
  return shards;
}

std::string name_of(const nlohmann::json& vector) {
  return vector.at("k").dump() + "+" + vector.at("m").dump() + " x " + vector.at("len").dump();
}

class Golden : public testing::TestWithParam<Kernel> {};

TEST_P(Golden, parity_is_byte_for_byte_that_of_the_peers) {
  const auto vectors = load_vectors();
  ASSERT_EQ(vectors.size(), 38U);
  for (const auto& vector : vectors) {
    const auto k = vector.at("k").get<std::size_t>();
    const auto shards = encode(vector, GetParam());
    EXPECT_EQ(sha256_hex(shards.contents(k)), vector.at("parity_sha256").get<std::string>())
        << name_of(vector);
  }
}

TEST_P(Golden, listed_losses_are_recovered) {
  for (const auto& vector : load_vectors()) {
    const auto k = vector.at("k").get<std::size_t>();
    const auto sent = encode(vector, GetParam());
    const Shards received{sent};
    std::array<bool, kMaxShards> present{};
    present.fill(true);
    const auto& losses = vector.at("decode_case");
    for (const auto& lost : losses.at("lost_data")) present[lost.get<std::size_t>()] = false;
    for (const auto& lost : losses.at("lost_parity")) present[k + lost.get<std::size_t>()] = false;
    for (std::size_t i = 0; i < k; ++i) {
      if (!present[i]) std::ranges::fill(received.shard(i), std::byte{0xEE});
    }
    const auto count = received.pointers().size();
    EXPECT_TRUE(ReedSolomon{GetParam()}.recover(received.pointers(), std::span{present}.first(count), k,
                                                vector.at("len").get<std::size_t>()));
    EXPECT_EQ(received, sent) << name_of(vector);
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Golden, testing::ValuesIn(supported_kernels()),
                         [](const auto& test) { return std::string{to_string(test.param)}; });

}  // namespace
}  // namespace lumen::fec::test
