// lumen/base: what must not reach toml++ 3.3.
#pragma once

#include <cstddef>
#include <string_view>

namespace lumen {

// The line of the first character beyond ASCII that stands neither in a text nor in a comment, where TOML has
// none and toml++ runs into undefined behaviour; 0: there is none. Beside texts over several lines,
// or where one begins amid a word everywhere is outside. Pure.
inline std::size_t line_beyond_ascii(std::string_view text) {
  constexpr std::string_view kBeforeTexts = " \t\n=[,{";
  bool is_odd = text.find(R"(""")") != text.npos || text.find("'''") != text.npos;
  std::size_t line = 1;
  char within = 0;  // '#', or the quotation mark of the text
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      ++line;
      within = 0;
    } else if (is_odd && static_cast<unsigned char>(c) > 0x7F) {
      return line;
    } else if (within == '#') {
      continue;
    } else if (within != 0) {
      if (c == '\\' && within == '"' && i + 1 < text.size() && text[i + 1] != '\n')
        ++i;
      else if (c == within)
        within = 0;
    } else if (c == '#' || c == '"' || c == '\'') {
      within = c;
      is_odd = is_odd || (c != '#' && i > 0 && kBeforeTexts.find(text[i - 1]) == kBeforeTexts.npos);
    } else if (static_cast<unsigned char>(c) > 0x7F) {
      return line;
    }
  }
  return 0;
}

}  // namespace lumen
