#include "stream/receive/sound_player.hpp"

#include <algorithm>
#include <utility>

namespace lumen::stream {
namespace {

PlayoutStats sum(const PlayoutStats& a, const PlayoutStats& b) {
  return {.played = a.played + b.played,
          .copies_used = a.copies_used + b.copies_used,
          .concealed = a.concealed + b.concealed,
          .late = a.late + b.late,
          .skipped = a.skipped + b.skipped,
          .silent = a.silent + b.silent};
}

}  // namespace

SoundPlayer::Stream::Stream(audio::OpusDecoder its_decoder, const AudioFormat& format)
    : decoder{std::move(its_decoder)},
      playout{{.packet = std::chrono::milliseconds{format.packet_ms},
               .max_packet_bytes = lumen1::kMaxSoundPacketBytes}},
      adjuster{format.channels},
      faded(std::size_t{format.frames_per_packet()} * format.channels),
      silence(faded.size()) {}

void SoundPlayer::begin_stream(const AudioFormat& format) {
  if (stream_) earlier_ = sum(earlier_, stream_->playout.stats());
  stream_.reset();
  format_.reset();
  auto decoder = audio::OpusDecoder::create(audio::layout_of(format), format.packet_ms);
  if (!decoder) return;  // libopus has no memory: there is nothing to be heard then
  stream_.emplace(std::move(*decoder), format);
  format_ = format;
  ++stats_.streams;
}

void SoundPlayer::push(ByteView body, Duration until_needed, Timestamp now) {
  ++stats_.packets;
  const auto datagram = reader_.read(body);
  if (!datagram) return;
  if (datagram->begins_stream) begin_stream(datagram->body.format);
  if (!stream_) return;
  auto& playout = stream_->playout;
  const auto packets = datagram->body.all();
  playout.set_copies(packets.size() - 1);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    playout.push(datagram->newest - i, packets[i], i > 0, until_needed, now);
  }
  // The newest waits behind all that waits, unless it came late.
  const auto latency = std::chrono::microseconds{datagram->body.age_us} + playout.waiting() +
                       std::max(until_needed, Duration::zero());
  stats_.latency = stats_.latency == Duration::zero() ? latency : (stats_.latency * 15 + latency) / 16;
}

std::span<const float> SoundPlayer::decode(const SoundPlayout::Next& next) {
  if (next.what == SoundPlayout::What::silence) return stream_->silence;
  auto samples = stream_->decoder.decode(next.packet);
  if (!samples && next.what == SoundPlayout::What::packet) {
    ++stats_.undecodable;
    samples = stream_->decoder.decode({});
  }
  return samples ? *samples : std::span<const float>{stream_->silence};
}

// Two packets in the time of one, the second fading in over the first.
std::span<const float> SoundPlayer::skip() {
  auto& faded = stream_->faded;
  std::ranges::copy(decode(stream_->playout.take()), faded.begin());
  stream_->playout.skipping();
  const auto second = decode(stream_->playout.take());
  const auto channels = std::size_t{format_->channels};
  for (std::size_t i = 0; i < faded.size(); ++i) {
    const auto part = static_cast<float>(i / channels) / static_cast<float>(faded.size() / channels);
    faded[i] += (second[i] - faded[i]) * part;
  }
  return faded;
}

std::span<const float> SoundPlayer::next() {
  auto& playout = stream_->playout;
  const auto samples = playout.wants_skip() ? skip() : decode(playout.take());
  return stream_->adjuster.adjust(samples, playout.rate());
}

PlayerStats SoundPlayer::stats() const {
  auto stats = stats_;
  stats.malformed = reader_.malformed();
  stats.playout = earlier_;
  if (!stream_) return stats;
  stats.playout = sum(earlier_, stream_->playout.stats());
  stats.lead = stream_->playout.least_lead().value_or(Duration::zero());
  stats.wanted_lead = stream_->playout.wanted_lead();
  return stats;
}

}  // namespace lumen::stream
