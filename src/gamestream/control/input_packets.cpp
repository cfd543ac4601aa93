#include "gamestream/control/input_packets.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace lumen::gamestream::control {
namespace {

enum class Magic : std::uint32_t {
  key_down = 0x03,
  key_up = 0x04,
  move_to = 0x05,
  move_by = 0x07,
  button_down = 0x08,
  button_up = 0x09,
  vertical_scroll = 0x0A,
  pad_state = 0x0C,
  enable_haptics = 0x0D,
  text = 0x17,
  horizontal_scroll = 0x5500'0001,
  touch = 0x5500'0002,
  pen = 0x5500'0003,
  pad_arrival = 0x5500'0004,
  pad_touch = 0x5500'0005,
  pad_motion = 0x5500'0006,
  pad_battery = 0x5500'0007,
};

constexpr std::size_t kHeaderBytes = 8;
constexpr std::uint8_t kMaxButton = 5;
// What a pad packet carries besides the pad; no reader looks at it.
constexpr std::uint16_t kPadHead = 0x001A, kPadMiddle = 0x0014, kPadTail = 0x009C, kPadEnd = 0x0055;

// Body bytes of each magic; nullopt: unknown. Text has its own rule.
std::optional<std::size_t> body_bytes(Magic magic) {
  switch (magic) {
    case Magic::button_down:
    case Magic::button_up:
      return 1;
    case Magic::horizontal_scroll:
    case Magic::enable_haptics:
      return 2;
    case Magic::move_by:
    case Magic::pad_battery:
      return 4;
    case Magic::key_down:
    case Magic::key_up:
    case Magic::vertical_scroll:
      return 6;
    case Magic::pad_arrival:
      return 8;
    case Magic::move_to:
      return 10;
    case Magic::pad_motion:
      return 16;
    case Magic::pad_touch:
      return 20;
    case Magic::pad_state:
      return 26;
    case Magic::touch:
    case Magic::pen:
      return 28;
    case Magic::text:
      break;
  }
  return std::nullopt;
}

std::int16_t big_i16(ByteReader& reader) { return static_cast<std::int16_t>(reader.big<std::uint16_t>()); }
std::int16_t little_i16(ByteReader& reader) {
  return static_cast<std::int16_t>(reader.little<std::uint16_t>());
}
std::uint8_t byte(ByteReader& reader) { return reader.little<std::uint8_t>(); }

// Every float of a packet, in order; `finite` turns false at the first that is none.
class FloatReader {
 public:
  explicit FloatReader(ByteReader& reader) : reader_{reader} {}
  void read(float& value) {
    value = std::bit_cast<float>(reader_.little<std::uint32_t>());
    finite = finite && std::isfinite(value);
  }
  bool finite = true;

