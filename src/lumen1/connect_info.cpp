#include "lumen1/connect_info.hpp"

#include <charconv>
#include <map>

#include <fmt/format.h>

namespace lumen::lumen1 {
namespace {

auto malformed(std::string_view why) {
  return fail(ErrorCode::malformed, "connect.malformed", fmt::format("the connect file is damaged: {}", why),
              "Start lumen-host again, it writes a new one");
}

template <class Number>
bool parse_whole(std::string_view text, Number& out, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

bool parse_secret(std::string_view hex, Secret& out) {
  if (hex.size() != 2 * out.size()) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint8_t value = 0;
    if (!parse_whole(hex.substr(2 * i, 2), value, 16)) return false;
    out[i] = std::byte{value};
  }
  return true;
}

Result<std::map<std::string_view, std::string_view>> parse_fields(std::string_view text) {
  std::map<std::string_view, std::string_view> fields;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto space = line.find(' ');
    if (space == std::string_view::npos) return malformed("a line without a value");
    if (!fields.emplace(line.substr(0, space), line.substr(space + 1)).second)
      return malformed("a field twice");
  }
  return fields;
}

}  // namespace

std::string to_text(const ConnectInfo& info) {
  std::string secret;
  for (const auto byte : info.secret) secret += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return fmt::format("lumen-connect 1\naddress {}\nport {}\nsession {}\nsecret {}\n", info.address, info.port,
                     info.session, secret);
}

Result<ConnectInfo> parse_connect_info(std::string_view text) {
  LUMEN_TRY(auto fields, parse_fields(text));
  if (fields.size() != 5 || fields["lumen-connect"] != "1") return malformed("unknown version or fields");
  ConnectInfo info;
  info.address = std::string{fields["address"]};
  if (info.address.empty() || !parse_whole(fields["port"], info.port) || info.port == 0) {
    return malformed("address or port");
  }
  if (!parse_whole(fields["session"], info.session)) return malformed("session");
  if (!parse_secret(fields["secret"], info.secret)) return malformed("secret");
  return info;
}

}  // namespace lumen::lumen1
