#include "gamestream/media/audio_reassembler.hpp"

#include <algorithm>
#include <utility>

namespace lumen::gamestream {
namespace {

using fec::kAudioDataShards;
using fec::kAudioShards;

// Numbers count from here, so that there is room before the first packet.
constexpr std::uint64_t kFirstTurn = 0x1'0000;
// Packets this far behind are not just late, and so many of them in a row are another stream.
constexpr std::int64_t kFarBehind = 256;
constexpr std::size_t kMaxStrangers = 16;

}  // namespace

bool AudioReassembler::Block::of_one_size() const {
  std::size_t one = 0;
  for (std::size_t i = 0; i < kAudioShards; ++i) {
    if (!arrivals.has(i)) continue;
    if (one != 0 && bytes[i] != one) return false;
    one = bytes[i];
  }
  return true;
}

void AudioReassembler::Block::reset() {
  arrivals = {};
  arrivals.begin(kAudioDataShards, kAudioShards, {});
  repaired = {};
}

Result<AudioReassembler> AudioReassembler::create(const AudioReassemblerParams& params, ByteView key) {
  if (key.empty()) return AudioReassembler{params, std::nullopt};
  LUMEN_TRY(auto cipher, crypto::Aes128Cbc::create(key));
  return AudioReassembler{params, std::move(cipher)};
}

AudioReassembler::AudioReassembler(const AudioReassemblerParams& params,
                                   std::optional<crypto::Aes128Cbc> cipher)
    : params_{params}, cipher_{std::move(cipher)}, blocks_{std::make_unique<std::array<Block, kBlocks>>()} {
  for (auto& block : *blocks_) block.reset();
}

// The number nearest to the next one.
std::uint64_t AudioReassembler::unwrap(std::uint16_t sequence) {
  const auto ahead = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(next_));
  return next_ + static_cast<std::uint64_t>(std::int64_t{ahead});
}

void AudioReassembler::push(ByteView datagram, Timestamp now) {
  ++stats_.datagrams;
  if (const auto data = parse_audio_data(datagram)) {
    const auto payload = datagram.subspan(kAudioHeaderBytes);
    if (payload.size() > kMaxAudioPayloadBytes) {
      ++stats_.invalid;
      return;
    }
    if (!std::exchange(started_, true)) next_ = kFirstTurn + data->sequence;
    const auto packet = unwrap(data->sequence);
    if (follow(packet)) add(block_of(packet), place_of(packet), payload, now);
  } else if (const auto parity = parse_audio_parity(datagram)) {
    const auto number = block_of(unwrap(parity->base_sequence));
    const auto payload = datagram.subspan(kAudioParityHeaderBytes);
    // Parity alone does not move the stream: what it protects has come before it.
    if (payload.size() > kMaxAudioPayloadBytes) {
      ++stats_.invalid;
    } else if (!started_ || number < block_of(next_) || number >= block_of(next_) + kBlocks) {
      ++stats_.surplus;
    } else {
      add(number, kAudioDataShards + parity->shard, payload, now);
    }
  } else {
    ++stats_.invalid;
  }
}

// Makes room for a packet; false when it is of no use any more.
bool AudioReassembler::follow(std::uint64_t packet) {
  const auto ahead = static_cast<std::int64_t>(packet - next_);
  strangers_ = ahead <= -kFarBehind ? strangers_ + 1 : 0;
  if (strangers_ == kMaxStrangers) {
    restart_at(packet);
    return true;
  }
  if (ahead < 0) {
    ++stats_.late;
    return false;
  }
  if (block_of(packet) >= block_of(next_) + kBlocks) {
    // A long silence: what came before it and was not taken is not worth waiting for.
    skipped_ += packet - next_;
    const auto skipped = skipped_;
    restart_at(packet);
    skipped_ = skipped;
  }
  return true;
}

void AudioReassembler::restart_at(std::uint64_t packet) {
  for (auto& block : *blocks_) block.reset();
  next_ = packet;
  skipped_ = 0;
  strangers_ = 0;
}

