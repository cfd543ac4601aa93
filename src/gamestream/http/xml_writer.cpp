#include <fmt/format.h>

#include <algorithm>

#include "gamestream/http/text.hpp"
#include "gamestream/http/xml.hpp"

namespace lumen::gamestream {
namespace {

std::string escape(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&apos;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace

XmlWriter::XmlWriter(std::int32_t status_code, std::string_view status_message)
    : out_{fmt::format(R"(<?xml version="1.0" encoding="utf-8"?><root status_code="{}")", status_code)} {
  if (!status_message.empty()) {
    out_ += fmt::format(R"( status_message="{}")", escape(clean_utf8(status_message)));
  }
  out_ += '>';
}

void XmlWriter::text(std::string_view name, std::string_view value) {
  const auto clean = clean_utf8(value);
  if (std::ranges::all_of(clean, [](char c) { return c == ' '; })) return;
  out_ += fmt::format("<{0}>{1}</{0}>", name, escape(clean));
}

void XmlWriter::number(std::string_view name, std::int64_t value) {
  out_ += fmt::format("<{0}>{1}</{0}>", name, value);
}

void XmlWriter::open(std::string_view name) { out_ += fmt::format("<{}>", name); }
void XmlWriter::close(std::string_view name) { out_ += fmt::format("</{}>", name); }

std::string XmlWriter::finish() && { return std::move(out_) + "</root>"; }

}  // namespace lumen::gamestream
