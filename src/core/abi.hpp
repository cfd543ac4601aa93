// lumen/core: the border to C: structs that grow, exceptions that stay here, errors that become numbers.
//
// A struct of another version is longer or shorter than ours. What goes in is copied over our defaults, as
// far as the caller knows it; what the caller knows and we do not must be zero. What comes out is written as
// far as the caller has room; the rest of its room is zeroed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

#include "base/result.hpp"
#include "base/units.hpp"
#include "base/wire.hpp"
#include "lumen_core.h"

namespace lumen::core::abi {

constexpr lumen_result to_c(ErrorCode code) { return static_cast<lumen_result>(code); }
static_assert(to_c(ErrorCode::invalid_argument) == LUMEN_ERR_INVALID_ARGUMENT);
static_assert(to_c(ErrorCode::malformed) == LUMEN_ERR_MALFORMED);
static_assert(to_c(ErrorCode::unsupported) == LUMEN_ERR_UNSUPPORTED);
static_assert(to_c(ErrorCode::unavailable) == LUMEN_ERR_UNAVAILABLE);
static_assert(to_c(ErrorCode::denied) == LUMEN_ERR_DENIED);
static_assert(to_c(ErrorCode::timed_out) == LUMEN_ERR_TIMED_OUT);
static_assert(to_c(ErrorCode::cancelled) == LUMEN_ERR_CANCELLED);
static_assert(to_c(ErrorCode::resource_exhausted) == LUMEN_ERR_RESOURCE_EXHAUSTED);
static_assert(to_c(ErrorCode::internal) == LUMEN_ERR_INTERNAL);

constexpr std::uint32_t kMaxStructBytes = 4096;

// Bytes of the struct when it was first published; never changes. Specialised beside each struct's use.
template <class Struct>
inline constexpr std::size_t first_size = 0;

// first_size of a struct whose first version ended with `member`.
// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): offsetof is one, too
#define LUMEN_FIRST_VERSION(type, member)                           \
  template <>                                                       \
  inline constexpr std::size_t lumen::core::abi::first_size<type> = \
      offsetof(type, member) + sizeof(std::declval<type>().member)

// The caller's struct_size, or 0 when no version of the struct has it.
template <class Struct>
std::uint32_t size_of(const Struct* theirs) {
  static_assert(std::is_trivially_copyable_v<Struct> && offsetof(Struct, struct_size) == 0);
  static_assert(first_size<Struct> > 0 && first_size<Struct> <= sizeof(Struct));
  std::uint32_t size = 0;
  if (theirs != nullptr) std::memcpy(&size, theirs, sizeof size);
  return size >= first_size<Struct> && size <= kMaxStructBytes ? size : 0;
}

// Copies what the caller knows over `ours`, which holds the defaults.
template <class Struct>
lumen_result take(const Struct* theirs, Struct& ours) {
  const auto size = size_of(theirs);
  if (size == 0) return LUMEN_ERR_INVALID_ARGUMENT;
  const auto* bytes = static_cast<const std::byte*>(static_cast<const void*>(theirs));
  const auto known = std::min<std::size_t>(size, sizeof(Struct));
  const bool rest_is_zero =
      std::all_of(bytes + known, bytes + size, [](std::byte b) { return b == std::byte{0}; });
  if (!rest_is_zero) return LUMEN_ERR_UNSUPPORTED;
  std::memcpy(&ours, bytes, known);
  ours.struct_size = sizeof(Struct);
  return LUMEN_OK;
}

// Writes `ours` into `size` bytes of the caller, with that struct_size.
template <class Struct>
void write(Struct ours, void* theirs, std::uint32_t size) {
  ours.struct_size = size;
  const auto known = std::min<std::size_t>(size, sizeof(Struct));
  std::memcpy(theirs, &ours, known);
  std::memset(static_cast<std::byte*>(theirs) + known, 0, size - known);
}

template <class Struct>
lumen_result give(const Struct& ours, Struct* theirs) {
  const auto size = size_of(theirs);
  if (size == 0) return LUMEN_ERR_INVALID_ARGUMENT;
  write(ours, theirs, size);
  return LUMEN_OK;
}

// For lumen_*_params_init().
template <class Struct>
lumen_result init(const Struct& defaults, Struct* theirs, std::size_t size) {
  if (theirs == nullptr || size < first_size<Struct> || size > kMaxStructBytes)
    return LUMEN_ERR_INVALID_ARGUMENT;
  write(defaults, theirs, static_cast<std::uint32_t>(size));
  return LUMEN_OK;
}

// Nothing is thrown across the border.
template <class Body>
lumen_result guard(Body body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return LUMEN_ERR_RESOURCE_EXHAUSTED;
  } catch (const std::exception&) {
    return LUMEN_ERR_INTERNAL;
  }
}

// Deletes what the caller's handle names, if anything, and clears the handle.
template <class Handle>
void destroy(Handle** handle) noexcept {
  if (handle != nullptr) delete std::exchange(*handle, nullptr);
}

constexpr std::int64_t kMaxTimeNs = std::int64_t{1} << 62U;
constexpr bool is_time(std::int64_t ns) { return ns >= 0 && ns < kMaxTimeNs; }

inline MutableBytes bytes_of(void* bytes, std::size_t size) { return {static_cast<std::byte*>(bytes), size}; }
inline ByteView bytes_of(const void* bytes, std::size_t size) {
  return {static_cast<const std::byte*>(bytes), size};
}

// Where a session's failures are told in detail.
struct Log {
  lumen_log_fn write = nullptr;
  void* user = nullptr;
  lumen_result failed(const Error& error) const {
    if (write != nullptr) write(user, LUMEN_LOG_ERROR, error.id.data(), error.what.c_str());
    return to_c(error.code);
  }
};

}  // namespace lumen::core::abi
