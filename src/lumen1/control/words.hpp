// lumen1/control: 256 short English words for codes and comparisons, each told from all others by ear, by eye
// and by its first four letters at the latest. Their numbers are part of the protocol.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lumen::lumen1::control {

extern const std::array<std::string_view, 256> kWords;

// nullopt: not one of them.
std::optional<std::uint8_t> word_number(std::string_view word);

}  // namespace lumen::lumen1::control
