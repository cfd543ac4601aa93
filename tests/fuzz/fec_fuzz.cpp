// Arbitrary codes, (k, m), lengths, losses and contents: recover() gives back what encode() protected, or
// refuses exactly when fewer than k shards are left, on every kernel. Work memory is as large as is asked for
// and no larger.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/wire.hpp"
#include "fec/audio_code.hpp"
#include "fec/leopard.hpp"
#include "fec/reed_solomon.hpp"

namespace {

using lumen::fec::Kernel;
using lumen::fec::Leopard;
using lumen::fec::LeopardField;

constexpr std::size_t kMostPoints = 1024;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Codes {
  explicit Codes(Kernel kernel) : video{kernel}, audio{kernel}, leopard{kernel, kMostPoints} {}
  lumen::fec::ReedSolomon video;
  lumen::fec::AudioCode audio;
  Leopard leopard;
};

std::vector<Codes>& all_codes() {
  static auto* const codes = [] {
    auto* made = new std::vector<Codes>;
    for (const auto kernel : {Kernel::scalar, Kernel::ssse3, Kernel::avx2, Kernel::gfni, Kernel::neon}) {
      if (lumen::fec::is_supported(kernel)) made->emplace_back(kernel);
    }
    return made;
  }();
  return *codes;
}

struct Block {
  std::size_t data, parity, bytes;
  std::vector<std::byte> storage;
  std::vector<std::byte*> shards;

  Block(std::size_t k, std::size_t m, std::size_t shard_bytes)
      : data{k}, parity{m}, bytes{shard_bytes}, storage((k + m) * shard_bytes) {
    for (std::size_t i = 0; i < k + m; ++i) shards.push_back(storage.data() + i * shard_bytes);
  }
  std::span<std::byte* const> all() const { return shards; }
  std::vector<const std::byte*> inputs() const {
    return {shards.begin(), shards.begin() + static_cast<std::ptrdiff_t>(data)};
  }
};

// `encode` and `recover` say whether they did it.
template <class Encode, class Recover>
void round_trip(Block block, bool is_possible, lumen::ByteReader input, const Encode& encode,
                const Recover& recover) {
  const auto count = block.shards.size();
  const auto present = std::make_unique<bool[]>(count);
  std::size_t left = 0;
  for (std::size_t i = 0; i < count; i += 8) {
    const auto lost = input.little<std::uint8_t>();  // a bit for each shard: one that is set is lost
    for (std::size_t bit = 0; bit < 8 && i + bit < count; ++bit) {
      present[i + bit] = (lost >> bit & 1U) == 0;
      left += present[i + bit] ? 1 : 0;
    }
  }
  const auto contents = input.take(std::min(input.remaining(), block.data * block.bytes));
  std::ranges::copy(contents, block.storage.begin());
  require(encode(block) == is_possible);

  const auto sent = block.storage;
  for (std::size_t i = 0; i < count; ++i) {
    if (!present[i]) std::fill_n(block.shards[i], block.bytes, std::byte{0xEE});
  }
  const bool recovered = recover(block, std::span<const bool>{present.get(), count});
  require(recovered == (is_possible && left >= block.data));
  const auto data_end = static_cast<std::ptrdiff_t>(block.data * block.bytes);
  if (recovered) require(std::equal(sent.begin(), sent.begin() + data_end, block.storage.begin()));
}

void try_video(Codes& codes, lumen::ByteReader input) {
  const auto k = input.little<std::uint8_t>();
  const auto m = input.little<std::uint8_t>();
  const auto bytes = input.little<std::uint8_t>();
  const bool is_possible = k > 0 && k + m <= static_cast<int>(lumen::fec::kMaxShards);
  round_trip(
      {k, m, bytes}, is_possible, input,
      [&](const Block& b) { return codes.video.encode(b.inputs(), b.all().subspan(b.data), b.bytes); },
      [&](const Block& b, std::span<const bool> present) {
        return codes.video.recover(b.all(), present, b.data, b.bytes);
      });
}

void try_audio(const Codes& codes, lumen::ByteReader input) {
  using lumen::fec::kAudioDataShards, lumen::fec::kAudioParityShards, lumen::fec::kAudioShards;
  const auto bytes = input.little<std::uint8_t>();
  round_trip(
      {kAudioDataShards, kAudioParityShards, bytes}, true, input,
      [&](const Block& b) {
        const auto inputs = b.inputs();
        codes.audio.encode(std::span{inputs}.first<kAudioDataShards>(),
                           b.all().subspan<kAudioDataShards, kAudioParityShards>(), b.bytes);
        return true;
      },
      [&](const Block& b, std::span<const bool> present) {
        return codes.audio.recover(b.all().first<kAudioShards>(), present.first<kAudioShards>(), b.bytes);
      });
}

void try_leopard(const Codes& codes, LeopardField field, lumen::ByteReader input) {
  const std::size_t k = input.little<std::uint16_t>() % kMostPoints;
  const std::size_t m = input.little<std::uint16_t>() % kMostPoints;
  const auto bytes = input.little<std::uint8_t>();
  const auto most = field == LeopardField::gf8 ? std::size_t{256} : kMostPoints;
  const bool is_possible =
      k > 0 && lumen::fec::leopard_points(k, m) <= most && (field == LeopardField::gf8 || bytes % 2 == 0);
  std::vector<std::byte> work(Leopard::work_bytes(k, m));
  round_trip(
      {k, m, bytes}, is_possible, input,
      [&](const Block& b) {
        return codes.leopard.encode(field, b.inputs(), b.all().subspan(b.data), b.bytes, work);
      },
      [&](const Block& b, std::span<const bool> present) {
        return codes.leopard.recover(field, b.all(), present, b.data, b.bytes, work);
      });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  lumen::ByteReader input{std::as_bytes(std::span{bytes, size})};
  const auto which = input.little<std::uint8_t>();
  for (auto& codes : all_codes()) {
    switch (which % 4) {
      case 0:
        try_video(codes, input);
        break;
      case 1:
        try_audio(codes, input);
        break;
      case 2:
        try_leopard(codes, LeopardField::gf8, input);
        break;
      default:
        try_leopard(codes, LeopardField::gf16, input);
    }
  }
  return 0;
}
