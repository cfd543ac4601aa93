// lumen1/control, internal: how the fields of a message are written and read. Little endian; text is a u16
// length and that many bytes of UTF-8; a flag is a byte 0 or 1; what may be missing is a flag and then
// itself; a list is a u16 count and its entries. One fields() of each message serves both directions.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/wire.hpp"
#include "lumen1/control/messages.hpp"
#include "lumen1/text.hpp"

namespace lumen::lumen1::control {

// ok() is false when a value may not travel, or the frame would be too long.
class Writer {
 public:
  explicit Writer(std::vector<std::byte>& out) : out_{out}, begin_{out.size()} {}

  void number(std::unsigned_integral auto value) {
    for (std::size_t i = 0; i < sizeof value; ++i) {
      out_.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> 8U * i));
    }
  }
  void within(std::unsigned_integral auto value, decltype(value) least, decltype(value) most) {
    check(least <= value && value <= most);
    number(value);
  }
  void flag(bool value) { number(std::uint8_t{value}); }
  template <class Enum>
  void choice(Enum value, Enum first, Enum last) {
    within(static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(first),
           static_cast<std::uint8_t>(last));
  }
  template <class Enum>
  void reason(Enum value) {
    number(static_cast<std::uint16_t>(value));
  }
  void bytes(ByteView value) { out_.insert(out_.end(), value.begin(), value.end()); }
  // A u16 length and so many bytes.
  void text(std::string_view value, std::size_t limit) {
    const auto plain = to_plain_text(value, limit);
    number(static_cast<std::uint16_t>(plain.size()));
    bytes(as_view(plain));
  }
  void name(std::string_view value) {
    check(!value.empty());
    text(value, kMaxNameBytes);
  }
  void block(ByteView value, std::size_t most) {
    check(value.size() <= most);
    number(static_cast<std::uint16_t>(value.size()));
    if (ok_) bytes(value);
  }
  void permissions(Permissions value) { number(value.mask()); }
  template <class T, class Fields>
  void maybe(const std::optional<T>& value, Fields each) {
    flag(value.has_value());
    if (value) each(*value);
  }
  // Cut to `most`.
  template <class T, class Fields>
  void list(const std::vector<T>& values, std::size_t least, std::size_t most, Fields each) {
    const auto count = std::min(values.size(), most);
    check(count >= least);
    number(static_cast<std::uint16_t>(count));
    for (std::size_t i = 0; i < count; ++i) each(values[i]);
  }
  void check(bool condition) { ok_ = ok_ && condition; }

  bool ok() const { return ok_ && size() <= kLengthBytes + kMaxFrameBytes; }
  std::size_t size() const { return out_.size() - begin_; }

 private:
  std::vector<std::byte>& out_;
  std::size_t begin_;
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
  template <std::unsigned_integral T>
  void within(T& value, std::type_identity_t<T> least, std::type_identity_t<T> most) {
    number(value);
    check(least <= value && value <= most);
  }
  void flag(bool& value) {
    std::uint8_t byte = 0;
    within(byte, 0, 1);
    value = byte == 1;
  }
  template <class Enum>
  void choice(Enum& value, Enum first, Enum last) {
    std::uint8_t byte = 0;
    within(byte, static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last));
    value = static_cast<Enum>(byte);
  }
  // Also one that this version does not know.
  template <class Enum>
  void reason(Enum& value) {
    value = static_cast<Enum>(in_.little<std::uint16_t>());
  }
  void bytes(MutableBytes value) {
    const auto read = in_.take(value.size());
    std::ranges::copy(read, value.begin());
  }
  void text(std::string& value, std::size_t limit) {
    const auto length = in_.little<std::uint16_t>();
    check(length <= limit);
    const auto read = in_.take(length);
    value.assign(reinterpret_cast<const char*>(read.data()), read.size());
    check(is_plain_text(value));
  }
  void name(std::string& value) {
    text(value, kMaxNameBytes);
    check(!value.empty());
  }
  void block(std::vector<std::byte>& value, std::size_t most) {
    const auto length = in_.little<std::uint16_t>();
    check(length <= most);
    const auto read = in_.take(length);
    value.assign(read.begin(), read.end());
  }
  void permissions(Permissions& value) { value = Permissions{in_.little<std::uint32_t>()}; }
  template <class T, class Fields>
  void maybe(std::optional<T>& value, Fields each) {
    bool present = false;
    flag(present);
    if (present) each(value.emplace());
  }
  template <class T, class Fields>
  void list(std::vector<T>& values, std::size_t least, std::size_t most, Fields each) {
    const auto count = in_.little<std::uint16_t>();
    check(least <= count && count <= most);
    for (std::size_t i = 0; i < count && ok(); ++i) each(values.emplace_back());
  }
  void check(bool condition) { ok_ = ok_ && condition; }

  bool ok() const { return ok_ && in_.ok(); }
  bool is_complete() const { return ok() && in_.remaining() == 0; }

 private:
  ByteReader in_;
  bool ok_ = true;
};

// A message of type M, const when it is written.
template <class T, class M>
concept Is = std::same_as<std::remove_const_t<T>, M>;

}  // namespace lumen::lumen1::control
