// Transport parameters as a peer gives them: what is left has no grease bit, and is left as it is a second
// time.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "net/quic/transport_parameters.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using lumen::net::quic::without_grease_quic_bit;
  const auto list = std::as_bytes(std::span{data, size});
  const auto kept = without_grease_quic_bit(list);
  if (!kept) return 0;
  if (kept->size() > list.size()) std::abort();
  const auto again = without_grease_quic_bit(*kept);
  if (!again || *again != *kept) std::abort();
  return 0;
}
