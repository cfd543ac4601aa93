// lumen/fec: the algorithms that all kernels share, as templates over a field's vectors. Each kernel includes
// this once, inside the region of its target, so everything here has internal linkage and is compiled for
// that instruction set; the standard headers come before that region.
//
// A field F has
//   Vec      symbols of one strip of one shard         Prepared   the same, ready to be multiplied
//   Factor   a product by a constant                   Strips     where the strips of a shard lie
//   load, store (shards, by strip; scratch), zero, add, prepare, add_product (of a prepared one),
//   add_product_of (one that is used once), factor (of a constant)
//   kMaxLayers of a transform, and kRows of a matrix, that fit the registers.
#include "fec/kernels.hpp"

#define LUMEN_INLINE [[gnu::always_inline]] inline

namespace lumen::fec {
namespace {

// ---- Where vectors come from and go to.

template <class F>
struct FromScratch {
  const std::byte* base;
  LUMEN_INLINE typename F::Vec operator()(std::size_t index) const {
    return F::load(base + index * F::kScratchBytes);
  }
};

// Shards of which none is missing.
template <class F>
struct FromAllShards {
  const std::byte* const* shards;
  std::size_t first;  // shard of index i is shards[i - first]
  const typename F::Strip& strip;
  LUMEN_INLINE typename F::Vec operator()(std::size_t index) const {
    return F::load(shards[index - first], strip);
  }
};

template <class F>
struct FromShards {
  const std::byte* const* shards;
  std::size_t first, count;  // shard of index i is shards[i - first]
  bool has_gaps;             // some of them are null
  const typename F::Strip& strip;

