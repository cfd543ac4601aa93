// Encoders of GPUs through FFmpeg. A picture that is in CUDA's memory is shown to NVENC where it lies: FFmpeg
// registers each of the pool's pictures once, as they come back. Pictures of the CPU are copied to the GPU
// first.
#include <algorithm>
#include <array>
#include <vector>

extern "C" {
#include <libavutil/hwcontext.h>
}

#include <fmt/format.h>

#include "codec/encoder_parts.hpp"
#include "codec/ffmpeg_settings.hpp"
#include "codec/hardware.hpp"
#include "codec/hardware_frames.hpp"
#include "gpu/cuda/buffer_pool.hpp"

namespace lumen::codec {
namespace {

constexpr int kUploads = 4;  // pictures of the CPU on their way
constexpr std::size_t kMostKnownPictures = 32;

using Option = std::pair<const char*, const char*>;

// A kind of GPU encoder.
struct Kind {
  const char* name;    // of the kind, for people: "NVENC"
  const char* suffix;  // of FFmpeg's encoders
  AVPixelFormat format;
  std::vector<Option> options;
  const char* remedy;
};

// The lowest delay that there is: nothing is looked at before it is encoded, nothing is held back.
Kind nvenc() {
  return {"NVENC",
          "nvenc",
          AV_PIX_FMT_CUDA,
          {{"preset", "p1"},
           {"tune", "ull"},
           {"rc", "cbr"},
           {"delay", "0"},
           {"zerolatency", "1"},
           {"forced-idr", "1"},
           {"no-scenecut", "1"}},
          "Use an NVIDIA GPU that encodes (GeForce, RTX, A-series but A100, not H100 or H200) and its "
          "libnvidia-encode1; `lumen-host encode-probe` tries it"};
}

Kind vaapi() {
  return {"VAAPI",
          "vaapi",
          AV_PIX_FMT_VAAPI,
          {{"rc_mode", "CBR"}, {"async_depth", "1"}, {"idr_interval", "0"}},
          "Look at what `vainfo` lists; Debian's free drivers may lack patented codecs"};
}

const char* base_name(Codec codec) {
  switch (codec) {
    case Codec::h264:
      return "h264";
    case Codec::hevc:
      return "hevc";
    case Codec::av1:
      return "av1";
  }
  return "";
}

tl::unexpected<Error> unavailable(const Kind& kind, Codec codec, const std::string& why) {
  return fail(ErrorCode::unsupported, "encoder.unavailable",
              fmt::format("no {} for {}: {}", kind.name, to_string(codec), why), kind.remedy);
}

class HardwareEncoder final : public VideoEncoder {
 public:
  struct Parts {
    std::shared_ptr<gpu::cuda::Context> cuda;  // NVENC's; declared first: FFmpeg's handles use it to the last
    BufferPtr device, frames;
    CodecContextPtr context;
    FramePtr cpu, gpu;
    PacketPtr packet;
  };

  HardwareEncoder(EncoderConfig config, EncoderDescription description, Parts parts)
      : config_{std::move(config)}, description_{std::move(description)}, parts_{std::move(parts)} {}

  const EncoderDescription& description() const override { return description_; }

  Result<AccessUnitView> encode(const CapturedFrame& frame, FrameId id, bool force_idr) override {
    LUMEN_CHECK_OK(check_picture(config_, frame.picture.picture()));
    av_packet_unref(parts_.packet.get());
    av_frame_unref(parts_.gpu.get());
    LUMEN_CHECK_OK(frame.device != nullptr ? show(*frame.device) : upload(frame.picture.picture()));
    parts_.gpu->pict_type = force_idr ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    parts_.gpu->pts = next_pts_++;
    const FfmpegWords words;
    int error = avcodec_send_frame(parts_.context.get(), parts_.gpu.get());
    if (error == 0) error = avcodec_receive_packet(parts_.context.get(), parts_.packet.get());
    if (error != 0) return failure(words, error);
    return access_unit(frame, id);
  }

