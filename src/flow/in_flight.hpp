// lumen/flow: how much has been sent of which nothing is known yet. The receiver names the newest packet that
// has come; what was sent after it is under way, or lost behind it. With what is delivered a second it tells
// how long a datagram takes now (Little's law), sooner than the datagrams do. Owner: one thread. Never
// allocates.
#pragma once

#include <array>
#include <cstdint>

#include "base/units.hpp"

namespace lumen {

class InFlight {
 public:
  // `size` bytes have been sent, the last of them as `packet`. Packets count up.
  void sent(std::uint64_t packet, Bytes size) {
    total_ += size.value;
    if (count_ == kMarks) ++first_, --count_;  // long ago
    marks_[(first_ + count_++) % kMarks] = {packet, total_};
  }
  // The newest that has come.
  void came(std::uint64_t packet) {
    for (; count_ > 0 && marks_[first_ % kMarks].packet <= packet; ++first_, --count_) {
      came_ = marks_[first_ % kMarks].total;
    }
    if (count_ == 0) came_ = total_;
  }
  Bytes bytes() const { return {total_ - came_}; }

 private:
  static constexpr std::size_t kMarks = 1024;
  struct Mark {
    std::uint64_t packet = 0, total = 0;
  };
  std::array<Mark, kMarks> marks_{};
  std::size_t first_ = 0, count_ = 0;
  std::uint64_t total_ = 0, came_ = 0;
};

}  // namespace lumen
