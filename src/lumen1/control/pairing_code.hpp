// lumen1/control: codes that a host shows and a person types. Pure but for the random numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lumen::lumen1::control {

enum class CodeKind : std::uint8_t {
  digits,  // "482913": six
  phrase,  // "amber-kettle-robin": three words of ours
};

// A new one, all equally likely. `crypto.random` when there is no randomness.
Result<std::string> make_code(CodeKind kind);

// What a person typed in the one way that it is used as a password: digits without anything between them,
// words in lower case joined by '-'. nullopt when it is neither six digits nor three of our words, so that a
// slip of the finger costs no attempt.
std::optional<std::string> read_code(std::string_view typed);

}  // namespace lumen::lumen1::control
