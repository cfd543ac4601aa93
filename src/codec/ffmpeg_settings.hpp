// lumen/codec, private: what every encoder of FFmpeg's is told of a stream.
#pragma once

#include "codec/ffmpeg_handles.hpp"
#include "interface/video_encoder.hpp"

namespace lumen::codec {

inline constexpr int kGopForEver = 1 << 28;  // frames; an IDR comes on request only

// The buffer of one frame: no picture may take longer on the wire than its own interval.
void set_rate(AVCodecContext& context, BitsPerSecond bitrate, std::uint32_t refresh_mhz);
// Size, times, GOP, rate, colours and references; the format of the pixels apart.
void set_stream(AVCodecContext& context, const EncoderConfig& config);

}  // namespace lumen::codec
