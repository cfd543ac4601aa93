// Time to seal and to open one packet in place, by cipher, back end and size.
#include <benchmark/benchmark.h>

#include <array>
#include <optional>
#include <vector>

#include "crypto/aead.hpp"

namespace {

using namespace lumen;
using namespace lumen::crypto;

std::optional<Aead> make(const benchmark::State& state) {
  const auto algorithm = static_cast<AeadAlgorithm>(state.range(1));
  const std::array<std::byte, kMaxKeyBytes> key{};
  auto made = Aead::create(algorithm, ByteView{key}.first(key_bytes(algorithm)),
                           static_cast<AeadBackend>(state.range(2)));
  return made ? std::optional{*std::move(made)} : std::nullopt;
}

struct Packet {
  explicit Packet(const benchmark::State& state)
      : cipher{make(state)}, text(static_cast<std::size_t>(state.range(0))) {}

  std::optional<Aead> cipher;
  Nonce nonce{};
  std::array<std::byte, 12> header{};
  std::vector<std::byte> text;
  std::array<std::byte, kTagBytes> tag{};
};

template <class Work>
void measure(benchmark::State& state, Work work) {
  Packet packet{state};
  if (!packet.cipher) {
    state.SkipWithError("not there");
    return;
  }
  for (auto _ : state) {
    packet.nonce[0] ^= std::byte{1};  // time does not depend on the nonce being fresh
    benchmark::DoNotOptimize(work(packet));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void seal(benchmark::State& state) {
  measure(state, [](Packet& p) { return p.cipher->seal(p.nonce, p.header, p.text, p.tag); });
}

// Opening an already opened text fails at the tag, after the same work.
void open(benchmark::State& state) {
  measure(state, [](Packet& p) { return p.cipher->open(p.nonce, p.header, p.text, p.tag); });
}

void set_key(benchmark::State& state) {
  measure(state, [](Packet& p) {
    const std::array<std::byte, kMaxKeyBytes> key{};
    return p.cipher->set_key(ByteView{key}.first(key_bytes(p.cipher->algorithm())));
  });
}

// cipher: 1 AES-128-GCM, 2 ChaCha20-Poly1305; backend: 1 OpenSSL, 2 IPsec-MB.
void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"bytes", "cipher", "backend"})->ArgsProduct({{64, 1200, 1400}, {1, 2}, {1, 2}});
}

}  // namespace

BENCHMARK(seal)->Apply(shapes);
BENCHMARK(open)->Apply(shapes);
BENCHMARK(set_key)->ArgNames({"bytes", "cipher", "backend"})->ArgsProduct({{0}, {1, 2}, {1, 2}});
