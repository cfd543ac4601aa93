// lumen/stream/receive: datagrams from lm-recv to another thread. Full: the newest is dropped. One producer,
// one consumer; neither waits for the other. Allocates in the constructor only.
#pragma once

#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>

#include "base/fd.hpp"
#include "base/units.hpp"
#include "base/wire.hpp"

namespace lumen::stream {

class DatagramQueue {
 public:
  static constexpr std::size_t kPlaces = 128, kPlaceBytes = 1472;

  struct Arrived {
    MutableBytes bytes;
    Timestamp at;
  };

  // Producer. False: full, or too large.
  bool push(ByteView datagram, Timestamp at) {
    const auto tail = tail_.load(std::memory_order_relaxed);
    if (datagram.size() > kPlaceBytes || tail - head_.load(std::memory_order_acquire) == kPlaces)
      return false;
    auto& place = (*places_)[tail % kPlaces];
    std::ranges::copy(datagram, place.bytes.begin());
    place.size = datagram.size();
    place.at = at;
    tail_.store(tail + 1, std::memory_order_release);
    wake();
    return true;
  }
  // Any thread: ends the consumer's wait on fd().
  void wake() const { eventfd_write(wake_.get(), 1); }

  // Consumer. The oldest one, valid until pop().
  std::optional<Arrived> front() {
    const auto head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return std::nullopt;
    auto& place = (*places_)[head % kPlaces];
    return Arrived{MutableBytes{place.bytes}.first(place.size), place.at};
  }
  void pop() { head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }
  int fd() const { return wake_.get(); }  // readable: look again
  void drain() const {
    eventfd_t ignored = 0;
    eventfd_read(wake_.get(), &ignored);
  }

 private:
  struct Place {
    std::array<std::byte, kPlaceBytes> bytes;
    std::size_t size = 0;
    Timestamp at;
  };
  std::unique_ptr<std::array<Place, kPlaces>> places_ = std::make_unique<std::array<Place, kPlaces>>();
  UniqueFd wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::atomic<std::size_t> head_{0}, tail_{0};  // counted without end
};

}  // namespace lumen::stream