 private:
  ByteReader& reader_;
};

std::optional<TouchEvent> touch_event(std::uint8_t value) {
  if (value > static_cast<std::uint8_t>(TouchEvent::cancel_all)) return std::nullopt;
  return static_cast<TouchEvent>(value);
}

KeyInput parse_key(ByteReader reader, bool pressed) {
  KeyInput key{.pressed = pressed};
  key.flags = byte(reader);
  key.code = reader.little<std::uint16_t>();
  key.modifiers = byte(reader);
  return key;
}

std::optional<InputPacket> parse_text(ByteReader reader) {
  if (reader.remaining() == 0 || reader.remaining() > kMaxTextBytes) return std::nullopt;
  TextInput text{.size = static_cast<std::uint8_t>(reader.remaining())};
  std::ranges::transform(reader.take(reader.remaining()), text.bytes.begin(),
                         [](std::byte raw) { return static_cast<char>(raw); });
  return text;
}

MouseMoveTo parse_move_to(ByteReader reader) {
  MouseMoveTo move;
  move.x = big_i16(reader);
  move.y = big_i16(reader);
  reader.take(2);
  move.width = big_i16(reader);
  move.height = big_i16(reader);
  return move;
}

std::optional<InputPacket> parse_button(ByteReader reader, bool pressed) {
  const auto button = byte(reader);
  if (button == 0 || button > kMaxButton) return std::nullopt;
  return MouseButton{pressed, button};
}

std::optional<InputPacket> parse_touch(ByteReader reader) {
  const auto event = touch_event(byte(reader));
  if (!event) return std::nullopt;
  Touch touch{.event = *event};
  if (*event == TouchEvent::cancel_all) return touch;  // the rest says nothing
  reader.take(1);
  touch.rotation = reader.little<std::uint16_t>();
  touch.pointer = reader.little<std::uint32_t>();
  FloatReader floats{reader};
  for (auto* value :
       {&touch.x, &touch.y, &touch.pressure_or_distance, &touch.contact_major, &touch.contact_minor}) {
    floats.read(*value);
  }
  if (!floats.finite) return std::nullopt;
  return touch;
}

std::optional<InputPacket> parse_pen(ByteReader reader) {
  const auto event = touch_event(byte(reader));
  if (!event) return std::nullopt;
  Pen pen{.event = *event};
  if (*event == TouchEvent::cancel_all) return pen;
  pen.tool = byte(reader);
  pen.buttons = byte(reader);
  reader.take(1);
  FloatReader floats{reader};
  for (auto* value : {&pen.x, &pen.y, &pen.pressure_or_distance}) floats.read(*value);
  pen.rotation = reader.little<std::uint16_t>();
  pen.tilt = byte(reader);
  reader.take(1);
  for (auto* value : {&pen.contact_major, &pen.contact_minor}) floats.read(*value);
  if (!floats.finite) return std::nullopt;
  return pen;
}

std::optional<InputPacket> parse_pad_state(ByteReader reader) {
  reader.take(2);
  const auto pad = reader.little<std::uint16_t>();
  if (pad >= kMaxPads) return std::nullopt;
  PadState state{.pad = static_cast<std::uint8_t>(pad)};
  state.active_mask = reader.little<std::uint16_t>();
  reader.take(2);
  state.buttons = reader.little<std::uint16_t>();
  state.left_trigger = byte(reader);
  state.right_trigger = byte(reader);
  for (auto* axis : {&state.left_x, &state.left_y, &state.right_x, &state.right_y})
    *axis = little_i16(reader);
  reader.take(2);
  state.buttons |= std::uint32_t{reader.little<std::uint16_t>()} << 16U;
  return state;
}

std::optional<InputPacket> parse_pad_arrival(ByteReader reader) {
  PadArrival arrival{.pad = byte(reader)};
  if (arrival.pad >= kMaxPads) return std::nullopt;
  arrival.type = byte(reader);
  arrival.capabilities = reader.little<std::uint16_t>();
  arrival.buttons = reader.little<std::uint32_t>();
  return arrival;
}

std::optional<InputPacket> parse_pad_touch(ByteReader reader) {
  PadTouch touch{.pad = byte(reader)};
  const auto event = touch_event(byte(reader));
  reader.take(1);
  touch.touchpad = byte(reader);
  if (touch.pad >= kMaxPads || !event || touch.touchpad > 1) return std::nullopt;
  touch.event = *event;
  touch.pointer = reader.little<std::uint32_t>();
  FloatReader floats{reader};
  for (auto* value : {&touch.x, &touch.y, &touch.pressure}) floats.read(*value);
  if (!floats.finite) return std::nullopt;
  return touch;
}

std::optional<InputPacket> parse_pad_motion(ByteReader reader) {
  PadMotion motion{.pad = byte(reader)};
  const auto sensor = byte(reader);
  if (motion.pad >= kMaxPads || sensor < 1 || sensor > 2) return std::nullopt;
  motion.sensor = static_cast<MotionSensor>(sensor);
  reader.take(2);
  FloatReader floats{reader};
  for (auto* value : {&motion.x, &motion.y, &motion.z}) floats.read(*value);
  if (!floats.finite) return std::nullopt;
  return motion;
}

std::optional<InputPacket> parse_pad_battery(ByteReader reader) {
  PadBattery battery{.pad = byte(reader)};
  if (battery.pad >= kMaxPads) return std::nullopt;
  battery.state = byte(reader);
  battery.percent = byte(reader);
  return battery;
}

std::optional<InputPacket> parse_body(Magic magic, ByteReader reader) {
  switch (magic) {
    case Magic::key_down:
      return parse_key(reader, true);
    case Magic::key_up:
      return parse_key(reader, false);
    case Magic::move_to:
      return parse_move_to(reader);
    case Magic::button_down:
      return parse_button(reader, true);
    case Magic::button_up:
      return parse_button(reader, false);
    case Magic::vertical_scroll:
      return VerticalScroll{big_i16(reader)};
    case Magic::horizontal_scroll:
      return HorizontalScroll{big_i16(reader)};
    case Magic::enable_haptics:
      return EnableHaptics{reader.little<std::uint16_t>() != 0};
    case Magic::touch:
      return parse_touch(reader);
    case Magic::pen:
      return parse_pen(reader);
    case Magic::pad_state:
      return parse_pad_state(reader);
    case Magic::pad_arrival:
      return parse_pad_arrival(reader);
    case Magic::pad_touch:
      return parse_pad_touch(reader);
    case Magic::pad_motion:
      return parse_pad_motion(reader);
    case Magic::pad_battery:
      return parse_pad_battery(reader);
    case Magic::move_by: {
      const auto dx = big_i16(reader);
      return MouseMoveBy{dx, big_i16(reader)};
    }
    case Magic::text:
      break;
  }
  return std::nullopt;
}

// ---- writing ----

class Body {
 public:
  Body(ByteWriter& writer, Magic magic, std::size_t bytes) : writer_{writer} {
    writer_.big(static_cast<std::uint32_t>(bytes + 4));
    writer_.little(static_cast<std::uint32_t>(magic));
  }
  Body(ByteWriter& writer, Magic magic) : Body{writer, magic, body_bytes(magic).value_or(0)} {}
  template <std::unsigned_integral... T>
  void little(T... values) {
    (writer_.little(values), ...);
  }
  void little(std::int16_t value) { writer_.little(static_cast<std::uint16_t>(value)); }
  void big(std::int16_t value) { writer_.big(static_cast<std::uint16_t>(value)); }
  void zeros(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) writer_.little(std::uint8_t{0});
  }
  template <class... F>
  void floats(F... values) {
    (writer_.little(std::bit_cast<std::uint32_t>(values)), ...);
  }
  void put(ByteView bytes) { writer_.put(bytes); }