  // All of indexes [from, to) are there.
  bool has_all(std::size_t from, std::size_t to) const {
    return !has_gaps && from - first < count && to - first <= count;
  }
  FromAllShards<F> all() const { return {shards, first, strip}; }
  LUMEN_INLINE typename F::Vec operator()(std::size_t index) const {
    const auto i = index - first;
    if (i >= count || shards[i] == nullptr) return F::zero();
    return F::load(shards[i], strip);
  }
};

template <class F>
struct FromScaledShards {
  const std::byte* const* shards;
  std::size_t count;
  const std::uint16_t* scale;
  const typename F::Factor* factors;
  const typename F::Strip& strip;
  LUMEN_INLINE typename F::Vec operator()(std::size_t index) const {
    auto scaled = F::zero();
    if (index >= count || shards[index] == nullptr) return scaled;
    const auto factor = F::factor(factors, scale[index]);
    F::add_product(scaled, F::prepare(F::load(shards[index], strip)), factor);
    return scaled;
  }
};

template <class F>
struct ToScratch {
  std::byte* base;
  LUMEN_INLINE void operator()(std::size_t index, const typename F::Vec& value) const {
    F::store(base + index * F::kScratchBytes, value);
  }
};

template <class F>
struct AddToScratch {
  std::byte* base;  // of index `first`
  std::size_t first;
  LUMEN_INLINE void operator()(std::size_t index, const typename F::Vec& value) const {
    auto* at = base + (index - first) * F::kScratchBytes;
    auto sum = F::load(at);
    F::add(sum, value);
    F::store(at, sum);
  }
};

// Indexes of all blocks of a size, which is a power of two, to the sums of one.
template <class F>
struct AddToBlock {
  std::byte* base;
  std::size_t mask;
  LUMEN_INLINE void operator()(std::size_t index, const typename F::Vec& value) const {
    auto* at = base + (index & mask) * F::kScratchBytes;
    auto sum = F::load(at);
    F::add(sum, value);
    F::store(at, sum);
  }
};

template <class F, bool kKeep>
struct AddScaledToScratch {
  std::byte* base;  // of index `first`
  std::size_t first;
  const typename F::Factor& scale;
  std::byte* keep;
  LUMEN_INLINE void operator()(std::size_t index, const typename F::Vec& value) const {
    if constexpr (kKeep) F::store(keep + index * F::kScratchBytes, value);
    auto* at = base + (index - first) * F::kScratchBytes;
    auto sum = F::load(at);
    F::add_product(sum, F::prepare(value), scale);
    F::store(at, sum);
  }
};

template <class F>
struct ToRows {
  std::byte* const* rows;
  std::size_t first, count;  // row of index i is rows[first + i]
  const typename F::Strip& strip;
  LUMEN_INLINE void operator()(std::size_t index, const typename F::Vec& value) const {
    if (first + index < count) F::store(rows[first + index], strip, value);
  }
};

template <class F>
struct ToSyndromes {
  const SyndromeProduct& product;
  std::size_t first, count;
  const typename F::Strip& strip;
  std::byte* base;
  LUMEN_INLINE void operator()(std::size_t index, const typename F::Vec& value) const {
    const auto row = first + index;
    if (row >= count || product.received[row] == nullptr) return;
    auto sum = F::load(product.received[row], strip);
    F::add(sum, value);
    F::store(base + product.index[row] * F::kScratchBytes, sum);
  }
};

template <class F>
struct ToLost {
  const FullRecovery& job;
  const typename F::Factor* factors;
  const typename F::Strip& strip;
  std::size_t& next;  // of job.lost: points come in their order
  LUMEN_INLINE void operator()(std::size_t index, const typename F::Vec& value) const {
    if (next == job.lost.size() || job.lost_points[next] != index) return;
    auto scaled = F::zero();
    F::add_product(scaled, F::prepare(value), F::factor(factors, job.lost_scale[next]));
    F::store(job.lost[next], strip, scaled);
    ++next;
  }
};

// ---- Butterflies.

template <class F>
using Layers = std::array<const typename F::Factor*, 16>;

template <class F>
Layers<F> layers_of(const FieldTables& tables) {
  Layers<F> layers{};
  for (std::size_t d = 0; d < layers.size(); ++d) {
    layers[d] = static_cast<const typename F::Factor*>(tables.layers[d]);
  }
  return layers;
}

// Layers [low, low + kLayers) of the block of indexes that begins at `at`, whose point is `point`, in
// registers: 2^kLayers vectors at a time, 2^low apart. Where `point` is 0 (kAtZero), so is the factor of each
// layer's first block.
template <class F, unsigned kLayers, bool kAtZero, class Load, class Save>
LUMEN_INLINE void inverse_pass(const Layers<F>& layers, std::size_t point, std::size_t at, unsigned low,
                               const Load& load, const Save& save) {
  constexpr std::size_t kRadix = std::size_t{1} << kLayers;
  const auto stride = std::size_t{1} << low;
  const typename F::Factor* factor[kLayers + 1] = {};
  for (unsigned l = 0; l < kLayers; ++l) factor[l] = layers[low + l] + (point >> (low + l + 1));
  for (auto q = at; q < at + stride; ++q) {
    typename F::Vec x[kRadix];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kRadix; ++i) x[i] = load(q + i * stride);
#pragma GCC unroll 4
    for (unsigned l = 0; l < kLayers; ++l) {
#pragma GCC unroll 8
      for (std::size_t pair = 0; pair < kRadix / 2; ++pair) {
        const auto block = pair >> l;
        const auto a = (block << (l + 1)) | (pair & ((std::size_t{1} << l) - 1));
        const auto b = a + (std::size_t{1} << l);
        F::add(x[b], x[a]);
        if (!kAtZero || block != 0) F::add_product_of(x[a], x[b], factor[l][block]);
      }
    }
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kRadix; ++i) save(q + i * stride, x[i]);
  }
}