  Status set_bitrate(BitsPerSecond bitrate) override {
    LUMEN_CHECK_OK(check_bitrate(bitrate));
    set_rate(*parts_.context, bitrate, config_.mode.refresh_mhz);
    return {};
  }

 private:
  // May work again, with this encoder or another.
  tl::unexpected<Error> failure(const FfmpegWords& words, int error) const {
    return fail(ErrorCode::unavailable, "encoder.failed",
                fmt::format("{} gave no picture: {}{}", description_.name, ffmpeg_error(error),
                            words.last().empty() ? "" : " (" + words.last() + ")"),
                "LUMEN_FFMPEG_DEBUG=1 prints why");
  }

  Status upload(const Picture& picture) {
    auto& cpu = *parts_.cpu;
    cpu.format = AV_PIX_FMT_NV12;
    cpu.width = parts_.context->width;
    cpu.height = parts_.context->height;
    for (std::size_t i = 0; i < 2; ++i) {
      cpu.data[i] = reinterpret_cast<std::uint8_t*>(picture.planes[i].pixels);
      cpu.linesize[i] = static_cast<int>(picture.planes[i].stride_bytes);
    }
    const FfmpegWords words;
    int error = av_hwframe_get_buffer(parts_.frames.get(), parts_.gpu.get(), 0);
    if (error == 0) error = av_hwframe_transfer_data(parts_.gpu.get(), &cpu, 0);
    if (error == 0) return {};
    return failure(words, error);
  }

  Status show(DevicePicture& picture) {
    if (parts_.cuda == nullptr || picture.device() != parts_.cuda.get() ||
        picture.width() != config_.mode.width || picture.height() != config_.mode.height) {
      return fail(ErrorCode::unavailable, "encoder.picture", "a picture of another GPU, or of another size");
    }
    const auto& pooled = static_cast<gpu::cuda::PooledPicture&>(picture);  // as its device says
    auto& frame = *parts_.gpu;
    LUMEN_TRY(frame.buf[0], known(pooled));
    frame.hw_frames_ctx = av_buffer_ref(parts_.frames.get());
    frame.format = AV_PIX_FMT_CUDA;
    frame.width = parts_.context->width;
    frame.height = parts_.context->height;
    frame.data[0] = frame.buf[0]->data;
    frame.data[1] = frame.data[0] + pooled.chroma_offset_bytes();
    frame.linesize[0] = frame.linesize[1] = static_cast<int>(pooled.pitch_bytes());
    return {};
  }

  // FFmpeg wants a reference to whatever it encodes, though nobody but us owns it.
  Result<AVBufferRef*> known(const gpu::cuda::PooledPicture& picture) {
    auto* const address =
        reinterpret_cast<std::uint8_t*>(picture.address());  // NOLINT(performance-no-int-to-ptr)
    for (const auto& buffer : pictures_) {
      if (buffer->data == address) return av_buffer_ref(buffer.get());
    }
    if (pictures_.size() == kMostKnownPictures) pictures_.erase(pictures_.begin());
    pictures_.emplace_back(av_buffer_create(address, 1, [](void*, std::uint8_t*) {}, nullptr, 0));
    if (pictures_.back() != nullptr) return av_buffer_ref(pictures_.back().get());
    pictures_.pop_back();
    return fail(ErrorCode::resource_exhausted, "encoder.memory", "no memory for a picture");
  }

  AccessUnitView access_unit(const CapturedFrame& frame, FrameId id) const {
    const AVPacket& packet = *parts_.packet;
    const bool key = (packet.flags & AV_PKT_FLAG_KEY) != 0;
    return {.id = id,
            .codec = config_.codec,
            .kind = key ? PictureKind::idr : PictureKind::delta,
            .width = config_.mode.width,
            .height = config_.mode.height,
            .bytes = std::as_bytes(std::span{packet.data, static_cast<std::size_t>(packet.size)}),
            .times = frame.times};
  }

