// lumen/codec, private: the level that an HEVC stream says it needs of a decoder (ITU-T H.265 A.4.1), and how
// it gets into the parameter sets. libx265 refuses to change the bitrate of a stream when that changes its
// level, so it encodes at "level 8.5", which has no limits, and the true level is written here.
#pragma once

#include <cstdint>
#include <span>

#include "base/units.hpp"
#include "media/mode.hpp"

namespace lumen::codec {

struct HevcLevel {
  std::uint8_t idc = 0;  // thirty times the level; 255: no limits
  bool high_tier = false;
  bool operator==(const HevcLevel&) const = default;
};

// The lowest of the Main tier that fits, else of the High tier, else level 8.5.
HevcLevel hevc_level(const Mode& mode, BitsPerSecond bitrate);

// `nal` is a VPS or an SPS of a stream without sub-layers, from its NAL header on and at a level of at least
// 3: neither the old nor the new level then takes part in emulation prevention. Others are left alone.
void write_hevc_level(std::span<std::uint8_t> nal, HevcLevel level);

}  // namespace lumen::codec
