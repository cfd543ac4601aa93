// libaom itself, as FFmpeg's wrapper can neither change the bitrate of a stream that runs nor reach the
// fastest speeds. Realtime usage without look-ahead: a picture leaves libaom in the call that brings it.
// libaom copies its input.
#include <aom/aom_encoder.h>
#include <aom/aomcx.h>

#include <algorithm>
#include <bit>
#include <memory>

#include <fmt/format.h>

#include "codec/burst_guard.hpp"
#include "codec/encoder_parts.hpp"
#include "codec/software.hpp"

namespace lumen::codec {
namespace {

constexpr int kSpeed = 10;  // libaom 3.6 knows none above
constexpr std::uint32_t kMinTileSide = 128;
constexpr std::uint32_t kMaxThreads = 16,
                        kUsualTiles = 4;  // rows within a tile are encoded side by side, too

struct DestroyCodec {
  void operator()(aom_codec_ctx_t* codec) const noexcept {
    aom_codec_destroy(codec);
    delete codec;  // NOLINT(cppcoreguidelines-owning-memory)
  }
};
using CodecPtr = std::unique_ptr<aom_codec_ctx_t, DestroyCodec>;

// Tiles are counted in powers of two; columns first, as their borders cost least.
struct Tiles {
  int log2_columns = 0, log2_rows = 0;
};

int log2_at_most(std::uint32_t value) { return static_cast<int>(std::bit_width(std::max(value, 1U))) - 1; }

Tiles choose_tiles(const EncoderConfig& config, std::uint32_t threads) {
  constexpr int kMost = 4;  // sixteen each way
  const int wanted = log2_at_most(std::bit_ceil(std::max(config.slices, std::min(threads, kUsualTiles))));
  Tiles tiles;
  tiles.log2_columns = std::min({wanted, log2_at_most(config.mode.width / kMinTileSide), kMost});
  tiles.log2_rows =
      std::min({wanted - tiles.log2_columns, log2_at_most(config.mode.height / kMinTileSide), kMost});
  return tiles;
}

void set_rate(aom_codec_enc_cfg_t& settings, BitsPerSecond bitrate) {
  settings.rc_target_bitrate = static_cast<unsigned>(std::max<std::uint64_t>(bitrate.value / 1000, 1));
}

Result<aom_codec_enc_cfg_t> settings_for(const EncoderConfig& config, std::uint32_t threads) {
  aom_codec_enc_cfg_t settings{};
  if (aom_codec_enc_config_default(aom_codec_av1_cx(), &settings, AOM_USAGE_REALTIME) != AOM_CODEC_OK) {
    return fail(ErrorCode::unsupported, "encoder.unavailable", "this libaom has no realtime encoder",
                "Install a libaom with its encoder.");
  }
  settings.g_w = (config.mode.width + 1U) & ~1U;
  settings.g_h = (config.mode.height + 1U) & ~1U;
  settings.g_timebase = {1000, static_cast<int>(config.mode.refresh_mhz)};
  settings.g_threads = threads;
  settings.g_lag_in_frames = 0;
  settings.g_pass = AOM_RC_ONE_PASS;
  settings.kf_mode = AOM_KF_DISABLED;
  settings.rc_end_usage = AOM_CBR;
  settings.rc_dropframe_thresh = 0;
  settings.rc_min_quantizer = BurstGuard::kFinest;
  settings.rc_max_quantizer = BurstGuard::kCoarsest;
  settings.rc_undershoot_pct = 50;
  settings.rc_overshoot_pct = 50;
  settings.rc_buf_sz = 200;  // ms
  settings.rc_buf_initial_sz = 100;
  settings.rc_buf_optimal_sz = 100;
  set_rate(settings, config.bitrate);
  return settings;
}

struct Control {
  int id, value;
};

// Off is whatever the highest speed has no use for: deciding it costs time.
bool set_controls(aom_codec_ctx_t& codec, const EncoderConfig& config, Tiles tiles) {
  const ColorCodes codes = color_codes(config.color);
  const std::array controls{
      Control{AOME_SET_CPUUSED, kSpeed},
      Control{AV1E_SET_TILE_COLUMNS, tiles.log2_columns},
      Control{AV1E_SET_TILE_ROWS, tiles.log2_rows},
      Control{AV1E_SET_ROW_MT, 1},
      Control{AV1E_SET_TIMING_INFO_TYPE, AOM_TIMING_EQUAL},
      Control{AV1E_SET_COLOR_PRIMARIES, codes.primaries},
      Control{AV1E_SET_TRANSFER_CHARACTERISTICS, codes.transfer},
      Control{AV1E_SET_MATRIX_COEFFICIENTS, codes.matrix},
      Control{AV1E_SET_COLOR_RANGE, config.color.range == ColorRange::full ? 1 : 0},
      Control{AOME_SET_MAX_INTRA_BITRATE_PCT, 100},
      Control{AV1E_SET_MAX_INTER_BITRATE_PCT, 100},
      Control{AV1E_SET_AQ_MODE, 0},
      Control{AV1E_SET_CDF_UPDATE_MODE, 1},
      Control{AV1E_SET_DELTAQ_MODE, 0},
      Control{AV1E_SET_ENABLE_ORDER_HINT, 0},
      Control{AV1E_SET_ENABLE_OBMC, 0},
      Control{AV1E_SET_ENABLE_WARPED_MOTION, 0},
      Control{AV1E_SET_ENABLE_GLOBAL_MOTION, 0},
      Control{AV1E_SET_ENABLE_REF_FRAME_MVS, 0},
      Control{AV1E_SET_ENABLE_CFL_INTRA, 0},
      Control{AV1E_SET_ENABLE_SMOOTH_INTRA, 0},
      Control{AV1E_SET_ENABLE_ANGLE_DELTA, 0},
      Control{AV1E_SET_ENABLE_FILTER_INTRA, 0},
      Control{AV1E_SET_ENABLE_PALETTE, 0},
      Control{AV1E_SET_ENABLE_TPL_MODEL, 0},
      Control{AV1E_SET_INTRA_DEFAULT_TX_ONLY, 1},
      Control{AV1E_SET_COEFF_COST_UPD_FREQ, 3},
      Control{AV1E_SET_MODE_COST_UPD_FREQ, 3},
      Control{AV1E_SET_MV_COST_UPD_FREQ, 3},
  };
  return std::ranges::all_of(controls, [&codec](const Control& control) {
    return aom_codec_control(&codec, control.id, control.value) == AOM_CODEC_OK;
  });
}

class AomEncoder final : public VideoEncoder {
 public:
  AomEncoder(EncoderConfig config, EncoderDescription description, const aom_codec_enc_cfg_t& settings,
             CodecPtr codec)
      : config_{std::move(config)},
        description_{std::move(description)},
        settings_{settings},
        codec_{std::move(codec)} {
    static std::uint8_t nothing = 0;  // wrapped for its size; the planes are set for each picture
    aom_img_wrap(&input_, AOM_IMG_FMT_I420, settings.g_w, settings.g_h, 1, &nothing);
  }

