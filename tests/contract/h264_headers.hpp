// Tests only: reads from an H.264 Annex B stream what encoders promise (ITU-T H.264 7.3.1, 7.3.2.1.1, E.1.1).
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/wire.hpp"

namespace lumen::contract {

inline constexpr unsigned kSlice = 1, kIdrSlice = 5, kSps = 7, kPps = 8;

struct Nal {
  unsigned type = 0;
  std::vector<std::uint8_t> payload;  // after the NAL header, emulation prevention removed
};

inline Nal parse_nal(ByteView unit) {
  Nal nal{.type = std::to_integer<unsigned>(unit[0]) & 0x1FU, .payload = {}};
  unsigned zeros = 0;
  for (const std::byte byte : unit.subspan(1)) {
    if (zeros >= 2 && byte == std::byte{3}) {
      zeros = 0;
      continue;
    }
    zeros = byte == std::byte{0} ? zeros + 1 : 0;
    nal.payload.push_back(std::to_integer<std::uint8_t>(byte));
  }
  return nal;
}

inline std::vector<Nal> parse_nals(ByteView bytes) {
  const auto is_start = [&bytes](std::size_t at) {
    return bytes[at] == std::byte{0} && bytes[at + 1] == std::byte{0} && bytes[at + 2] == std::byte{1};
  };
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at + 3 < bytes.size(); ++at) {
    if (is_start(at)) starts.push_back(at + 3);
  }
  std::vector<Nal> nals;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t end = i + 1 < starts.size() ? starts[i + 1] - 3 : bytes.size();
    nals.push_back(parse_nal(bytes.subspan(starts[i], end - starts[i])));
  }
  return nals;
}

class BitReader {
 public:
  explicit BitReader(const std::vector<std::uint8_t>& bytes) : bytes_{bytes} {}

  std::uint32_t bits(unsigned count) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < count; ++i) value = value << 1U | bit();
    return value;
  }
  bool flag() { return bit() != 0; }
  std::uint32_t ue() {
    unsigned zeros = 0;
    while (zeros < 32 && ok() && bit() == 0) ++zeros;
    return zeros == 0 ? 0 : (1U << zeros) - 1U + bits(zeros);
  }
  std::int32_t se() {
    const auto code = static_cast<std::int32_t>(ue());
    return code % 2 != 0 ? (code + 1) / 2 : -code / 2;
  }
  bool ok() const { return at_ <= bytes_.size() * 8; }

 private:
  std::uint32_t bit() {
    const std::size_t at = at_++;
    return at / 8 < bytes_.size() ? std::uint32_t{bytes_[at / 8]} >> (7U - at % 8U) & 1U : 0U;
  }

  const std::vector<std::uint8_t>& bytes_;
  std::size_t at_ = 0;
};

struct SpsFacts {
  unsigned profile = 0, level = 0;
  std::uint32_t width = 0, height = 0;  // after cropping
  bool full_range = false;
  unsigned primaries = 2, transfer = 2, matrix = 2;  // 2: unspecified
  unsigned chroma_location = 0;
  std::uint32_t units_in_tick = 0, time_scale = 0;
  // H.264 alone.
  std::uint32_t references = 0;
  bool has_restriction = false;  // the two behind it were told
  std::uint32_t reordered = 0, buffered = 0;
};

inline void skip_hrd(BitReader& bits) {
  const auto count = bits.ue() + 1;
  bits.bits(8);
  for (std::uint32_t i = 0; i < count && bits.ok(); ++i) {
    bits.ue();
    bits.ue();
    bits.flag();
  }
  bits.bits(20);
}

// What follows the timing in H.264 alone.
inline void parse_restriction(BitReader& bits, SpsFacts& facts) {
  const bool has_nal_hrd = bits.flag();
  if (has_nal_hrd) skip_hrd(bits);
  const bool has_vcl_hrd = bits.flag();
  if (has_vcl_hrd) skip_hrd(bits);
  if (has_nal_hrd || has_vcl_hrd) bits.flag();
  bits.flag();
  facts.has_restriction = bits.flag();
  if (!facts.has_restriction) return;
  bits.flag();
  for (int i = 0; i < 4; ++i) bits.ue();
  facts.reordered = bits.ue();
  facts.buffered = bits.ue();
}

inline void parse_vui(BitReader& bits, SpsFacts& facts) {
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
  if (bits.flag()) {
    facts.units_in_tick = bits.bits(32);
    facts.time_scale = bits.bits(32);
    bits.flag();
  }
}

// nullopt: damaged, or a profile with scaling lists or another chroma format, which no test here uses.
inline std::optional<SpsFacts> parse_sps(const Nal& nal) {
  BitReader bits{nal.payload};
  SpsFacts facts;
  facts.profile = bits.bits(8);
  bits.bits(8);
  facts.level = bits.bits(8);
  bits.ue();
  if (facts.profile >= 100) {
    const bool simple = bits.ue() == 1 && bits.ue() == 0 && bits.ue() == 0 && !bits.flag() && !bits.flag();
    if (!simple) return std::nullopt;
  }
  bits.ue();
  const auto order_type = bits.ue();
  if (order_type == 0) bits.ue();
  if (order_type == 1) return std::nullopt;
  facts.references = bits.ue();
  bits.flag();
  facts.width = (bits.ue() + 1) * 16;
  const auto map_units = bits.ue() + 1;
  const bool frames_only = bits.flag();
  facts.height = map_units * 16 * (frames_only ? 1 : 2);
  if (!frames_only) bits.flag();
  bits.flag();
  if (bits.flag()) {
    facts.width -= 2 * bits.ue();
    facts.width -= 2 * bits.ue();
    facts.height -= 2 * bits.ue();
    facts.height -= 2 * bits.ue();
  }
  if (bits.flag()) {
    parse_vui(bits, facts);
    parse_restriction(bits, facts);
  }
  return bits.ok() ? std::optional{facts} : std::nullopt;
}

}  // namespace lumen::contract
