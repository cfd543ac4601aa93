#include "audio/opus_decoder.hpp"

#include <opus/opus_multistream.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace lumen::audio {
namespace {

bool makes_sense(const OpusLayout& layout, std::uint8_t packet_ms) {
  if (layout.channels == 0 || layout.channels > kMaxAudioChannels || layout.coupled > layout.streams) {
    return false;
  }
  const auto coded = layout.streams + layout.coupled;
  const auto used = std::span{layout.mapping}.first(layout.channels);
  return std::ranges::all_of(used, [coded](auto index) { return index < coded; }) &&
         (packet_ms == 5 || packet_ms == 10 || packet_ms == 20);
}

}  // namespace

void OpusDecoder::Free::operator()(OpusMSDecoder* decoder) const noexcept {
  opus_multistream_decoder_destroy(decoder);
}

OpusDecoder::OpusDecoder(Handle handle, std::uint32_t frames, std::uint8_t channels)
    : handle_{std::move(handle)}, frames_{frames}, samples_(std::size_t{frames} * channels) {}

Result<OpusDecoder> OpusDecoder::create(const OpusLayout& layout, std::uint8_t packet_ms) {
  int code = OPUS_BAD_ARG;
  Handle handle;
  if (makes_sense(layout, packet_ms)) {
    handle.reset(opus_multistream_decoder_create(int{kSampleRateHz}, layout.channels, layout.streams,
                                                 layout.coupled, layout.mapping.data(), &code));
  }
  if (!handle) {
    return fail(ErrorCode::unsupported, "audio.layout",
                fmt::format("this division of channels cannot be decoded: {}", opus_strerror(code)),
                "Choose stereo, 5.1 or 7.1");
  }
  return OpusDecoder{std::move(handle), kSampleRateHz / 1000 * packet_ms, layout.channels};
}

Result<std::span<const float>> OpusDecoder::decode(ByteView packet) {
  const auto* bytes = packet.empty() ? nullptr : reinterpret_cast<const unsigned char*>(packet.data());
  const auto size = static_cast<opus_int32>(std::min<std::size_t>(packet.size(), 1U << 16U));
  const auto frames = static_cast<int>(frames_);
  const auto got =
      opus_multistream_decode_float(handle_.get(), bytes, size, samples_.data(), frames, /*decode_fec=*/0);
  if (got != frames) {
    return fail(ErrorCode::malformed, "audio.malformed",
                got < 0 ? fmt::format("an audio packet does not decode: {}", opus_strerror(got))
                        : fmt::format("an audio packet holds {} samples instead of {}", got, frames));
  }
  return std::span<const float>{samples_};
}

}  // namespace lumen::audio
