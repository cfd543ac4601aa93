// libx265 itself, as FFmpeg's wrapper cannot change the bitrate of a stream that runs. With one frame thread,
// no look-ahead and one slice a picture leaves x265 in the call that brings it. x265 copies its input.
#include <x265.h>

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "codec/encoder_parts.hpp"
#include "codec/software.hpp"
#include "codec/x264_choice.hpp"

namespace lumen::codec {
namespace {

struct FreeParam {
  void operator()(x265_param* param) const noexcept { x265_param_free(param); }
};
struct CloseEncoder {
  void operator()(x265_encoder* encoder) const noexcept { x265_encoder_close(encoder); }
};
using ParamPtr = std::unique_ptr<x265_param, FreeParam>;
using EncoderPtr = std::unique_ptr<x265_encoder, CloseEncoder>;

constexpr std::uint32_t kMaxThreads = 32;           // as many rows can be under way in a large picture
constexpr std::uint32_t kMaxPictureReferences = 6;  // x265 falls out of the profile with more than eight

// The buffer of one picture: none may take longer on the wire than its own interval. x265 counts kbit.
void set_rate(x265_param& param, BitsPerSecond bitrate, std::uint32_t refresh_mhz) {
  param.rc.bitrate = std::max(static_cast<int>(bitrate.value / 1000), 1);
  param.rc.vbvMaxBitrate = param.rc.bitrate;
  param.rc.vbvBufferSize = std::max(static_cast<int>(bits_per_picture(bitrate, refresh_mhz) / 1000), 1);
}

void set_color(x265_param& param, ColorSpace color) {
  const ColorCodes codes = color_codes(color);
  auto& vui = param.vui;
  vui.bEnableVideoSignalTypePresentFlag = 1;
  vui.bEnableColorDescriptionPresentFlag = 1;
  vui.colorPrimaries = codes.primaries;
  vui.transferCharacteristics = codes.transfer;
  vui.matrixCoeffs = codes.matrix;
  vui.bEnableVideoFullRangeFlag = color.range == ColorRange::full ? 1 : 0;
  vui.bEnableChromaLocInfoPresentFlag = 1;  // the converter takes the mean of 2 × 2: centre
  vui.chromaSampleLocTypeTopField = vui.chromaSampleLocTypeBottomField = 1;
}

// What a client needs: IDR on request only and as such (with an open GOP it would be a CRA), parameter sets
// in front of it, and no SEI or delimiter anywhere.
void set_stream(x265_param& param) {
  param.keyframeMax = -1;
  param.bOpenGOP = 0;
  param.scenecutThreshold = 0;
  param.bframes = 0;
  param.lookaheadDepth = 0;
  param.rc.cuTree = 0;
  param.bRepeatHeaders = 1;
  param.bAnnexB = 1;
  param.bEnableAccessUnitDelimiters = 0;
  param.bEmitInfoSEI = 0;
  param.bEmitHRDSEI = 0;
  param.decodedPictureHashSEI = 0;
}

void configure(x265_param& param, const EncoderConfig& config, const char* pools) {
  param.logLevel = X265_LOG_NONE;
  param.internalCsp = X265_CSP_I420;
  param.sourceWidth = static_cast<int>((config.mode.width + 1U) & ~1U);
  param.sourceHeight = static_cast<int>((config.mode.height + 1U) & ~1U);
  param.fpsNum = config.mode.refresh_mhz;
  param.fpsDenom = 1000;
  if (config.preset.empty()) param.psyRd = 0;  // a twelfth of the time for what nobody sees at this speed
  param.frameNumThreads = 1;
  param.numaPools = pools;  // copied by x265_encoder_open()
  param.maxSlices = 1;
  if (config.max_references != 0) {
    param.maxNumReferences = static_cast<int>(std::min(config.max_references, kMaxPictureReferences));
  }
  set_stream(param);
  set_color(param, config.color);
  param.rc.rateControlMode = X265_RC_ABR;
  set_rate(param, config.bitrate, config.mode.refresh_mhz);
}

class X265Encoder final : public VideoEncoder {
 public:
  X265Encoder(EncoderConfig config, EncoderDescription description, ParamPtr param, EncoderPtr encoder)
      : config_{std::move(config)},
        description_{std::move(description)},
        param_{std::move(param)},
        encoder_{std::move(encoder)} {
    x265_picture_init(param_.get(), &input_);
  }

  const EncoderDescription& description() const override { return description_; }

