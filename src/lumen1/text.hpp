// lumen/lumen1: text for people that crosses the network: UTF-8 (RFC 3629) without control characters, so
// that it can go to a terminal or a window title as it is.
#pragma once

#include <string>
#include <string_view>

namespace lumen::lumen1 {

bool is_plain_text(std::string_view text);

// At most `limit` bytes of `text`, cut between characters; what is not plain becomes '?'.
std::string to_plain_text(std::string_view text, std::size_t limit);

}  // namespace lumen::lumen1
