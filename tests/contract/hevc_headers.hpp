// Tests only: reads from an HEVC Annex B stream what encoders promise (ITU-T H.265 7.3.1, 7.3.2.2, E.2.1).
#pragma once

#include <optional>
#include <vector>

#include "contract/h264_headers.hpp"

namespace lumen::contract {

inline constexpr unsigned kHevcFirstNonVcl = 32, kHevcVps = 32, kHevcSps = 33, kHevcPps = 34;
inline constexpr unsigned kHevcIdrWithRadl = 19, kHevcIdr = 20;

// As parse_nals(), whose payload begins after one header byte: HEVC's has two, and keeps its type elsewhere.
inline std::vector<Nal> parse_hevc_nals(ByteView bytes) {
  auto nals = parse_nals(bytes);
  std::size_t at = 0;
  for (auto& nal : nals) {
    while (bytes[at] != std::byte{0} || bytes[at + 1] != std::byte{0} || bytes[at + 2] != std::byte{1}) ++at;
    at += 3;
    nal.type = std::to_integer<unsigned>(bytes[at]) >> 1U & 0x3FU;
    if (!nal.payload.empty()) nal.payload.erase(nal.payload.begin());
  }
  return nals;
}

inline void skip_ue(BitReader& bits, unsigned count) {
  while (count-- > 0) bits.ue();
}

inline void parse_hevc_vui(BitReader& bits, SpsFacts& facts) {
  if (bits.flag() && bits.bits(8) == 255) bits.bits(32);  // aspect ratio
  if (bits.flag()) bits.flag();                           // overscan
  if (bits.flag()) {
    bits.bits(3);
    facts.full_range = bits.flag();
    if (bits.flag()) {
      facts.primaries = bits.bits(8);
      facts.transfer = bits.bits(8);
      facts.matrix = bits.bits(8);
    }
  }
  if (bits.flag()) {
    facts.chroma_location = bits.ue();
    bits.ue();
  }
  bits.bits(3);
  if (bits.flag()) skip_ue(bits, 4);  // default display window
  if (bits.flag()) {
    facts.units_in_tick = bits.bits(32);
    facts.time_scale = bits.bits(32);
  }
}

// From where the sizes end to the VUI. False: something that no test here uses.
inline bool skip_hevc_tools(BitReader& bits) {
  if (bits.ue() != 0 || bits.ue() != 0) return false;  // deeper than 8 bits
  skip_ue(bits, 1);
  bits.flag();
  skip_ue(bits, 3);  // of the one sub-layer
  skip_ue(bits, 6);
  if (bits.flag()) return false;  // scaling lists
  bits.bits(2);
  if (bits.flag()) return false;     // PCM
  if (bits.ue() != 0) return false;  // reference sets: x265 has them in slices
  if (bits.flag()) return false;     // long-term references
  bits.bits(2);
  return true;
}

inline std::optional<SpsFacts> parse_hevc_sps(const Nal& nal) {
  BitReader bits{nal.payload};
  SpsFacts facts;
  bits.bits(4);
  if (bits.bits(3) != 0) return std::nullopt;  // temporal sub-layers
  bits.flag();
  bits.bits(3);
  facts.profile = bits.bits(5);
  bits.bits(32);
  bits.bits(32);
  bits.bits(16);
  facts.level = bits.bits(8);
  bits.ue();
  if (bits.ue() != 1) return std::nullopt;  // 4:2:0
  facts.width = bits.ue();
  facts.height = bits.ue();
  if (bits.flag()) {
    facts.width -= 2 * bits.ue();
    facts.width -= 2 * bits.ue();
    facts.height -= 2 * bits.ue();
    facts.height -= 2 * bits.ue();
  }
  if (!skip_hevc_tools(bits)) return std::nullopt;
  if (bits.flag()) parse_hevc_vui(bits, facts);
  return bits.ok() ? std::optional{facts} : std::nullopt;
}

}  // namespace lumen::contract
