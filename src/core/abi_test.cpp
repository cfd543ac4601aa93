#include "core/abi.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace {

// A struct as version 1 had it, as "we" have it, and as a later version may have it.
struct First {
  std::uint32_t struct_size;
  std::uint32_t rate;
};
struct Ours {
  std::uint32_t struct_size;
  std::uint32_t rate;
  std::uint64_t burst;
};
struct Later {
  std::uint32_t struct_size;
  std::uint32_t rate;
  std::uint64_t burst;
  std::uint64_t colour;
};

Ours defaults() { return {0, 10, 20}; }

// What a program does that knows `Theirs`.
template <class Theirs>
const Ours* as_ours(const Theirs& theirs) {
  return static_cast<const Ours*>(static_cast<const void*>(&theirs));
}
template <class Theirs>
Ours* as_ours(Theirs& theirs) {
  return static_cast<Ours*>(static_cast<void*>(&theirs));
}

}  // namespace

LUMEN_FIRST_VERSION(Ours, rate);

namespace lumen::core::abi {
namespace {

TEST(StructIn, older_caller_gets_defaults_for_what_it_does_not_know) {
  const First theirs{sizeof theirs, 7};
  auto ours = defaults();
  EXPECT_EQ(take(as_ours(theirs), ours), LUMEN_OK);
  EXPECT_EQ(ours.rate, 7U);
  EXPECT_EQ(ours.burst, 20U);
  EXPECT_EQ(ours.struct_size, sizeof(Ours));
}

TEST(StructIn, newer_caller_is_served_while_it_asks_for_nothing_new) {
  Later theirs{sizeof theirs, 7, 8, 0};
  auto ours = defaults();
  EXPECT_EQ(take(as_ours(theirs), ours), LUMEN_OK);
  EXPECT_EQ(ours.burst, 8U);
  theirs.colour = 1;
  EXPECT_EQ(take(as_ours(theirs), ours), LUMEN_ERR_UNSUPPORTED);
}

TEST(StructIn, sizes_of_no_version_are_refused) {
  alignas(8) std::array<std::byte, 8192> memory{};
  auto* const theirs = static_cast<Ours*>(static_cast<void*>(memory.data()));
  for (const std::uint32_t size : {0U, 1U, 4U, 7U, kMaxStructBytes + 1, 0xFFFFFFFFU}) {
    std::memcpy(memory.data(), &size, sizeof size);
    auto ours = defaults();
    EXPECT_EQ(take(theirs, ours), LUMEN_ERR_INVALID_ARGUMENT) << size;
    EXPECT_EQ(ours.burst, 20U);
    EXPECT_EQ(give(defaults(), theirs), LUMEN_ERR_INVALID_ARGUMENT) << size;
  }
  auto ours = defaults();
  EXPECT_EQ(take<Ours>(nullptr, ours), LUMEN_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(give<Ours>(ours, nullptr), LUMEN_ERR_INVALID_ARGUMENT);
}

TEST(StructOut, older_caller_is_written_no_further_than_it_has_room) {
  std::array<First, 2> theirs{{{sizeof(First), 0}, {77, 88}}};
  EXPECT_EQ(give(defaults(), as_ours(theirs[0])), LUMEN_OK);
  EXPECT_EQ(theirs[0].rate, 10U);
  EXPECT_EQ(theirs[0].struct_size, sizeof(First));
  EXPECT_EQ(theirs[1].struct_size, 77U);
  EXPECT_EQ(theirs[1].rate, 88U);
}

TEST(StructOut, newer_caller_finds_zero_where_we_know_nothing) {
  Later theirs{sizeof theirs, 1, 1, 1};
  EXPECT_EQ(give(defaults(), as_ours(theirs)), LUMEN_OK);
  EXPECT_EQ(theirs.struct_size, sizeof(Later));
  EXPECT_EQ(theirs.burst, 20U);
  EXPECT_EQ(theirs.colour, 0U);
}

TEST(StructInit, defaults_are_those_of_the_callers_size) {
  Later later{1, 1, 1, 1};
  EXPECT_EQ(init(defaults(), as_ours(later), sizeof later), LUMEN_OK);
  EXPECT_EQ(later.struct_size, sizeof later);
  EXPECT_EQ(later.burst, 20U);
  EXPECT_EQ(later.colour, 0U);
  EXPECT_EQ(init(defaults(), as_ours(later), 4), LUMEN_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(init(defaults(), as_ours(later), kMaxStructBytes + 1), LUMEN_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(init<Ours>(defaults(), nullptr, sizeof(Ours)), LUMEN_ERR_INVALID_ARGUMENT);
}

TEST(Guard, nothing_is_thrown_across_the_border) {
  EXPECT_EQ(guard([]() -> lumen_result { throw std::bad_alloc{}; }), LUMEN_ERR_RESOURCE_EXHAUSTED);
  EXPECT_EQ(guard([]() -> lumen_result { throw std::exception{}; }), LUMEN_ERR_INTERNAL);
}

}  // namespace
}  // namespace lumen::core::abi
