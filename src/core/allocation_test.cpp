// Video passes both sessions of the C ABI without an allocation once every size has been seen; and when there
// is no memory, calls say so and nothing else happens. Replaces the allocation functions of this test
// program.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <vector>

#include "core/test_pair.hpp"
#include "lumen_core.h"

namespace {

constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();
thread_local std::size_t allocations = 0;
thread_local std::size_t left = kNever;  // allocations until there is no memory
thread_local bool fails_once = false;    // after that there is some again

void* allocate(std::size_t size) noexcept {
  ++allocations;
  if (left == 0) {
    if (fails_once) left = kNever;
    return nullptr;
  }
  if (left != kNever) --left;
  return std::malloc(size == 0 ? 1 : size);
}
void* allocate_or_throw(std::size_t size) {
  void* const memory = allocate(size);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate_or_throw(size); }
void* operator new[](std::size_t size) { return allocate_or_throw(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace lumen::core {
namespace {

constexpr std::int64_t kMs = 1'000'000;

class BothEnds {
 public:
  ~BothEnds() {
    lumen_host_destroy(&host);
    lumen_client_destroy(&client);
  }
  lumen_result create(const lumen_fec* fec) {
    lumen_host_params host_params;
    lumen_client_params client_params;
    EXPECT_EQ(lumen_host_params_init(&host_params, sizeof host_params), LUMEN_OK);
    EXPECT_EQ(lumen_client_params_init(&client_params, sizeof client_params), LUMEN_OK);
    host_params.secret[0] = client_params.secret[0] = 1;
    host_params.fec = client_params.fec = fec;
    const auto created = lumen_host_create(&host_params, &host);
    return created == LUMEN_OK ? lumen_client_create(&client_params, &client) : created;
  }
  // What the client has to say reaches the host, and all that the host has to say the client.
  lumen_result talk() {
    lumen_datagram datagram{};
    datagram.struct_size = sizeof datagram;
    lumen_result result = LUMEN_OK;
    while ((result = lumen_client_next_datagram(client, &datagram, now_ns)) == LUMEN_OK) {
      std::memcpy(memory_.data(), datagram.bytes, datagram.size_bytes);
      const auto received = lumen_host_receive(host, memory_.data(), datagram.size_bytes, now_ns);
      if (received < 0) return received;
      if (const auto sent = flush(); sent < 0) return sent;
    }
    return result;
  }
  lumen_result push(ByteView bytes) {
    lumen_access_unit unit{};
    unit.struct_size = sizeof unit;
    unit.codec = LUMEN_CODEC_H264;
    unit.kind = LUMEN_PICTURE_IDR;
    unit.width = unit.height = 64;
    unit.bytes = bytes.data();
    unit.size_bytes = bytes.size();
    const auto pushed = lumen_host_push(host, &unit, now_ns, nullptr);
    return pushed == LUMEN_OK ? flush() : pushed;
  }

  lumen_host* host = nullptr;
  lumen_client* client = nullptr;
  std::int64_t now_ns = kMs;
  std::size_t units = 0;

 private:
  lumen_result flush() {
    lumen_train train{};
    train.struct_size = sizeof train;
    lumen_result result = LUMEN_OK;
    while ((result = lumen_host_next(host, &train, now_ns)) == LUMEN_OK) {
      for (std::size_t i = 0; i < train.datagrams; ++i) {
        std::memcpy(memory_.data(), static_cast<const std::byte*>(train.bytes) + i * train.datagram_bytes,
                    train.datagram_bytes);
        const auto received = lumen_client_receive(client, memory_.data(), train.datagram_bytes, now_ns);
        if (received < 0) return received;
        if (const auto taken = take(); taken < 0) return taken;
      }
    }
    return result;
  }
  lumen_result take() {
    lumen_unit unit{};
    unit.struct_size = sizeof unit;
    lumen_result result = LUMEN_OK;
    while ((result = lumen_client_next_unit(client, &unit, now_ns)) == LUMEN_OK) ++units;
    return result;
  }

  std::array<std::byte, LUMEN_MAX_DATAGRAM_BYTES> memory_{};
};

class AbiMemory : public testing::Test {
 protected:
  AbiMemory() { EXPECT_EQ(lumen_fec_create(nullptr, &fec_), LUMEN_OK); }
  ~AbiMemory() override { lumen_fec_destroy(&fec_); }
  lumen_fec* fec_ = nullptr;
};

TEST_F(AbiMemory, video_allocates_nothing_once_warm) {
  BothEnds ends;
  ASSERT_EQ(ends.create(fec_), LUMEN_OK);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(ends.talk(), LUMEN_NOTHING);
  const auto bytes = test::noise(200'000, 1);
  const auto push = [&](std::size_t i) { return ends.push(ByteView{bytes}.first(1'000 + i % 8 * 25'000)); };
  for (std::size_t i = 0; i < 80; ++i) ASSERT_EQ(push(i), LUMEN_NOTHING);
  const auto before = allocations;
  bool good = true;
  for (std::size_t i = 0; i < 80; ++i) good = push(i) == LUMEN_NOTHING && good;
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(good);
  EXPECT_EQ(ends.units, 160U);
}

// A whole connection, with no memory from the n-th allocation on, or only for that one, for each n.
class WithoutMemory : public AbiMemory, public testing::WithParamInterface<bool> {};

TEST_P(WithoutMemory, calls_fail_and_leak_nothing_and_handles_work_when_there_is_some_again) {
  const auto bytes = test::noise(30'000, 1);
  const auto run = [&](BothEnds& ends) {
    auto result = ends.create(fec_);
    for (int i = 0; i < 3 && result >= 0; ++i) result = ends.talk();
    return result < 0 ? result : ends.push(bytes);
  };
  std::size_t failures = 0;
  for (std::size_t n = 0; n < 10'000; ++n) {
    BothEnds ends;
    left = n;
    fails_once = GetParam();
    const auto result = run(ends);
    left = kNever;
    if (result == LUMEN_NOTHING && ends.units == 1) break;
    ++failures;
    if (ends.host == nullptr || ends.client == nullptr) continue;
    ends.now_ns += 10'000 * kMs;
    for (int i = 0; i < 3; ++i) ASSERT_EQ(ends.talk(), LUMEN_NOTHING) << n;
    ends.now_ns += 10'000 * kMs;
    for (int i = 0; i < 3; ++i) ASSERT_EQ(ends.talk(), LUMEN_NOTHING) << n;
    ASSERT_EQ(ends.push(bytes), LUMEN_NOTHING) << n;
    ASSERT_GE(ends.units, 1U) << n;
  }
  EXPECT_GT(failures, 50U);
  EXPECT_LT(failures, 10'000U);
}

INSTANTIATE_TEST_SUITE_P(AbiMemory, WithoutMemory, testing::Bool(),
                         [](const auto& test) { return test.param ? "once" : "from_then_on"; });

TEST_F(AbiMemory, a_client_that_had_no_memory_does_not_count_what_it_never_had) {
  BothEnds ends;
  ASSERT_EQ(ends.create(fec_), LUMEN_OK);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(ends.talk(), LUMEN_NOTHING);
  const auto memory = [&] {
    lumen_client_stats stats{};
    stats.struct_size = sizeof stats;
    EXPECT_EQ(lumen_client_get_stats(ends.client, &stats), LUMEN_OK);
    return stats.memory_bytes;
  };
  const auto bytes = test::noise(3'000'000, 1);
  ASSERT_EQ(ends.push(bytes), LUMEN_NOTHING);
  const auto whole = memory();
  ASSERT_EQ(ends.push(ByteView{bytes}.first(1'000)), LUMEN_NOTHING);  // gives the large memory back
  int failures = 0;
  for (std::size_t n = 0; n < 200; ++n) {
    left = n % 4;
    fails_once = true;
    failures += ends.push(bytes) < 0 ? 1 : 0;
    left = kNever;
    for (int i = 0; i < 3; ++i) {  // an incomplete frame is given up when one behind it has waited
      ends.now_ns += 50 * kMs;
      ASSERT_EQ(ends.push(ByteView{bytes}.first(1'000)), LUMEN_NOTHING) << n;
    }
    ASSERT_LE(memory(), whole) << n;
  }
  EXPECT_GT(failures, 20);
  ASSERT_EQ(ends.push(bytes), LUMEN_NOTHING);
}

TEST_F(AbiMemory, a_unit_that_is_refused_leaves_the_one_under_way_alone) {
  BothEnds ends;
  ASSERT_EQ(ends.create(fec_), LUMEN_OK);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(ends.talk(), LUMEN_NOTHING);
  const auto bytes = test::noise(30'000, 1);
  lumen_access_unit unit{};
  unit.struct_size = sizeof unit;
  unit.codec = LUMEN_CODEC_H264;
  unit.kind = LUMEN_PICTURE_IDR;
  unit.width = unit.height = 64;
  unit.bytes = bytes.data();
  unit.size_bytes = bytes.size();
  ASSERT_EQ(lumen_host_push(ends.host, &unit, ends.now_ns, nullptr), LUMEN_OK);
  for (auto* bad : {&unit.width, &unit.height}) {
    for (const std::uint32_t side : {0U, 8193U}) {
      *bad = side;
      EXPECT_EQ(lumen_host_push(ends.host, &unit, ends.now_ns, nullptr), LUMEN_ERR_INVALID_ARGUMENT);
    }
    *bad = 64;
  }
  unit.size_bytes = 0;
  EXPECT_EQ(lumen_host_push(ends.host, &unit, ends.now_ns, nullptr), LUMEN_ERR_INVALID_ARGUMENT);
  lumen_train train{};
  train.struct_size = sizeof train;
  EXPECT_EQ(lumen_host_next(ends.host, &train, ends.now_ns), LUMEN_OK);
  EXPECT_GT(train.datagrams, 0U);
}

}  // namespace
}  // namespace lumen::core
