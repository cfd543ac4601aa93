// lumen/media: how a client wants its picture encoded. A value.
#pragma once

#include <cstdint>

#include "media/frames.hpp"

namespace lumen {

struct Encoding {
  Codec codec = Codec::h264;
  ColorSpace color{};
  std::uint32_t bitrate_kbps = 0;  // 0: from the mode
  std::uint32_t slices = 0;  // of each picture, at least, where the codec has them; 0: the encoder's choice
  std::uint32_t max_references = 0;  // pictures a picture may refer to; 0: the encoder's choice
  std::uint32_t id = 0;              // the asker's, told back with the encoder that was made for it
  bool operator==(const Encoding&) const = default;
  bool is_same_but_for_id(Encoding other) const {
    other.id = id;
    return *this == other;
  }
};
inline constexpr std::uint32_t kMaxSlices = 32, kMaxReferences = 16;
inline constexpr std::uint32_t kMaxBitrateKbps = 2'000'000;

}  // namespace lumen
