// bench: Intel's ISA-L, a Cauchy code over GF(2⁸). It leaves to its caller to invert the matrix of what
// was received: `isal` does so in every call, `isal-pass` has it done before the clock runs.
#include <isa-l/erasure_code.h>

#include <map>

#include "fec/reed_solomon.hpp"
#include "fec_peers.hpp"

namespace lumen::bench {
namespace {

using Matrix = std::vector<unsigned char>;
using DataPass = void (*)(int, int, int, unsigned char*, unsigned char**, unsigned char**);
constexpr std::size_t kTableBytes = 32;  // per coefficient

class IsalCoder final : public Coder {
 public:
  IsalCoder(const Shape& shape, DataPass pass, bool keep_tables)
      : Coder{shape},
        pass_{pass},
        keep_tables_{keep_tables},
        matrix_(shape.total() * shape.data),
        encode_tables_(kTableBytes * shape.data * shape.parity),
        recover_tables_(encode_tables_.size()) {
    const auto k = static_cast<int>(shape.data);
    gf_gen_cauchy1_matrix(matrix_.data(), static_cast<int>(shape.total()), k);
    ec_init_tables(k, static_cast<int>(shape.parity), &matrix_[shape.data * shape.data],
                   encode_tables_.data());
    for (auto* shard : shards().all()) pointers_.push_back(reinterpret_cast<unsigned char*>(shard));
    received_.resize(shape.data * shape.data);
    inverse_.resize(received_.size());
    rows_.resize(shape.parity * shape.data);
  }

  bool encode() override {
    run(encode_tables_, shape().parity, pointers_.data(), &pointers_[shape().data]);
    return true;
  }

  bool recover(const Losses& losses) override {
    collect_sources(losses);
    if (keep_tables_) {
      auto& tables = kept_tables_[&losses];
      if (tables.empty()) {
        tables.resize(kTableBytes * shape().data * losses.lost_data().size() + 1);
        if (!make_tables(losses, tables)) return false;
      }
      run(tables, targets_.size(), sources_.data(), targets_.data());
      return true;
    }
    if (!make_tables(losses, recover_tables_)) return false;
    run(recover_tables_, targets_.size(), sources_.data(), targets_.data());
    return true;
  }

 private:
  void run(Matrix& tables, std::size_t rows, unsigned char** sources, unsigned char** targets) const {
    if (rows == 0) return;
    pass_(static_cast<int>(shape().shard_bytes), static_cast<int>(shape().data), static_cast<int>(rows),
          tables.data(), sources, targets);
  }

  // The k shards that are read, and those that are written.
  void collect_sources(const Losses& losses) {
    sources_.clear();
    targets_.clear();
    used_rows_.clear();
    for (std::size_t i = 0; i < shape().data; ++i) {
      if (losses.present()[i]) use(i);
    }
    for (const auto j : losses.used_parity()) use(shape().data + j);
    for (const auto i : losses.lost_data()) targets_.push_back(pointers_[i]);
  }
  void use(std::size_t shard) {
    sources_.push_back(pointers_[shard]);
    used_rows_.push_back(shard);
  }

  bool make_tables(const Losses& losses, Matrix& tables) {
    if (losses.lost_data().empty()) return true;
    const auto k = shape().data;
    for (std::size_t r = 0; r < k; ++r) std::copy_n(&matrix_[used_rows_[r] * k], k, &received_[r * k]);
    if (gf_invert_matrix(received_.data(), inverse_.data(), static_cast<int>(k)) != 0) return false;
    auto row = rows_.begin();
    for (const auto i : losses.lost_data()) row = std::copy_n(&inverse_[i * k], k, row);
    ec_init_tables(static_cast<int>(k), static_cast<int>(losses.lost_data().size()), rows_.data(),
                   tables.data());
    return true;
  }

  DataPass pass_;
  bool keep_tables_;
  Matrix matrix_, encode_tables_, recover_tables_;
  Matrix received_, inverse_, rows_;
  std::map<const Losses*, Matrix> kept_tables_;
  std::vector<unsigned char*> pointers_, sources_, targets_;
  std::vector<std::size_t> used_rows_;
};

void add(std::vector<Codec>& codecs, const char* level, DataPass pass) {
  for (const bool keep_tables : {false, true}) {
    codecs.push_back({.name = keep_tables ? "isal-pass" : "isal",
                      .level = level,
                      .has_frames = !keep_tables,
                      .create = [=](const Shape& shape) {
                        return std::make_unique<IsalCoder>(shape, pass, keep_tables);
                      }});
  }
}

}  // namespace

void add_isal(std::vector<Codec>& codecs) {
  if (fec::is_supported(fec::Kernel::avx2)) add(codecs, "avx2", ec_encode_data_avx2);
  // By itself it takes the best there is: AVX-512 without GFNI, which this version does not know.
  if (fec::is_supported(fec::Kernel::gfni)) add(codecs, "avx512", ec_encode_data);
}

}  // namespace lumen::bench
