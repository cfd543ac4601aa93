#include "core/c_fec.hpp"

#include <optional>
#include <utility>

#include "core/abi.hpp"

LUMEN_FIRST_VERSION(lumen_fec_params, reserved);

using namespace lumen;
using namespace lumen::core;

namespace {

static_assert(LUMEN_CODE_LEOPARD_GF8 == static_cast<int>(fec::LeopardField::gf8));
static_assert(LUMEN_CODE_LEOPARD_GF16 == static_cast<int>(fec::LeopardField::gf16));

constexpr std::uint32_t kMinPoints = 256;

std::optional<fec::Kernel> to_kernel(std::int32_t kernel) {
  switch (kernel) {
    case LUMEN_KERNEL_BEST:
      return fec::best_kernel();
    case LUMEN_KERNEL_SCALAR:
      return fec::Kernel::scalar;
    case LUMEN_KERNEL_SSSE3:
      return fec::Kernel::ssse3;
    case LUMEN_KERNEL_AVX2:
      return fec::Kernel::avx2;
    case LUMEN_KERNEL_GFNI:
      return fec::Kernel::gfni;
    case LUMEN_KERNEL_NEON:
      return fec::Kernel::neon;
    default:
      return std::nullopt;
  }
}

lumen_fec_params default_params() {
  lumen_fec_params params{};
  params.kernel = LUMEN_KERNEL_BEST;
  params.max_points = fec::kLeopardMaxPoints;
  return params;
}

bool is_leopard(std::int32_t code) {
  return code == LUMEN_CODE_LEOPARD_GF8 || code == LUMEN_CODE_LEOPARD_GF16;
}

// Whether any object of the library could have such a block.
bool is_block(std::int32_t code, std::size_t data, std::size_t parity) {
  if (data == 0 || data > fec::kLeopardMaxPoints || parity > fec::kLeopardMaxPoints) return false;
  if (code == LUMEN_CODE_GAMESTREAM) return data + parity <= fec::kMaxShards;
  if (code == LUMEN_CODE_GAMESTREAM_AUDIO) {
    return data == fec::kAudioDataShards && parity == fec::kAudioParityShards;
  }
  if (parity == 0) return is_leopard(code);
  const auto points = fec::leopard_points(data, parity);
  return (code == LUMEN_CODE_LEOPARD_GF8 && points <= 256) ||
         (code == LUMEN_CODE_LEOPARD_GF16 && points <= fec::kLeopardMaxPoints);
}

struct Block {
  std::int32_t code;
  std::size_t data, parity, shard_bytes;
};

lumen_result check(const lumen_fec* fec, const Block& block, const void* work, std::size_t work_bytes) {
  if (fec == nullptr) return LUMEN_ERR_INVALID_ARGUMENT;
  if (!is_block(block.code, block.data, block.parity)) return LUMEN_ERR_UNSUPPORTED;
  const auto field = static_cast<fec::LeopardField>(block.code);
  if (is_leopard(block.code) && block.parity > 0 &&
      !fec->leopard.is_possible(field, block.data, block.parity, block.shard_bytes)) {
    return LUMEN_ERR_UNSUPPORTED;
  }
  const auto wanted = lumen_fec_work_bytes(block.code, block.data, block.parity);
  return work_bytes >= wanted && (work != nullptr || wanted == 0) ? LUMEN_OK : LUMEN_ERR_INVALID_ARGUMENT;
}

bool any_null(const void* const* pointers, std::size_t count) {
  return std::any_of(pointers, pointers + count, [](const void* pointer) { return pointer == nullptr; });
}

// Arrays of pointers to bytes, under the name that bytes have here.
std::span<const std::byte* const> views(const void* const* pointers, std::size_t count) {
  return {reinterpret_cast<const std::byte* const*>(pointers), count};
}
std::span<std::byte* const> views(void* const* pointers, std::size_t count) {
  return {reinterpret_cast<std::byte* const*>(pointers), count};
}

bool encode(const lumen_fec& fec, const Block& block, std::span<const std::byte* const> data,
            std::span<std::byte* const> parity, MutableBytes work) {
  switch (block.code) {
    case LUMEN_CODE_GAMESTREAM: {
      MutexLock lock{fec.mutex};
      return fec.gamestream.encode(data, parity, block.shard_bytes);
    }
    case LUMEN_CODE_GAMESTREAM_AUDIO:
      fec.audio.encode(data.first<fec::kAudioDataShards>(), parity.first<fec::kAudioParityShards>(),
                       block.shard_bytes);
      return true;
    default:
      return fec.leopard.encode(static_cast<fec::LeopardField>(block.code), data, parity, block.shard_bytes,
                                work);
  }
}

bool recover(const lumen_fec& fec, const Block& block, std::span<std::byte* const> shards,
             std::span<const bool> present, MutableBytes work) {
  switch (block.code) {
    case LUMEN_CODE_GAMESTREAM: {
      MutexLock lock{fec.mutex};
      return fec.gamestream.recover(shards, present, block.data, block.shard_bytes);
    }
    case LUMEN_CODE_GAMESTREAM_AUDIO:
      return fec.audio.recover(shards.first<fec::kAudioShards>(), present.first<fec::kAudioShards>(),
                               block.shard_bytes);
    default:
      return fec.leopard.recover(static_cast<fec::LeopardField>(block.code), shards, present, block.data,
                                 block.shard_bytes, work);
  }
}

// All that recover() follows: what is present, and data that it writes.
bool any_null(void* const* shards, std::span<const bool> present, std::size_t data) {
  for (std::size_t i = 0; i < present.size(); ++i) {
    if (shards[i] == nullptr && (present[i] || i < data)) return true;
  }
  return false;
}

}  // namespace

