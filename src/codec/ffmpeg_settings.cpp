#include "codec/ffmpeg_settings.hpp"

#include <algorithm>

#include "codec/encoder_parts.hpp"

namespace lumen::codec {
namespace {

void set_color(AVCodecContext& context, ColorSpace color) {
  const ColorCodes codes = color_codes(color);
  context.color_primaries = static_cast<AVColorPrimaries>(codes.primaries);
  context.color_trc = static_cast<AVColorTransferCharacteristic>(codes.transfer);
  context.colorspace = static_cast<AVColorSpace>(codes.matrix);
  context.color_range = color.range == ColorRange::full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  context.chroma_sample_location = AVCHROMA_LOC_CENTER;  // the converter takes the mean of 2 × 2
}

}  // namespace

void set_rate(AVCodecContext& context, BitsPerSecond bitrate, std::uint32_t refresh_mhz) {
  const std::uint64_t frame_bits = bits_per_picture(bitrate, refresh_mhz);
  context.bit_rate = static_cast<std::int64_t>(bitrate.value);
  context.rc_max_rate = context.bit_rate;
  context.rc_buffer_size = static_cast<int>(std::max<std::uint64_t>(frame_bits, 1000));  // x264 counts kbit
}

void set_stream(AVCodecContext& context, const EncoderConfig& config) {
  const Picture size{config.format, config.color, config.mode.width, config.mode.height, {}};
  context.width = static_cast<int>(size.coded_width());
  context.height = static_cast<int>(size.coded_height());
  context.time_base = {1000, static_cast<int>(config.mode.refresh_mhz)};
  context.framerate = {static_cast<int>(config.mode.refresh_mhz), 1000};
  context.gop_size = kGopForEver;
  context.max_b_frames = 0;
  if (config.max_references != 0) context.refs = static_cast<int>(config.max_references);
  set_rate(context, config.bitrate, config.mode.refresh_mhz);
  set_color(context, config.color);
}

}  // namespace lumen::codec
