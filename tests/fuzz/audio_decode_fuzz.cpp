// Any bytes as Opus packets of any layout: the first byte chooses it, then each packet has its length before
// it. No crash, and what decodes is one packet long.
#include <cstdint>
#include <cstdlib>

#include "audio/opus_decoder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lumen;
  ByteReader in{std::as_bytes(std::span{data, size})};
  const auto choice = in.little<std::uint8_t>();
  const AudioFormat format{.channels = static_cast<std::uint8_t>(choice % 3 == 0   ? 2
                                                                 : choice % 3 == 1 ? 6
                                                                                   : 8),
                           .quality = (choice & 64U) != 0 ? AudioQuality::high : AudioQuality::normal,
                           .packet_ms = static_cast<std::uint8_t>((choice & 128U) != 0 ? 10 : 5)};
  auto decoder = audio::OpusDecoder::create(audio::layout_of(format), format.packet_ms).value();
  while (in.ok() && in.remaining() > 0) {
    const auto packet = in.take(in.little<std::uint16_t>() % 1500);
    const auto samples = decoder.decode(packet);
    if (samples && samples->size() != std::size_t{format.frames_per_packet()} * format.channels) std::abort();
  }
  return 0;
}
