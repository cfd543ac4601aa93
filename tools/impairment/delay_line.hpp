// tools/impairment: datagrams that are on their way, by the time at which they arrive. Those of the same time
// keep their order. Holds a bounded amount; what more comes is refused. Slots are used again, so that nothing
// is allocated once there are enough of them. Owner: one thread. Thread-safe: no.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/units.hpp"
#include "base/wire.hpp"

namespace lumen::impairment {

class DelayLine {
 public:
  explicit DelayLine(std::size_t most_datagrams = 64 * 1024) : most_{most_datagrams} {}

  // False: it is full. `flow` comes out with the datagram.
  bool put(Timestamp arrives, std::uint32_t flow, ByteView datagram) {
    std::uint32_t slot = 0;
    if (!free_.empty()) {
      slot = free_.back();
      free_.pop_back();
    } else if (slots_.size() < most_) {
      slot = static_cast<std::uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      return false;
    }
    slots_[slot].assign(datagram.begin(), datagram.end());
    heap_.push_back({arrives, next_++, slot, flow});
    std::ranges::push_heap(heap_, is_later);
    return true;
  }

  // Calls `arrive(flow, datagram)` for each that is due; its bytes are valid during the call.
  template <class Arrive>
  void take_due(Timestamp now, Arrive arrive) {
    while (!heap_.empty() && heap_.front().arrives <= now) {
      std::ranges::pop_heap(heap_, is_later);
      const auto entry = heap_.back();
      heap_.pop_back();
      arrive(entry.flow, ByteView{slots_[entry.slot]});
      free_.push_back(entry.slot);
    }
  }

  std::optional<Timestamp> next() const {
    return heap_.empty() ? std::nullopt : std::optional{heap_.front().arrives};
  }
  std::size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    Timestamp arrives;
    std::uint64_t number;
    std::uint32_t slot, flow;
  };
  static bool is_later(const Entry& a, const Entry& b) {
    return a.arrives != b.arrives ? a.arrives > b.arrives : a.number > b.number;
  }

  std::size_t most_;
  std::uint64_t next_ = 0;
  std::vector<Entry> heap_;
  std::vector<std::vector<std::byte>> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace lumen::impairment
