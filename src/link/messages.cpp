// A message is: version (u8), type (u8), fields. Little endian; text is a u16 length and that many bytes; a
// flag is a byte 0 or 1; floats travel as their IEEE 754 bits. One fields() per message serves both
// directions.
#include "link/messages.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <type_traits>

#include "link/packet.hpp"
#include "link/text.hpp"

namespace lumen::link {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMaxText = 4096, kMaxArguments = 64;  // bytes of one text, entries
constexpr std::uint16_t kMaxEvdevCode = 0x2FF;              // KEY_MAX

template <class Message>
constexpr std::uint8_t kType = 0;
template <>
constexpr std::uint8_t kType<Configure> = 1;
template <>
constexpr std::uint8_t kType<SetMode> = 2;
template <>
constexpr std::uint8_t kType<SetPointer> = 3;
template <>
constexpr std::uint8_t kType<RequestIdr> = 4;
template <>
constexpr std::uint8_t kType<SetStreaming> = 5;
template <>
constexpr std::uint8_t kType<Stop> = 6;
template <>
constexpr std::uint8_t kType<SetEncoding> = 7;
template <>
constexpr std::uint8_t kType<SetAudio> = 8;
template <>
constexpr std::uint8_t kType<PointerMoveTo> = 16;
template <>
constexpr std::uint8_t kType<PointerMoveBy> = 17;
template <>
constexpr std::uint8_t kType<PointerButton> = 18;
template <>
constexpr std::uint8_t kType<Scroll> = 19;
template <>
constexpr std::uint8_t kType<Key> = 20;
template <>
constexpr std::uint8_t kType<ReleaseAll> = 21;
template <>
constexpr std::uint8_t kType<Touch> = 22;
template <>
constexpr std::uint8_t kType<Pen> = 23;
template <>
constexpr std::uint8_t kType<Character> = 24;
template <>
constexpr std::uint8_t kType<Ready> = 64;
template <>
constexpr std::uint8_t kType<ModeChanged> = 65;
template <>
constexpr std::uint8_t kType<Responding> = 66;
template <>
constexpr std::uint8_t kType<Ended> = 67;
template <>
constexpr std::uint8_t kType<SessionStats> = 68;
template <>
constexpr std::uint8_t kType<SoundState> = 69;
template <>
constexpr std::uint8_t kType<DesktopState> = 70;

bool is_exact_text(std::string_view text) {
  return text.size() <= kMaxText && text.find('\0') == std::string_view::npos;
}
bool is_character(std::uint32_t code_point) {
  const bool is_control = code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
  return code_point <= 0x10FFFF && (code_point < 0xD800 || code_point > 0xDFFF) &&
         (!is_control || code_point == '\t' || code_point == '\n');
}
bool is_path(std::string_view text) { return is_exact_text(text) && text.starts_with('/'); }

// ok() is false when a value may not travel or did not fit.
class Writer {
 public:
  explicit Writer(MutableBytes bytes) : out_{bytes} {}

  void number(std::unsigned_integral auto value) { out_.little(value); }
  void signed16(std::int16_t value) { number(static_cast<std::uint16_t>(value)); }
  void flag(bool value) { number(std::uint8_t{value}); }
  void real(float value) {
    check(std::isfinite(value));
    number(std::bit_cast<std::uint32_t>(value));
  }
  void share(float value) {
    check(value >= 0 && value <= 1);
    real(value);
  }
  void scale(float value) {
    check(value >= kMinScale && value <= kMaxScale);
    real(value);
  }
  void evdev_code(std::uint16_t value) {
    check(value <= kMaxEvdevCode);
    number(value);
  }
  void character(char32_t value) {
    check(is_character(value));
    number(std::uint32_t{value});
  }
  void mode(const Mode& value) {
    check(is_valid(value));
    number(value.width);
    number(value.height);
    number(value.refresh_mhz);
  }
  template <class Enum>
  void choice(Enum value, Enum first, Enum last) {
    check(first <= value && value <= last);
    number(static_cast<std::uint8_t>(value));
  }
  void audio(const AudioFormat& value) {
    check(is_valid(value));
    number(value.channels);
    number(static_cast<std::uint8_t>(value.quality));
    number(value.packet_ms);
  }
  void audio(const std::optional<AudioFormat>& value) {
    flag(value.has_value());
    if (value) audio(*value);
  }
  void up_to(std::unsigned_integral auto value, decltype(value) most) {
    check(value <= most);
    number(value);
  }
  void up_to_or(std::unsigned_integral auto value, decltype(value) most, decltype(value) unknown) {
    check(value <= most || value == unknown);
    number(value);
  }
  // For people: clipped rather than refused.
  void prose(std::string_view text) {
    const auto kept = text.substr(0, kMaxText);
    number(static_cast<std::uint16_t>(kept.size()));
    out_.put(as_view(kept));
  }
  void exact(std::string_view text) {
    check(is_exact_text(text));
    prose(text);
  }
  void path(std::string_view text) {
    check(is_path(text));
    prose(text);
  }
  void path_or_none(std::string_view text) {
    check(text.empty() || is_path(text));
    prose(text);
  }
  void arguments(const std::vector<std::string>& values) {
    check(values.size() <= kMaxArguments);
    number(static_cast<std::uint8_t>(values.size()));
    for (const auto& value : values) exact(value);
  }

