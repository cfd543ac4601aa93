// Any bytes as a datagram: a CONNECT has one size, and whatever passes holds no more messages than commands.
#include <cstdint>
#include <cstdlib>

#include "net/enet/datagram.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lumen::net::enet;
  const auto datagram = examine(std::as_bytes(std::span{data, size}), 1024);
  if (datagram.kind == DatagramKind::connect && size != 52) std::abort();
  if (datagram.kind == DatagramKind::for_peer && size > 4 + kMaxCommands * (8 + 1024)) std::abort();
  return 0;
}
