// gamestream/http: text from peers and for people: UTF-8 made harmless, numbers read strictly. No state.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lumen::gamestream {

// `text` as UTF-8 without control characters and without what XML 1.0 forbids; broken bytes become U+FFFD,
// one each.
std::string clean_utf8(std::string_view text);
// The same, without blanks at both ends and with at most `max_bytes`, cut between characters: for names of
// clients and devices that people are to read.
std::string display_name(std::string_view text, std::size_t max_bytes);

bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII

// All of `text` as a decimal number, with '-' only for signed types; nullopt when it is none or too large.
template <std::integral T>
std::optional<T> parse_decimal(std::string_view text) {
  T value{};
  const auto* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return value;
}

}  // namespace lumen::gamestream