  bool ok() const { return ok_ && out_.ok(); }
  ByteView written() const { return out_.written(); }

 private:
  void check(bool condition) { ok_ = ok_ && condition; }
  ByteWriter out_;
  bool ok_ = true;
};

// Mirror of Writer. Allocates no more than the bytes that are really there.
class Reader {
 public:
  explicit Reader(ByteView bytes) : in_{bytes} {}

  template <std::unsigned_integral T>
  void number(T& value) {
    value = in_.little<T>();
  }
  void signed16(std::int16_t& value) { value = static_cast<std::int16_t>(in_.little<std::uint16_t>()); }
  void flag(bool& value) {
    const auto byte = in_.little<std::uint8_t>();
    check(byte <= 1);
    value = byte == 1;
  }
  void real(float& value) {
    value = std::bit_cast<float>(in_.little<std::uint32_t>());
    check(std::isfinite(value));
  }
  void share(float& value) {
    real(value);
    check(value >= 0 && value <= 1);
  }
  void scale(float& value) {
    real(value);
    check(value >= kMinScale && value <= kMaxScale);
  }
  void evdev_code(std::uint16_t& value) {
    number(value);
    check(value <= kMaxEvdevCode);
  }
  void character(char32_t& value) {
    const auto read = in_.little<std::uint32_t>();
    check(is_character(read));
    value = read;
  }
  void mode(Mode& value) {
    number(value.width);
    number(value.height);
    number(value.refresh_mhz);
    check(is_valid(value));
  }
  template <class Enum>
  void choice(Enum& value, Enum first, Enum last) {
    value = static_cast<Enum>(in_.little<std::uint8_t>());
    check(first <= value && value <= last);
  }
  void audio(AudioFormat& value) {
    number(value.channels);
    value.quality = static_cast<AudioQuality>(in_.little<std::uint8_t>());
    number(value.packet_ms);
    check(is_valid(value));
  }
  void audio(std::optional<AudioFormat>& value) {
    bool present = false;
    flag(present);
    if (present) audio(value.emplace());
  }
  template <std::unsigned_integral T>
  void up_to(T& value, std::type_identity_t<T> most) {
    number(value);
    check(value <= most);
  }
  template <std::unsigned_integral T>
  void up_to_or(T& value, std::type_identity_t<T> most, std::type_identity_t<T> unknown) {
    number(value);
    check(value <= most || value == unknown);
  }
  // It goes to logs and terminals.
  void prose(std::string& text) { text = printable(view()); }
  void exact(std::string& text) {
    text = view();
    check(is_exact_text(text));
  }
  void path(std::string& text) {
    text = view();
    check(is_path(text));
  }
  void path_or_none(std::string& text) {
    text = view();
    check(text.empty() || is_path(text));
  }
  void arguments(std::vector<std::string>& values) {
    const auto count = in_.little<std::uint8_t>();
    check(count <= kMaxArguments);
    for (std::size_t i = 0; i < count && ok_ && in_.ok(); ++i) exact(values.emplace_back());
  }

  bool complete() const { return ok_ && in_.ok() && in_.remaining() == 0; }

