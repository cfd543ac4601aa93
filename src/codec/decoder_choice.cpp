#include "codec/decoder_choice.hpp"

#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/hardware.hpp"
#include "codec/software.hpp"

namespace lumen::codec {
namespace {

// A GPU says what it cannot decode when it sees a picture, not before: the first IDR is the probe.
class ChosenDecoder final : public VideoDecoder {
 public:
  ChosenDecoder(std::vector<DecoderFactory> makers, Codec codec, Logger& log)
      : makers_{std::move(makers)}, codec_{codec}, log_{log} {}

  // The first that opens, from the one in hand on.
  Status open() {
    for (; next_ < makers_.size(); ++next_) {
      auto made = makers_[next_](codec_);
      if (made) {
        decoder_ = std::move(*made);
        ++next_;
        return {};
      }
      if (next_ + 1 == makers_.size()) return tl::unexpected{std::move(made).error()};
      log_.info("{}", describe(made.error()));
    }
    return fail(ErrorCode::unsupported, "decoder.unavailable", "no decoder is left");
  }

  std::string name() const override { return decoder_->name(); }

  Result<PictureView> decode(const AccessUnit& unit) override {
    auto picture = decoder_->decode(unit);
    if (picture || unit.kind != PictureKind::idr) return picture;
    if (next_ == makers_.size()) return picture;
    return decode_otherwise(unit, std::move(picture));
  }

 private:
  // Who is wrong, the stream or the GPU, another decoder can tell.
  Result<PictureView> decode_otherwise(const AccessUnit& unit, Result<PictureView> refused) {
    auto before = std::exchange(decoder_, nullptr);
    const auto before_next = next_;
    auto opened = open();
    if (opened) {
      auto picture = decoder_->decode(unit);
      if (picture) {
        log_.warn("{} is off: {}", before->name(), describe(refused.error()));
        return picture;
      }
    }
    decoder_ = std::move(before);
    next_ = before_next;
    return refused;
  }

  const std::vector<DecoderFactory> makers_;
  const Codec codec_;
  Logger& log_;
  std::unique_ptr<VideoDecoder> decoder_;
  std::size_t next_ = 0;  // to be tried when this one fails
};

}  // namespace

Result<std::unique_ptr<VideoDecoder>> create_decoder_of(std::vector<DecoderFactory> makers, Codec codec,
                                                        Logger& log) {
  auto decoder = std::make_unique<ChosenDecoder>(std::move(makers), codec, log);
  LUMEN_CHECK_OK(decoder->open());
  return decoder;
}

DecoderFactory decoder_factory(Logger& log) {
  const char* const set = std::getenv("LUMEN_DECODER");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  const std::string_view wish{set == nullptr ? "auto" : set};
  std::vector<DecoderFactory> makers;
  if (wish != "cpu") {
    makers.emplace_back(create_nvdec_decoder);
    makers.emplace_back([](Codec codec) { return create_vaapi_decoder(codec, kRenderNode); });
  }
  if (wish != "gpu") makers.emplace_back(create_decoder);
  return [makers, &log](Codec codec) { return create_decoder_of(makers, codec, log); };
}

}  // namespace lumen::codec
