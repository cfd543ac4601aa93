// lumen/base: bounds-checked, endian-explicit reading and writing of packets.
// Packets are never cast to structs.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace lumen {

using ByteView = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

// After the first short read every later read returns zero; test ok() once at the end.
class ByteReader {
 public:
  explicit constexpr ByteReader(ByteView bytes) : rest_{bytes} {}

  template <std::unsigned_integral T>
  constexpr T big() {
    return read<T, true>();
  }
  template <std::unsigned_integral T>
  constexpr T little() {
    return read<T, false>();
  }

  constexpr ByteView take(std::size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      return {};
    }
    const auto head = rest_.first(count);
    rest_ = rest_.subspan(count);
    return head;
  }

  constexpr bool ok() const { return ok_; }
  constexpr std::size_t remaining() const { return rest_.size(); }

 private:
  template <class T, bool Big>
  constexpr T read() {
    const auto raw = take(sizeof(T));
    T value{};
    for (std::size_t i = 0; i < raw.size(); ++i) {
      const auto shift = 8U * (Big ? sizeof(T) - 1U - i : i);
      value = static_cast<T>(value | static_cast<T>(std::to_integer<std::uint64_t>(raw[i]) << shift));
    }
    return value;
  }

  ByteView rest_;
  bool ok_ = true;
};

// Writes into a caller's buffer. After the first overflow nothing more is written; test ok() once.
class ByteWriter {
 public:
  explicit constexpr ByteWriter(MutableBytes bytes) : all_{bytes} {}

  template <std::unsigned_integral T>
  constexpr void big(T value) {
    write<T, true>(value);
  }
  template <std::unsigned_integral T>
  constexpr void little(T value) {
    write<T, false>(value);
  }

  constexpr void put(ByteView bytes) {
    if (bytes.size() > all_.size() - used_) {
      ok_ = false;
      return;
    }
    for (const auto byte : bytes) all_[used_++] = byte;
  }

  constexpr bool ok() const { return ok_; }
  constexpr std::size_t size() const { return used_; }
  constexpr MutableBytes written() const { return all_.first(used_); }

 private:
  template <class T, bool Big>
  constexpr void write(T value) {
    if (!ok_ || sizeof(T) > all_.size() - used_) {
      ok_ = false;
      return;
    }
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      const auto shift = 8U * (Big ? sizeof(T) - 1U - i : i);
      all_[used_++] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> shift);
    }
  }

  MutableBytes all_;
  std::size_t used_ = 0;
  bool ok_ = true;
};

inline ByteView as_view(std::string_view text) { return std::as_bytes(std::span{text.data(), text.size()}); }

}  // namespace lumen
