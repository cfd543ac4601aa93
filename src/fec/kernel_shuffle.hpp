// lumen/fec: fields over instruction sets whose products by a constant are look-ups of nibbles in tables of
// 16 bytes. Included like kernel_transform.hpp, before it.
//
// Such an instruction set has Vector, kWidth, load, store, zero, exclusive_or, low_nibbles, high_nibbles,
// table (of 16 bytes) and look_up.

#define LUMEN_INLINE [[gnu::always_inline]] inline

namespace lumen::fec {
namespace {

template <class Isa>
struct ShuffleGf8 {
  using Factor = NibbleFactor8;
  using Strip = ByteStrip;
  static constexpr std::size_t kScratchBytes = 2 * Isa::kWidth;
  using Strips = ByteStrips<kScratchBytes>;
  static constexpr unsigned kMaxLayers = 2;
  static constexpr std::size_t kRows = 4;

  struct Vec {
    typename Isa::Vector v[2];
  };
  struct Prepared {
    typename Isa::Vector low[2], high[2];
  };

  LUMEN_INLINE static Vec zero() { return {{Isa::zero(), Isa::zero()}}; }
  LUMEN_INLINE static Vec load(const std::byte* at) { return {{Isa::load(at), Isa::load(at + Isa::kWidth)}}; }
  LUMEN_INLINE static void store(std::byte* at, const Vec& x) {
    Isa::store(at, x.v[0]);
    Isa::store(at + Isa::kWidth, x.v[1]);
  }
  LUMEN_INLINE static Vec load(const std::byte* shard, const Strip& strip) {
    if (strip.small_bytes > 0) [[unlikely]] {
      return load(load_small8(shard, strip.small_bytes).data());
    }
    return load(shard + strip.at);
  }
  LUMEN_INLINE static void store(std::byte* shard, const Strip& strip, const Vec& x) {
    if (strip.small_bytes == 0) [[likely]]
      return store(shard + strip.at, x);
    SmallShard buffer;
    store(buffer.data(), x);
    store_small8(shard, strip.small_bytes, buffer);
  }
  LUMEN_INLINE static void add(Vec& x, const Vec& y) {
    x.v[0] = Isa::exclusive_or(x.v[0], y.v[0]);
    x.v[1] = Isa::exclusive_or(x.v[1], y.v[1]);
  }
  LUMEN_INLINE static Prepared prepare(const Vec& x) {
    return {{Isa::low_nibbles(x.v[0]), Isa::low_nibbles(x.v[1])},
            {Isa::high_nibbles(x.v[0]), Isa::high_nibbles(x.v[1])}};
  }
  LUMEN_INLINE static void add_product(Vec& sum, const Prepared& x, const Factor& factor) {
    const auto low = Isa::table(factor.of[0].data());
    const auto high = Isa::table(factor.of[1].data());
    for (std::size_t i = 0; i < 2; ++i) {
      sum.v[i] = Isa::exclusive_or(sum.v[i], Isa::look_up(low, x.low[i]));
      sum.v[i] = Isa::exclusive_or(sum.v[i], Isa::look_up(high, x.high[i]));
    }
  }
  // The same of one product alone: fewer registers in use at a time.
  LUMEN_INLINE static void add_product_of(Vec& sum, const Vec& x, const Factor& factor) {
    const auto low = Isa::table(factor.of[0].data());
    const auto high = Isa::table(factor.of[1].data());
    for (std::size_t i = 0; i < 2; ++i) {
      sum.v[i] = Isa::exclusive_or(sum.v[i], Isa::look_up(low, Isa::low_nibbles(x.v[i])));
      sum.v[i] = Isa::exclusive_or(sum.v[i], Isa::look_up(high, Isa::high_nibbles(x.v[i])));
    }
  }
  LUMEN_INLINE static const Factor& factor(const Factor* factors, std::uint16_t constant) {
    return factors[constant];
  }
};

template <class Isa>
struct ShuffleGf16 {
  using Factor = NibbleFactor16;
  using Strip = SymbolStrip;
  using Strips = SymbolStrips<Isa::kWidth>;
  static constexpr std::size_t kScratchBytes = 2 * Isa::kWidth;
  static constexpr unsigned kMaxLayers = 2;
  static constexpr std::size_t kRows = 2;

  struct Vec {
    typename Isa::Vector low, high;
  };
  struct Prepared {
    typename Isa::Vector nibble[4];
  };

