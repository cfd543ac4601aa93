// lumen/link: text from the other process, made safe to show.
#pragma once

#include <string>
#include <string_view>

namespace lumen::link {

// Valid UTF-8 without control characters; whatever is neither becomes '?'. Never longer than `text`.
std::string printable(std::string_view text);

}  // namespace lumen::link
