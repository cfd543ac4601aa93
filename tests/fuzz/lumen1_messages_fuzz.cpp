// Any bytes as message bodies of both directions: what decodes encodes again, no larger, and stably.
#include <cstdint>
#include <cstdlib>

#include "lumen1/messages.hpp"

namespace {

using namespace lumen;
using namespace lumen::lumen1;

template <class Messages>
std::vector<std::byte> encoded(const Messages& decoded, std::size_t limit) {
  std::vector<std::byte> body;
  for (const auto& message : decoded.messages) {
    if (!append(body, message, limit)) std::abort();
  }
  return body;
}

template <class Decode>
void check(ByteView body, Decode decode) {
  // A peer's names may be longer than the ones that we write, never the reverse.
  const auto once = encoded(decode(body), body.size());
  const auto again = decode(once);
  if (again.malformed || encoded(again, once.size()) != once) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span{data, size});
  check(bytes, decode_client_messages);
  check(bytes, decode_host_messages);
  return 0;
}
