#include "fec/leopard.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <string>

#include "fec/slow_leopard.hpp"
#include "fec/test_shards.hpp"

namespace lumen::fec::test {
namespace {

constexpr std::uint32_t kSeed = 20250107;
constexpr std::byte kUnwritten{0xEE};

struct Case {
  LeopardField field;
  std::size_t data, parity, bytes;
};

std::string to_string(const Case& c) {
  return std::string{c.field == LeopardField::gf8 ? "gf8 " : "gf16 "} + std::to_string(c.data) + "+" +
         std::to_string(c.parity) + " x " + std::to_string(c.bytes);
}

// Exactly as much as is asked for, so that a sanitizer sees any more being used.
std::vector<std::byte> work_for(const Case& c) {
  return std::vector<std::byte>(Leopard::work_bytes(c.data, c.parity));
}

class LeopardKernel : public testing::TestWithParam<Kernel> {
 protected:
  void encode(const Shards& shards, const Case& c) {
    auto work = work_for(c);
    ASSERT_TRUE(code.encode(c.field, shards.data(c.data), shards.from(c.data), c.bytes, work))
        << to_string(c);
  }

  // Encodes random data, loses `lost_data` data shards and `lost_parity` parity shards, and says whether all
  // data comes back.
  void expect_round_trip(std::mt19937& random, const Case& c, std::size_t lost_data,
                         std::size_t lost_parity) {
    auto sent = random_shards(random, c.data + c.parity, c.bytes, pick(random, 0, 17));
    encode(sent, c);
    const Shards received{sent};
    std::vector<std::byte*> pointers{received.pointers().begin(), received.pointers().end()};
    const auto present = std::make_unique<bool[]>(pointers.size());
    std::fill_n(present.get(), pointers.size(), true);
    const auto lose = [&](std::size_t first, std::size_t count, std::size_t losses) {
      std::vector<std::size_t> numbers(count);
      std::iota(numbers.begin(), numbers.end(), first);
      std::shuffle(numbers.begin(), numbers.end(), random);
      for (std::size_t i = 0; i < losses; ++i) present[numbers[i]] = false;
    };
    lose(0, c.data, lost_data);
    lose(c.data, c.parity, lost_parity);
    for (std::size_t i = 0; i < pointers.size(); ++i) {
      if (present[i]) continue;
      std::ranges::fill(received.shard(i), kUnwritten);
      if (i < c.data) continue;
      std::ranges::fill(sent.shard(i), kUnwritten);  // missing parity is left alone
      pointers[i] = nullptr;                         // and need not even be there
    }
    auto work = work_for(c);
    ASSERT_TRUE(code.recover(c.field, pointers, {present.get(), pointers.size()}, c.data, c.bytes, work))
        << to_string(c);
    EXPECT_EQ(received, sent) << to_string(c) << ", lost " << lost_data << " and " << lost_parity;
  }

  void expect_round_trips(std::mt19937& random, const Case& c) {
    const auto most = std::min(c.data, c.parity);
    for (const auto lost : {std::size_t{1}, pick(random, 1, most), most}) {
      expect_round_trip(random, c, lost, pick(random, 0, c.parity - lost));
    }
  }

