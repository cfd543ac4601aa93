#include "gamestream/http/query.hpp"

#include <algorithm>
#include <utility>

#include "crypto/digest.hpp"
#include "gamestream/http/text.hpp"

namespace lumen::gamestream {
namespace {

tl::unexpected<Error> refuse(std::string what) {
  return fail(ErrorCode::malformed, "gamestream.query", std::move(what), "Update the client");
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view{"-._~"}.find(c) != std::string_view::npos;
}

}  // namespace

Query::Query(Query&& other) noexcept
    : decoded_{std::move(other.decoded_)}, parameters_{std::move(other.parameters_)} {
  other.wipe();  // a short string is copied, not moved
}

Query& Query::operator=(Query&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  decoded_ = std::move(other.decoded_);
  parameters_ = std::move(other.parameters_);
  other.wipe();
  return *this;
}

Query::~Query() { wipe(); }

void Query::wipe() {
  crypto::wipe(std::as_writable_bytes(std::span{decoded_.data(), decoded_.size()}));
  decoded_.clear();
  parameters_.clear();
}

std::optional<Query::Slice> Query::decode(std::string_view text) {
  const auto start = decoded_.size();
  while (!text.empty()) {
    if (text.front() != '%') {
      decoded_ += text.front();
      text.remove_prefix(1);
      continue;
    }
    const auto byte = text.size() < 3 ? std::nullopt : crypto::from_hex(text.substr(1, 2));
    if (!byte) return std::nullopt;
    decoded_ += std::to_integer<char>(byte->front());
    text.remove_prefix(3);
  }
  return Slice{start, decoded_.size() - start};
}

Result<Query> Query::parse(std::string_view text) {
  if (text.size() > kMaxQueryBytes) return refuse("the query is too long");
  Query query;
  query.decoded_.reserve(text.size());
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    if (query.parameters_.size() == kMaxParameters) return refuse("the query has too many parameters");
    const auto equals = std::min(pair.find('='), pair.size());
    const auto name = query.decode(pair.substr(0, equals));
    const auto value = query.decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) return refuse("the query has a percent sign without two digits");
    query.parameters_.push_back({*name, *value});
  }
  return query;
}

std::optional<std::string_view> Query::find(std::string_view name) const {
  const auto found = std::ranges::find_if(
      parameters_, [&](const Parameter& each) { return equal_ignoring_case(view(each.name), name); });
  if (found == parameters_.end()) return std::nullopt;
  return view(found->value);
}

std::string encode_parameter(std::string_view name, std::string_view value) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text{name};
  text += '=';
  for (const char c : value) {
    if (is_unreserved(c)) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return text;
}

}  // namespace lumen::gamestream
