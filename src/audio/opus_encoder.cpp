#include "audio/opus_encoder.hpp"

#include <opus/opus_multistream.h>

#include <utility>

#include <fmt/format.h>

namespace lumen::audio {
namespace {

// More is hardly heard at these rates; surround at 10 would take a twentieth of a slow core.
constexpr int kStereoComplexity = 10, kSurroundComplexity = 5;

tl::unexpected<Error> refused(int code) {
  return fail(ErrorCode::internal, "audio.encoder",
              fmt::format("libopus makes no encoder: {}", opus_strerror(code)), "Report this");
}

int configure(OpusMSEncoder* encoder, const AudioFormat& format) {
  const auto complexity = format.channels > 2 ? kSurroundComplexity : kStereoComplexity;
  const auto bitrate = static_cast<opus_int32>(bitrate_bps(format));
  int code = opus_multistream_encoder_ctl(encoder, OPUS_SET_BITRATE(bitrate));
  if (code == OPUS_OK) code = opus_multistream_encoder_ctl(encoder, OPUS_SET_VBR(0));
  if (code == OPUS_OK) code = opus_multistream_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(complexity));
  return code;
}

}  // namespace

void OpusEncoder::Free::operator()(OpusMSEncoder* encoder) const noexcept {
  opus_multistream_encoder_destroy(encoder);
}

OpusEncoder::OpusEncoder(const AudioFormat& format, Handle handle)
    : format_{format}, handle_{std::move(handle)} {}

Result<OpusEncoder> OpusEncoder::create(const AudioFormat& format) {
  if (!is_valid(format) && !is_valid_voice(format)) {
    return fail(ErrorCode::invalid_argument, "audio.format", "no such audio format",
                "Use 2, 6 or 8 channels and packets of 5 or 10 ms");
  }
  const auto layout = layout_of(format);
  int code = OPUS_OK;
  const auto use = is_valid_voice(format) ? OPUS_APPLICATION_VOIP : OPUS_APPLICATION_RESTRICTED_LOWDELAY;
  Handle handle{opus_multistream_encoder_create(int{kSampleRateHz}, layout.channels, layout.streams,
                                                layout.coupled, layout.mapping.data(), use, &code)};
  if (!handle) return refused(code);
  code = configure(handle.get(), format);
  if (code != OPUS_OK) return refused(code);
  return OpusEncoder{format, std::move(handle)};
}

Result<ByteView> OpusEncoder::encode(std::span<const float> interleaved) {
  const auto frames = format_.frames_per_packet();
  if (interleaved.size() != std::size_t{frames} * format_.channels) {
    return fail(ErrorCode::invalid_argument, "audio.encode", "not the samples of one packet");
  }
  auto* const packet = reinterpret_cast<unsigned char*>(packet_.data());
  const auto size = static_cast<opus_int32>(packet_bytes(format_));
  auto length = opus_multistream_encode_float(handle_.get(), interleaved.data(), static_cast<int>(frames),
                                              packet, size);
  if (length > 0 && length < size) {
    const auto streams = layout_of(format_).streams;
    length =
        opus_multistream_packet_pad(packet, length, size, streams) == OPUS_OK ? size : OPUS_INTERNAL_ERROR;
  }
  if (length != size) {
    return fail(ErrorCode::internal, "audio.encode", fmt::format("libopus: {}", opus_strerror(length)),
                "Report this");
  }
  return ByteView{packet_}.first(static_cast<std::size_t>(size));
}

}  // namespace lumen::audio