  const EncoderDescription& description() const override { return description_; }

  Result<AccessUnitView> encode(const CapturedFrame& frame, FrameId id, bool force_idr) override {
    const Picture& picture = frame.picture.picture();
    LUMEN_CHECK_OK(check_picture(config_, picture));
    point_input_at(picture);
    const bool cut = cuts_.is_cut(picture);
    LUMEN_CHECK_OK(apply_guard(cut || force_idr || next_pts_ == 0));
    const aom_enc_frame_flags_t flags = force_idr ? AOM_EFLAG_FORCE_KF : 0;
    if (aom_codec_encode(codec_.get(), &input_, next_pts_++, 1, flags) != AOM_CODEC_OK) return failure();
    aom_codec_iter_t iterator = nullptr;
    while (const aom_codec_cx_pkt_t* packet = aom_codec_get_cx_data(codec_.get(), &iterator)) {
      if (packet->kind != AOM_CODEC_CX_FRAME_PKT) continue;
      note(packet->data.frame.sz);
      return access_unit(*packet, frame, id);
    }
    return failure();
  }

  Status set_bitrate(BitsPerSecond bitrate) override {
    LUMEN_CHECK_OK(check_bitrate(bitrate));
    set_rate(settings_, bitrate);
    picture_bits_ = bits_per_picture(bitrate, config_.mode.refresh_mhz);
    return apply_settings();
  }

