#include "base/toml_text.hpp"

namespace lumen {
namespace {

class Scanner {
 public:
  explicit Scanner(bool is_odd) : is_odd_{is_odd} {}

  // False: it is beyond ASCII, and not where such may be.
  bool take(char c) {
    if (c == '\n') {
      begin_line();
    } else if (static_cast<unsigned char>(c) > 0x7F) {
      return !is_odd_ && within_ != 0;
    } else if (within_ == 0) {
      take_outside(c);
    } else if (within_ != '#') {
      take_in_text(c);
    }
    return true;
  }

 private:
  void begin_line() {
    within_ = 0;
    escaped_ = has_equals_ = false;
    before_ = ',';
  }
  void take_in_text(char c) {
    if (c == within_ && !escaped_) {
      within_ = 0;
      before_ = c;
    }
    escaped_ = within_ == '"' && c == '\\' && !escaped_;
  }
  void take_outside(char c) {
    const bool may_begin = before_ == '=' || before_ == '[' || before_ == '{' || before_ == ',';
    if (c == '"' || c == '\'') {
      is_odd_ = is_odd_ || !may_begin;
      within_ = c;
      escaped_ = false;
    } else if (c == '#') {
      within_ = c;
    } else if (c == '=') {
      is_odd_ = is_odd_ || has_equals_;
      has_equals_ = true;
    } else if (c == '{' || c == ',') {
      has_equals_ = false;
    }
    if (c != ' ' && c != '\t') before_ = c;
  }

  bool is_odd_;        // what follows may be taken for something else than a text
  char within_ = 0;    // '#', or the quotation mark of the text
  char before_ = ',';  // the last character outside that is no space
  bool escaped_ = false, has_equals_ = false;
};

}  // namespace

std::size_t line_unfit_for_toml(std::string_view text) {
  Scanner scanner{text.find(R"(""")") != text.npos || text.find("'''") != text.npos};
  std::size_t line = 1;
  for (const char c : text) {
    if (!scanner.take(c)) return line;
    if (c == '\n') ++line;
  }
  return 0;
}

}  // namespace lumen
