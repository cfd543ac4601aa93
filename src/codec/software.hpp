// lumen/codec: H.264, HEVC and AV1 by the processor. The only module that sees FFmpeg, libx265 and libaom.
#pragma once

#include <array>
#include <string_view>

#include "interface/video_decoder.hpp"
#include "interface/video_encoder.hpp"

namespace lumen::codec {

// The encoder of config.codec. All are of zero delay and infinite GOP, keep a picture near its share of the
// bitrate, and put parameter sets in band and config.color into the bitstream. Fails with `encoder.mode` when
// the library refuses the mode, `encoder.preset` and `encoder.bitrate` for values it does not know,
// `encoder.unavailable` when this machine's libraries lack it.
Result<std::unique_ptr<VideoEncoder>> create_encoder(const EncoderConfig& config);

// H.264 by libx264, one-frame VBV; Annex B.
Result<std::unique_ptr<VideoEncoder>> create_x264_encoder(const EncoderConfig& config);
// HEVC Main by libx265, one-frame VBV; Annex B: an IDR is VPS, SPS, PPS, slice, and no picture carries
// anything but these. One slice per picture whatever config.slices says: libx265 delays pictures of several.
Result<std::unique_ptr<VideoEncoder>> create_x265_encoder(const EncoderConfig& config);
// AV1 Main by libaom; one temporal unit in low-overhead OBU format, its key frames with their sequence
// header. config.slices are tiles. config.preset and config.max_references are not used: libaom's realtime
// mode has one speed here, the highest, and every AV1 decoder holds eight references.
Result<std::unique_ptr<VideoEncoder>> create_aom_encoder(const EncoderConfig& config);

// Names of the threads that encoders start, so that their CPU time can be told apart.
inline constexpr std::array<std::string_view, 3> kEncoderThreadNames{"lm-x264", "lm-x265", "aom enc worker"};

// The decoder of `codec` by FFmpeg (AV1: libdav1d in it), low delay. `decoder.unavailable` when it has none.
Result<std::unique_ptr<VideoDecoder>> create_decoder(Codec codec);

// About 0.16 bit per pixel: 8.8 Mbit/s at 720p60, 20 Mbit/s at 1080p60; 1…150 Mbit/s.
BitsPerSecond default_bitrate(const Mode& mode);

// Writes the picture as 8-bit RGB PNG, using its colour tags. Writes PATH.part, then renames. `png.write`
// with errno when the disk is full or the folder is not writable (nothing is left behind then).
Status write_png(const PictureView& picture, const std::string& path);

}  // namespace lumen::codec
