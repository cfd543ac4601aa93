#include "net/quic/transport_parameters.hpp"

#include <cstdint>

namespace lumen::net::quic {
namespace {

constexpr std::uint64_t kGreaseQuicBit = 0x2AB2;

// RFC 9000 16. Returns how many bytes it has, 0 when it is cut short.
std::size_t read_varint(ByteView bytes, std::uint64_t& value) {
  if (bytes.empty()) return 0;
  const auto first = std::to_integer<std::uint8_t>(bytes[0]);
  const auto length = std::size_t{1} << (first >> 6U);
  if (length > bytes.size()) return 0;
  value = first & 0x3FU;
  for (std::size_t i = 1; i < length; ++i) value = value << 8U | std::to_integer<std::uint8_t>(bytes[i]);
  return length;
}

}  // namespace

std::optional<std::vector<std::byte>> without_grease_quic_bit(ByteView list) {
  std::vector<std::byte> kept;
  while (!list.empty()) {
    std::uint64_t id = 0, length = 0;
    const auto id_bytes = read_varint(list, id);
    const auto length_bytes = id_bytes == 0 ? 0 : read_varint(list.subspan(id_bytes), length);
    const auto head = id_bytes + length_bytes;
    if (length_bytes == 0 || length > list.size() - head) return std::nullopt;
    const auto parameter = list.first(head + static_cast<std::size_t>(length));
    if (id != kGreaseQuicBit) kept.insert(kept.end(), parameter.begin(), parameter.end());
    list = list.subspan(parameter.size());
  }
  return kept;
}

}  // namespace lumen::net::quic
