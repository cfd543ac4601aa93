#include "codec/encoder_parts.hpp"

#include <pthread.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include <fmt/format.h>

#include "codec/software.hpp"

namespace lumen::codec {
namespace {

constexpr std::uint64_t kMinBitrate = 10'000, kMaxBitrate = 2'000'000'000;

// In blocks of a constant size: these the compiler turns into SIMD.
void take_apart(const std::uint8_t* pairs, std::size_t count, std::uint8_t* first, std::uint8_t* second) {
  constexpr std::size_t kBlock = 32;
  for (; count >= kBlock; count -= kBlock, pairs += 2 * kBlock, first += kBlock, second += kBlock) {
    std::array<std::uint8_t, 2 * kBlock> in;
    std::memcpy(in.data(), pairs, in.size());
    std::array<std::uint8_t, kBlock> even;
    std::array<std::uint8_t, kBlock> odd;
    for (std::size_t i = 0; i < kBlock; ++i) {
      even[i] = in[2 * i];
      odd[i] = in[2 * i + 1];
    }
    std::memcpy(first, even.data(), kBlock);
    std::memcpy(second, odd.data(), kBlock);
  }
  for (std::size_t i = 0; i < count; ++i) {
    first[i] = pairs[2 * i];
    second[i] = pairs[2 * i + 1];
  }
}

std::uint8_t* bytes_of(const Plane& plane) { return reinterpret_cast<std::uint8_t*>(plane.pixels); }

}  // namespace

Status check_bitrate(BitsPerSecond bitrate) {
  if (bitrate.value >= kMinBitrate && bitrate.value <= kMaxBitrate) return {};
  return fail(ErrorCode::invalid_argument, "encoder.bitrate",
              fmt::format("bitrate {} bit/s is out of range", bitrate.value),
              "Ask for 10 kbit/s to 2 Gbit/s.");
}

Status check_config(const EncoderConfig& config, Codec codec, std::string_view library) {
  if (config.codec != codec || !is_valid(config.mode)) {
    return fail(
        ErrorCode::invalid_argument, "encoder.mode",
        fmt::format("{} cannot encode {} as {}", library, to_string(config.mode), to_string(config.codec)),
        fmt::format("Ask for {} and a side of 64 to 8192 pixels.", to_string(codec)));
  }
  return check_bitrate(config.bitrate);
}

Status check_picture(const EncoderConfig& config, const Picture& picture) {
  if (picture.width == config.mode.width && picture.height == config.mode.height &&
      picture.format == config.format && picture.color == config.color) {
    return {};
  }
  return fail(ErrorCode::invalid_argument, "encoder.picture",
              fmt::format("picture of {}x{} does not fit the encoder opened for {}", picture.width,
                          picture.height, to_string(config.mode)));
}

std::uint32_t core_count() { return std::max(std::thread::hardware_concurrency(), 1U); }

std::uint32_t encoder_threads(const EncoderConfig& config, std::uint32_t most) {
  const std::uint32_t wanted = config.threads != 0 ? config.threads : core_count();
  return std::clamp<std::uint32_t>(wanted, 1, most);
}

ColorCodes color_codes(ColorSpace color) {
  constexpr ColorCodes kBt709{1, 1, 1}, kSmpte170m{6, 6, 6};
  return color.matrix == ColorMatrix::bt709 ? kBt709 : kSmpte170m;
}

ThreadNameScope::ThreadNameScope(const char* name) {
  pthread_getname_np(pthread_self(), before_.data(), before_.size());
  pthread_setname_np(pthread_self(), name);
}

ThreadNameScope::~ThreadNameScope() { pthread_setname_np(pthread_self(), before_.data()); }

PlanarView::Planes PlanarView::of(const Picture& picture) {
  Planes planes;
  for (std::size_t i = 0; i < planes.pixels.size(); ++i) {
    planes.pixels[i] = bytes_of(picture.planes[i]);
    planes.stride_bytes[i] = static_cast<int>(picture.planes[i].stride_bytes);
  }
  if (picture.format == PixelFormat::i420) return planes;
  const std::size_t width = picture.coded_width() / 2, height = picture.coded_height() / 2;
  chroma_.resize(2 * width * height);
  planes.pixels[1] = chroma_.data();
  planes.pixels[2] = chroma_.data() + width * height;
  planes.stride_bytes[1] = planes.stride_bytes[2] = static_cast<int>(width);
  for (std::size_t y = 0; y < height; ++y) {
    const std::uint8_t* const row = bytes_of(picture.planes[1]) + y * picture.planes[1].stride_bytes;
    take_apart(row, width, planes.pixels[1] + y * width, planes.pixels[2] + y * width);
  }
  return planes;
}

Result<std::unique_ptr<VideoEncoder>> create_encoder(const EncoderConfig& config) {
  switch (config.codec) {
    case Codec::h264:
      return create_x264_encoder(config);
    case Codec::hevc:
      return create_x265_encoder(config);
    case Codec::av1:
      return create_aom_encoder(config);
  }
  return fail(ErrorCode::invalid_argument, "encoder.mode", "no such codec", "Ask for H.264, HEVC or AV1.");
}

BitsPerSecond default_bitrate(const Mode& mode) {
  const std::uint64_t pixels_per_1000_s = std::uint64_t{mode.width} * mode.height * mode.refresh_mhz;
  return {std::clamp<std::uint64_t>(pixels_per_1000_s / 6250, 1'000'000, 150'000'000)};
}

}  // namespace lumen::codec
