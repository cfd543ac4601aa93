// Time to seal and to open one packet in place, by its size.
#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "crypto/aead.hpp"

namespace {

using namespace lumen::crypto;

struct Packet {
  explicit Packet(const benchmark::State& state) : text(static_cast<std::size_t>(state.range(0))) {}

  Aes128Gcm cipher = Aes128Gcm::create(Key{}).value();
  Nonce nonce{};
  std::array<std::byte, 16> header{};
  std::vector<std::byte> text;
  std::array<std::byte, kTagBytes> tag{};
};

void seal(benchmark::State& state) {
  Packet packet{state};
  for (auto _ : state) {
    packet.nonce[0] ^= std::byte{1};  // time does not depend on the nonce being fresh
    benchmark::DoNotOptimize(packet.cipher.seal(packet.nonce, packet.header, packet.text, packet.tag));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

// Opening an already opened text fails at the tag, after the same work.
void open(benchmark::State& state) {
  Packet packet{state};
  for (auto _ : state) {
    benchmark::DoNotOptimize(packet.cipher.open(packet.nonce, packet.header, packet.text, packet.tag));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

}  // namespace

BENCHMARK(seal)->Arg(64)->Arg(1200)->Arg(1408);
BENCHMARK(open)->Arg(64)->Arg(1200)->Arg(1408);