  Leopard code{GetParam(), 4096};
};

TEST_P(LeopardKernel, parity_follows_the_definition) {
  std::mt19937 random{kSeed};
  for (int round = 0; round < 150; ++round) {
    Case c{LeopardField::gf16, pick(random, 1, 70), pick(random, 1, 50), 2 * pick(random, 1, 150)};
    if (round % 2 == 0) c.field = LeopardField::gf8;
    if (round % 4 == 0) ++c.bytes;
    const auto shards = random_shards(random, c.data + c.parity, c.bytes, pick(random, 0, 63));
    const Shards expected{shards};
    encode(shards, c);
    slow_encode(c.field, expected.data(c.data), expected.from(c.data), c.bytes);
    ASSERT_EQ(shards, expected) << to_string(c);
  }
}

TEST_P(LeopardKernel, shards_of_every_length_are_right_to_the_last_byte) {
  std::mt19937 random{kSeed};
  for (std::size_t bytes = 1; bytes <= 330; ++bytes) {
    for (const auto field : {LeopardField::gf8, LeopardField::gf16}) {
      const Case c{field, 6, 3, bytes};
      if (field == LeopardField::gf16 && bytes % 2 != 0) continue;
      const auto shards = random_shards(random, 9, bytes, bytes % 5);
      const Shards expected{shards};
      encode(shards, c);
      slow_encode(c.field, expected.data(c.data), expected.from(c.data), bytes);
      ASSERT_EQ(shards, expected) << to_string(c);
      expect_round_trips(random, c);
    }
  }
}

TEST_P(LeopardKernel, any_data_survives_the_loss_of_any_m_shards) {
  std::mt19937 random{kSeed};
  for (int round = 0; round < 100; ++round) {
    Case c{LeopardField::gf8, pick(random, 1, 120), pick(random, 1, 64), pick(random, 1, 200)};
    expect_round_trips(random, c);
    c.field = LeopardField::gf16;
    c.bytes = 2 * (c.bytes / 2 + 1);
    expect_round_trips(random, c);
  }
}

TEST_P(LeopardKernel, extreme_shapes_survive) {
  std::mt19937 random{kSeed};
  using enum LeopardField;
  for (const auto& c :
       {Case{gf8, 1, 1, 64}, Case{gf8, 1, 128, 65}, Case{gf8, 128, 128, 63}, Case{gf8, 255, 1, 40},
        Case{gf8, 254, 2, 64}, Case{gf8, 3, 65, 128}, Case{gf16, 1, 1, 2}, Case{gf16, 1, 1000, 66},
        Case{gf16, 2, 700, 64}, Case{gf16, 1000, 1, 70}, Case{gf16, 1000, 200, 196}, Case{gf16, 2000, 3, 64},
        Case{gf16, 2048, 2048, 64}, Case{gf16, 1437, 288, 112}}) {
    expect_round_trips(random, c);
  }
}

TEST_P(LeopardKernel, writes_nothing_beyond_the_shards) {
  std::mt19937 random{kSeed};
  for (std::size_t bytes = 2; bytes < 300; bytes += 2) {
    for (const auto field : {LeopardField::gf8, LeopardField::gf16}) {
      const auto shards = random_shards(random, 12, bytes + 1);
      for (std::size_t i = 0; i < 12; ++i) shards.shard(i)[bytes] = kUnwritten;
      encode(shards, {field, 8, 4, bytes});
      for (std::size_t i = 0; i < 12; ++i) ASSERT_EQ(shards.shard(i)[bytes], kUnwritten) << bytes;
    }
  }
}

TEST_P(LeopardKernel, one_shard_too_few_is_refused_and_nothing_is_written) {
  std::mt19937 random{kSeed};
  const auto shards = random_shards(random, 8, 100);
  const Shards before{shards};
  const std::array present{false, true, false, true, true, false, true, false};
  auto work = work_for({LeopardField::gf8, 5, 3, 100});
  for (const auto field : {LeopardField::gf8, LeopardField::gf16}) {
    EXPECT_FALSE(code.recover(field, shards.pointers(), present, 5, 100, work));
    EXPECT_FALSE(code.recover(field, shards.pointers(), std::array<bool, 8>{}, 5, 100, work));
  }
  EXPECT_EQ(shards, before);
}

TEST_P(LeopardKernel, with_all_data_present_nothing_is_written_and_no_work_memory_is_needed) {
  std::mt19937 random{kSeed};
  const auto shards = random_shards(random, 4, 100);
  const Shards before{shards};
  EXPECT_TRUE(
      code.recover(LeopardField::gf8, shards.pointers(), std::array{true, true, true, false}, 3, 100, {}));
  EXPECT_TRUE(
      code.recover(LeopardField::gf16, shards.first(1), std::array{true}, 1, 100, {}));  // no parity at all
  EXPECT_TRUE(code.encode(LeopardField::gf16, shards.data(4), {}, 100, {}));
  EXPECT_EQ(shards, before);
}

TEST_P(LeopardKernel, impossible_shapes_are_refused) {
  const Shards shards{4000, 2};
  std::vector<std::byte> work(Leopard::work_bytes(4000, 4000));
  std::array<bool, 10> present{};
  present.fill(true);
  using enum LeopardField;
  EXPECT_FALSE(code.encode(gf8, {}, shards.first(1), 2, work));
  EXPECT_FALSE(code.encode(gf8, shards.data(200), shards.first(100), 2, work)) << "512 points";
  EXPECT_FALSE(code.encode(gf16, shards.data(4000), shards.first(100), 2, work)) << "beyond max_points";
  EXPECT_FALSE(code.encode(gf16, shards.data(10), shards.first(2), 1, work)) << "half a symbol";
  EXPECT_FALSE(code.encode(gf16, shards.data(10), shards.first(2), 2, std::span{work}.first(100)));
  EXPECT_FALSE(code.recover(gf8, shards.first(10), present, 11, 2, work));
  EXPECT_FALSE(code.recover(gf8, shards.first(10), std::span{present}.first(9), 5, 2, work));
  EXPECT_FALSE(code.recover(gf8, shards.first(10), present, 0, 2, work));
}

INSTANTIATE_TEST_SUITE_P(Kernels, LeopardKernel, testing::ValuesIn(supported_kernels()),
                         [](const auto& test) { return std::string{to_string(test.param)}; });

TEST(LeopardBlocks, of_all_65536_points_survive) {
  std::mt19937 random{kSeed};
  const Leopard code;
  for (const auto& [k, m, lost] :
       {std::array<std::size_t, 3>{60000, 4096, 4096}, {65535, 1, 1}, {32768, 32768, 300}}) {
    const auto sent = random_shards(random, k + m, 64);
    std::vector<std::byte> work(Leopard::work_bytes(k, m));
    ASSERT_TRUE(code.encode(LeopardField::gf16, sent.data(k), sent.from(k), 64, work));
    const Shards received{sent};
    const auto present = std::make_unique<bool[]>(k + m);
    std::fill_n(present.get(), k + m, true);
    for (std::size_t i = 0; i < lost; ++i) {
      present[i * k / lost] = false;
      std::ranges::fill(received.shard(i * k / lost), kUnwritten);
    }
    ASSERT_TRUE(code.recover(LeopardField::gf16, received.pointers(), {present.get(), k + m}, k, 64, work));
    EXPECT_EQ(received, sent) << k << "+" << m;
  }
}

TEST(LeopardBlocks, take_the_smaller_field_that_has_room) {
  EXPECT_EQ(leopard_field(192, 64), LeopardField::gf8);
  EXPECT_EQ(leopard_field(200, 51), LeopardField::gf16) << "64 + 200 points do not fit 256";
  EXPECT_EQ(leopard_field(255, 1), LeopardField::gf8);
  EXPECT_EQ(leopard_field(61440, 4096), LeopardField::gf16);
  EXPECT_EQ(leopard_field(61441, 4096), std::nullopt);
  EXPECT_EQ(leopard_field(0, 1), std::nullopt);
}

}  // namespace
}  // namespace lumen::fec::test
