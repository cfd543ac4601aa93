#include "worker/zero_copy.hpp"

#include <cstdlib>
#include <utility>
#include <vector>

#include "codec/hardware.hpp"
#include "codec/software.hpp"

namespace lumen::worker {
namespace {

constexpr Mode kProbeMode{640, 360, 60'000};

Result<std::shared_ptr<gpu::cuda::Context>> open_cuda() {
  LUMEN_TRY(const auto driver, gpu::cuda::load_driver());
  return gpu::cuda::Context::create(driver);
}

std::vector<codec::EncoderChain::Link> links(const std::shared_ptr<gpu::cuda::Context>& cuda,
                                             ZeroCopyWish wish) {
  std::vector<codec::EncoderChain::Link> links;
  if (cuda) {
    links.push_back(
        {"NVENC", [cuda](const EncoderConfig& config) { return codec::create_nvenc_encoder(config, cuda); },
         true});
  }
  if (wish != ZeroCopyWish::off) {
    links.push_back({"VAAPI", [](const EncoderConfig& config) {
                       return codec::create_vaapi_encoder(config, codec::kRenderNode);
                     }});
  }
  links.push_back({"software", codec::create_encoder});
  return links;
}

}  // namespace

ZeroCopyWish zero_copy_wish(std::string_view value) {
  if (value == "off") return ZeroCopyWish::off;
  return value == "on" ? ZeroCopyWish::on : ZeroCopyWish::automatic;
}

ZeroCopyWish zero_copy_wish_of_environment() {
  const char* const value =
      std::getenv("LUMEN_ZEROCOPY");  // NOLINT(concurrency-mt-unsafe): nobody changes it
  return zero_copy_wish(value == nullptr ? "" : value);
}

ZeroCopy::ZeroCopy(ZeroCopyWish wish, Logger& log) : wish_{wish}, log_{log} {
  if (wish != ZeroCopyWish::off) {
    if (auto opened = open_cuda()) {
      cuda_ = std::move(*opened);
    } else {
      remark(opened.error());
    }
  }
  encoders_ = std::make_unique<codec::EncoderChain>(links(cuda_, wish), log_);
  if (cuda_) open_importer();
}

ZeroCopy::~ZeroCopy() = default;

void ZeroCopy::remark(const Error& why) const {
  if (wish_ == ZeroCopyWish::on) {
    log_.warn("no zero copy: {}", describe(why));
  } else {
    log_.info("no zero copy: {}", describe(why));
  }
}

// Pictures stay on the GPU only where something there encodes them.
void ZeroCopy::open_importer() {
  const auto encoder = codec::create_nvenc_encoder({.mode = kProbeMode, .bitrate = {4'000'000}}, cuda_);
  if (!encoder) {
    remark(encoder.error());
    return;
  }
  const auto apis = gpu::load_apis();
  auto importer = apis ? gpu::Importer::create(*apis, cuda_)
                       : Result<std::unique_ptr<gpu::Importer>>{tl::unexpected<Error>{apis.error()}};
  if (!importer) {
    remark(importer.error());
    return;
  }
  importer_ = std::move(*importer);
  log_.info("pictures of the desktop stay on {}", cuda_->name());
}

void ZeroCopy::set_color(ColorSpace color) {
  if (importer_) importer_->set_color(color);
}

void ZeroCopy::on_encoder() {
  if (!importer_ || encoders_->may_take_device_pictures()) return;
  importer_->switch_off({ErrorCode::unavailable, "encoder.failed",
                         "no encoder reads the GPU's memory any more",
                         "The session before says why; the next one tries again", 0});
}

}  // namespace lumen::worker
