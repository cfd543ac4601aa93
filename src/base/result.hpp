// lumen/base: the error type every fallible function returns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace lumen {

// Stable across releases; the C ABI exposes the same numbers.
enum class ErrorCode : std::int32_t {
  invalid_argument = -1,  // caller broke a documented precondition, or the user gave a wrong option
  malformed = -2,         // bytes from the peer or a file do not parse
  unsupported = -3,       // this build, GPU, driver or compositor cannot do it
  unavailable = -4,       // may work later (device busy, compositor restarting)
  denied = -5,            // permission or pairing says no
  timed_out = -6,
  cancelled = -7,  // stop was requested
  resource_exhausted = -8,
  internal = -9,  // a bug in Lumen
};

std::string_view to_string(ErrorCode code) noexcept;

// Cheap to move, never thrown. `code` is for the program, `id` names this very failure for ever
// ("net.port-in-use", always a literal), `what` says what happened, `remedy` what the user can do.
struct [[nodiscard]] Error {
  ErrorCode code;
  std::string_view id;
  std::string what;
  std::string remedy;
  int os_errno = 0;  // 0 when the failure did not come from the OS
};

// One line for people: "WHAT: strerror. REMEDY [id]".
std::string describe(const Error& error);

// tl::expected (Debian libexpected-dev 1.0.0) is not [[nodiscard]]; this is. Do not use its
// monadic members; use LUMEN_TRY, which reads top to bottom and costs one branch.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  using Base = tl::expected<T, Error>;

 public:
  using Base::Base;
  Result(Base base) : Base{std::move(base)} {}  // NOLINT(google-explicit-constructor)
};
using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string_view id, std::string what,
                                  std::string remedy = {}, int os_errno = 0) {
  return tl::unexpected<Error>{Error{code, id, std::move(what), std::move(remedy), os_errno}};
}

}  // namespace lumen

// The only control-flow macros in the tree: return early with the error.
#define LUMEN_CONCAT_IMPL(a, b) a##b
#define LUMEN_CONCAT(a, b) LUMEN_CONCAT_IMPL(a, b)
// LUMEN_TRY(const auto x, f()): declares x from the value, or returns the error.
#define LUMEN_TRY(declaration, expression) \
  LUMEN_TRY_IMPL(LUMEN_CONCAT(lumen_try_, __LINE__), declaration, expression)
// LUMEN_CHECK_OK(f()): for Result<void>.
#define LUMEN_CHECK_OK(expression) LUMEN_CHECK_OK_IMPL(LUMEN_CONCAT(lumen_ok_, __LINE__), expression)
// NOLINTBEGIN(bugprone-macro-parentheses): `declaration` is a declaration
#define LUMEN_TRY_IMPL(tmp, declaration, expression)         \
  auto&& tmp = (expression);                                 \
  if (!tmp) return ::tl::unexpected{std::move(tmp).error()}; \
  declaration = *std::move(tmp)
#define LUMEN_CHECK_OK_IMPL(tmp, expression) \
  auto&& tmp = (expression);                 \
  if (!tmp) return ::tl::unexpected {        \
      std::move(tmp).error()                 \
    }
// NOLINTEND(bugprone-macro-parentheses)
