// lumen/codec: H.264 by libx264 and by FFmpeg's decoder. The only module that sees FFmpeg.
#pragma once

#include "interface/video_decoder.hpp"
#include "interface/video_encoder.hpp"

namespace lumen::codec {

// libx264, zero latency, infinite GOP, one-frame VBV, parameter sets in band, VUI tags from config.color.
// Fails with `encoder.unavailable` when this FFmpeg has no libx264, `encoder.mode` when it refuses the mode.
// The encoder's own worker threads are named "lm-x264", so that their CPU time can be told apart.
Result<std::unique_ptr<VideoEncoder>> create_x264_encoder(const EncoderConfig& config);

// FFmpeg h264, slice threads, low delay. `decoder.unavailable` when this FFmpeg has none.
Result<std::unique_ptr<VideoDecoder>> create_h264_decoder(Codec codec);

// About 0.16 bit per pixel: 8.8 Mbit/s at 720p60, 20 Mbit/s at 1080p60; 1…150 Mbit/s.
BitsPerSecond default_bitrate(const Mode& mode);

// Writes the picture as 8-bit RGB PNG, using its colour tags. Writes PATH.part, then renames. `png.write`
// with errno when the disk is full or the folder is not writable (nothing is left behind then).
Status write_png(const PictureView& picture, const std::string& path);

}  // namespace lumen::codec
