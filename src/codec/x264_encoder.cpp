// libx264 through FFmpeg. With slice threads a picture leaves x264 in the call that brings it: no frame
// delay. x264 copies its input while encoding, so the AVFrame only points at the caller's picture.
#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "codec/encoder_parts.hpp"
#include "codec/ffmpeg_handles.hpp"
#include "codec/ffmpeg_settings.hpp"
#include "codec/software.hpp"
#include "codec/x264_choice.hpp"

namespace lumen::codec {
namespace {

Status check(const EncoderConfig& config) {
  LUMEN_CHECK_OK(check_config(config, Codec::h264, "libx264"));
  return check_preset(config.preset);
}

AVPixelFormat to_ffmpeg(PixelFormat format) {
  return format == PixelFormat::nv12 ? AV_PIX_FMT_NV12 : AV_PIX_FMT_YUV420P;
}

void configure(AVCodecContext& context, const EncoderConfig& config, const X264Choice& choice) {
  limit_log(context, FfmpegLog::errors);
  set_stream(context, config);
  context.pix_fmt = to_ffmpeg(config.format);
  context.thread_count = static_cast<int>(choice.threads);
  context.thread_type = FF_THREAD_SLICE;
  context.slices = static_cast<int>(std::max(choice.slices, config.slices));
}

Status open(AVCodecContext& context, const AVCodec* codec, const EncoderConfig& config,
            const X264Choice& choice) {
  AVDictionary* options = nullptr;
  av_dict_set(&options, "preset", choice.preset.c_str(), 0);
  av_dict_set(&options, "tune", "zerolatency", 0);
  av_dict_set(&options, "forced-idr", "1", 0);
  av_dict_set(&options, "sc_threshold", "0", 0);  // a scene cut must not become an I picture
  const ThreadNameScope name{"lm-x264"};
  const int error = avcodec_open2(&context, codec, &options);
  av_dict_free(&options);
  if (error == 0) return {};
  return fail(ErrorCode::unsupported, "encoder.mode",
              fmt::format("libx264 refuses {} at {} bit/s: {}", to_string(config.mode), config.bitrate.value,
                          ffmpeg_error(error)),
              "Choose another mode; LUMEN_FFMPEG_DEBUG=1 prints why.");
}

class X264Encoder final : public VideoEncoder {
 public:
  struct Parts {
    CodecContextPtr context;
    FramePtr frame;
    PacketPtr packet;
  };

  X264Encoder(EncoderConfig config, EncoderDescription description, Parts parts)
      : config_{std::move(config)}, description_{std::move(description)}, parts_{std::move(parts)} {}

  const EncoderDescription& description() const override { return description_; }

  Result<AccessUnitView> encode(const CapturedFrame& frame, FrameId id, bool force_idr) override {
    const Picture& picture = frame.picture.picture();
    LUMEN_CHECK_OK(check_picture(config_, picture));
    av_packet_unref(parts_.packet.get());
    point_frame_at(picture, force_idr);
    int error = avcodec_send_frame(parts_.context.get(), parts_.frame.get());
    if (error == 0) error = avcodec_receive_packet(parts_.context.get(), parts_.packet.get());
    if (error != 0) return encode_failure(error);
    return access_unit(frame, id);
  }

  Status set_bitrate(BitsPerSecond bitrate) override {
    LUMEN_CHECK_OK(check_bitrate(bitrate));
    // The wrapper compares these with x264's before each picture and reconfigures without an IDR.
    set_rate(*parts_.context, bitrate, config_.mode.refresh_mhz);
    return {};
  }

 private:
  void point_frame_at(const Picture& picture, bool force_idr) {
    AVFrame& frame = *parts_.frame;
    for (std::size_t i = 0; i < picture.planes.size(); ++i) {
      frame.data[i] = reinterpret_cast<std::uint8_t*>(picture.planes[i].pixels);
      frame.linesize[i] = static_cast<int>(picture.planes[i].stride_bytes);
    }
    frame.pict_type = force_idr ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    frame.pts = next_pts_++;
  }

  static Result<AccessUnitView> encode_failure(int error) {
    return fail(ErrorCode::internal, "encoder.failed", "libx264 gave no picture: " + ffmpeg_error(error),
                "LUMEN_FFMPEG_DEBUG=1 prints why.");
  }

  AccessUnitView access_unit(const CapturedFrame& frame, FrameId id) const {
    const AVPacket& packet = *parts_.packet;
    const bool key = (packet.flags & AV_PKT_FLAG_KEY) != 0;
    return {.id = id,
            .codec = Codec::h264,
            .kind = key ? PictureKind::idr : PictureKind::delta,
            .width = config_.mode.width,
            .height = config_.mode.height,
            .bytes = std::as_bytes(std::span{packet.data, static_cast<std::size_t>(packet.size)}),
            .times = frame.times};
  }

  const EncoderConfig config_;
  const EncoderDescription description_;
  Parts parts_;
  std::int64_t next_pts_ = 0;  // frames
};

// The frame needs a buffer to count as reference counted, or FFmpeg copies its pixels; which buffer is
// all the same, as nothing is read through it.
Result<X264Encoder::Parts> make_parts(CodecContextPtr context) {
  X264Encoder::Parts parts{std::move(context), FramePtr{av_frame_alloc()}, PacketPtr{av_packet_alloc()}};
  if (parts.frame != nullptr) {
    parts.frame->format = parts.context->pix_fmt;
    parts.frame->width = parts.context->width;
    parts.frame->height = parts.context->height;
    parts.frame->buf[0] = av_buffer_alloc(1);
  }
  if (parts.frame == nullptr || parts.packet == nullptr || parts.frame->buf[0] == nullptr) {
    return fail(ErrorCode::resource_exhausted, "encoder.memory", "no memory for the encoder");
  }
  return parts;
}

}  // namespace

Result<std::unique_ptr<VideoEncoder>> create_x264_encoder(const EncoderConfig& config) {
  LUMEN_CHECK_OK(check(config));
  const AVCodec* codec = avcodec_find_encoder_by_name("libx264");
  if (codec == nullptr) {
    return fail(ErrorCode::unsupported, "encoder.unavailable", "this FFmpeg has no libx264 encoder",
                "Install an FFmpeg built with libx264.");
  }
  const X264Choice choice = choose_x264(config, std::thread::hardware_concurrency());
  CodecContextPtr context{avcodec_alloc_context3(codec)};
  if (context == nullptr)
    return fail(ErrorCode::resource_exhausted, "encoder.memory", "no memory for libx264");
  configure(*context, config, choice);
  LUMEN_CHECK_OK(open(*context, codec, config, choice));
  LUMEN_TRY(auto parts, make_parts(std::move(context)));
  return std::make_unique<X264Encoder>(config, choice.description, std::move(parts));
}

}  // namespace lumen::codec
