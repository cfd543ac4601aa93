// Any bytes as clear header, shard header and frame header: what decodes encodes back to the same bytes.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "lumen1/wire.hpp"

namespace {

using namespace lumen;
using namespace lumen::lumen1;

template <std::size_t Bytes, class Header>
void require_same(const Header& header, ByteView original) {
  std::array<std::byte, Bytes> again{};
  encode(header, again);
  if (!std::ranges::equal(again, original.first(Bytes))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span{data, size});
  if (const auto header = decode_clear_header(bytes)) require_same<kClearHeaderBytes>(*header, bytes);
  if (const auto header = decode_shard_header(bytes)) require_same<kShardHeaderBytes>(*header, bytes);
  if (const auto header = decode_frame_header(bytes)) require_same<kFrameHeaderBytes>(*header, bytes);
  return 0;
}