template <class F, unsigned kLayers, bool kAtZero, class Load, class Save>
LUMEN_INLINE void forward_pass(const Layers<F>& layers, std::size_t point, std::size_t at, unsigned low,
                               const Load& load, const Save& save) {
  constexpr std::size_t kRadix = std::size_t{1} << kLayers;
  const auto stride = std::size_t{1} << low;
  const typename F::Factor* factor[kLayers + 1] = {};
  for (unsigned l = 0; l < kLayers; ++l) factor[l] = layers[low + l] + (point >> (low + l + 1));
  for (auto q = at; q < at + stride; ++q) {
    typename F::Vec x[kRadix];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kRadix; ++i) x[i] = load(q + i * stride);
#pragma GCC unroll 4
    for (unsigned down = 0; down < kLayers; ++down) {
      const auto l = kLayers - 1 - down;
#pragma GCC unroll 8
      for (std::size_t pair = 0; pair < kRadix / 2; ++pair) {
        const auto block = pair >> l;
        const auto a = (block << (l + 1)) | (pair & ((std::size_t{1} << l) - 1));
        const auto b = a + (std::size_t{1} << l);
        if (!kAtZero || block != 0) F::add_product_of(x[a], x[b], factor[l][block]);
        F::add(x[b], x[a]);
      }
    }
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kRadix; ++i) save(q + i * stride, x[i]);
  }
}

template <class F, bool kAtZero, class Load, class Save>
void inverse_pass(unsigned count, const Layers<F>& layers, std::size_t point, std::size_t at, unsigned low,
                  const Load& load, const Save& save) {
  static_assert(F::kMaxLayers <= 4);
  switch (count) {
    case 0:
      return inverse_pass<F, 0, kAtZero>(layers, point, at, low, load, save);
    case 1:
      return inverse_pass<F, 1, kAtZero>(layers, point, at, low, load, save);
    case 2:
      return inverse_pass<F, 2, kAtZero>(layers, point, at, low, load, save);
    case 3:
      if constexpr (F::kMaxLayers >= 3)
        return inverse_pass<F, 3, kAtZero>(layers, point, at, low, load, save);
      break;
    default:
      if constexpr (F::kMaxLayers >= 4)
        return inverse_pass<F, 4, kAtZero>(layers, point, at, low, load, save);
  }
}

template <class F, bool kAtZero, class Load, class Save>
void forward_pass(unsigned count, const Layers<F>& layers, std::size_t point, std::size_t at, unsigned low,
                  const Load& load, const Save& save) {
  switch (count) {
    case 0:
      return forward_pass<F, 0, kAtZero>(layers, point, at, low, load, save);
    case 1:
      return forward_pass<F, 1, kAtZero>(layers, point, at, low, load, save);
    case 2:
      return forward_pass<F, 2, kAtZero>(layers, point, at, low, load, save);
    case 3:
      if constexpr (F::kMaxLayers >= 3)
        return forward_pass<F, 3, kAtZero>(layers, point, at, low, load, save);
      break;
    default:
      if constexpr (F::kMaxLayers >= 4)
        return forward_pass<F, 4, kAtZero>(layers, point, at, low, load, save);
  }
}

template <class F, class Load, class Save>
void inverse_pass(unsigned count, const Layers<F>& layers, std::size_t point, std::size_t at, unsigned low,
                  const Load& load, const Save& save) {
  if (point == 0) return inverse_pass<F, true>(count, layers, point, at, low, load, save);
  inverse_pass<F, false>(count, layers, point, at, low, load, save);
}

template <class F, class Load, class Save>
void forward_pass(unsigned count, const Layers<F>& layers, std::size_t point, std::size_t at, unsigned low,
                  const Load& load, const Save& save) {
  if (point == 0) return forward_pass<F, true>(count, layers, point, at, low, load, save);
  forward_pass<F, false>(count, layers, point, at, low, load, save);
}

// Layers of the topmost pass of a transform of `count` layers: what remains beside passes of kMaxLayers.
template <class F>
constexpr unsigned top_layers(unsigned count) {
  const auto rest = count % F::kMaxLayers;
  return rest == 0 ? F::kMaxLayers : rest;
}

struct Range {
  std::size_t begin = 0, end = 0;
  bool meets(std::size_t from, std::size_t to) const { return from < end && begin < to; }
};

// Transforms over scratch indexes [at, at + 2^to), the point of index 0 being `base`. Depth first: blocks are
// done while they are in the first-level cache.
template <class F>
struct Walk {
  const Layers<F>& layers;
  std::size_t base;
  std::byte* scratch;

