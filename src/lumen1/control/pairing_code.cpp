#include "lumen1/control/pairing_code.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "crypto/aead.hpp"
#include "lumen1/control/words.hpp"

namespace lumen::lumen1::control {
namespace {

constexpr std::size_t kDigits = 6, kPhraseWords = 3, kMaxTypedBytes = 64;

// Bytes of 250 and above would make some digits likelier than others.
Result<char> random_digit() {
  std::array<std::byte, 1> byte{};
  do {
    LUMEN_CHECK_OK(crypto::fill_random(byte));
  } while (std::to_integer<int>(byte[0]) >= 250);
  return static_cast<char>('0' + std::to_integer<int>(byte[0]) % 10);
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words) all += (all.empty() ? "" : "-") + word;
  return all;
}

// What stands between letters and digits, in lower case.
std::vector<std::string> words_in(std::string_view typed) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char c : typed) {
    const auto byte = static_cast<unsigned char>(c);
    const bool between = byte == ' ' || byte == '-' || byte == '\t' || byte == '\n' || byte == '\r';
    if (!between && !inside) words.emplace_back();
    if (!between) words.back() += static_cast<char>(std::tolower(byte));
    inside = !between;
  }
  return words;
}

}  // namespace

Result<std::string> make_code(CodeKind kind) {
  std::string code;
  if (kind == CodeKind::digits) {
    while (code.size() < kDigits) {
      LUMEN_TRY(const char digit, random_digit());
      code += digit;
    }
    return code;
  }
  std::array<std::byte, kPhraseWords> numbers{};
  LUMEN_CHECK_OK(crypto::fill_random(numbers));
  std::vector<std::string> words(numbers.size());
  std::ranges::transform(numbers, words.begin(),
                         [](std::byte number) { return kWords[std::to_integer<std::size_t>(number)]; });
  return joined(words);
}

std::optional<std::string> read_code(std::string_view typed) {
  if (typed.size() > kMaxTypedBytes) return std::nullopt;
  const auto words = words_in(typed);
  std::string digits;
  for (const auto& word : words) digits += word;
  const bool all_digits = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (all_digits && digits.size() == kDigits) return digits;
  const bool all_words =
      std::ranges::all_of(words, [](const auto& word) { return word_number(word).has_value(); });
  if (all_words && words.size() == kPhraseWords) return joined(words);
  return std::nullopt;
}

}  // namespace lumen::lumen1::control