  LUMEN_INLINE static Vec zero() { return {Isa::zero(), Isa::zero()}; }
  LUMEN_INLINE static Vec load(const std::byte* at) { return {Isa::load(at), Isa::load(at + Isa::kWidth)}; }
  LUMEN_INLINE static void store(std::byte* at, const Vec& x) {
    Isa::store(at, x.low);
    Isa::store(at + Isa::kWidth, x.high);
  }
  LUMEN_INLINE static Vec load(const std::byte* shard, const Strip& strip) {
    if (strip.small_bytes > 0) [[unlikely]] {
      const auto buffer = load_small16(shard, strip.small_bytes);
      return {Isa::load(buffer.data() + strip.low), Isa::load(buffer.data() + strip.high)};
    }
    return {Isa::load(shard + strip.low), Isa::load(shard + strip.high)};
  }
  LUMEN_INLINE static void store(std::byte* shard, const Strip& strip, const Vec& x) {
    if (strip.small_bytes == 0) [[likely]] {
      Isa::store(shard + strip.high, x.high);
      Isa::store(shard + strip.low, x.low);
      return;
    }
    auto buffer = load_small16(shard, strip.small_bytes);
    Isa::store(buffer.data() + strip.low, x.low);
    Isa::store(buffer.data() + strip.high, x.high);
    store_small16(shard, strip.small_bytes, buffer);
  }
  LUMEN_INLINE static void add(Vec& x, const Vec& y) {
    x.low = Isa::exclusive_or(x.low, y.low);
    x.high = Isa::exclusive_or(x.high, y.high);
  }
  LUMEN_INLINE static Prepared prepare(const Vec& x) {
    return {{Isa::low_nibbles(x.low), Isa::high_nibbles(x.low), Isa::low_nibbles(x.high),
             Isa::high_nibbles(x.high)}};
  }
  LUMEN_INLINE static void add_product(Vec& sum, const Prepared& x, const Factor& factor) {
    for (std::size_t n = 0; n < 4; ++n) {
      sum.low = Isa::exclusive_or(sum.low, Isa::look_up(Isa::table(factor.to_low[n].data()), x.nibble[n]));
      sum.high = Isa::exclusive_or(sum.high, Isa::look_up(Isa::table(factor.to_high[n].data()), x.nibble[n]));
    }
  }
  LUMEN_INLINE static void add_product_of(Vec& sum, const Vec& x, const Factor& factor) {
    add_product(sum, prepare(x), factor);
  }
  LUMEN_INLINE static Factor factor(const Factor* factors, std::uint16_t constant) {
    const auto* const a = reinterpret_cast<const std::byte*>(&factors[constant & 0xFFU]);
    const auto* const b = reinterpret_cast<const std::byte*>(&factors[256 + (constant >> 8U)]);
    Factor sum;
    auto* const to = reinterpret_cast<std::byte*>(&sum);
    for (std::size_t at = 0; at < sizeof(Factor); at += Isa::kWidth) {
      Isa::store(to + at, Isa::exclusive_or(Isa::load(a + at), Isa::load(b + at)));
    }
    return sum;
  }
};

// ---- A whole matrix of GF(2⁸) over whole shards.

// Strips [strip, strip + kStrips) of rows [row, row + kRows).
template <class Isa, std::size_t kRows, std::size_t kStrips>
void matrix_rows(const MatrixProduct& product, std::size_t row,
                 const typename ShuffleGf8<Isa>::Strips& strips, std::size_t first_strip) {
  using F = ShuffleGf8<Isa>;
  const auto* const factors = static_cast<const NibbleFactor8*>(product.factors);
  ByteStrip strip[kStrips];
  typename F::Vec sum[kRows][kStrips];
#pragma GCC unroll 4
  for (std::size_t s = 0; s < kStrips; ++s) {
    strip[s] = strips.at(first_strip + s);
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kRows; ++r) sum[r][s] = F::zero();
  }
  for (std::size_t i = 0; i < product.inputs.size(); ++i) {
    const auto* const factor = product.column(i, row);
#pragma GCC unroll 4
    for (std::size_t s = 0; s < kStrips; ++s) {
      const auto x = F::prepare(F::load(product.inputs[i], strip[s]));
#pragma GCC unroll 4
      for (std::size_t r = 0; r < kRows; ++r) F::add_product(sum[r][s], x, factors[factor[r]]);
    }
  }
#pragma GCC unroll 4
  for (std::size_t s = 0; s < kStrips; ++s) {
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kRows; ++r) F::store(product.outputs[row + r], strip[s], sum[r][s]);
  }
}

// All strips of one or two rows: several at a time, so that a factor is loaded once for them.
template <class Isa, std::size_t kRows, std::size_t kStrips>
void matrix_few_rows(const MatrixProduct& product, const typename ShuffleGf8<Isa>::Strips& strips) {
  std::size_t strip = 0;
  for (; strip + kStrips <= strips.count(); strip += kStrips) {
    matrix_rows<Isa, kRows, kStrips>(product, 0, strips, strip);
  }
  for (; strip < strips.count(); ++strip) matrix_rows<Isa, kRows, 1>(product, 0, strips, strip);
}

template <class Isa>
void matrix_product(const MatrixProduct& product) {
  constexpr std::size_t kMaxRows = 4;
  const typename ShuffleGf8<Isa>::Strips strips{product.bytes};
  const auto rows = product.outputs.size();
  if (rows == 1) return matrix_few_rows<Isa, 1, 4>(product, strips);
  if (rows == 2) return matrix_few_rows<Isa, 2, 2>(product, strips);
  for (std::size_t strip = 0; strip < strips.count(); ++strip) {
    std::size_t row = 0;
    for (; row + kMaxRows <= rows; row += kMaxRows) {
      matrix_rows<Isa, kMaxRows, 1>(product, row, strips, strip);
    }
    switch (rows - row) {
      case 3:
        matrix_rows<Isa, 3, 1>(product, row, strips, strip);
        break;
      case 2:
        matrix_rows<Isa, 2, 1>(product, row, strips, strip);
        break;
      case 1:
        matrix_rows<Isa, 1, 1>(product, row, strips, strip);
        break;
      default:
        break;
    }
  }
}

}  // namespace
}  // namespace lumen::fec