int32_t lumen_kernel_is_supported(int32_t kernel) {
  const auto known = to_kernel(kernel);
  return known && fec::is_supported(*known) ? 1 : 0;
}

const char* lumen_kernel_name(int32_t kernel) {
  const auto known = to_kernel(kernel);
  return known ? fec::to_string(*known).data() : "unknown";
}

lumen_result lumen_fec_params_init(lumen_fec_params* params, size_t struct_size) {
  return abi::init(default_params(), params, struct_size);
}

lumen_result lumen_fec_create(const lumen_fec_params* params, lumen_fec** out) {
  return abi::guard([&]() -> lumen_result {
    if (out == nullptr) return LUMEN_ERR_INVALID_ARGUMENT;
    auto ours = default_params();
    if (params != nullptr) {
      if (const auto taken = abi::take(params, ours); taken != LUMEN_OK) return taken;
    }
    const auto kernel = to_kernel(ours.kernel);
    if (!kernel || ours.reserved != 0) return LUMEN_ERR_INVALID_ARGUMENT;
    if (ours.max_points < kMinPoints || ours.max_points > fec::kLeopardMaxPoints)
      return LUMEN_ERR_INVALID_ARGUMENT;
    if (!fec::is_supported(*kernel)) return LUMEN_ERR_UNSUPPORTED;
    *out = new lumen_fec{*kernel, ours.max_points};
    return LUMEN_OK;
  });
}

void lumen_fec_destroy(lumen_fec** fec) { abi::destroy(fec); }

lumen_result lumen_fec_code_for(size_t data_shards, size_t parity_shards) {
  if (data_shards > fec::kLeopardMaxPoints || parity_shards > fec::kLeopardMaxPoints)
    return LUMEN_ERR_UNSUPPORTED;
  const auto field = fec::leopard_field(data_shards, parity_shards);
  return field ? static_cast<lumen_result>(*field) : LUMEN_ERR_UNSUPPORTED;
}

// What recover() notes of presence goes first.
size_t lumen_fec_work_bytes(int32_t code, size_t data_shards, size_t parity_shards) {
  if (!is_block(code, data_shards, parity_shards)) return 0;
  const auto own = is_leopard(code) ? fec::Leopard::work_bytes(data_shards, parity_shards) : 0;
  return own + data_shards + parity_shards;
}

lumen_result lumen_fec_encode(const lumen_fec* fec, int32_t code, const void* const* data, size_t data_shards,
                              void* const* parity, size_t parity_shards, size_t shard_bytes, void* work,
                              size_t work_bytes) {
  return abi::guard([&]() -> lumen_result {
    const Block block{code, data_shards, parity_shards, shard_bytes};
    if (const auto checked = check(fec, block, work, work_bytes); checked != LUMEN_OK) return checked;
    if (parity_shards == 0) return LUMEN_OK;
    if (data == nullptr || parity == nullptr || any_null(data, data_shards) ||
        any_null(parity, parity_shards)) {
      return LUMEN_ERR_INVALID_ARGUMENT;
    }
    const bool done = encode(*fec, block, views(data, data_shards), views(parity, parity_shards),
                             abi::bytes_of(work, work_bytes));
    return done ? LUMEN_OK : LUMEN_ERR_INTERNAL;
  });
}

lumen_result lumen_fec_recover(const lumen_fec* fec, int32_t code, void* const* shards,
                               const uint8_t* present, size_t data_shards, size_t parity_shards,
                               size_t shard_bytes, void* work, size_t work_bytes) {
  return abi::guard([&]() -> lumen_result {
    const Block block{code, data_shards, parity_shards, shard_bytes};
    if (const auto checked = check(fec, block, work, work_bytes); checked != LUMEN_OK) return checked;
    if (shards == nullptr || present == nullptr) return LUMEN_ERR_INVALID_ARGUMENT;
    const auto total = data_shards + parity_shards;
    auto* const flags = new (work) bool[total];
    std::transform(present, present + total, flags, [](std::uint8_t flag) { return flag != 0; });
    const std::span<const bool> have{flags, total};
    if (any_null(shards, have, data_shards)) return LUMEN_ERR_INVALID_ARGUMENT;
    if (static_cast<std::size_t>(std::count(have.begin(), have.end(), true)) < data_shards) {
      return LUMEN_ERR_UNAVAILABLE;
    }
    if (std::all_of(flags, flags + data_shards, [](bool flag) { return flag; })) return LUMEN_OK;
    const bool done =
        recover(*fec, block, views(shards, total), have, abi::bytes_of(work, work_bytes).subspan(total));
    return done ? LUMEN_OK : LUMEN_ERR_INTERNAL;
  });
}
