// lumen/codec, private: walks the NAL units of an Annex B byte stream (ITU-T H.264, annex B and table 7-1).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/wire.hpp"

namespace lumen::codec {

enum class NalType : std::uint8_t { slice = 1, idr_slice = 5, sei = 6, sps = 7, pps = 8 };

// Calls visit(NalType) for each NAL unit until it returns false.
template <class Visit>
void for_each_nal(ByteView bytes, Visit&& visit) {
  constexpr std::array<std::byte, 3> kStart{std::byte{0}, std::byte{0}, std::byte{1}};
  for (auto at = bytes.begin();;) {
    at = std::search(at, bytes.end(), kStart.begin(), kStart.end());
    if (bytes.end() - at < 4) return;
    at += 3;
    if (!visit(static_cast<NalType>(std::to_integer<unsigned>(*at) & 0x1FU))) return;
  }
}

// slice or idr_slice: the type of the picture's first slice. nullopt: there is none.
inline std::optional<NalType> first_slice_type(ByteView bytes) {
  std::optional<NalType> found;
  for_each_nal(bytes, [&found](NalType type) {
    if (type == NalType::slice || type == NalType::idr_slice) found = type;
    return !found.has_value();
  });
  return found;
}

}  // namespace lumen::codec
