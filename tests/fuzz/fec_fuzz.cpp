// Arbitrary (k, m), lengths, losses and contents: recover() gives back what encode() protected, or refuses
// exactly when fewer than k shards are left, on every kernel.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/wire.hpp"
#include "fec/reed_solomon.hpp"

namespace {

using lumen::fec::Kernel;

struct Block {
  std::size_t data, parity, bytes;
  std::vector<std::byte> storage;
  std::vector<std::byte*> shards;

  explicit Block(lumen::ByteReader& input)
      : data{input.little<std::uint8_t>()},
        parity{input.little<std::uint8_t>()},
        bytes{input.little<std::uint8_t>() % 200U},
        storage((data + parity) * bytes) {
    for (std::size_t i = 0; i < data + parity; ++i) shards.push_back(storage.data() + i * bytes);
  }
};

void require(bool condition) {
  if (!condition) std::abort();
}

void round_trip(lumen::ByteReader input, Kernel kernel) {
  Block block{input};
  std::array<bool, 512> present{};
  for (std::size_t i = 0; i < block.shards.size(); ++i) present[i] = (input.little<std::uint8_t>() & 1U) != 0;
  const auto contents = input.take(std::min(input.remaining(), block.data * block.bytes));
  std::ranges::copy(contents, block.storage.begin());

  lumen::fec::ReedSolomon code{kernel};
  const auto all = std::span<std::byte* const>{block.shards};
  const std::vector<const std::byte*> data{all.begin(),
                                           all.begin() + static_cast<std::ptrdiff_t>(block.data)};
  const bool possible = block.data > 0 && all.size() <= lumen::fec::kMaxShards;
  require(code.encode(data, all.subspan(block.data), block.bytes) == possible);

  const auto sent = block.storage;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!present[i]) std::fill_n(all[i], block.bytes, std::byte{0xEE});
  }
  const auto left = static_cast<std::size_t>(std::count(present.begin(), present.end(), true));
  const auto flags = std::span<const bool>{present}.first(all.size());
  const bool recovered = code.recover(all, flags, block.data, block.bytes);
  require(recovered == (possible && left >= block.data));
  const auto data_end = static_cast<std::ptrdiff_t>(block.data * block.bytes);
  if (recovered) require(std::equal(sent.begin(), sent.begin() + data_end, block.storage.begin()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  for (const auto kernel : {Kernel::scalar, Kernel::ssse3, Kernel::avx2, Kernel::gfni}) {
    if (!lumen::fec::is_supported(kernel)) continue;
    round_trip(lumen::ByteReader{std::as_bytes(std::span{bytes, size})}, kernel);
  }
  return 0;
}
