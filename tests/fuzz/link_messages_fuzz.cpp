// Any bytes as a message in both directions: no crash, and what decodes can be encoded and decodes again to
// the same bytes.
#include <cstdint>
#include <cstdlib>

#include "link/messages.hpp"

namespace {

template <class Decode>
void check(lumen::ByteView bytes, const Decode& decode) {
  const auto message = decode(bytes);
  if (!message) return;
  const auto once = lumen::link::encode(*message);
  if (once.empty()) std::abort();
  const auto again = decode(once);
  if (!again || lumen::link::encode(*again) != once) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span{data, size});
  check(bytes, lumen::link::decode_to_session);
  check(bytes, lumen::link::decode_to_host);
  return 0;
}
