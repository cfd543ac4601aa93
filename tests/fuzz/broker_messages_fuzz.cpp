// Any bytes as a message to and from the broker of pads: no crash, and what decodes can be encoded and
// decodes again to the same bytes.
#include <cstdint>
#include <cstdlib>

#include "link/broker_messages.hpp"

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
  check(bytes, lumen::link::decode_to_broker);
  check(bytes, lumen::link::decode_from_broker);
  return 0;
}
