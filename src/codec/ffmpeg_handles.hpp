// lumen/codec, private: owners of FFmpeg's objects, and what FFmpeg may print.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
}

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

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

// What FFmpeg says of a failure to this thread, for the scope's length: the reason is in no error code.
class FfmpegWords {
 public:
  FfmpegWords() : before_{std::exchange(current(), this)} {}
  ~FfmpegWords() { current() = before_; }
  FfmpegWords(const FfmpegWords&) = delete;
  FfmpegWords& operator=(const FfmpegWords&) = delete;

  // The last line; empty: nothing was said.
  const std::string& last() const { return last_; }
  static FfmpegWords*& current() {
    static thread_local FfmpegWords* words = nullptr;
    return words;
  }
  [[gnu::format(printf, 2, 0)]] void hear(const char* format, va_list arguments) {
    std::array<char, 256> line{};
    va_list copy;
    va_copy(copy, arguments);
    std::vsnprintf(line.data(), line.size(), format, copy);
    va_end(copy);
    last_ = line.data();
    while (!last_.empty() && (last_.back() == '\n' || last_.back() == '.')) last_.pop_back();
  }

 private:
  FfmpegWords* const before_;
  std::string last_;
};

// Codec contexts only: FFmpeg's other objects (about sizes and packets, which a peer may make up) know
// nothing of the offset below.
[[gnu::format(printf, 3, 0)]] inline void print_of_contexts(void* object, int level, const char* format,
                                                            va_list arguments) {
  const AVClass* const kind = object == nullptr ? nullptr : *static_cast<const AVClass* const*>(object);
  if (kind == nullptr || std::strcmp(kind->class_name, "AVCodecContext") != 0) return;
  const int own_level = level - static_cast<const AVCodecContext*>(object)->log_level_offset;
  if (auto* const words = FfmpegWords::current(); words != nullptr && own_level <= AV_LOG_ERROR)
    words->hear(format, arguments);
  av_log_default_callback(object, level, format, arguments);
}

// FFmpeg prints to stderr up to its process-wide level, AV_LOG_INFO unless changed. The offset of one context
// moves only that context's messages, so no level is changed unless LUMEN_FFMPEG_DEBUG=1 asks for all.
inline void limit_log(AVCodecContext& context, FfmpegLog limit) {
  const char* debug = std::getenv("LUMEN_FFMPEG_DEBUG");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  if (debug != nullptr && std::strcmp(debug, "1") == 0) {
    av_log_set_level(AV_LOG_DEBUG);
    return;
  }
  av_log_set_callback(print_of_contexts);
  context.log_level_offset = limit == FfmpegLog::errors ? AV_LOG_INFO - AV_LOG_ERROR : AV_LOG_MAX_OFFSET;
}

}  // namespace lumen::codec