  // Layers [from, to). Indexes outside of `nonzero` are zeros that `load` need not be asked for.
  template <class Load, class Save>
  void inverse(std::size_t at, unsigned from, unsigned to, Range nonzero, const Load& load,
               const Save& save) const {
    if (to - from <= F::kMaxLayers) {
      return inverse_pass<F>(to - from, layers, base + at, at, from, load, save);
    }
    const auto top = top_layers<F>(to - from);
    const auto below = to - top;
    const auto size = std::size_t{1} << below;
    if (below - from == F::kMaxLayers) {
      lowest<F::kMaxLayers>({at, at + (std::size_t{1} << to)}, from, nonzero, load, ToScratch<F>{scratch});
    } else {
      for (auto block = at; block < at + (std::size_t{1} << to); block += size) {
        if (nonzero.meets(block, block + size)) {
          inverse(block, from, below, nonzero, load, ToScratch<F>{scratch});
        } else {
          clear(block, size);
        }
      }
    }
    inverse_pass<F>(top, layers, base + at, at, below, FromScratch<F>{scratch}, save);
  }

  // Layers [from, from + kLayers) of all blocks of `range`: one loop, for blocks may be small.
  template <unsigned kLayers, class Load, class Save>
  void lowest(Range range, unsigned from, Range nonzero, const Load& load, const Save& save) const {
    lowest_inline<kLayers>(range, from, nonzero, load, save);
  }

  template <unsigned kLayers, class Load, class Save>
  LUMEN_INLINE void lowest_inline(Range range, unsigned from, Range nonzero, const Load& load,
                                  const Save& save) const {
    const auto size = std::size_t{1} << (from + kLayers);
    for (auto block = range.begin; block < range.end; block += size) {
      if (!nonzero.meets(block, block + size)) {
        clear(block, size);
        continue;
      }
      if constexpr (std::is_same_v<Load, FromShards<F>>) {
        if (load.has_all(block, block + size)) {
          inverse_pass<F, kLayers, false>(layers, base + block, block, from, load.all(), save);
          continue;
        }
      }
      inverse_pass<F, kLayers, false>(layers, base + block, block, from, load, save);
    }
  }

  // Layers [0, to) downwards; blocks that `wanted` says no to are left out.
  template <class Load, class Save, class Wanted>
  void forward(std::size_t at, unsigned to, const Load& load, const Save& save, const Wanted& wanted) const {
    if (to <= F::kMaxLayers) return forward_pass<F>(to, layers, base + at, at, 0, load, save);
    const auto top = top_layers<F>(to);
    const auto below = to - top;
    const auto size = std::size_t{1} << below;
    forward_pass<F>(top, layers, base + at, at, below, load, ToScratch<F>{scratch});
    const auto end = at + (std::size_t{1} << to);
    if (below == F::kMaxLayers) return last(at, end, save, wanted);
    for (auto block = at; block < end; block += size) {
      if (wanted(block, block + size)) {
        forward(block, below, FromScratch<F>{scratch}, save, wanted);
      }
    }
  }

  // The last kMaxLayers layers of all blocks of [at, end).
  template <class Save, class Wanted>
  void last(std::size_t at, std::size_t end, const Save& save, const Wanted& wanted) const {
    constexpr auto kSize = std::size_t{1} << F::kMaxLayers;
    const FromScratch<F> load{scratch};
    if (base + at == 0 && wanted(at, at + kSize)) {
      forward_pass<F, F::kMaxLayers, true>(layers, 0, at, 0, load, save);
    }
    for (auto block = base + at == 0 ? at + kSize : at; block < end; block += kSize) {
      if (!wanted(block, block + kSize)) continue;
      forward_pass<F, F::kMaxLayers, false>(layers, base + block, block, 0, load, save);
    }
  }

  void clear(std::size_t at, std::size_t count) const {
    std::memset(scratch + at * F::kScratchBytes, 0, count * F::kScratchBytes);
  }
};

// ---- Few rows of a matrix.

