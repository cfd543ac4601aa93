// H.264, HEVC and AV1 through FFmpeg. Bytes are hostile: FFmpeg is told to give up on the first error rather
// than conceal, its sizes are capped before it allocates, and after any failure nothing but an IDR is
// accepted, by a new FFmpeg context: flushing keeps what hostile parameter sets left behind, a reordering
// delay for instance. Not noticed, as FFmpeg does not say: a slice absent as a whole, and a delta picture
// whose reference never came (FFmpeg takes the previous picture instead). Both need an incomplete stream,
// which the receiver does not pass on.
#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

extern "C" {
#include <libavutil/hwcontext.h>
}

#include <fmt/format.h>

#include "codec/bitstream_kind.hpp"
#include "codec/ffmpeg_handles.hpp"
#include "codec/hardware.hpp"
#include "codec/hardware_frames.hpp"
#include "codec/software.hpp"
#include "media/mode.hpp"

namespace lumen::codec {
namespace {

constexpr unsigned kMaxThreads = 4;
constexpr std::size_t kMaxAccessUnit = 64U << 20U;  // bytes
constexpr int kMaxSide = static_cast<int>(kMaxModeSize);

unsigned thread_count() { return std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads); }

tl::unexpected<Error> malformed(std::string_view id, std::string what) {
  return fail(ErrorCode::malformed, id, std::move(what), "The stream needs an IDR picture.");
}

tl::unexpected<Error> no_memory() {
  return fail(ErrorCode::resource_exhausted, "decoder.memory", "no memory for the decoder");
}

const char* ffmpeg_name(Codec codec) {
  switch (codec) {
    case Codec::h264:
      return "h264";
    case Codec::hevc:
      return "hevc";
    case Codec::av1:
      return "libdav1d";
  }
  return "";
}

// FFmpeg's slice threads lose what decoding a slice returned: it calls execute() without a place for results.
// execute() is the application's to replace, so this one collects them. Lives in context.opaque.
struct SliceResults {
  static constexpr int kMaxSlices = 64;  // at once; FFmpeg batches by thread count
  decltype(AVCodecContext::execute) run = nullptr;
  bool failed = false;

