#include "gamestream/control/text_assembler.hpp"

namespace lumen::gamestream::control {
namespace {

constexpr char32_t kIllFormed = 0xFFFF'FFFF;

struct Decoded {
  char32_t code_point = kIllFormed;
  std::size_t bytes = 1;
};

constexpr bool is_high(char32_t code) { return code >= 0xD800 && code < 0xDC00; }
constexpr bool is_low(char32_t code) { return code >= 0xDC00 && code < 0xE000; }
constexpr bool is_text(char32_t code) {
  const bool control = (code < 0x20 && code != '\t' && code != '\n') || (code >= 0x7F && code < 0xA0);
  return code <= 0x10'FFFF && !control;
}

// One code point, surrogates included, from the front of `bytes`, which is not empty.
Decoded decode(std::string_view bytes) {
  const auto at = [&bytes](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  const auto lead = at(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || bytes.size() < length) return {};
  char32_t code = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0U) != 0x80) return {};
    code = (code << 6U) | (at(i) & 0x3FU);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x1'0000};
  if (code < kLeast[length] || code > 0x10'FFFF) return {};
  return {code, length};
}

}  // namespace

std::size_t TextAssembler::add(std::string_view bytes, std::span<char32_t> out) {
  std::size_t count = 0;
  while (!bytes.empty() && count < out.size()) {
    auto [code, length] = decode(bytes);
    bytes.remove_prefix(length);
    if (is_low(code) && high_ != 0) {
      code = 0x1'0000 + ((high_ - 0xD800) << 10U) + (code - 0xDC00);
    } else if (is_high(code)) {
      high_ = code;
      continue;
    }
    high_ = 0;
    if (is_text(code) && !is_low(code)) out[count++] = code;
  }
  return count;
}

}  // namespace lumen::gamestream::control