 private:
  ByteWriter& writer_;
};

void write(const KeyInput& key, ByteWriter& writer) {
  Body body{writer, key.pressed ? Magic::key_down : Magic::key_up};
  body.little(key.flags, key.code, key.modifiers);
  body.zeros(2);
}
void write(const TextInput& text, ByteWriter& writer) {
  Body body{writer, Magic::text, text.size};
  body.put(as_view(text.text()));
}
void write(const MouseMoveBy& move, ByteWriter& writer) {
  Body body{writer, Magic::move_by};
  body.big(move.dx);
  body.big(move.dy);
}
void write(const MouseMoveTo& move, ByteWriter& writer) {
  Body body{writer, Magic::move_to};
  body.big(move.x);
  body.big(move.y);
  body.zeros(2);
  body.big(move.width);
  body.big(move.height);
}
void write(const MouseButton& button, ByteWriter& writer) {
  Body{writer, button.pressed ? Magic::button_down : Magic::button_up}.little(button.button);
}
void write(const VerticalScroll& scroll, ByteWriter& writer) {
  Body body{writer, Magic::vertical_scroll};
  body.big(scroll.amount);
  body.big(scroll.amount);
  body.zeros(2);
}
void write(const HorizontalScroll& scroll, ByteWriter& writer) {
  Body{writer, Magic::horizontal_scroll}.big(scroll.amount);
}
void write(const EnableHaptics& haptics, ByteWriter& writer) {
  Body{writer, Magic::enable_haptics}.little(static_cast<std::uint16_t>(haptics.enable));
}
void write(const Touch& touch, ByteWriter& writer) {
  Body body{writer, Magic::touch};
  body.little(static_cast<std::uint8_t>(touch.event), std::uint8_t{0}, touch.rotation, touch.pointer);
  body.floats(touch.x, touch.y, touch.pressure_or_distance, touch.contact_major, touch.contact_minor);
}
void write(const Pen& pen, ByteWriter& writer) {
  Body body{writer, Magic::pen};
  body.little(static_cast<std::uint8_t>(pen.event), pen.tool, pen.buttons, std::uint8_t{0});
  body.floats(pen.x, pen.y, pen.pressure_or_distance);
  body.little(pen.rotation, pen.tilt, std::uint8_t{0});
  body.floats(pen.contact_major, pen.contact_minor);
}
void write(const PadState& state, ByteWriter& writer) {
  Body body{writer, Magic::pad_state};
  body.little(kPadHead, std::uint16_t{state.pad}, state.active_mask, kPadMiddle);
  body.little(static_cast<std::uint16_t>(state.buttons), state.left_trigger, state.right_trigger);
  for (const auto axis : {state.left_x, state.left_y, state.right_x, state.right_y}) body.little(axis);
  body.little(kPadTail, static_cast<std::uint16_t>(state.buttons >> 16U), kPadEnd);
}
void write(const PadArrival& arrival, ByteWriter& writer) {
  Body{writer, Magic::pad_arrival}.little(arrival.pad, arrival.type, arrival.capabilities, arrival.buttons);
}
void write(const PadTouch& touch, ByteWriter& writer) {
  Body body{writer, Magic::pad_touch};
  body.little(touch.pad, static_cast<std::uint8_t>(touch.event), std::uint8_t{0}, touch.touchpad,
              touch.pointer);
  body.floats(touch.x, touch.y, touch.pressure);
}
void write(const PadMotion& motion, ByteWriter& writer) {
  Body body{writer, Magic::pad_motion};
  body.little(motion.pad, static_cast<std::uint8_t>(motion.sensor), std::uint16_t{0});
  body.floats(motion.x, motion.y, motion.z);
}
void write(const PadBattery& battery, ByteWriter& writer) {
  Body{writer, Magic::pad_battery}.little(battery.pad, battery.state, battery.percent, std::uint8_t{0});
}

}  // namespace

std::optional<InputPacket> parse_input(ByteView packet) {
  ByteReader reader{packet};
  const std::size_t size = reader.big<std::uint32_t>();
  const auto magic = static_cast<Magic>(reader.little<std::uint32_t>());
  if (!reader.ok() || size != packet.size() - 4) return std::nullopt;
  if (magic == Magic::text) return parse_text(reader);
  if (body_bytes(magic) != packet.size() - kHeaderBytes) return std::nullopt;
  return parse_body(magic, reader);
}

void write_input(const InputPacket& input, ByteWriter& writer) {
  std::visit([&writer](const auto& each) { write(each, writer); }, input);
}

}  // namespace lumen::gamestream::control