void AudioReassembler::add(std::uint64_t number, std::size_t shard, ByteView payload, Timestamp now) {
  auto& into = block(number);
  for (auto before = block_of(next_); before < number; ++before) block(before).arrivals.overtaken(now);
  if (into.arrivals.is_enough()) {
    ++(into.arrivals.has(shard) ? stats_.duplicate : stats_.surplus);
    return;
  }
  if (!into.arrivals.add(shard, now)) {
    ++stats_.duplicate;
    return;
  }
  std::ranges::copy(payload, into.payloads[shard].begin());
  into.bytes[shard] = static_cast<std::uint16_t>(payload.size());
  if (into.arrivals.is_enough()) repair(into);
}

// Of payloads of several sizes, which no host should make, none is rebuilt.
void AudioReassembler::repair(Block& block) {
  if (block.arrivals.received_data() == kAudioDataShards || !block.of_one_size()) return;
  std::array<std::byte*, kAudioShards> shards{};
  std::array<bool, kAudioShards> present{};
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kAudioShards; ++i) {
    shards[i] = block.payloads[i].data();
    present[i] = block.arrivals.has(i);
    if (present[i]) bytes = block.bytes[i];
  }
  if (!code_.recover(shards, present, bytes)) return;
  for (std::size_t i = 0; i < kAudioDataShards; ++i) {
    if (present[i]) continue;
    block.repaired[i] = true;
    block.bytes[i] = static_cast<std::uint16_t>(bytes);
  }
}

// When the next packet, which is not there, is given up.
std::optional<Timestamp> AudioReassembler::overdue_at() const {
  const auto& arrivals = block(block_of(next_)).arrivals;
  if (arrivals.is_enough()) return Timestamp{};  // and yet it could not be repaired
  const auto since = arrivals.short_since();
  return since ? std::optional{*since + params_.reorder_wait} : std::nullopt;
}

std::optional<ReceivedAudio> AudioReassembler::pop(Timestamp now) {
  if (!started_) return std::nullopt;
  if (skipped_ > 0) {
    const auto count = std::exchange(skipped_, 0);
    stats_.packets_missing += count;
    return ReceivedAudio{.packet = next_ - count, .missing = count};
  }
  if (block(block_of(next_)).has(place_of(next_))) return deliver();
  const auto overdue = overdue_at();
  if (!overdue || now < *overdue) return std::nullopt;
  return miss();
}

ReceivedAudio AudioReassembler::miss() {
  ++stats_.packets_missing;
  const ReceivedAudio missing{.packet = next_, .missing = 1};
  advance();
  return missing;
}

ReceivedAudio AudioReassembler::deliver() {
  const auto place = place_of(next_);
  const auto& from = block(block_of(next_));
  const auto payload = ByteView{from.payloads[place]}.first(from.bytes[place]);
  std::ranges::copy(payload, opus_.begin());
  auto opus = MutableBytes{opus_}.first(payload.size());
  if (cipher_) {
    const auto bytes = cipher_->decrypt(audio_iv(params_.key_id, static_cast<std::uint16_t>(next_)), opus);
    if (!bytes || *bytes == 0) {
      ++stats_.invalid;
      return miss();
    }
    opus = opus.first(*bytes);
  }
  const ReceivedAudio received{.packet = next_, .opus = opus, .repaired = from.repaired[place]};
  ++stats_.packets;
  stats_.packets_repaired += received.repaired ? 1 : 0;
  advance();
  return received;
}

void AudioReassembler::advance() {
  const auto number = block_of(next_++);
  if (block_of(next_) != number) block(number).reset();
}

std::optional<Timestamp> AudioReassembler::next_deadline() const {
  if (!started_) return std::nullopt;
  if (skipped_ > 0 || block(block_of(next_)).has(place_of(next_))) return Timestamp{};
  return overdue_at();
}

}  // namespace lumen::gamestream
