// lumen/codec, private: what the encoders share.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "interface/video_encoder.hpp"

namespace lumen::codec {

// `encoder.bitrate` unless 10 kbit/s to 2 Gbit/s.
Status check_bitrate(BitsPerSecond bitrate);
// `encoder.mode` for another codec than `codec` or a mode out of range, `encoder.bitrate`. `library` is for
// people.
Status check_config(const EncoderConfig& config, Codec codec, std::string_view library);
// `encoder.picture` unless it is as the encoder was opened for. To be called before it is read.
Status check_picture(const EncoderConfig& config, const Picture& picture);

// The share of one picture.
constexpr std::uint64_t bits_per_picture(BitsPerSecond bitrate, std::uint32_t refresh_mhz) {
  return bitrate.value * 1000 / refresh_mhz;
}

std::uint32_t core_count();  // of this machine, at least one
// How many threads to encode with: config.threads, else the cores; `most` at most.
std::uint32_t encoder_threads(const EncoderConfig& config, std::uint32_t most);

// Code points of ITU-T H.273, which all three codecs use.
struct ColorCodes {
  int primaries = 0, transfer = 0, matrix = 0;
};
ColorCodes color_codes(ColorSpace color);

// Threads inherit the name of the thread that creates them: names those that are created in its scope.
class ThreadNameScope {
 public:
  explicit ThreadNameScope(const char* name);
  ThreadNameScope(const ThreadNameScope&) = delete;
  ThreadNameScope& operator=(const ThreadNameScope&) = delete;
  ~ThreadNameScope();

 private:
  std::array<char, 16> before_{};
};

// Views a picture as three planes, for libraries that take no NV12: its chroma is taken apart into memory
// kept here. No allocation after the first picture.
class PlanarView {
 public:
  struct Planes {
    std::array<std::uint8_t*, 3> pixels{};
    std::array<int, 3> stride_bytes{};
  };
  // Valid until the next call, and as long as the picture.
  Planes of(const Picture& picture);

 private:
  std::vector<std::uint8_t> chroma_;  // Cb, then Cr
};

}  // namespace lumen::codec
