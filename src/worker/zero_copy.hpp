// lumen/worker: what of a session runs on a GPU: the way of the desktop's pictures there, and the encoders.
#pragma once

#include <memory>
#include <string_view>

#include "base/log.hpp"
#include "codec/encoder_chain.hpp"
#include "gpu/import/importer.hpp"

namespace lumen::worker {

// LUMEN_ZEROCOPY. off: no GPU has a part in a session. on: what stands in the way is a warning, not a remark.
enum class ZeroCopyWish : std::uint8_t { automatic, on, off };
ZeroCopyWish zero_copy_wish(std::string_view value);
ZeroCopyWish zero_copy_wish_of_environment();

// Owner: the main thread, but for the encoders' factory.
class ZeroCopy {
 public:
  // Tries what is here; whatever is missing is logged, and done without. `log` outlives it.
  ZeroCopy(ZeroCopyWish wish, Logger& log);
  ~ZeroCopy();
  ZeroCopy(const ZeroCopy&) = delete;
  ZeroCopy& operator=(const ZeroCopy&) = delete;

  // nullptr: pictures come through the CPU's memory. Outlives whoever has it.
  DmabufImporter* importer() { return importer_.get(); }
  codec::EncoderChain& encoders() { return *encoders_; }
  void set_color(ColorSpace color);
  // After an encoder was opened or replaced: pictures that none reads on the GPU are not to stay there.
  void on_encoder();

 private:
  void remark(const Error& why) const;
  void open_importer();

  const ZeroCopyWish wish_;
  Logger& log_;
  std::shared_ptr<gpu::cuda::Context> cuda_;
  std::unique_ptr<codec::EncoderChain> encoders_;
  std::unique_ptr<gpu::Importer> importer_;
};

}  // namespace lumen::worker