 private:
  Status apply_settings() {
    if (aom_codec_enc_config_set(codec_.get(), &settings_) == AOM_CODEC_OK) return {};
    return failure();
  }

  Status apply_guard(bool fresh) {
    const auto least = static_cast<unsigned>(guard_.least_quantizer(fresh));
    if (least == settings_.rc_min_quantizer) return {};
    settings_.rc_min_quantizer = least;
    return apply_settings();
  }

  void note(std::size_t bytes) {
    int quantizer = 0;
    if (aom_codec_control(codec_.get(), AOME_GET_LAST_QUANTIZER_64, &quantizer) != AOM_CODEC_OK) return;
    guard_.encoded(quantizer, static_cast<double>(bytes) * 8 / static_cast<double>(picture_bits_));
  }

  void point_input_at(const Picture& picture) {
    const auto planes = planar_.of(picture);
    for (std::size_t i = 0; i < planes.pixels.size(); ++i) {
      input_.planes[i] = planes.pixels[i];
      input_.stride[i] = planes.stride_bytes[i];
    }
  }

  tl::unexpected<Error> failure() {
    const char* detail = aom_codec_error_detail(codec_.get());
    return fail(ErrorCode::internal, "encoder.failed",
                fmt::format("libaom gave no picture: {}{}{}", aom_codec_error(codec_.get()),
                            detail == nullptr ? "" : ", ", detail == nullptr ? "" : detail));
  }

  AccessUnitView access_unit(const aom_codec_cx_pkt_t& packet, const CapturedFrame& frame, FrameId id) const {
    const auto& unit = packet.data.frame;
    return {.id = id,
            .codec = Codec::av1,
            .kind = (unit.flags & AOM_FRAME_IS_KEY) != 0 ? PictureKind::idr : PictureKind::delta,
            .width = config_.mode.width,
            .height = config_.mode.height,
            .bytes = {static_cast<const std::byte*>(unit.buf), unit.sz},
            .times = frame.times};
  }

  const EncoderConfig config_;
  const EncoderDescription description_;
  aom_codec_enc_cfg_t settings_;
  CodecPtr codec_;
  PlanarView planar_;
  CutDetector cuts_;
  std::uint64_t picture_bits_ = bits_per_picture(config_.bitrate, config_.mode.refresh_mhz);
  BurstGuard guard_{static_cast<double>(picture_bits_) / config_.mode.width / config_.mode.height};
  aom_image_t input_{};
  std::int64_t next_pts_ = 0;  // frames
};

}  // namespace

Result<std::unique_ptr<VideoEncoder>> create_aom_encoder(const EncoderConfig& config) {
  LUMEN_CHECK_OK(check_config(config, Codec::av1, "libaom"));
  const std::uint32_t threads = encoder_threads(config, kMaxThreads);
  LUMEN_TRY(const auto settings, settings_for(config, threads));
  const Tiles tiles = choose_tiles(config, threads);
  CodecPtr codec{new aom_codec_ctx_t{}};
  if (aom_codec_enc_init(codec.get(), aom_codec_av1_cx(), &settings, 0) != AOM_CODEC_OK ||
      !set_controls(*codec, config, tiles)) {
    const char* detail = aom_codec_error_detail(codec.get());
    return fail(ErrorCode::unsupported, "encoder.mode",
                fmt::format("libaom refuses {} at {} bit/s: {}", to_string(config.mode), config.bitrate.value,
                            detail == nullptr ? aom_codec_error(codec.get()) : detail),
                "Choose another mode, or H.264.");
  }
  const int count = 1 << (tiles.log2_columns + tiles.log2_rows);
  EncoderDescription description{
      .name = fmt::format("libaom realtime speed {}, {} tile{}", kSpeed, count, count == 1 ? "" : "s"),
      .reason =
          "AV1 was asked for, and the processor encodes, as no GPU encoder works here. Speed: "
          "libaom's others are slower; it has no presets."};
  return std::make_unique<AomEncoder>(config, std::move(description), settings, std::move(codec));
}

}  // namespace lumen::codec