 private:
  std::string_view view() {
    const auto length = in_.little<std::uint16_t>();
    check(length <= kMaxText);
    const auto bytes = in_.take(length);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  void check(bool condition) { ok_ = ok_ && condition; }
  ByteReader in_;
  bool ok_ = true;
};

// A message of type M, const when it is written.
template <class T, class M>
concept Is = std::same_as<std::remove_const_t<T>, M>;

template <class M>
  requires std::is_empty_v<M>
void fields(auto&, M&) {}
void fields(auto& io, Is<Configure> auto& m) {
  io.mode(m.mode);
  io.arguments(m.command);
  io.path(m.runtime_dir);
  io.exact(m.preset);
  io.number(m.bitrate_kbps);
  io.flag(m.pointer_drawn);
  io.audio(m.audio);
  io.exact(m.desktop.use);
  io.scale(m.desktop.scale);
  io.flag(m.desktop.command_is_desktop);
  io.path_or_none(m.desktop.restore_dir);
}
void fields(auto& io, Is<SetMode> auto& m) { io.mode(m.mode); }
void fields(auto& io, Is<SetPointer> auto& m) { io.flag(m.drawn); }
void fields(auto& io, Is<SetStreaming> auto& m) { io.flag(m.on); }
void fields(auto& io, Is<SetEncoding> auto& m) {
  auto& encoding = m.encoding;
  io.choice(encoding.codec, Codec::h264, Codec::av1);
  io.choice(encoding.color.matrix, ColorMatrix::bt601, ColorMatrix::bt709);
  io.choice(encoding.color.range, ColorRange::limited, ColorRange::full);
  io.up_to(encoding.bitrate_kbps, kMaxBitrateKbps);
  io.up_to(encoding.slices, kMaxSlices);
  io.up_to(encoding.max_references, kMaxReferences);
  io.number(encoding.id);
}
void fields(auto& io, Is<SetAudio> auto& m) { io.audio(m.format); }
void fields(auto& io, Is<PointerMoveTo> auto& m) {
  io.number(m.x);
  io.number(m.y);
}
void fields(auto& io, Is<PointerMoveBy> auto& m) {
  io.real(m.dx);
  io.real(m.dy);
}
void fields(auto& io, Is<PointerButton> auto& m) {
  io.evdev_code(m.evdev_code);
  io.flag(m.pressed);
}
void fields(auto& io, Is<Scroll> auto& m) {
  io.signed16(m.vertical_v120);
  io.signed16(m.horizontal_v120);
}
void fields(auto& io, Is<Key> auto& m) {
  io.evdev_code(m.evdev_code);
  io.flag(m.pressed);
}
void fields(auto& io, Is<Touch> auto& m) {
  io.choice(m.phase, TouchPhase::down, TouchPhase::cancel);
  io.number(m.id);
  io.number(m.x);
  io.number(m.y);
  io.share(m.pressure);
}
void fields(auto& io, Is<Pen> auto& m) {
  io.choice(m.place, PenPlace::away, PenPlace::touching);
  io.choice(m.tool, PenTool::pen, PenTool::eraser);
  io.up_to(m.buttons, kPenPrimary | kPenSecondary | kPenTertiary);
  io.number(m.x);
  io.number(m.y);
  io.share(m.pressure);
  io.share(m.distance);
  io.up_to_or(m.rotation_degrees, 360, kUnknownPenRotation);
  io.up_to_or(m.tilt_degrees, 90, kUnknownPenTilt);
}
void fields(auto& io, Is<Character> auto& m) { io.character(m.code_point); }
void fields(auto& io, Is<Ready> auto& m) {
  io.prose(m.encoder);
  io.prose(m.encoder_reason);
  io.prose(m.display);
  io.prose(m.capture);
}
void fields(auto& io, Is<ModeChanged> auto& m) {
  io.mode(m.mode);
  io.number(m.encoding_id);
  io.prose(m.encoder);
  io.prose(m.encoder_reason);
}
void fields(auto& io, Is<Responding> auto& m) { io.flag(m.yes); }
void fields(auto& io, Is<Ended> auto& m) {
  io.prose(m.id);
  io.prose(m.reason);
}
void fields(auto& io, Is<SoundState> auto& m) { io.prose(m.reason); }
void fields(auto& io, Is<DesktopState> auto& m) { io.prose(m.reason); }
void fields(auto& io, Is<SessionStats> auto& m) {
  io.number(m.cpu_us);
  io.number(m.encoder_cpu_us);
  io.number(m.convert_cpu_us);
  io.number(m.rss_bytes);
  io.number(m.frames_captured);
  io.number(m.frames_encoded);
  io.number(m.frames_overwritten);
  io.number(m.idr_count);
  io.number(m.dropped_full);
}

void write(Writer& out, const auto& message) {
  static_assert(kType<std::remove_cvref_t<decltype(message)>> != 0);
  out.number(kVersion);
  out.number(kType<std::remove_cvref_t<decltype(message)>>);
  fields(out, message);
}
void write(Writer& out, const InputEvent& event) {
  std::visit([&out](const auto& message) { write(out, message); }, event);
}
template <class... Messages>
void write(Writer& out, const std::variant<Messages...>& any) {
  std::visit([&out](const auto& message) { write(out, message); }, any);
}

// `Messages` as the alternatives of the variant that is pointed to; nothing is read when none has the type.
template <class Any, class... Messages>
void read_any(std::uint8_t type, Reader& in, std::optional<Any>& out, const std::variant<Messages...>*);

template <class Message, class Any>
void read_if(std::uint8_t type, Reader& in, std::optional<Any>& out) {
  if constexpr (std::same_as<Message, InputEvent>) {
    std::optional<InputEvent> event;
    read_any(type, in, event, static_cast<InputEvent*>(nullptr));
    if (event) out = *event;
  } else if (type == kType<Message>) {
    Message message{};
    fields(in, message);
    if (in.complete()) out = std::move(message);
  }
}

template <class Any, class... Messages>
void read_any(std::uint8_t type, Reader& in, std::optional<Any>& out, const std::variant<Messages...>*) {
  (read_if<Messages>(type, in, out), ...);
}

template <class Any>
Result<Any> decode(ByteView bytes) {
  Reader in{bytes};
  std::uint8_t version = 0;
  std::uint8_t type = 0;
  in.number(version);
  in.number(type);
  std::optional<Any> message;
  if (version == kVersion && bytes.size() <= kMaxMessageBytes) {
    read_any(type, in, message, static_cast<Any*>(nullptr));
  }
  if (message) return std::move(*message);
  return malformed_packet("the other process sent a message that makes no sense");
}

using MessageBuffer = std::array<std::byte, kMaxMessageBytes>;

// Empty when the message may not travel. No allocation: input events come at a kilohertz.
template <class Any>
ByteView encode_into(MessageBuffer& buffer, const Any& message) {
  Writer out{buffer};
  write(out, message);
  return out.ok() ? out.written() : ByteView{};
}

template <class Any>
std::vector<std::byte> encode_copy(const Any& message) {
  MessageBuffer buffer;
  const auto bytes = encode_into(buffer, message);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::vector<std::byte> encode(const ToSession& message) { return encode_copy(message); }
std::vector<std::byte> encode(const ToHost& message) { return encode_copy(message); }
Result<ToSession> decode_to_session(ByteView bytes) { return decode<ToSession>(bytes); }
Result<ToHost> decode_to_host(ByteView bytes) { return decode<ToHost>(bytes); }

Status send(int socket, const ToSession& message, std::span<const int> descriptors) {
  MessageBuffer buffer;
  return send_packet(socket, encode_into(buffer, message), descriptors);
}

Status send(int socket, const ToHost& message) {
  MessageBuffer buffer;
  return send_packet(socket, encode_into(buffer, message), {});
}

Result<std::optional<Received<ToSession>>> receive_to_session(int socket) {
  MessageBuffer buffer;
  std::vector<UniqueFd> descriptors;
  LUMEN_TRY(const auto bytes, receive_packet(socket, buffer, descriptors));
  if (!bytes) return std::nullopt;
  LUMEN_TRY(auto message, decode_to_session(*bytes));
  return Received<ToSession>{std::move(message), std::move(descriptors)};
}

Result<std::optional<ToHost>> receive_to_host(int socket) {
  MessageBuffer buffer;
  std::vector<UniqueFd> descriptors;
  LUMEN_TRY(const auto bytes, receive_packet(socket, buffer, descriptors));
  if (!bytes) return std::nullopt;
  if (!descriptors.empty()) return malformed_packet("the session sent descriptors, which it never should");
  LUMEN_TRY(auto message, decode_to_host(*bytes));
  return message;
}

}  // namespace lumen::link
