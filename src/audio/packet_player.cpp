#include "audio/packet_player.hpp"

#include <algorithm>
#include <utility>

namespace lumen::audio {

PacketPlayer::PacketPlayer(OpusDecoder decoder, const AudioFormat& format, std::size_t max_packet_bytes)
    : format_{format},
      decoder_{std::move(decoder)},
      playout_{{.packet = std::chrono::milliseconds{format.packet_ms}, .max_packet_bytes = max_packet_bytes}},
      adjuster_{format.channels},
      faded_(std::size_t{format.frames_per_packet()} * format.channels),
      silence_(faded_.size()) {}

Result<PacketPlayer> PacketPlayer::create(const AudioFormat& format, std::size_t max_packet_bytes) {
  LUMEN_TRY(auto decoder, OpusDecoder::create(layout_of(format), format.packet_ms));
  return PacketPlayer{std::move(decoder), format, max_packet_bytes};
}

std::span<const float> PacketPlayer::decode(const SoundPlayout::Next& next) {
  if (next.what == SoundPlayout::What::silence) return silence_;
  auto samples = decoder_.decode(next.packet);
  if (!samples && next.what == SoundPlayout::What::packet) {
    ++undecodable_;
    samples = decoder_.decode({});
  }
  return samples ? *samples : std::span<const float>{silence_};
}

// Two packets in the time of one, the second fading in over the first.
std::span<const float> PacketPlayer::skip() {
  std::ranges::copy(decode(playout_.take()), faded_.begin());
  playout_.skipping();
  const auto second = decode(playout_.take());
  const auto channels = std::size_t{format_.channels};
  for (std::size_t i = 0; i < faded_.size(); ++i) {
    const auto part = static_cast<float>(i / channels) / static_cast<float>(faded_.size() / channels);
    faded_[i] += (second[i] - faded_[i]) * part;
  }
  return faded_;
}

std::span<const float> PacketPlayer::next() {
  const auto samples = playout_.wants_skip() ? skip() : decode(playout_.take());
  return adjuster_.adjust(samples, playout_.rate());
}

}  // namespace lumen::audio