  const EncoderConfig config_;
  const EncoderDescription description_;
  std::vector<BufferPtr> pictures_;  // of the desktop's pool, as FFmpeg knows them
  Parts parts_;
  std::int64_t next_pts_ = 0;  // frames
};

Status open(const Kind& kind, const EncoderConfig& config, const AVCodec* codec,
            HardwareEncoder::Parts& parts) {
  auto& context = *parts.context;
  limit_log(context, FfmpegLog::nothing);
  set_stream(context, config);
  context.pix_fmt = kind.format;
  context.hw_frames_ctx = av_buffer_ref(parts.frames.get());
  AVDictionary* options = nullptr;
  for (const auto& [name, value] : kind.options) av_dict_set(&options, name, value, 0);
  const FfmpegWords words;
  const int error = avcodec_open2(&context, codec, &options);
  av_dict_free(&options);
  if (error == 0) return {};
  return unavailable(kind, config.codec, words.last().empty() ? ffmpeg_error(error) : words.last());
}

Result<std::unique_ptr<VideoEncoder>> create(const Kind& kind, const EncoderConfig& config,
                                             HardwareEncoder::Parts parts) {
  const auto name = fmt::format("{}_{}", base_name(config.codec), kind.suffix);
  const AVCodec* const codec = avcodec_find_encoder_by_name(name.c_str());
  if (codec == nullptr) {
    return fail(ErrorCode::unsupported, "encoder.unavailable",
                fmt::format("no {} for {}: this FFmpeg has no {}", kind.name, to_string(config.codec), name),
                "Use an FFmpeg that has it: for AV1, 6.0 or newer");
  }
  const Picture size{config.format, config.color, config.mode.width, config.mode.height, {}};
  LUMEN_TRY(parts.frames,
            make_frames(parts.device, {kind.format, size.coded_width(), size.coded_height(), kUploads}));
  parts.context.reset(avcodec_alloc_context3(codec));
  parts.cpu.reset(av_frame_alloc());
  parts.gpu.reset(av_frame_alloc());
  parts.packet.reset(av_packet_alloc());
  if (parts.context == nullptr || parts.cpu == nullptr || parts.gpu == nullptr || parts.packet == nullptr)
    return fail(ErrorCode::resource_exhausted, "encoder.memory", "no memory for the encoder");
  LUMEN_CHECK_OK(open(kind, config, codec, parts));
  EncoderDescription description{.name = name, .reason = fmt::format("The GPU encodes, by {}.", kind.name)};
  return std::make_unique<HardwareEncoder>(config, std::move(description), std::move(parts));
}

Status check(const EncoderConfig& config, const Kind& kind) {
  LUMEN_CHECK_OK(check_config(config, config.codec, kind.name));
  if (config.format == PixelFormat::nv12) return {};
  return unavailable(kind, config.codec, "it takes NV12 alone");
}

}  // namespace

Result<std::unique_ptr<VideoEncoder>> create_nvenc_encoder(const EncoderConfig& config,
                                                           std::shared_ptr<gpu::cuda::Context> cuda) {
  const auto kind = nvenc();
  LUMEN_CHECK_OK(check(config, kind));
  HardwareEncoder::Parts parts;
  LUMEN_TRY(parts.device, make_cuda_device(*cuda));
  parts.cuda = std::move(cuda);
  return create(kind, config, std::move(parts));
}

Result<std::unique_ptr<VideoEncoder>> create_vaapi_encoder(const EncoderConfig& config,
                                                           const std::string& render_node) {
  const auto kind = vaapi();
  LUMEN_CHECK_OK(check(config, kind));
  HardwareEncoder::Parts parts;
  LUMEN_TRY(parts.device, make_vaapi_device(render_node));
  return create(kind, config, std::move(parts));
}

}  // namespace lumen::codec
