// lumen/link: how the fields of a message are written and read. Private to lumen/link.
// A message is: version (u8), type (u8), fields. Little endian; text is a u16 length and that many bytes; a
// flag is a byte 0 or 1; floats travel as their IEEE 754 bits. A kind of message has a kType and one
// fields(), which serves both directions; a variant among the alternatives stands for its own.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/wire.hpp"
#include "link/text.hpp"
#include "media/audio.hpp"
#include "media/mode.hpp"

namespace lumen::link {

inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::size_t kMaxText = 4096, kMaxArguments = 64;  // bytes of one text, entries
inline constexpr std::uint16_t kMaxEvdevCode = 0x2FF;              // KEY_MAX

template <class Message>
inline constexpr std::uint8_t kType = 0;

inline bool is_exact_text(std::string_view text) {
  return text.size() <= kMaxText && text.find('\0') == std::string_view::npos;
}
inline bool is_character(std::uint32_t code_point) {
  const bool is_control = code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
  return code_point <= 0x10FFFF && (code_point < 0xD800 || code_point > 0xDFFF) &&
         (!is_control || code_point == '\t' || code_point == '\n');
}
inline bool is_path(std::string_view text) { return is_exact_text(text) && text.starts_with('/'); }

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
  void within(float value, float least, float most) {
    check(value >= least && value <= most);
    real(value);
  }
  void packet_ms(std::uint8_t value) {
    check(value == 10 || value == 20);
    number(value);
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
  void bits(std::unsigned_integral auto value, decltype(value) known) {
    check((value & ~known) == 0);
    number(value);
  }
  // The first `size` bytes of a place for more, one at least.
  template <std::size_t Most>
  void block(const std::array<std::byte, Most>& bytes, std::uint16_t size) {
    check(size >= 1 && size <= Most);
    number(size);
    if (ok_) out_.put(ByteView{bytes}.first(size));
  }
  void block(ByteView bytes, std::size_t most) {
    check(bytes.size() <= most);
    number(static_cast<std::uint16_t>(bytes.size()));
    if (ok_) out_.put(bytes);
  }
  // 1…most bytes.
  void bytes(const std::vector<std::byte>& value, std::size_t most) {
    check(!value.empty() && value.size() <= most);
    number(static_cast<std::uint16_t>(value.size()));
    if (ok_) out_.put(value);
  }
  void require(bool condition) { check(condition); }
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
  void within(float& value, float least, float most) {
    real(value);
    check(value >= least && value <= most);
  }
  void packet_ms(std::uint8_t& value) {
    number(value);
    check(value == 10 || value == 20);
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
  template <std::unsigned_integral T>
  void bits(T& value, std::type_identity_t<T> known) {
    number(value);
    check((value & ~known) == 0);
  }
  template <std::size_t Most>
  void block(std::array<std::byte, Most>& bytes, std::uint16_t& size) {
    number(size);
    check(size >= 1 && size <= Most);
    if (ok_) std::ranges::copy(in_.take(size), bytes.begin());
  }
  void block(std::vector<std::byte>& bytes, std::size_t most) {
    const auto size = in_.little<std::uint16_t>();
    check(size <= most);
    const auto read = in_.take(size);
    bytes.assign(read.begin(), read.end());
  }
  void bytes(std::vector<std::byte>& value, std::size_t most) {
    const auto size = in_.little<std::uint16_t>();
    check(size >= 1 && size <= most);
    const auto read = in_.take(size);
    value.assign(read.begin(), read.end());
  }
  void require(bool condition) { check(condition); }
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

template <class>
inline constexpr bool kIsVariant = false;
template <class... Messages>
inline constexpr bool kIsVariant<std::variant<Messages...>> = true;

template <class Message>
void write(Writer& out, const Message& message) {
  if constexpr (kIsVariant<Message>) {
    std::visit([&out](const auto& each) { write(out, each); }, message);
  } else {
    static_assert(kType<Message> != 0);
    out.number(kVersion);
    out.number(kType<Message>);
    fields(out, message);
  }
}

// `Messages` as the alternatives of the variant that is pointed to; nothing is read when none has the type.
template <class Any, class... Messages>
void read_any(std::uint8_t type, Reader& in, std::optional<Any>& out, const std::variant<Messages...>*);

template <class Message, class Any>
void read_if(std::uint8_t type, Reader& in, std::optional<Any>& out) {
  if constexpr (kIsVariant<Message>) {
    std::optional<Message> nested;
    read_any(type, in, nested, static_cast<Message*>(nullptr));
    if (nested) out = std::move(*nested);
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

// nullopt: it makes no sense.
template <class Any>
std::optional<Any> read_message(ByteView bytes) {
  Reader in{bytes};
  std::uint8_t version = 0;
  std::uint8_t type = 0;
  in.number(version);
  in.number(type);
  std::optional<Any> message;
  if (version == kVersion) read_any(type, in, message, static_cast<Any*>(nullptr));
  return message;
}

// Empty when the message may not travel. No allocation: input events come at a kilohertz.
template <class Any>
ByteView write_message(MutableBytes buffer, const Any& message) {
  Writer out{buffer};
  write(out, message);
  return out.ok() ? out.written() : ByteView{};
}

}  // namespace lumen::link
