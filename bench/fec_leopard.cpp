// bench: catid/leopard, built from a folder that the user names.
#include <leopard.h>

#include "fec/reed_solomon.hpp"
#include "fec_peers.hpp"

namespace lumen::bench {
namespace {

class CatidCoder final : public Coder {
 public:
  explicit CatidCoder(const Shape& shape)
      : Coder{shape},
        k_{static_cast<unsigned>(shape.data)},
        m_{static_cast<unsigned>(shape.parity)},
        encode_count_{leo_encode_work_count(k_, m_)},
        decode_count_{leo_decode_work_count(k_, m_)},
        work_{{.data = std::max(encode_count_, decode_count_), .shard_bytes = shape.shard_bytes}},
        originals_(shape.data),
        recovery_(shape.parity) {
    decode_work_.assign(work_.all().begin(), work_.all().end());
    encode_work_ = decode_work_;
    std::copy_n(shards().parity().begin(), shape.parity, encode_work_.begin());  // parity comes first
  }

  bool encode() override {
    const auto& data = shards().const_data();
    originals_.assign(data.begin(), data.end());
    return leo_encode(shape().shard_bytes, k_, m_, encode_count_, originals_.data(), encode_work_.data()) ==
           Leopard_Success;
  }

  bool recover(const Losses& losses) override {
    const auto& all = shards().all();
    for (std::size_t i = 0; i < k_; ++i) originals_[i] = losses.present()[i] ? all[i] : nullptr;
    for (std::size_t j = 0; j < m_; ++j) recovery_[j] = losses.present()[k_ + j] ? all[k_ + j] : nullptr;
    if (losses.lost_data().empty()) return true;
    return leo_decode(shape().shard_bytes, k_, m_, decode_count_, originals_.data(), recovery_.data(),
                      decode_work_.data()) == Leopard_Success;
  }

  const std::byte* recovered(std::size_t shard) const override {
    return static_cast<const std::byte*>(decode_work_[shard]);
  }

 private:
  unsigned k_, m_, encode_count_, decode_count_;
  Shards work_;
  std::vector<void*> encode_work_, decode_work_;
  std::vector<const void*> originals_, recovery_;
};

}  // namespace

void add_leopard(std::vector<Codec>& codecs) {
  if (!fec::is_supported(fec::Kernel::avx2) || leo_init() != Leopard_Success) return;
  codecs.push_back({.name = "leopard",
                    .level = "avx2",
                    .max_shards = 65535,
                    .max_block_data = 65535,
                    .create = [](const Shape& shape) { return std::make_unique<CatidCoder>(shape); }});
}

}  // namespace lumen::bench
