// lumen/link: the pointer beside the picture as messages. Private to lumen/link.
#pragma once

#include "link/fields.hpp"
#include "link/messages.hpp"
#include "media/pointer.hpp"

namespace lumen::link {

template <>
inline constexpr std::uint8_t kType<SetPointer> = 3;
template <>
inline constexpr std::uint8_t kType<PointerTaken> = 11;
template <>
inline constexpr std::uint8_t kType<PointerState> = 71;
template <>
inline constexpr std::uint8_t kType<PointerPiece> = 72;

void fields(auto& io, Is<SetPointer> auto& m) {
  io.flag(m.drawn);
  io.flag(m.apart);
  io.require(!m.drawn || !m.apart);
}
void fields(auto& io, Is<PointerTaken> auto& m) { io.number(m.image); }
void fields(auto& io, Is<PointerState> auto& m) {
  io.choice(m.place, PointerPlace::in_picture, PointerPlace::hidden);
  io.number(m.image);
  io.up_to(m.x, kMaxModeSize - 1);
  io.up_to(m.y, kMaxModeSize - 1);
}
void fields(auto& io, Is<PointerPiece> auto& m) {
  io.number(m.image);
  io.number(m.slot);
  for (auto* number : {&m.geometry.width, &m.geometry.height, &m.geometry.hotspot_x, &m.geometry.hotspot_y})
    io.number(*number);
  io.number(m.offset);
  io.bytes(m.pixels, kMaxPointerPiece);
  io.require(is_valid(m));
}

}  // namespace lumen::link
