// What holds for every code, shape, shard length, kernel and pattern of losses.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "fec/leopard.hpp"
#include "fec/slow_leopard.hpp"
#include "fec/test_shards.hpp"

namespace lumen::fec::test {
namespace {

constexpr std::byte kUnwritten{0xEE};

const Leopard& leopard(Kernel kernel) {
  static std::map<Kernel, Leopard> codes;
  return codes.try_emplace(kernel, kernel, 2048).first->second;
}

Kernel any_kernel() { return *rc::gen::elementOf(supported_kernels()); }

// Data at random; the generator makes a seed only, so that shrinking stays quick.
Shards any_shards(std::size_t count, std::size_t bytes) {
  std::mt19937 random{*rc::gen::arbitrary<std::uint32_t>()};
  return random_shards(random, count, bytes, *rc::gen::inRange<std::size_t>(0, 64));
}

// Flags of which exactly `lost` are false.
class Present {
 public:
  Present(std::size_t count, std::size_t lost) : flags_{std::make_unique<bool[]>(count)}, count_{count} {
    std::fill(flags_.get() + lost, flags_.get() + count, true);
    std::mt19937 random{*rc::gen::arbitrary<std::uint32_t>()};
    std::shuffle(flags_.get(), flags_.get() + count, random);
  }
  std::span<const bool> view() const { return {flags_.get(), count_}; }

 private:
  std::unique_ptr<bool[]> flags_;
  std::size_t count_;
};

void spoil_lost(const Shards& shards, std::span<const bool> present) {
  for (std::size_t i = 0; i < present.size(); ++i) {
    if (!present[i]) std::ranges::fill(shards.shard(i), kUnwritten);
  }
}

void assert_data_equal(const Shards& received, const Shards& sent, std::size_t data) {
  for (std::size_t i = 0; i < data; ++i) RC_ASSERT(std::ranges::equal(received.shard(i), sent.shard(i)));
}

RC_GTEST_PROP(Codes, leopard_gives_all_data_back_or_refuses, ()) {
  const bool is_gf8 = *rc::gen::arbitrary<bool>();
  const auto field = is_gf8 ? LeopardField::gf8 : LeopardField::gf16;
  const auto k = *rc::gen::inRange<std::size_t>(1, is_gf8 ? 129 : 600);
  const auto m = *rc::gen::inRange<std::size_t>(1, is_gf8 ? 129 : 300);
  const auto bytes = *rc::gen::inRange<std::size_t>(1, 200) * (is_gf8 ? 1 : 2);
  const auto lost = *rc::gen::inRange<std::size_t>(0, std::min(k + m, m + 3) + 1);
  const auto& code = leopard(any_kernel());
  const auto sent = any_shards(k + m, bytes);
  std::vector<std::byte> work(Leopard::work_bytes(k, m));
  RC_ASSERT(code.encode(field, sent.data(k), sent.from(k), bytes, work));
  const Present present{k + m, lost};
  const Shards received{sent};
  spoil_lost(received, present.view());
  RC_ASSERT(code.recover(field, received.pointers(), present.view(), k, bytes, work) == (lost <= m));
  if (lost <= m) assert_data_equal(received, sent, k);
}

RC_GTEST_PROP(Codes, leopard_parity_is_that_of_the_definition, ()) {
  const bool is_gf8 = *rc::gen::arbitrary<bool>();
  const auto field = is_gf8 ? LeopardField::gf8 : LeopardField::gf16;
  const auto k = *rc::gen::inRange<std::size_t>(1, 60);
  const auto m = *rc::gen::inRange<std::size_t>(1, 40);
  const auto bytes = *rc::gen::inRange<std::size_t>(1, 100) * (is_gf8 ? 1 : 2);
  const auto shards = any_shards(k + m, bytes);
  const Shards expected{shards};
  std::vector<std::byte> work(Leopard::work_bytes(k, m));
  RC_ASSERT(leopard(any_kernel()).encode(field, shards.data(k), shards.from(k), bytes, work));
  slow_encode(field, expected.data(k), expected.from(k), bytes);
  RC_ASSERT(shards == expected);
}

RC_GTEST_PROP(Codes, gamestream_gives_all_data_back_or_refuses, ()) {
  const auto k = *rc::gen::inRange<std::size_t>(1, 255);
  const auto m = *rc::gen::inRange<std::size_t>(1, kMaxShards - k + 1);
  const auto bytes = *rc::gen::inRange<std::size_t>(1, 300);
  const auto lost = *rc::gen::inRange<std::size_t>(0, std::min(k + m, m + 3) + 1);
  ReedSolomon code{any_kernel()};
  const auto sent = any_shards(k + m, bytes);
  RC_ASSERT(code.encode(sent.data(k), sent.from(k), bytes));
  const Present present{k + m, lost};
  const Shards received{sent};
  spoil_lost(received, present.view());
  RC_ASSERT(code.recover(received.pointers(), present.view(), k, bytes) == (lost <= m));
  if (lost <= m) assert_data_equal(received, sent, k);
}

// Transforms and matrices make the same parity: whichever kernel prefers which.
RC_GTEST_PROP(Codes, gamestream_parity_is_the_same_on_every_kernel, ()) {
  const auto k = *rc::gen::inRange<std::size_t>(1, 255);
  const auto m = *rc::gen::inRange<std::size_t>(1, kMaxShards - k + 1);
  const auto bytes = *rc::gen::inRange<std::size_t>(1, 300);
  const auto shards = any_shards(k + m, bytes);
  const Shards expected{shards};
  RC_ASSERT(ReedSolomon{Kernel::scalar}.encode(expected.data(k), expected.from(k), bytes));
  for (const auto kernel : supported_kernels()) {
    RC_ASSERT(ReedSolomon{kernel}.encode(shards.data(k), shards.from(k), bytes));
    RC_ASSERT(shards == expected);
  }
}

}  // namespace
}  // namespace lumen::fec::test