// rows [row, row + kRows) of matrix · inputs; factors lie row by row, `columns` each.
template <class F, std::size_t kRows, class Load, class FactorAt, class Save>
void product_rows(std::size_t row, std::size_t columns, const Load& load, const FactorAt& factor,
                  const Save& save) {
  typename F::Vec sum[kRows];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < kRows; ++r) sum[r] = F::zero();
  for (std::size_t c = 0; c < columns; ++c) {
    const auto x = F::prepare(load(c));
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kRows; ++r) F::add_product(sum[r], x, factor((row + r) * columns + c));
  }
#pragma GCC unroll 8
  for (std::size_t r = 0; r < kRows; ++r) save(row + r, sum[r]);
}

template <class F, class Load, class FactorAt, class Save>
void product(std::size_t rows, std::size_t columns, const Load& load, const FactorAt& factor,
             const Save& save) {
  std::size_t row = 0;
  for (; row + F::kRows <= rows; row += F::kRows) {
    product_rows<F, F::kRows>(row, columns, load, factor, save);
  }
  for (; row + 2 <= rows; row += 2) product_rows<F, 2>(row, columns, load, factor, save);
  for (; row < rows; ++row) product_rows<F, 1>(row, columns, load, factor, save);
}

template <class F>
struct KeptFactors {
  const typename F::Factor* factors;
  LUMEN_INLINE const typename F::Factor& operator()(std::size_t index) const { return factors[index]; }
};

template <class F>
struct FactorsOfConstants {
  const typename F::Factor* factors;
  const std::uint16_t* constants;
  LUMEN_INLINE typename F::Factor operator()(std::size_t index) const {
    return F::factor(factors, constants[index]);
  }
};

template <class F>
const typename F::Factor* factors_of(const FieldTables& tables) {
  return static_cast<const typename F::Factor*>(tables.factors);
}

template <class F>
void keep_factors(const FieldTables& tables, const std::uint16_t* constants, std::size_t count,
                  std::byte* memory) {
  auto* const kept = reinterpret_cast<typename F::Factor*>(memory);
  for (std::size_t i = 0; i < count; ++i) kept[i] = F::factor(factors_of<F>(tables), constants[i]);
}

template <class F>
struct ToShards {
  std::span<std::byte* const> shards;
  const typename F::Strip& strip;
  LUMEN_INLINE void operator()(std::size_t index, const typename F::Vec& value) const {
    F::store(shards[index], strip, value);
  }
};

// ---- The kernels.

template <class F>
class Transformer {
 public:
  explicit Transformer(const Transform& job)
      : job_{job}, layers_{layers_of<F>(*job.tables)}, factors_{factors_of<F>(*job.tables)} {
    std::size_t sums = 0;
    for (const auto& chunk : job.chunks) sums += std::size_t{1} << chunk.log_size;
    top_ = job.chunks.back().log_size;
    block_ = std::size_t{1} << top_;
    scratch_ = job.work;
    sums_ = scratch_ + block_ * F::kScratchBytes;
    syndromes_ = sums_ + sums * F::kScratchBytes;
    if (const auto* product = job.syndromes; product != nullptr && product->kept != nullptr) {
      const auto count = product->lost.size();
      keep_factors<F>(*job.tables, product->matrix, count * count, product->kept);
    }
  }

  void run(const typename F::Strip& strip) {
    const bool is_plain = job_.chunks.size() == 1 && job_.chunks.front().scale == nullptr;
    if (is_plain && top_ <= F::kMaxLayers) {
      add_small_blocks(strip);
    } else if (is_plain && top_ <= 2 * F::kMaxLayers) {
      add_medium_blocks(strip);
    } else {
      add_blocks(strip, is_plain);
    }
    finish(strip);
  }

 private:
  void add_small_blocks(const typename F::Strip& strip) {
    switch (top_) {
      case 0:
        return add_small_blocks<0>(strip);
      case 1:
        return add_small_blocks<1>(strip);
      case 2:
        return add_small_blocks<2>(strip);
      case 3:
        if constexpr (F::kMaxLayers >= 3) return add_small_blocks<3>(strip);
        break;
      default:
        if constexpr (F::kMaxLayers >= 4) return add_small_blocks<4>(strip);
    }
  }

