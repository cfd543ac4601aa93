// lumen/net/quic, internal: bytes of a stream from when they are given until they are acknowledged, in a
// ring. They do not move meanwhile: ngtcp2 keeps pointers to them for retransmission.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>

#include "base/wire.hpp"

namespace lumen::net::quic {

template <std::size_t Capacity>
class SendBuffer {
 public:
  std::size_t size() const { return static_cast<std::size_t>(end_ - acknowledged_); }
  bool has_unsent() const { return sent_ < end_; }

  // All or, where there is no room, nothing.
  bool append(ByteView bytes) {
    if (bytes.size() > Capacity - size()) return false;
    // Memory of its own kind and untouched, as most connections never need it.
    if (!ring_) ring_ = std::make_unique_for_overwrite<std::byte[]>(Capacity);
    const auto at = index(end_);
    const auto head = std::min(bytes.size(), Capacity - at);
    std::ranges::copy(bytes.first(head), ring_.get() + at);
    std::ranges::copy(bytes.subspan(head), ring_.get());
    end_ += bytes.size();
    return true;
  }
  // What was not sent yet, as two pieces, of which the last or both may be empty.
  std::array<ByteView, 2> unsent() const {
    if (!has_unsent()) return {};
    const auto count = static_cast<std::size_t>(end_ - sent_);
    const auto at = index(sent_);
    const auto head = std::min(count, Capacity - at);
    return {ByteView{ring_.get() + at, head}, ByteView{ring_.get(), count - head}};
  }
  void mark_sent(std::size_t count) { sent_ = std::min(sent_ + count, end_); }
  // Everything before `offset` of the stream.
  void acknowledge(std::uint64_t offset) { acknowledged_ = std::clamp(offset, acknowledged_, sent_); }

 private:
  static std::size_t index(std::uint64_t offset) { return static_cast<std::size_t>(offset % Capacity); }

  std::unique_ptr<std::byte[]> ring_;
  std::uint64_t acknowledged_ = 0, sent_ = 0, end_ = 0;  // offsets in the stream
};

}  // namespace lumen::net::quic
