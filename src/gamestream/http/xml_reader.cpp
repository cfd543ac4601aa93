// A reader by recursive descent, kMaxXmlDepth deep at most. Every step consumes input, so time is linear.
#include <algorithm>
#include <utility>

#include "gamestream/http/text.hpp"
#include "gamestream/http/xml.hpp"

namespace lumen::gamestream {
namespace {

struct Attribute {
  std::string_view name;
  std::string value;
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_name(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == ':';
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | (code >> 6U));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | (code >> 12U));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | (code >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

// "#65" or "#x41".
std::optional<std::uint32_t> character_number(std::string_view entity) {
  if (!entity.starts_with('#')) return std::nullopt;
  entity.remove_prefix(1);
  const bool hex = entity.starts_with('x');
  if (hex) entity.remove_prefix(1);
  std::uint32_t code = 0;
  const auto* const end = entity.data() + entity.size();
  const auto [stopped, error] = std::from_chars(entity.data(), end, code, hex ? 16 : 10);
  const bool good = error == std::errc{} && stopped == end && code != 0 && code <= 0x10FFFF &&
                    (code < 0xD800 || code > 0xDFFF);
  return good ? std::optional{code} : std::nullopt;
}

bool append_entity(std::string& out, std::string_view entity) {
  constexpr std::pair<std::string_view, char> kNamed[] = {
      {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  for (const auto& [name, character] : kNamed) {
    if (entity == name) {
      out += character;
      return true;
    }
  }
  const auto code = character_number(entity);
  if (code) append_utf8(out, *code);
  return code.has_value();
}

std::optional<std::string> unescape(std::string_view text) {
  constexpr std::size_t kLongestEntity = 10;
  std::string out;
  while (!text.empty()) {
    const auto entity = text.find('&');
    out += text.substr(0, entity);
    if (entity == std::string_view::npos) break;
    text.remove_prefix(entity + 1);
    const auto end = text.substr(0, kLongestEntity).find(';');
    if (end == std::string_view::npos || !append_entity(out, text.substr(0, end))) return std::nullopt;
    text.remove_prefix(end + 1);
  }
  return out;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_{text} {}

  std::optional<XmlDocument> document() {
    XmlDocument document;
    std::vector<Attribute> attributes;
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
    if (!skip_between() || !element(document.root, attributes, 1) || document.root.name != "root" ||
        !skip_between() || !rest_.empty()) {
      return std::nullopt;
    }
    const auto attribute = [&](std::string_view name) {
      const auto found = std::ranges::find(attributes, name, &Attribute::name);
      return found == attributes.end() ? std::string{} : found->value;
    };
    const auto status = parse_decimal<std::int64_t>(attribute("status_code"));
    if (!status) return std::nullopt;
    document.status_code = *status;
    document.status_message = attribute("status_message");
    return document;
  }

 private:
  bool take(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }
  // What follows `opening`, which was taken, up to and with `closing`.
  bool skip_past(std::string_view closing) {
    const auto end = rest_.find(closing);
    if (end == std::string_view::npos) return false;
    rest_.remove_prefix(end + closing.size());
    return true;
  }
  // Blanks, comments and processing instructions outside the root.
  bool skip_between() {
    while (true) {
      skip_blanks();
      if (take("<?")) {
        if (!skip_past("?>")) return false;
      } else if (take("<!--")) {
        if (!skip_past("-->")) return false;
      } else {
        return true;
      }
    }
  }
  std::string_view name() {
    const auto length = static_cast<std::size_t>(std::ranges::find_if_not(rest_, is_name) - rest_.begin());
    const auto taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }

  // After "<name": attributes, then ">" (true) or "/>" (true, `empty`).
  bool rest_of_tag(std::vector<Attribute>& attributes, bool& empty) {
    constexpr std::size_t kMaxAttributes = 8;
    while (true) {
      skip_blanks();
      empty = take("/>");
      if (empty || take(">")) return true;
      const auto attribute = name();
      skip_blanks();
      if (attribute.empty() || attributes.size() == kMaxAttributes || !take("=")) return false;
      skip_blanks();
      if (rest_.empty() || (rest_.front() != '"' && rest_.front() != '\'')) return false;
      const auto end = rest_.find(rest_.front(), 1);
      if (end == std::string_view::npos) return false;
      auto value = unescape(rest_.substr(1, end - 1));
      if (!value) return false;
      attributes.push_back({attribute, *std::move(value)});
      rest_.remove_prefix(end + 1);
    }
  }

  bool element(XmlElement& into, std::vector<Attribute>& attributes, std::size_t depth) {
    if (depth > kMaxXmlDepth || ++elements_ > kMaxXmlElements || !take("<")) return false;
    into.name = name();
    bool empty = false;
    if (into.name.empty() || !rest_of_tag(attributes, empty)) return false;
    return empty || content(into, depth);
  }

  // Text and children up to and with the closing tag.
  bool content(XmlElement& into, std::size_t depth) {
    while (true) {
      const auto text = unescape(rest_.substr(0, rest_.find('<')));
      if (!text) return false;
      into.text += *text;
      rest_.remove_prefix(std::min(rest_.find('<'), rest_.size()));
      if (take("<!--")) {
        if (!skip_past("-->")) return false;
      } else if (take("</")) {
        if (name() != into.name) return false;
        skip_blanks();
        return take(">");
      } else {
        std::vector<Attribute> ignored;
        if (!element(into.children.emplace_back(), ignored, depth + 1)) return false;
      }
    }
  }

  std::string_view rest_;
  std::size_t elements_ = 0;
};

}  // namespace

const XmlElement* XmlElement::child(std::string_view wanted) const {
  const auto found = std::ranges::find(children, wanted, &XmlElement::name);
  return found == children.end() ? nullptr : &*found;
}

std::string_view XmlElement::child_text(std::string_view wanted) const {
  const auto* found = child(wanted);
  return found != nullptr ? std::string_view{found->text} : std::string_view{};
}

Result<XmlDocument> read_xml(std::string_view text) {
  auto document = text.size() <= kMaxXmlBytes ? Reader{text}.document() : std::nullopt;
  if (!document) {
    return fail(ErrorCode::malformed, "gamestream.xml", "the host's answer is not what GameStream hosts send",
                "Check the address, and that a GameStream host answers there");
  }
  return *std::move(document);
}

}  // namespace lumen::gamestream
