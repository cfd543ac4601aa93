#include "fec/reed_solomon.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "fec/gf256.hpp"
#include "fec/test_shards.hpp"

namespace lumen::fec::test {
namespace {

constexpr std::uint32_t kSeed = 20240611;
constexpr std::byte kUnwritten{0xEE};

// Multiplication in the field, from its definition.
std::uint8_t slow_product(unsigned a, unsigned b) {
  unsigned product = 0;
  for (; b != 0; b >>= 1U) {
    if ((b & 1U) != 0) product ^= a;
    a <<= 1U;
    if (a > 0xFF) a ^= 0x11D;
  }
  return static_cast<std::uint8_t>(product);
}

struct Case {
  std::size_t data, parity, bytes;
};

class EachKernel : public testing::TestWithParam<Kernel> {
 protected:
  // Encodes random data, loses `lost` of the k + m shards, and says whether all data comes back.
  void expect_round_trip(std::mt19937& random, Case c, std::size_t lost) {
    auto sent = random_shards(random, c.data + c.parity, c.bytes, pick(random, 0, 17));
    ASSERT_TRUE(code.encode(sent.data(c.data), sent.from(c.data), c.bytes));
    const Shards received{sent};
    std::array<bool, kMaxShards> present{};
    std::fill_n(present.begin(), c.data + c.parity - lost, true);
    std::shuffle(present.begin(), present.begin() + static_cast<std::ptrdiff_t>(c.data + c.parity), random);
    for (std::size_t i = 0; i < c.data; ++i) {
      if (!present[i]) std::ranges::fill(received.shard(i), kUnwritten);
    }
    for (std::size_t i = c.data; i < c.data + c.parity; ++i) {
      if (present[i]) continue;  // a missing parity shard holds nothing and is left alone
      std::ranges::fill(sent.shard(i), kUnwritten);
      std::ranges::fill(received.shard(i), kUnwritten);
    }
    ASSERT_TRUE(
        code.recover(received.pointers(), std::span{present}.first(c.data + c.parity), c.data, c.bytes));
    EXPECT_EQ(received, sent) << c.data << "+" << c.parity << " x " << c.bytes << ", lost " << lost;
  }

