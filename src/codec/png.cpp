// A picture as 8-bit RGB PNG, by FFmpeg's encoder.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>

#include "base/fd.hpp"
#include "codec/ffmpeg_handles.hpp"
#include "codec/software.hpp"

namespace lumen::codec {
namespace {

// R'G'B' of one sample triple, in 8-bit steps: ITU-T H.273 inverted.
class RgbMatrix {
 public:
  explicit RgbMatrix(ColorSpace color) {
    const bool limited = color.range == ColorRange::limited;
    const double kr = color.matrix == ColorMatrix::bt709 ? 0.2126 : 0.299;
    const double kb = color.matrix == ColorMatrix::bt709 ? 0.0722 : 0.114;
    const double chroma_scale = limited ? 255.0 / 224.0 : 1.0;
    luma_scale_ = limited ? 255.0 / 219.0 : 1.0;
    black_ = limited ? 16.0 : 0.0;
    r_cr_ = 2.0 * (1.0 - kr) * chroma_scale;
    b_cb_ = 2.0 * (1.0 - kb) * chroma_scale;
    g_cr_ = -r_cr_ * kr / (1.0 - kr - kb);
    g_cb_ = -b_cb_ * kb / (1.0 - kr - kb);
  }

  void write(std::uint8_t* rgb, double y, double cb, double cr) const {
    const double luma = (y - black_) * luma_scale_;
    rgb[0] = to_byte(luma + r_cr_ * (cr - 128.0));
    rgb[1] = to_byte(luma + g_cb_ * (cb - 128.0) + g_cr_ * (cr - 128.0));
    rgb[2] = to_byte(luma + b_cb_ * (cb - 128.0));
  }

 private:
  static std::uint8_t to_byte(double value) {
    return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
  }

  double luma_scale_, black_, r_cr_, g_cb_, g_cr_, b_cb_;
};

double sample(const ConstPlane& plane, std::size_t x, std::size_t y) {
  return std::to_integer<unsigned>(plane.pixels[y * plane.stride_bytes + x]);
}

void fill_rgb(const PictureView& picture, AVFrame& rgb) {
  const RgbMatrix matrix{picture.color};
  const bool planar = picture.format == PixelFormat::i420;
  const ConstPlane& chroma = picture.planes[1];
  for (std::size_t y = 0; y < picture.height; ++y) {
    std::uint8_t* out = rgb.data[0] + y * static_cast<std::size_t>(rgb.linesize[0]);
    for (std::size_t x = 0; x < picture.width; ++x, out += 3) {
      const double cb = sample(chroma, planar ? x / 2 : x & ~std::size_t{1}, y / 2);
      const double cr = planar ? sample(picture.planes[2], x / 2, y / 2) : sample(chroma, x | 1U, y / 2);
      matrix.write(out, sample(picture.planes[0], x, y), cb, cr);
    }
  }
}

tl::unexpected<Error> no_encoder(const std::string& why) {
  return fail(ErrorCode::unsupported, "png.encode", "cannot make a PNG: " + why);
}

Result<FramePtr> to_rgb(const PictureView& picture) {
  FramePtr frame{av_frame_alloc()};
  if (frame == nullptr) return no_encoder("no memory");
  frame->format = AV_PIX_FMT_RGB24;
  frame->width = static_cast<int>(picture.width);
  frame->height = static_cast<int>(picture.height);
  if (const int error = av_frame_get_buffer(frame.get(), 0); error < 0)
    return no_encoder(ffmpeg_error(error));
  fill_rgb(picture, *frame);
  return frame;
}

Result<CodecContextPtr> open_encoder(const AVFrame& frame) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_PNG);
  CodecContextPtr context{codec == nullptr ? nullptr : avcodec_alloc_context3(codec)};
  if (context == nullptr) return no_encoder("this FFmpeg has no PNG encoder");
  limit_log(*context, FfmpegLog::errors);
  context->width = frame.width;
  context->height = frame.height;
  context->pix_fmt = AV_PIX_FMT_RGB24;
  context->time_base = {1, 1};
  context->thread_count = 1;
  if (const int error = avcodec_open2(context.get(), codec, nullptr); error < 0) {
    return no_encoder(ffmpeg_error(error));
  }
  return context;
}

Result<PacketPtr> encode_png(const PictureView& picture) {
  LUMEN_TRY(const auto frame, to_rgb(picture));
  LUMEN_TRY(const auto context, open_encoder(*frame));
  PacketPtr packet{av_packet_alloc()};
  if (packet == nullptr) return no_encoder("no memory");
  int error = avcodec_send_frame(context.get(), frame.get());
  if (error == 0) error = avcodec_receive_packet(context.get(), packet.get());
  if (error != 0) return no_encoder(ffmpeg_error(error));
  return packet;
}

tl::unexpected<Error> write_failure(const std::string& path, int error) {
  const char* remedy = "Check that the folder exists and that you may write there.";
  if (error == ENOSPC || error == EDQUOT) remedy = "Free some space, or choose another place.";
  return fail(error == EACCES || error == EPERM ? ErrorCode::denied : ErrorCode::unavailable, "png.write",
              "cannot write " + path, remedy, error);
}

// 0, or errno. close() too can be the one to tell that the disk is full.
int write_all(const std::string& path, int flags, ByteView bytes) {
  UniqueFd file{::open(path.c_str(), flags | O_WRONLY | O_CLOEXEC, 0666)};
  if (!file) return errno;
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return ::close(file.release()) == 0 || errno == EINTR ? 0 : errno;
}

int write_then_rename(const std::string& path, ByteView bytes) {
  const std::string part = path + ".part";
  int error = write_all(part, O_CREAT | O_TRUNC | O_NOFOLLOW, bytes);
  if (error == 0 && ::rename(part.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) ::unlink(part.c_str());
  return error;
}

// A device, a pipe or a terminal can be written to but not replaced.
bool is_special(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

}  // namespace

Status write_png(const PictureView& picture, const std::string& path) {
  if (picture.width == 0 || picture.height == 0 || picture.planes[0].pixels == nullptr) {
    return fail(ErrorCode::invalid_argument, "png.picture", "there is no picture to write");
  }
  LUMEN_TRY(const auto packet, encode_png(picture));
  const auto bytes = std::as_bytes(std::span{packet->data, static_cast<std::size_t>(packet->size)});
  const int error = is_special(path) ? write_all(path, 0, bytes) : write_then_rename(path, bytes);
  if (error != 0) return write_failure(path, error);
  return {};
}

}  // namespace lumen::codec
