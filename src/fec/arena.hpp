// lumen/fec: work memory, handed out piece by piece. Internal to the module.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "fec/kernels.hpp"

namespace lumen::fec {

class Arena {
 public:
  explicit Arena(std::span<std::byte> memory) {
    void* at = memory.data();
    auto left = memory.size();
    if (std::align(kWorkAlignment, 0, at, left) != nullptr) rest_ = {static_cast<std::byte*>(at), left};
  }

  // What take<T>(count) uses up, at most.
  template <class T>
  static constexpr std::size_t cost(std::size_t count) {
    return (count * sizeof(T) + kWorkAlignment - 1) / kWorkAlignment * kWorkAlignment;
  }
  // Uninitialised; there must be room.
  template <class T>
  std::span<T> take(std::size_t count) {
    auto* const begin = reinterpret_cast<T*>(rest_.data());
    rest_ = rest_.subspan(cost<T>(count));
    return {begin, count};
  }
  std::span<std::byte> rest() const { return rest_; }

 private:
  std::span<std::byte> rest_;
};

}  // namespace lumen::fec
