#include "gamestream/control/input_client.hpp"

#include <linux/input-event-codes.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gamestream/control/virtual_keys.hpp"

namespace lumen::gamestream::control {
namespace {

using Limits = std::numeric_limits<std::int16_t>;
constexpr std::uint8_t kUsualPrefix = 0x80;  // high byte of a key code, as most clients send it
constexpr double kFarthest = 1'000'000;      // pixels; a single motion is never larger

std::uint8_t client_button(std::uint16_t evdev_code) {
  switch (evdev_code) {
    case BTN_LEFT:
      return 1;
    case BTN_MIDDLE:
      return 2;
    case BTN_RIGHT:
      return 3;
    case BTN_SIDE:
      return 4;
    case BTN_EXTRA:
      return 5;
    default:
      return 0;
  }
}

// Takes as many whole pixels from `rest` as a packet can carry.
std::int16_t take_whole(double& rest) {
  const double part = std::clamp(std::trunc(rest), double{Limits::min()}, double{Limits::max()});
  rest -= part;
  return static_cast<std::int16_t>(part);
}

double added(double rest, float more) {
  return std::isfinite(more) ? std::clamp(rest + double{more}, -kFarthest, kFarthest) : rest;
}

}  // namespace

void InputClient::add(const InputEvent& event, std::vector<InputPacket>& out) {
  std::visit([&](const auto& each) { on(each, out); }, event);
}

void InputClient::on(const PointerMoveTo& move, std::vector<InputPacket>& out) {
  // The reference size is the packet's own, so it may be the finest that fits.
  out.emplace_back(MouseMoveTo{static_cast<std::int16_t>(move.x >> 1U),
                               static_cast<std::int16_t>(move.y >> 1U), Limits::max(), Limits::max()});
}

void InputClient::on(const PointerMoveBy& move, std::vector<InputPacket>& out) {
  dx_ = added(dx_, move.dx);
  dy_ = added(dy_, move.dy);
  while (std::abs(dx_) >= 1 || std::abs(dy_) >= 1) {
    const auto dx = take_whole(dx_);
    out.emplace_back(MouseMoveBy{dx, take_whole(dy_)});
  }
}

void InputClient::on(const PointerButton& button, std::vector<InputPacket>& out) {
  const auto number = client_button(button.evdev_code);
  const auto bit = static_cast<std::uint8_t>(1U << number);
  if (number == 0 || ((buttons_ & bit) != 0) == button.pressed) return;
  buttons_ ^= bit;
  out.emplace_back(MouseButton{button.pressed, number});
}

void InputClient::on(const Scroll& scroll, std::vector<InputPacket>& out) {
  if (scroll.vertical_v120 != 0) {
    const int up = std::min(-int{scroll.vertical_v120}, int{Limits::max()});
    out.emplace_back(VerticalScroll{static_cast<std::int16_t>(up)});
  }
  if (scroll.horizontal_v120 != 0) out.emplace_back(HorizontalScroll{scroll.horizontal_v120});
}

void InputClient::on(const Key& key, std::vector<InputPacket>& out) {
  const auto virtual_key_code = virtual_key(key.evdev_code);
  const auto before = std::ranges::find(keys_, key.evdev_code);
  if (virtual_key_code == 0 || (before != keys_.end()) == key.pressed) return;
  if (key.pressed) {
    keys_.push_back(key.evdev_code);
  } else {
    keys_.erase(before);
  }
  const bool japanese = key.evdev_code == KEY_YEN || key.evdev_code == KEY_RO;
  out.emplace_back(KeyInput{.pressed = key.pressed,
                            .flags = static_cast<std::uint8_t>(japanese),
                            .code = static_cast<std::uint16_t>(kUsualPrefix << 8U | virtual_key_code),
                            .modifiers = modifiers()});
}

std::uint8_t InputClient::modifiers() const {
  unsigned bits = 0;
  for (const auto key : keys_) {
    if (key == KEY_LEFTSHIFT || key == KEY_RIGHTSHIFT) bits |= modifier::kShift;
    if (key == KEY_LEFTCTRL || key == KEY_RIGHTCTRL) bits |= modifier::kControl;
    if (key == KEY_LEFTALT || key == KEY_RIGHTALT) bits |= modifier::kAlt;
    if (key == KEY_LEFTMETA || key == KEY_RIGHTMETA) bits |= modifier::kMeta;
  }
  return static_cast<std::uint8_t>(bits);
}

// UTF-8, one code point a packet.
void InputClient::on(const Character& character, std::vector<InputPacket>& out) {
  constexpr char32_t kLast = 0x10FFFF, kFirstSurrogate = 0xD800, kLastSurrogate = 0xDFFF;
  const auto code = character.code_point;
  if (code == 0 || code > kLast || (code >= kFirstSurrogate && code <= kLastSurrogate)) return;
  TextInput text;
  if (code < 0x80) {
    text.bytes[text.size++] = static_cast<char>(code);
  } else {
    const unsigned more = code < 0x800 ? 1 : code < 0x1'0000 ? 2 : 3;  // bytes behind the first
    const auto lead = 0xFF00U >> (more + 1) & 0xFFU;
    text.bytes[text.size++] = static_cast<char>(lead | code >> 6 * more);
    for (unsigned left = more; left-- > 0;)
      text.bytes[text.size++] = static_cast<char>(0x80U | (code >> 6 * left & 0x3FU));
  }
  out.emplace_back(text);
}

void InputClient::on(const ReleaseAll&, std::vector<InputPacket>& out) {
  while (!keys_.empty()) on(Key{keys_.back(), false}, out);
  for (const auto code : {BTN_LEFT, BTN_MIDDLE, BTN_RIGHT, BTN_SIDE, BTN_EXTRA}) {
    on(PointerButton{static_cast<std::uint16_t>(code), false}, out);
  }
}

}  // namespace lumen::gamestream::control