  template <unsigned kLayers>
  void add_small_blocks(const typename F::Strip& strip) {
    std::memset(sums_, 0, block_ * F::kScratchBytes);
    const Range data{job_.first_point, job_.first_point + job_.inputs.size()};
    const FromShards<F> shards{job_.inputs.data(), data.begin, job_.inputs.size(), job_.syndromes != nullptr,
                               strip};
    Walk<F>{layers_, 0, scratch_}.template lowest<kLayers>(data, 0, data, shards,
                                                           AddToBlock<F>{sums_, block_ - 1});
  }

  // Blocks of two passes.
  void add_medium_blocks(const typename F::Strip& strip) {
    switch (top_ - F::kMaxLayers) {
      case 1:
        return add_medium_blocks<1>(strip);
      case 2:
        return add_medium_blocks<2>(strip);
      case 3:
        if constexpr (F::kMaxLayers >= 3) return add_medium_blocks<3>(strip);
        break;
      default:
        if constexpr (F::kMaxLayers >= 4) return add_medium_blocks<4>(strip);
    }
  }

  template <unsigned kTop>
  void add_medium_blocks(const typename F::Strip& strip) {
    std::memset(sums_, 0, block_ * F::kScratchBytes);
    const auto end = job_.first_point + job_.inputs.size();
    for (auto base = job_.first_point; base < end; base += block_) {
      const FromShards<F> shards{job_.inputs.data(), job_.first_point - base, job_.inputs.size(),
                                 job_.syndromes != nullptr, strip};
      Walk<F>{layers_, base, scratch_}.template lowest_inline<F::kMaxLayers>(
          {0, block_}, 0, {0, std::min(end - base, block_)}, shards, ToScratch<F>{scratch_});
      inverse_pass<F, kTop, false>(layers_, base, 0, F::kMaxLayers, FromScratch<F>{scratch_},
                                   AddToScratch<F>{sums_, 0});
    }
  }

  void add_blocks(const typename F::Strip& strip, bool is_plain) {
    const auto end = job_.first_point + job_.inputs.size();
    if (!is_plain) std::memset(sums_, 0, static_cast<std::size_t>(syndromes_ - sums_));
    for (auto base = job_.first_point / block_ * block_; base < end; base += block_) {
      const Walk<F> walk{layers_, base, scratch_};
      const auto first = job_.first_point < base ? 0 : job_.first_point - base;
      const Range data{first, std::min(end - base, block_)};
      // Index i of this block is input base + i − first_point.
      const FromShards<F> shards{job_.inputs.data(), job_.first_point - base, job_.inputs.size(),
                                 job_.syndromes != nullptr, strip};
      if (is_plain && base <= job_.first_point) {
        walk.inverse(0, 0, top_, data, shards, ToScratch<F>{sums_});
      } else if (is_plain) {
        walk.inverse(0, 0, top_, data, shards, AddToScratch<F>{sums_, 0});
      } else {
        add_block(walk, job_.chunks.size() - 1, 0, data, shards, sums_of(job_.chunks.size() - 1));
      }
    }
  }

  std::byte* sums_of(std::size_t chunk) const {
    auto* at = sums_;
    for (std::size_t i = 0; i < chunk; ++i) at += F::kScratchBytes << job_.chunks[i].log_size;
    return at;
  }

  // The layers of chunk `index` on the block at `at`, those of the smaller chunks first; their sum.
  void add_block(const Walk<F>& walk, std::size_t index, std::size_t at, Range data,
                 const FromShards<F>& shards, std::byte* sums) {
    const auto& chunk = job_.chunks[index];
    const auto scale = F::factor(factors_, chunk.scale[(walk.base + at) >> chunk.log_size]);
    const bool is_last = index + 1 == job_.chunks.size();
    if (index == 0) {
      add_scaled(walk, at, 0, chunk.log_size, data, shards, sums, scale, is_last);
      return;
    }
    const auto below = job_.chunks[index - 1].log_size;
    const auto size = std::size_t{1} << below;
    auto* const sums_below = sums - (F::kScratchBytes << below);
    for (auto block = at; block < at + (std::size_t{1} << chunk.log_size); block += size) {
      if (data.meets(block, block + size)) {
        add_block(walk, index - 1, block, data, shards, sums_below);
      } else {
        walk.clear(block, size);
      }
    }
    add_scaled(walk, at, below, chunk.log_size, {at, at + (std::size_t{1} << chunk.log_size)},
               FromScratch<F>{scratch_}, sums, scale, is_last);
  }

