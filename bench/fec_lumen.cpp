// bench: our own codes, a codec for each kernel.
#include "fec/leopard.hpp"
#include "fec/reed_solomon.hpp"
#include "fec_peers.hpp"

namespace lumen::bench {
namespace {

using fec::Kernel;

class GameStreamCoder final : public Coder {
 public:
  GameStreamCoder(const Shape& shape, Kernel kernel) : Coder{shape}, code_{kernel} {}
  bool encode() override {
    return code_.encode(shards().const_data(), shards().parity(), shape().shard_bytes);
  }
  bool recover(const Losses& losses) override {
    return code_.recover(shards().all(), losses.present(), shape().data, shape().shard_bytes);
  }

 private:
  fec::ReedSolomon code_;
};

class LeopardCoder final : public Coder {
 public:
  LeopardCoder(const Shape& shape, std::shared_ptr<const fec::Leopard> code)
      : Coder{shape},
        code_{std::move(code)},
        field_{fec::leopard_field(shape.data, shape.parity).value()},
        work_(fec::Leopard::work_bytes(shape.data, shape.parity)) {}
  bool encode() override {
    return code_->encode(field_, shards().const_data(), shards().parity(), shape().shard_bytes, work_);
  }
  bool recover(const Losses& losses) override {
    return code_->recover(field_, shards().all(), losses.present(), shape().data, shape().shard_bytes, work_);
  }

 private:
  std::shared_ptr<const fec::Leopard> code_;  // one for all coders of a kernel: its tables are large
  fec::LeopardField field_;
  std::vector<std::byte> work_;
};

void add(std::vector<Codec>& codecs, Kernel kernel) {
  const std::string level{to_string(kernel)};
  const bool is_for_show = kernel < Kernel::avx2;
  codecs.push_back(
      {.name = "lumen-gamestream",
       .level = level,
       .is_for_show = is_for_show,
       .create = [kernel](const Shape& shape) { return std::make_unique<GameStreamCoder>(shape, kernel); }});
  codecs.push_back(
      {.name = "lumen-leopard",
       .level = level,
       .max_shards = 65535,
       .max_block_data = 65535,
       .frame_shard_bytes = 1392,
       .is_for_show = is_for_show,
       .create = [kernel, code = std::shared_ptr<const fec::Leopard>{}](const Shape& shape) mutable {
         if (!code) code = std::make_shared<fec::Leopard>(kernel);
         return std::make_unique<LeopardCoder>(shape, code);
       }});
}

}  // namespace

void add_lumen(std::vector<Codec>& codecs) {
  for (const auto kernel : {Kernel::scalar, Kernel::ssse3, Kernel::avx2, Kernel::gfni}) {
    if (fec::is_supported(kernel)) add(codecs, kernel);
  }
}

}  // namespace lumen::bench