  static SliceResults& of(const AVCodecContext& context);
  // NOLINTNEXTLINE(readability-function-size): as FFmpeg calls it
  static int collect(AVCodecContext* context, int (*job)(AVCodecContext*, void*), void* arguments,
                     int* results, int count, int size) {
    auto& self = of(*context);
    std::array<int, kMaxSlices> own{};
    const bool borrow = results == nullptr && count <= kMaxSlices;
    const int status = self.run(context, job, arguments, borrow ? own.data() : results, count, size);
    self.failed |= status < 0 || std::ranges::any_of(own, [](int result) { return result < 0; });
    return status;
  }
};

// What decodes: FFmpeg itself, or a GPU through it.
struct Engine {
  std::string name = "FFmpeg";
  AVPixelFormat format = AV_PIX_FMT_NONE;  // of the GPU's pictures; none: the CPU decodes
  BufferPtr device;
  bool is_gpu() const { return device != nullptr; }
};

// The context's opaque.
struct Insides : SliceResults {
  AVPixelFormat gpu_format = AV_PIX_FMT_NONE;
};

SliceResults& SliceResults::of(const AVCodecContext& context) {
  return *static_cast<Insides*>(context.opaque);
}

// Runs when a parameter set has been parsed and before pictures are allocated.
AVPixelFormat choose_format(AVCodecContext* context, const AVPixelFormat* offered) {
  if (context->coded_width > kMaxSide || context->coded_height > kMaxSide) return AV_PIX_FMT_NONE;
  const auto gpu_format = static_cast<const Insides*>(context->opaque)->gpu_format;
  for (; *offered != AV_PIX_FMT_NONE; ++offered) {
    if (gpu_format != AV_PIX_FMT_NONE) {
      if (*offered == gpu_format) return gpu_format;
      continue;  // what the GPU does not decode is another decoder's
    }
    if (*offered == AV_PIX_FMT_YUV420P || *offered == AV_PIX_FMT_YUVJ420P) return *offered;
  }
  return AV_PIX_FMT_NONE;
}

void configure(AVCodecContext& context, Insides& insides, const Engine& engine) {
  limit_log(context, FfmpegLog::nothing);  // a peer could fill the log
  context.flags |= AV_CODEC_FLAG_LOW_DELAY;
  context.thread_type = FF_THREAD_SLICE;
  context.thread_count = engine.is_gpu() ? 1 : static_cast<int>(thread_count());
  context.err_recognition = AV_EF_EXPLODE | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_CAREFUL;
  context.error_concealment = 0;
  context.max_pixels = std::int64_t{kMaxSide} * kMaxSide;
  context.get_format = choose_format;
  context.opaque = &insides;
  insides.gpu_format = engine.format;
  if (engine.is_gpu()) context.hw_device_ctx = av_buffer_ref(engine.device.get());
}

tl::unexpected<Error> unavailable(Codec codec, const std::string& what) {
  return fail(ErrorCode::unsupported, "decoder.unavailable",
              fmt::format("{} cannot be decoded: {}", to_string(codec), what),
              fmt::format("Install an FFmpeg with the decoder {}; LUMEN_FFMPEG_DEBUG=1 prints what it says.",
                          ffmpeg_name(codec)));
}

// `insides` outlives the context.
Result<CodecContextPtr> open_context(Codec codec, Insides& insides, const Engine& engine) {
  // The GPU's part of FFmpeg goes with its own parsers.
  const char* const name = engine.is_gpu() && codec == Codec::av1 ? "av1" : ffmpeg_name(codec);
  const AVCodec* decoder = avcodec_find_decoder_by_name(name);
  if (decoder == nullptr) return unavailable(codec, "this FFmpeg has no decoder");
  CodecContextPtr context{avcodec_alloc_context3(decoder)};
  if (context == nullptr) return no_memory();
  configure(*context, insides, engine);
  if (const int error = avcodec_open2(context.get(), decoder, nullptr); error != 0) {
    return unavailable(codec, ffmpeg_error(error));
  }
  insides.run = std::exchange(context->execute, SliceResults::collect);  // set by avcodec_open2()
  return context;
}

// FFmpeg puts the bitstream's byte into the enumeration, whatever it is.
int code_of(const AVColorSpace& color) {
  int code = 0;
  static_assert(sizeof code == sizeof color);
  std::memcpy(&code, &color, sizeof code);
  return code;
}

ColorSpace color_of(const AVFrame& frame) {
  const bool full = frame.color_range == AVCOL_RANGE_JPEG || frame.format == AV_PIX_FMT_YUVJ420P;
  const int code = code_of(frame.colorspace);
  const bool bt601 = code == AVCOL_SPC_SMPTE170M || code == AVCOL_SPC_BT470BG;
  return {bt601 ? ColorMatrix::bt601 : ColorMatrix::bt709, full ? ColorRange::full : ColorRange::limited};
}

// FFmpeg reads a little past the end of its input, so each access unit is copied to where there is room.
// Grows, never shrinks; no allocation once it has held the largest one.
class InputBuffer {
 public:
  // Returns nullptr when there is no memory.
  AVBufferRef* fill(ByteView bytes) {
    const std::size_t needed = bytes.size() + AV_INPUT_BUFFER_PADDING_SIZE;
    if (buffer_ == nullptr || buffer_->size < needed || av_buffer_is_writable(buffer_.get()) == 0) {
      buffer_.reset(av_buffer_alloc(std::max<std::size_t>(2 * needed, 256U << 10U)));
    }
    if (buffer_ == nullptr) return nullptr;
    std::memcpy(buffer_->data, bytes.data(), bytes.size());
    std::memset(buffer_->data + bytes.size(), 0, AV_INPUT_BUFFER_PADDING_SIZE);
    return buffer_.get();
  }