  template <class Load>
  void add_scaled(const Walk<F>& walk, std::size_t at, unsigned from, unsigned to, Range data,
                  const Load& load, std::byte* sums, const typename F::Factor& scale, bool is_last) {
    if (is_last) {
      walk.inverse(at, from, to, data, load, AddScaledToScratch<F, false>{sums, at, scale, nullptr});
    } else {
      walk.inverse(at, from, to, data, load, AddScaledToScratch<F, true>{sums, at, scale, scratch_});
    }
  }

  void finish(const typename F::Strip& strip) {
    auto* sums = sums_;
    for (const auto& chunk : job_.chunks) {
      const Walk<F> walk{layers_, chunk.first, sums};
      const auto wanted = [&](std::size_t from, std::size_t) { return chunk.first + from < job_.rows; };
      if (!wanted(0, 0)) {
        // Nothing of this chunk is asked for.
      } else if (job_.syndromes == nullptr) {
        walk.forward(0, chunk.log_size, FromScratch<F>{sums},
                     ToRows<F>{job_.outputs, chunk.first, job_.rows, strip}, wanted);
      } else {
        walk.forward(0, chunk.log_size, FromScratch<F>{sums},
                     ToSyndromes<F>{*job_.syndromes, chunk.first, job_.rows, strip, syndromes_}, wanted);
      }
      sums += F::kScratchBytes << chunk.log_size;
    }
    if (job_.syndromes == nullptr) return;
    const auto count = job_.syndromes->lost.size();
    const FromScratch<F> load{syndromes_};
    const ToShards<F> save{job_.syndromes->lost, strip};
    if (const auto* kept = job_.syndromes->kept; kept != nullptr) {
      const KeptFactors<F> factors{reinterpret_cast<const typename F::Factor*>(kept)};
      product<F>(count, count, load, factors, save);
    } else {
      product<F>(count, count, load, FactorsOfConstants<F>{factors_, job_.syndromes->matrix}, save);
    }
  }

  const Transform& job_;
  Layers<F> layers_;
  const typename F::Factor* factors_;
  unsigned top_ = 0;
  std::size_t block_ = 0;
  std::byte *scratch_ = nullptr, *sums_ = nullptr, *syndromes_ = nullptr;
};

template <class F>
void transform(const Transform& job) {
  Transformer<F> transformer{job};
  const typename F::Strips strips{job.shard_bytes};
  for (std::size_t i = 0; i < strips.count(); ++i) transformer.run(strips.at(i));
}

template <class F>
void few_rows(const FewRows& job) {
  if (job.kept != nullptr) {
    keep_factors<F>(*job.tables, job.matrix, job.inputs.size() * job.outputs.size(), job.kept);
  }
  const typename F::Strips strips{job.shard_bytes};
  for (std::size_t i = 0; i < strips.count(); ++i) {
    const auto strip = strips.at(i);
    const FromAllShards<F> load{job.inputs.data(), 0, strip};
    const ToShards<F> save{job.outputs, strip};
    const auto rows = job.outputs.size();
    const auto columns = job.inputs.size();
    if (job.kept != nullptr) {
      const KeptFactors<F> factors{reinterpret_cast<const typename F::Factor*>(job.kept)};
      product<F>(rows, columns, load, factors, save);
    } else {
      product<F>(rows, columns, load, FactorsOfConstants<F>{factors_of<F>(*job.tables), job.matrix}, save);
    }
  }
}

