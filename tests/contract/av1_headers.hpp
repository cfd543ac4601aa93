// Tests only: reads from a temporal unit of low-overhead OBUs what encoders promise (AV1 5.3, 5.5, 5.9.2).
#pragma once

#include <optional>
#include <stdexcept>
#include <vector>

#include "contract/h264_headers.hpp"

namespace lumen::contract {

inline constexpr unsigned kAv1Sequence = 1, kAv1Delimiter = 2, kAv1FrameHeader = 3, kAv1Frame = 6;
inline constexpr unsigned kAv1Key = 0, kAv1Inter = 1;

// Throws for bytes that are no OBUs with sizes.
inline std::vector<Nal> parse_obus(ByteView bytes) {
  std::vector<Nal> obus;
  std::size_t at = 0;
  const auto next = [&bytes, &at] { return std::to_integer<unsigned>(bytes[at++]); };
  while (at < bytes.size()) {
    const unsigned header = next();
    if ((header & 0x86U) != 2) throw std::runtime_error{"OBU without a size, or with an extension"};
    std::size_t size = 0;
    for (unsigned shift = 0, group = 0x80; (group & 0x80U) != 0 && at < bytes.size(); shift += 7) {
      group = next();
      size |= std::size_t{group & 0x7FU} << shift;
    }
    if (size > bytes.size() - at) throw std::runtime_error{"OBU beyond its unit"};
    Nal obu{.type = header >> 3U & 0xFU, .payload = {}};
    for (std::size_t i = 0; i < size; ++i) obu.payload.push_back(static_cast<std::uint8_t>(next()));
    obus.push_back(std::move(obu));
  }
  return obus;
}

struct Av1Frame {
  bool shows_existing = false, shown = false;
  unsigned type = 0;
};
inline Av1Frame parse_av1_frame(const Nal& obu) {
  BitReader bits{obu.payload};
  Av1Frame frame;
  frame.shows_existing = bits.flag();
  frame.type = bits.bits(2);
  frame.shown = bits.flag();
  return frame;
}

// Screen content tools, integer motion vectors and order hints.
inline void skip_av1_tools(BitReader& bits) {
  bits.bits(3);  // superblock size, intra filters
  bits.bits(4);  // compound, warped motion, dual filter
  const bool order_hint = bits.flag();
  if (order_hint) bits.bits(2);
  const bool chosen = bits.flag();
  const bool screen_tools = chosen || bits.flag();
  if (screen_tools && !bits.flag()) bits.flag();
  if (order_hint) bits.bits(3);
  bits.bits(3);  // super-resolution, CDEF, restoration
}

inline std::optional<SpsFacts> parse_av1_sequence(const Nal& obu) {
  BitReader bits{obu.payload};
  SpsFacts facts;
  facts.profile = bits.bits(3);
  if (facts.profile != 0 || bits.flag() || bits.flag()) return std::nullopt;  // still pictures
  if (bits.flag()) {
    facts.units_in_tick = bits.bits(32);
    facts.time_scale = bits.bits(32);
    if (bits.flag() && bits.ue() != 0) return std::nullopt;  // ticks per picture, less one
    if (bits.flag()) return std::nullopt;                    // decoder model
  }
  const bool display_delay = bits.flag();
  if (bits.bits(5) != 0) return std::nullopt;  // operating points
  bits.bits(12);
  facts.level = bits.bits(5);
  if (facts.level > 7) bits.flag();
  if (display_delay && bits.flag()) bits.bits(4);
  const unsigned width_bits = bits.bits(4) + 1, height_bits = bits.bits(4) + 1;
  facts.width = bits.bits(width_bits) + 1;
  facts.height = bits.bits(height_bits) + 1;
  if (bits.flag()) return std::nullopt;  // frame ids
  skip_av1_tools(bits);
  if (bits.flag() || bits.flag()) return std::nullopt;  // 10 bits, monochrome
  if (bits.flag()) {
    facts.primaries = bits.bits(8);
    facts.transfer = bits.bits(8);
    facts.matrix = bits.bits(8);
  }
  facts.full_range = bits.flag();
  return bits.ok() ? std::optional{facts} : std::nullopt;
}

}  // namespace lumen::contract
