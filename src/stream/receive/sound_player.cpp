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

void SoundPlayer::begin_stream(const AudioFormat& format) {
  if (stream_) {
    earlier_ = sum(earlier_, stream_->playout().stats());
    earlier_undecodable_ += stream_->undecodable();
  }
  stream_.reset();
  auto stream = audio::PacketPlayer::create(format, lumen1::kMaxSoundPacketBytes);
  if (!stream) return;  // libopus has no memory: there is nothing to be heard then
  stream_.emplace(std::move(*stream));
  ++stats_.streams;
}

void SoundPlayer::push(ByteView body, Duration until_needed, Timestamp now) {
  ++stats_.packets;
  const auto datagram = reader_.read(body);
  if (!datagram) return;
  if (datagram->begins_stream) begin_stream(datagram->body.format);
  if (!stream_) return;
  auto& playout = stream_->playout();
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

PlayerStats SoundPlayer::stats() const {
  auto stats = stats_;
  stats.malformed = reader_.malformed();
  stats.playout = earlier_;
  stats.undecodable = earlier_undecodable_;
  if (!stream_) return stats;
  stats.undecodable += stream_->undecodable();
  stats.playout = sum(earlier_, stream_->playout().stats());
  stats.lead = stream_->playout().least_lead().value_or(Duration::zero());
  stats.wanted_lead = stream_->playout().wanted_lead();
  return stats;
}

}  // namespace lumen::stream
