// Parity that other implementations of the codes produced; the files in tests/vectors say how.
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "fec/audio_code.hpp"
#include "fec/leopard.hpp"
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

nlohmann::json load_vectors(const std::string& name) {
  std::ifstream file{LUMEN_TEST_VECTORS "/fec-" + name + ".json"};
  return nlohmann::json::parse(file).at("vectors");
}

struct Shape {
  std::size_t data = 0, parity = 0, bytes = 0;
};

Shape shape_of(const nlohmann::json& vector) {
  return {vector.at("k").get<std::size_t>(), vector.at("m").get<std::size_t>(),
          vector.at("len").get<std::size_t>()};
}

std::string name_of(const nlohmann::json& vector) {
  return vector.at("k").dump() + "+" + vector.at("m").dump() + " x " + vector.at("len").dump();
}

Shards data_of(const nlohmann::json& vector) {
  const auto shape = shape_of(vector);
  Shards shards{shape.data + shape.parity, shape.bytes};
  fill(shards, shape.data, vector.at("rule").get<std::string>());
  return shards;
}

void expect_parity(const nlohmann::json& vector, const Shards& shards) {
  EXPECT_EQ(sha256_hex(shards.contents(shape_of(vector).data)), vector.at("parity_sha256").get<std::string>())
      << name_of(vector);
}

class Golden : public testing::TestWithParam<Kernel> {};

// Data and parity of a GameStream video vector, as this implementation makes it.
Shards encode_video(const nlohmann::json& vector, Kernel kernel) {
  auto shards = data_of(vector);
  const auto [k, m, bytes] = shape_of(vector);
  EXPECT_TRUE(ReedSolomon{kernel}.encode(shards.data(k), shards.from(k), bytes));
  return shards;
}

TEST_P(Golden, parity_of_video_is_byte_for_byte_that_of_the_peers) {
  const auto vectors = load_vectors("gf8");
  ASSERT_EQ(vectors.size(), 38U);
  for (const auto& vector : vectors) expect_parity(vector, encode_video(vector, GetParam()));
}

TEST_P(Golden, listed_losses_of_video_are_recovered) {
  for (const auto& vector : load_vectors("gf8")) {
    const auto k = shape_of(vector).data;
    const auto sent = encode_video(vector, GetParam());
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
                                                shape_of(vector).bytes));
    EXPECT_EQ(received, sent) << name_of(vector);
  }
}

TEST_P(Golden, parity_of_audio_is_byte_for_byte_that_of_the_peers) {
  const auto vectors = load_vectors("audio");
  ASSERT_EQ(vectors.size(), 13U);
  for (const auto& vector : vectors) {
    const auto shards = data_of(vector);
    const auto data = shards.data(kAudioDataShards);
    AudioCode{GetParam()}.encode(std::span{data}.first<kAudioDataShards>(),
                                 shards.from(kAudioDataShards).first<kAudioParityShards>(),
                                 shape_of(vector).bytes);
    expect_parity(vector, shards);
  }
}

void expect_leopard_parity(const std::string& name, LeopardField field, std::size_t count, Kernel kernel) {
  // The largest vector is 27 MiB of data: seconds for the scalar kernel.
  const std::size_t most = kernel == Kernel::scalar ? std::size_t{8} << 20U : SIZE_MAX;
  const auto vectors = load_vectors(name);
  ASSERT_EQ(vectors.size(), count);
  const Leopard code{kernel};
  for (const auto& vector : vectors) {
    const auto [k, m, bytes] = shape_of(vector);
    if (k * bytes > most) continue;
    ASSERT_EQ(leopard_field(k, m), field) << name_of(vector);
    const auto shards = data_of(vector);
    std::vector<std::byte> work(Leopard::work_bytes(k, m));
    ASSERT_TRUE(code.encode(field, shards.data(k), shards.from(k), bytes, work));
    expect_parity(vector, shards);
  }
}

TEST_P(Golden, parity_of_small_leopard_blocks_is_byte_for_byte_that_of_the_peers) {
  expect_leopard_parity("leopard8", LeopardField::gf8, 37, GetParam());
}

TEST_P(Golden, parity_of_large_leopard_blocks_is_byte_for_byte_that_of_the_peers) {
  expect_leopard_parity("leopard16", LeopardField::gf16, 30, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Kernels, Golden, testing::ValuesIn(supported_kernels()),
                         [](const auto& test) { return std::string{to_string(test.param)}; });

}  // namespace
}  // namespace lumen::fec::test
