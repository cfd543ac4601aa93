// bench: nanors, built from a folder that the user names, and compiled twice: as it is (it then takes the
// best the CPU has) and, with LUMEN_NANORS_AVX2 and all its names changed, held to AVX2 (nanors_avx2.h).
#include <rs.h>

#include "fec/reed_solomon.hpp"
#include "fec_peers.hpp"

namespace lumen::bench {
namespace {

class NanorsCoder final : public Coder {
 public:
  explicit NanorsCoder(const Shape& shape)
      : Coder{shape},
        code_{reed_solomon_new(static_cast<int>(shape.data), static_cast<int>(shape.parity))},
        marks_(shape.total()) {
    for (auto* shard : shards().all()) pointers_.push_back(reinterpret_cast<std::uint8_t*>(shard));
  }
  ~NanorsCoder() override { reed_solomon_release(code_); }

  bool encode() override { return reed_solomon_encode(code_, pointers_.data(), total(), bytes()) == 0; }
  bool recover(const Losses& losses) override {
    for (std::size_t i = 0; i < marks_.size(); ++i) marks_[i] = losses.present()[i] ? 0 : 1;
    return reed_solomon_decode(code_, pointers_.data(), marks_.data(), total(), bytes()) == 0;
  }

 private:
  int total() const { return static_cast<int>(shape().total()); }
  int bytes() const { return static_cast<int>(shape().shard_bytes); }

  reed_solomon* code_;
  std::vector<std::uint8_t*> pointers_;
  std::vector<std::uint8_t> marks_;
};

void add(std::vector<Codec>& codecs, const char* level) {
  codecs.push_back({.name = "nanors", .level = level, .create = [](const Shape& shape) {
                      return std::make_unique<NanorsCoder>(shape);
                    }});
}

}  // namespace

#ifdef LUMEN_NANORS_AVX2
void add_nanors_avx2(std::vector<Codec>& codecs) {
  if (fec::is_supported(fec::Kernel::avx2)) add(codecs, "avx2");
}
#else
void add_nanors(std::vector<Codec>& codecs) {
  if (fec::is_supported(fec::Kernel::gfni)) add(codecs, "gfni");
}
#endif

}  // namespace lumen::bench
