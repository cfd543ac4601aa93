// lumen/gamestream/control: code points out of text packets (spec part 3, section 9.5). Clients send UTF-8,
// or Java's modified kind: surrogate halves as three bytes each, in two packets. Owner: one thread. No
// allocation.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lumen::gamestream::control {

class TextAssembler {
 public:
  // Writes the code points of one packet to `out`, which has room for one per byte.
  // Returns how many. Ill-formed bytes, lone surrogates and control characters but tab and newline are left
  // out. A high surrogate at the end waits for the next packet's low one.
  std::size_t add(std::string_view bytes, std::span<char32_t> out);

 private:
  char32_t high_ = 0;  // a surrogate that waits for its other half
};

}  // namespace lumen::gamestream::control
