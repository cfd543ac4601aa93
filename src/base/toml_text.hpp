// lumen/base: what must not reach toml++ 3.3.
#pragma once

#include <cstddef>
#include <string_view>

namespace lumen {

// toml++ runs into undefined behaviour where it meets a character beyond ASCII while it looks for the end of
// a word: outside of texts, and in what a damaged file makes look like one. So those characters are fit for
// it in comments and in texts that begin where a text may, as long as there are no texts over several lines.
// The line of the first one that is not; 0: there is none. Pure.
std::size_t line_unfit_for_toml(std::string_view text);

}  // namespace lumen