  ReedSolomon code{GetParam()};
};

TEST_P(EachKernel, any_data_survives_the_loss_of_any_m_shards) {
  std::mt19937 random{kSeed};
  for (int round = 0; round < 300; ++round) {
    const auto k = pick(random, 1, 60);
    const auto m = pick(random, 0, 40);
    expect_round_trip(random, {k, m, pick(random, 1, 300)}, pick(random, 0, m));
  }
}

TEST_P(EachKernel, extreme_shapes_survive_the_loss_of_m_shards) {
  std::mt19937 random{kSeed};
  for (const auto& c : {Case{1, 1, 64}, Case{1, 254, 33}, Case{254, 1, 65}, Case{128, 127, 40},
                        Case{127, 128, 129}, Case{2, 253, 17}, Case{142, 113, 31}, Case{126, 129, 127}}) {
    expect_round_trip(random, c, c.parity);
  }
}

TEST_P(EachKernel, parity_follows_the_definition_for_every_length_and_row_count) {
  std::mt19937 random{kSeed};
  for (std::size_t bytes = 1; bytes <= 270; ++bytes) {
    const std::size_t k = 3;
    const auto m = bytes % 30 + 1;
    const auto shards = random_shards(random, k + m, bytes, bytes % 5);
    ASSERT_TRUE(code.encode(shards.data(k), shards.from(k), bytes));
    for (std::size_t j = 0; j < m; ++j) {
      std::uint8_t expected = 0;  // of the last byte, the one a wrong tail gets wrong
      for (std::size_t i = 0; i < k; ++i) {
        const auto x = std::to_integer<unsigned>(shards.shard(i)[bytes - 1]);
        unsigned factor = 1;
        while (slow_product(factor, static_cast<unsigned>((m + i) ^ j)) != 1) ++factor;
        expected = static_cast<std::uint8_t>(expected ^ slow_product(factor, x));
      }
      ASSERT_EQ(std::to_integer<std::uint8_t>(shards.shard(k + j)[bytes - 1]), expected) << bytes << " " << j;
    }
  }
}

TEST_P(EachKernel, agrees_with_the_scalar_kernel) {
  std::mt19937 random{kSeed};
  for (int round = 0; round < 100; ++round) {
    const auto k = pick(random, 1, 200);
    const auto m = pick(random, 1, kMaxShards - k);
    const auto bytes = pick(random, 1, 700);
    const auto shards = random_shards(random, k + m, bytes, pick(random, 0, 63));
    const Shards expected{shards};
    ASSERT_TRUE(code.encode(shards.data(k), shards.from(k), bytes));
    ASSERT_TRUE(ReedSolomon{Kernel::scalar}.encode(expected.data(k), expected.from(k), bytes));
    ASSERT_EQ(shards, expected) << k << "+" << m << " x " << bytes;
  }
}

TEST_P(EachKernel, writes_nothing_beyond_the_shards) {
  std::mt19937 random{kSeed};
  for (std::size_t bytes = 1; bytes < 200; ++bytes) {
    const auto shards = random_shards(random, 4, bytes + 1);
    for (std::size_t i = 0; i < 4; ++i) shards.shard(i)[bytes] = kUnwritten;
    ASSERT_TRUE(code.encode(shards.data(2), shards.from(2), bytes));
    for (std::size_t i = 0; i < 4; ++i) ASSERT_EQ(shards.shard(i)[bytes], kUnwritten) << bytes;
  }
}

TEST_P(EachKernel, one_shard_too_few_is_refused_and_nothing_is_written) {
  std::mt19937 random{kSeed};
  const auto shards = random_shards(random, 8, 100);
  const Shards before{shards};
  const std::array present{false, true, false, true, true, false, true, false};
  EXPECT_FALSE(code.recover(shards.pointers(), present, 5, 100));
  EXPECT_EQ(shards, before);
}

TEST_P(EachKernel, with_all_data_present_nothing_is_written) {
  std::mt19937 random{kSeed};
  const auto shards = random_shards(random, 4, 100);
  const Shards before{shards};
  EXPECT_TRUE(code.recover(shards.pointers(), std::array{true, true, true, false}, 3, 100));
  EXPECT_EQ(shards, before);
}

TEST_P(EachKernel, impossible_shapes_are_refused) {
  const Shards shards{256, 1};
  std::array<bool, 256> present{};
  present.fill(true);
  EXPECT_FALSE(code.encode({}, shards.first(1), 1));
  EXPECT_FALSE(code.encode(shards.data(200), shards.from(200), 1));
  EXPECT_FALSE(code.encode(shards.data(256), {}, 1));
  EXPECT_FALSE(code.recover(shards.pointers(), present, 200, 1));
  EXPECT_FALSE(code.recover(shards.first(10), std::span{present}.first(10), 11, 1));
  EXPECT_FALSE(code.recover(shards.first(10), std::span{present}.first(9), 5, 1));
  EXPECT_FALSE(code.recover(shards.first(10), std::span{present}.first(10), 0, 1));
}

TEST_P(EachKernel, no_parity_and_empty_shards_are_fine) {
  const Shards shards{4, 8};
  EXPECT_TRUE(code.encode(shards.data(4), {}, 8));
  EXPECT_TRUE(code.encode(shards.data(2), shards.from(2), 0));
}

INSTANTIATE_TEST_SUITE_P(Kernels, EachKernel, testing::ValuesIn(supported_kernels()),
                         [](const auto& test) { return std::string{to_string(test.param)}; });

TEST(Gf256, tables_follow_the_definition) {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      ASSERT_EQ(gf256::multiply(static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b)),
                slow_product(a, b));
    }
    if (a != 0) {
      ASSERT_EQ(slow_product(a, gf256::inverse(static_cast<std::uint8_t>(a))), 1);
    }
  }
}

TEST(Kernels, the_best_one_is_supported_and_scalar_always_is) {
  EXPECT_TRUE(is_supported(best_kernel()));
  EXPECT_TRUE(is_supported(Kernel::scalar));
}

}  // namespace
}  // namespace lumen::fec::test