// The formal derivative of the polynomial that `size` values stand for, a power of two: value q gains, for
// each bit d that q lacks, value q + 2^d as it was.
template <class F>
void differentiate(std::byte* values, std::size_t size) {
  const auto parts = std::min<std::size_t>(size, 8);
  const auto part = size / parts;
  for (std::size_t s = 0; s < parts; ++s) {
    if (part > 1) differentiate<F>(values + s * part * F::kScratchBytes, part);
    for (std::size_t q = 0; q < part; ++q) {
      auto* const at = values + (s * part + q) * F::kScratchBytes;
      auto sum = F::load(at);
      for (std::size_t bit = 1; bit < parts; bit <<= 1U) {
        if ((s & bit) == 0) F::add(sum, F::load(at + bit * part * F::kScratchBytes));
      }
      F::store(at, sum);
    }
  }
}

template <class F>
void full_recovery(const FullRecovery& job) {
  const auto layers = layers_of<F>(*job.tables);
  const auto* const factors = factors_of<F>(*job.tables);
  const Walk<F> walk{layers, 0, job.work};
  const typename F::Strips strips{job.shard_bytes};
  for (std::size_t i = 0; i < strips.count(); ++i) {
    const auto strip = strips.at(i);
    walk.inverse(0, 0, job.log_points, {0, job.points},
                 FromScaledShards<F>{job.received, job.points, job.scale, factors, strip},
                 ToScratch<F>{job.work});
    differentiate<F>(job.work, std::size_t{1} << job.log_points);
    std::size_t next = 0;
    const auto wanted = [&](std::size_t, std::size_t to) {
      return next < job.lost.size() && job.lost_points[next] < to;
    };
    walk.forward(0, job.log_points, FromScratch<F>{job.work}, ToLost<F>{job, factors, strip, next}, wanted);
  }
}

// Strips [first, first + kStrips) of a sum of shards.
template <class F, std::size_t kStrips>
void sum_strips(std::span<const std::byte* const> inputs, std::byte* output, const typename F::Strips& strips,
                std::size_t first) {
  typename F::Strip strip[kStrips];
  typename F::Vec total[kStrips];
#pragma GCC unroll 4
  for (std::size_t s = 0; s < kStrips; ++s) {
    strip[s] = strips.at(first + s);
    total[s] = F::zero();
  }
  for (const auto* input : inputs) {
#pragma GCC unroll 4
    for (std::size_t s = 0; s < kStrips; ++s) F::add(total[s], F::load(input, strip[s]));
  }
#pragma GCC unroll 4
  for (std::size_t s = 0; s < kStrips; ++s) F::store(output, strip[s], total[s]);
}

template <class F>
void sum(std::span<const std::byte* const> inputs, std::byte* output, std::size_t bytes) {
  const typename F::Strips strips{bytes};
  std::size_t strip = 0;
  for (; strip + 4 <= strips.count(); strip += 4) sum_strips<F, 4>(inputs, output, strips, strip);
  for (; strip < strips.count(); ++strip) sum_strips<F, 1>(inputs, output, strips, strip);
}

// Sums below 2·order come back below it with one subtraction that wraps when there is nothing to subtract.
LUMEN_INLINE std::uint32_t reduced(std::uint32_t sum, std::uint32_t order) {
  return std::min(sum, sum - order);
}

inline void walsh(std::uint32_t* values, std::size_t size, std::uint32_t order) {
  for (std::size_t half = 1; half < size; half *= 2) {
    for (std::size_t block = 0; block < size; block += 2 * half) {
      auto* const a = values + block;
      auto* const b = a + half;
      for (std::size_t i = 0; i < half; ++i) {
        const auto sum = reduced(a[i] + b[i], order);
        b[i] = reduced(a[i] + order - b[i], order);
        a[i] = sum;
      }
    }
  }
}

template <class F>
constexpr FieldKernels field_kernels() {
  return {.scratch_bytes = F::kScratchBytes,
          .factor_bytes = sizeof(typename F::Factor),
          .transform = transform<F>,
          .few_rows = few_rows<F>,
          .full_recovery = full_recovery<F>};
}

}  // namespace
}  // namespace lumen::fec