 private:
  BufferPtr buffer_;
};

class FfmpegDecoder final : public VideoDecoder {
 public:
  static Result<std::unique_ptr<VideoDecoder>> create(Codec codec, Engine engine = {}) {
    std::unique_ptr<FfmpegDecoder> decoder{new FfmpegDecoder{codec, std::move(engine)}};
    if (decoder->frame_ == nullptr || decoder->packet_ == nullptr || decoder->copied_ == nullptr)
      return no_memory();
    LUMEN_TRY(decoder->context_, open_context(codec, decoder->insides_, decoder->engine_));
    return decoder;
  }

  std::string name() const override {
    if (engine_.is_gpu()) return fmt::format("{}, {}", engine_.name, to_string(codec_));
    return fmt::format("FFmpeg {}, {} threads", ffmpeg_name(codec_), thread_count());
  }

  Result<PictureView> decode(const AccessUnit& unit) override {
    auto picture = decode_picture(unit);
    needs_idr_ = !picture.has_value();
    return picture;
  }

 private:
  FfmpegDecoder(Codec codec, Engine engine) : codec_{codec}, engine_{std::move(engine)} {}

  Result<PictureView> decode_picture(const AccessUnit& unit) {
    LUMEN_CHECK_OK(check(unit));
    LUMEN_CHECK_OK(renew_if_spoilt());
    spoilt_ = true;
    LUMEN_CHECK_OK(feed(unit.bytes));
    LUMEN_CHECK_OK(take_picture());
    spoilt_ = false;
    return view(unit);
  }

  Status renew_if_spoilt() {
    if (!spoilt_) return {};
    context_.reset();
    LUMEN_TRY(context_, open_context(codec_, insides_, engine_));
    return {};
  }

  Status check(const AccessUnit& unit) const {
    if (unit.codec != codec_) {
      return malformed("decoder.codec", fmt::format("access unit is not {}", to_string(codec_)));
    }
    if (unit.width == 0 || unit.height == 0 || unit.bytes.size() > kMaxAccessUnit) {
      return malformed("decoder.size", "access unit has no size, or too many bytes");
    }
    const auto kind = first_picture_kind(codec_, unit.bytes);
    if (!kind) return malformed("decoder.no-slice", "access unit holds no picture");
    if (needs_idr_ && *kind != PictureKind::idr) {
      return malformed("decoder.needs-idr", "only an IDR picture can be decoded after an error");
    }
    return {};
  }

  Status feed(ByteView bytes) {
    AVBufferRef* const input = input_.fill(bytes);
    if (input == nullptr) return no_memory();
    AVPacket& packet = *packet_;
    packet.buf = input;
    packet.data = input->data;
    packet.size = static_cast<int>(bytes.size());
    packet.pts = ++sequence_;
    insides_.failed = false;
    const int error = avcodec_send_packet(context_.get(), &packet);
    packet.buf = nullptr;  // borrowed above
    if (error == 0) return {};
    return malformed("decoder.malformed", "picture cannot be decoded: " + ffmpeg_error(error));
  }

