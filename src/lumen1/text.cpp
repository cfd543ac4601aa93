#include "lumen1/text.hpp"

#include <algorithm>
#include <cstdint>

namespace lumen::lumen1 {
namespace {

struct Lead {
  std::size_t length = 0;  // bytes of the character, 0: none begins like this
  std::uint32_t bits = 0, smallest = 0;
};

Lead classify(std::uint8_t byte) {
  if (byte < 0x80) return {1, byte, 0};
  if (byte >= 0xC2 && byte <= 0xDF) return {2, byte & 0x1FU, 0x80};
  if (byte >= 0xE0 && byte <= 0xEF) return {3, byte & 0x0FU, 0x800};
  if (byte >= 0xF0 && byte <= 0xF4) return {4, byte & 0x07U, 0x1'0000};
  return {};
}

bool is_plain(std::uint32_t character) {
  const bool control = character < 0x20 || (character >= 0x7F && character <= 0x9F);
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  return !control && !surrogate && character <= 0x10'FFFF;
}

// Bytes of the plain character that `text` begins with, 0 when it begins with anything else.
std::size_t plain_character(std::string_view text) {
  const auto lead = classify(static_cast<std::uint8_t>(text.front()));
  if (lead.length == 0 || lead.length > text.size()) return 0;
  auto character = lead.bits;
  for (const char next : text.substr(1, lead.length - 1)) {
    const auto byte = static_cast<std::uint8_t>(next);
    if ((byte & 0xC0U) != 0x80U) return 0;
    character = character << 6U | (byte & 0x3FU);
  }
  return character >= lead.smallest && is_plain(character) ? lead.length : 0;
}

}  // namespace

bool is_plain_text(std::string_view text) {
  while (!text.empty()) {
    const auto length = plain_character(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string to_plain_text(std::string_view text, std::size_t limit) {
  std::string plain;
  plain.reserve(std::min(text.size(), limit));
  while (!text.empty()) {
    const auto length = plain_character(text);
    const auto next = length > 0 ? text.substr(0, length) : std::string_view{"?"};
    if (plain.size() + next.size() > limit) break;
    plain += next;
    text.remove_prefix(next.size());
  }
  return plain;
}

}  // namespace lumen::lumen1