  Result<AccessUnitView> encode(const CapturedFrame& frame, FrameId id, bool force_idr) override {
    const Picture& picture = frame.picture.picture();
    LUMEN_CHECK_OK(check_picture(config_, picture));
    LUMEN_CHECK_OK(apply_rate());
    point_input_at(picture, force_idr);
    x265_nal* nals = nullptr;
    std::uint32_t count = 0;
    const int got = x265_encoder_encode(encoder_.get(), &nals, &count, &input_, &output_);
    if (got != 1 || count == 0) {
      return fail(ErrorCode::internal, "encoder.failed", fmt::format("libx265 gave no picture ({})", got));
    }
    return access_unit({nals, count}, frame, id);
  }

  Status set_bitrate(BitsPerSecond bitrate) override {
    LUMEN_CHECK_OK(check_bitrate(bitrate));
    set_rate(*param_, bitrate, config_.mode.refresh_mhz);
    rate_changed_ = true;
    return {};
  }

 private:
  // x265_encoder_reconfig() hands a new rate to a copy of the parameters that its rate control does not read,
  // and refuses one that changes the level. Both lie behind a test that a changed `forceFlush` gets past;
  // other values than 1 and 2 mean nothing else to it. x265 takes one change per picture.
  Status apply_rate() {
    if (!rate_changed_) return {};
    rate_changed_ = false;
    constexpr int kNeither = 3;
    param_->forceFlush = param_->forceFlush == 0 ? kNeither : 0;
    if (x265_encoder_reconfig(encoder_.get(), param_.get()) == 0) return {};
    return fail(ErrorCode::internal, "encoder.failed", "libx265 does not take another bitrate");
  }

  void point_input_at(const Picture& picture, bool force_idr) {
    const auto planes = planar_.of(picture);
    for (std::size_t i = 0; i < planes.pixels.size(); ++i) {
      input_.planes[i] = planes.pixels[i];
      input_.stride[i] = planes.stride_bytes[i];
    }
    input_.sliceType = force_idr ? X265_TYPE_IDR : X265_TYPE_AUTO;
    input_.pts = next_pts_++;
  }

  // x265 lays the units of a picture one after another.
  AccessUnitView access_unit(std::span<const x265_nal> nals, const CapturedFrame& frame, FrameId id) const {
    std::size_t bytes = 0;
    for (const x265_nal& nal : nals) bytes += nal.sizeBytes;
    return {.id = id,
            .codec = Codec::hevc,
            .kind = output_.sliceType == X265_TYPE_IDR ? PictureKind::idr : PictureKind::delta,
            .width = config_.mode.width,
            .height = config_.mode.height,
            .bytes = std::as_bytes(std::span{nals.front().payload, bytes}),
            .times = frame.times};
  }

  const EncoderConfig config_;
  const EncoderDescription description_;
  ParamPtr param_;
  EncoderPtr encoder_;
  PlanarView planar_;
  x265_picture input_{}, output_{};
  std::int64_t next_pts_ = 0;  // frames
  bool rate_changed_ = false;
};

}  // namespace

Result<std::unique_ptr<VideoEncoder>> create_x265_encoder(const EncoderConfig& config) {
  LUMEN_CHECK_OK(check_config(config, Codec::hevc, "libx265"));
  LUMEN_CHECK_OK(check_preset(config.preset));  // libx265 has libx264's
  const std::string preset = config.preset.empty() ? "ultrafast" : config.preset;
  ParamPtr param{x265_param_alloc()};
  if (param == nullptr || x265_param_default_preset(param.get(), preset.c_str(), "zerolatency") != 0) {
    return fail(ErrorCode::unsupported, "encoder.unavailable", "libx265 has no preset " + preset,
                "Choose another preset.");
  }
  // Rows of blocks are encoded side by side, so every core is of use.
  const std::string pools = std::to_string(encoder_threads(config, kMaxThreads));
  configure(*param, config, pools.c_str());
  const ThreadNameScope name{"lm-x265"};
  EncoderPtr encoder{x265_encoder_open(param.get())};
  if (encoder == nullptr) {
    return fail(ErrorCode::unsupported, "encoder.mode",
                fmt::format("libx265 refuses {} at {} bit/s", to_string(config.mode), config.bitrate.value),
                "Choose another mode, or H.264.");
  }
  param->numaPools = nullptr;  // `pools` ends here
  EncoderDescription description{
      .name = fmt::format("libx265 {}, {} threads", preset, pools),
      .reason =
          fmt::format("HEVC was asked for, and the processor encodes, as no GPU encoder works here. "
                      "Preset {}: {}.",
                      preset, config.preset.empty() ? "libx265's others are slower" : "it was asked for")};
  return std::make_unique<X265Encoder>(config, std::move(description), std::move(param), std::move(encoder));
}

}  // namespace lumen::codec