  Status take_picture() {
    AVFrame& frame = *frame_;
    const int error = avcodec_receive_frame(context_.get(), &frame);
    if (error != 0)
      return malformed("decoder.malformed", "the decoder gave no picture: " + ffmpeg_error(error));
    if (frame.pts != sequence_) return malformed("decoder.delayed", "the stream reorders its pictures");
    if (insides_.failed || (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame.decode_error_flags != 0) {
      return malformed("decoder.corrupt", "picture is damaged");
    }
    if (engine_.is_gpu()) return copy_from_gpu();
    const bool planar420 = frame.format == AV_PIX_FMT_YUV420P || frame.format == AV_PIX_FMT_YUVJ420P;
    if (!planar420 || frame.width <= 0 || frame.height <= 0 || frame.width > kMaxSide ||
        frame.height > kMaxSide) {
      return malformed("decoder.format", "picture is not 8-bit 4:2:0 of at most 8192x8192");
    }
    return {};
  }

  // One copy, to memory that is taken once for each size.
  Status copy_from_gpu() {
    const AVFrame& frame = *frame_;
    if (frame.format != engine_.format || frame.width <= 0 || frame.height <= 0 || frame.width > kMaxSide ||
        frame.height > kMaxSide) {
      return malformed("decoder.format", "picture is not what the GPU decodes");
    }
    if (copied_->width != frame.width || copied_->height != frame.height) av_frame_unref(copied_.get());
    copied_->format = AV_PIX_FMT_NV12;
    const int error = av_hwframe_transfer_data(copied_.get(), &frame, 0);
    if (error != 0) {
      return fail(ErrorCode::unavailable, "decoder.gpu",
                  "a picture does not come back from the GPU: " + ffmpeg_error(error));
    }
    if (copied_->format == AV_PIX_FMT_NV12) return {};
    return malformed("decoder.format", "picture is not 8-bit 4:2:0");
  }

  PictureView view(const AccessUnit& unit) const {
    if (engine_.is_gpu()) return view_of(*copied_, *frame_, PixelFormat::nv12, unit);
    return view_of(*frame_, *frame_, PixelFormat::i420, unit);
  }

  // Pixels of `frame`, colours of `decoded`.
  static PictureView view_of(const AVFrame& frame, const AVFrame& decoded, PixelFormat format,
                             const AccessUnit& unit) {
    PictureView view{.format = format,
                     .color = color_of(decoded),
                     .width = std::min(unit.width, static_cast<std::uint32_t>(frame.width)),
                     .height = std::min(unit.height, static_cast<std::uint32_t>(frame.height)),
                     .planes = {}};
    const std::size_t planes = format == PixelFormat::nv12 ? 2 : 3;
    for (std::size_t i = 0; i < planes; ++i) {
      view.planes[i] = {reinterpret_cast<const std::byte*>(frame.data[i]),
                        static_cast<std::size_t>(frame.linesize[i])};
    }
    return view;
  }

  const Codec codec_;
  const Engine engine_;
  Insides insides_;  // the context points at it: declared before
  CodecContextPtr context_;
  FramePtr frame_{av_frame_alloc()};
  FramePtr copied_{av_frame_alloc()};  // the GPU's picture, in CPU memory
  PacketPtr packet_{av_packet_alloc()};
  InputBuffer input_;
  std::int64_t sequence_ = 0;
  bool needs_idr_ = true;
  bool spoilt_ = false;  // the context has seen bytes that failed
};

}  // namespace

Result<std::unique_ptr<VideoDecoder>> create_decoder(Codec codec) { return FfmpegDecoder::create(codec); }

namespace {

Result<std::unique_ptr<VideoDecoder>> create_on(Result<BufferPtr> device, Codec codec, const char* name,
                                                AVPixelFormat format) {
  if (!device) {
    auto error = std::move(device).error();
    error.id = "decoder.unavailable";
    return tl::unexpected{std::move(error)};
  }
  return FfmpegDecoder::create(codec, {.name = name, .format = format, .device = std::move(*device)});
}

}  // namespace

Result<std::unique_ptr<VideoDecoder>> create_nvdec_decoder(Codec codec) {
  return create_on(make_cuda_device(), codec, "NVDEC", AV_PIX_FMT_CUDA);
}

Result<std::unique_ptr<VideoDecoder>> create_vaapi_decoder(Codec codec, const std::string& render_node) {
  return create_on(make_vaapi_device(render_node), codec, "VAAPI", AV_PIX_FMT_VAAPI);
}

}  // namespace lumen::codec
