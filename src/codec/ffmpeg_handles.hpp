// lumen/codec, private: owners of FFmpeg's objects, and what FFmpeg may print.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
}

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

namespace lumen::codec {

template <auto Free>
struct FreeByAddress {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(&object);
  }
};

using CodecContextPtr = std::unique_ptr<AVCodecContext, FreeByAddress<avcodec_free_context>>;
using FramePtr = std::unique_ptr<AVFrame, FreeByAddress<av_frame_free>>;
using PacketPtr = std::unique_ptr<AVPacket, FreeByAddress<av_packet_free>>;
using BufferPtr = std::unique_ptr<AVBufferRef, FreeByAddress<av_buffer_unref>>;

// av_err2str as an expression C++ accepts.
inline std::string ffmpeg_error(int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(code, text.data(), text.size());
  return text.data();
}

enum class FfmpegLog { errors, nothing };

// FFmpeg prints to stderr up to its process-wide level, AV_LOG_INFO unless changed. The offset of one context
// moves only that context's messages, so nothing global is touched unless LUMEN_FFMPEG_DEBUG=1 asks for all.
inline void limit_log(AVCodecContext& context, FfmpegLog limit) {
  const char* debug = std::getenv("LUMEN_FFMPEG_DEBUG");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  if (debug != nullptr && std::strcmp(debug, "1") == 0) {
    av_log_set_level(AV_LOG_DEBUG);
    return;
  }
  context.log_level_offset = limit == FfmpegLog::errors ? AV_LOG_INFO - AV_LOG_ERROR : AV_LOG_MAX_OFFSET;
}

}  // namespace lumen::codec
