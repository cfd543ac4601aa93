// bench: cm256 (cm256cc), a Cauchy code over GF(2⁸) whose first parity row is all ones. It recovers into
// the memory of the parity shards.
#define USE_SSSE3  // how Debian builds it for x86; its header has to be told
#include <cm256cc/cm256.h>

#include "fec/reed_solomon.hpp"
#include "fec_peers.hpp"

namespace lumen::bench {
namespace {

class Cm256Coder final : public Coder {
 public:
  explicit Cm256Coder(const Shape& shape)
      : Coder{shape},
        params_{static_cast<int>(shape.data), static_cast<int>(shape.parity),
                static_cast<int>(shape.shard_bytes)},
        blocks_(shape.data) {}

  bool encode() override {
    for (std::size_t i = 0; i < shape().data; ++i) set(i, i);
    return code_.cm256_encode(params_, blocks_.data(), shards().parity()[0]) == 0;
  }

  bool recover(const Losses& losses) override {
    auto parity = losses.used_parity().begin();
    for (std::size_t i = 0; i < shape().data; ++i) set(i, losses.present()[i] ? i : shape().data + *parity++);
    return losses.lost_data().empty() || code_.cm256_decode(params_, blocks_.data()) == 0;
  }

  const std::byte* recovered(std::size_t shard) const override {
    for (const auto& block : blocks_) {
      if (block.Index == shard) return static_cast<const std::byte*>(block.Block);
    }
    return nullptr;
  }

 private:
  void set(std::size_t place, std::size_t shard) {
    blocks_[place] = {shards().all()[shard], static_cast<unsigned char>(shard)};
  }

  CM256 code_;
  CM256::cm256_encoder_params params_;
  std::vector<CM256::cm256_block> blocks_;
};

}  // namespace

void add_cm256(std::vector<Codec>& codecs) {
  if (!fec::is_supported(fec::Kernel::ssse3)) return;
  codecs.push_back({.name = "cm256", .level = "ssse3", .create = [](const Shape& shape) {
                      return std::make_unique<Cm256Coder>(shape);
                    }});
}

}  // namespace lumen::bench
