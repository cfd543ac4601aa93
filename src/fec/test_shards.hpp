// Shards for the tests of lumen/fec: contiguous storage, at any alignment.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "fec/reed_solomon.hpp"

namespace lumen::fec::test {

class Shards {
 public:
  // `offset` shifts every shard away from the allocator's alignment.
  Shards(std::size_t count, std::size_t bytes, std::size_t offset = 0)
      : bytes_{bytes}, offset_{offset}, storage_(offset + count * bytes) {
    for (std::size_t i = 0; i < count; ++i) pointers_.push_back(storage_.data() + offset + i * bytes);
  }
  Shards(const Shards& other) : Shards{other.pointers_.size(), other.bytes_, other.offset_} {
    storage_ = other.storage_;
    for (std::size_t i = 0; i < pointers_.size(); ++i) pointers_[i] = storage_.data() + offset_ + i * bytes_;
  }
  Shards& operator=(const Shards&) = delete;
  ~Shards() = default;

  std::span<std::byte* const> pointers() const { return pointers_; }
  std::span<std::byte* const> first(std::size_t count) const { return pointers().first(count); }
  std::span<std::byte* const> from(std::size_t index) const { return pointers().subspan(index); }
  std::vector<const std::byte*> data(std::size_t count) const {
    return {pointers_.begin(), pointers_.begin() + static_cast<std::ptrdiff_t>(count)};
  }
  std::span<std::byte> shard(std::size_t index) const { return {pointers_[index], bytes_}; }
  std::span<const std::byte> contents(std::size_t first_shard) const {
    return std::span{storage_}.subspan(offset_ + first_shard * bytes_);
  }
  bool operator==(const Shards& other) const { return storage_ == other.storage_; }

 private:
  std::size_t bytes_, offset_;
  std::vector<std::byte> storage_;
  std::vector<std::byte*> pointers_;
};

inline std::size_t pick(std::mt19937& random, std::size_t low, std::size_t high) {
  return std::uniform_int_distribution<std::size_t>{low, high}(random);
}

inline Shards random_shards(std::mt19937& random, std::size_t count, std::size_t bytes,
                            std::size_t offset = 0) {
  Shards shards{count, bytes, offset};
  for (std::size_t i = 0; i < count; ++i) {
    for (auto& byte : shards.shard(i)) byte = static_cast<std::byte>(random());
  }
  return shards;
}

inline std::vector<Kernel> supported_kernels() {
  std::vector<Kernel> kernels;
  for (const auto kernel : {Kernel::scalar, Kernel::ssse3, Kernel::avx2, Kernel::gfni, Kernel::neon}) {
    if (is_supported(kernel)) kernels.push_back(kernel);
  }
  return kernels;
}

}  // namespace lumen::fec::test
