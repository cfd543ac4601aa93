// gamestream/media: datagrams of GameStream audio become Opus packets again, in order (GameStream part 2,
// section 14). Sans-I/O. Owner: one thread. Allocates at creation only.
//
// Packets in order are handed on at once. Behind a gap they wait until parity has filled it, or until it can
// only be filled by datagrams that others have overtaken and none of these comes within `reorder_wait`: then
// each missing packet is said to be missing, so that the decoder can conceal it and no time is skipped.
//
// A stream may begin with any packet: the first that comes. Should packets come from far away for a while, as
// after a forged one, the stream begins anew there.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "base/units.hpp"
#include "crypto/aes_cbc.hpp"
#include "fec/audio_code.hpp"
#include "gamestream/media/audio_wire.hpp"
#include "gamestream/media/block_arrivals.hpp"

namespace lumen::gamestream {

struct AudioReassemblerParams {
  std::uint32_t key_id = 0;  // `rikeyid` of the launch; with a key only
  Duration reorder_wait = std::chrono::milliseconds{5};
};

struct ReceivedAudio {
  std::uint64_t packet = 0;   // counts packets of the stream, missing ones too
  ByteView opus;              // valid until the next call; empty: missing
  std::uint64_t missing = 0;  // so many from `packet` on; 0 or 1 but after long silence
  bool repaired = false;      // by parity
};

struct AudioReassemblyStats {
  std::uint64_t packets = 0, packets_repaired = 0, packets_missing = 0;
  std::uint64_t datagrams = 0, surplus = 0, duplicate = 0, late = 0;
  std::uint64_t invalid = 0;  // malformed, or not of this key
};

class AudioReassembler {
 public:
  // `key`: 16 bytes, or empty for plain packets. Fails as crypto::Aes128Cbc::create().
  static Result<AudioReassembler> create(const AudioReassemblerParams& params, ByteView key);

  // One datagram. Bad ones are counted and dropped.
  void push(ByteView datagram, Timestamp now);
  // The next packet in order, or that it is missing. Call until nullopt after push() and at next_deadline().
  std::optional<ReceivedAudio> pop(Timestamp now);
  // When pop() may give something up even without a datagram.
  std::optional<Timestamp> next_deadline() const;

  const AudioReassemblyStats& stats() const { return stats_; }

 private:
  static constexpr std::size_t kBlocks = 8;  // that may be on their way: 160 ms of 5 ms packets

  struct Block {
    std::array<std::array<std::byte, kMaxAudioPayloadBytes>, fec::kAudioShards> payloads;
    std::array<std::uint16_t, fec::kAudioShards> bytes{};
    BlockArrivals arrivals;
    std::array<bool, fec::kAudioDataShards> repaired{};
    bool of_one_size() const;
    bool has(std::size_t place) const { return arrivals.has(place) || repaired[place]; }
    void reset();
  };
  AudioReassembler(const AudioReassemblerParams& params, std::optional<crypto::Aes128Cbc> cipher);
  static std::uint64_t block_of(std::uint64_t packet) { return packet / fec::kAudioDataShards; }
  static std::size_t place_of(std::uint64_t packet) { return packet % fec::kAudioDataShards; }
  Block& block(std::uint64_t number) const { return (*blocks_)[number % kBlocks]; }
  std::uint64_t unwrap(std::uint16_t sequence);
  bool follow(std::uint64_t packet);
  void add(std::uint64_t number, std::size_t shard, ByteView payload, Timestamp now);
  void repair(Block& block);
  std::optional<Timestamp> overdue_at() const;
  ReceivedAudio deliver();
  ReceivedAudio miss();
  void advance();
  void restart_at(std::uint64_t packet);

  AudioReassemblerParams params_;
  std::optional<crypto::Aes128Cbc> cipher_;
  fec::AudioCode code_;
  std::unique_ptr<std::array<Block, kBlocks>> blocks_;
  bool started_ = false;
  std::uint64_t next_ = 0;     // the packet that pop() delivers next
  std::uint64_t skipped_ = 0;  // before it, that no block holds: to be said first
  std::size_t strangers_ = 0;  // packets from far away, in a row
  std::array<std::byte, kMaxAudioPayloadBytes> opus_{};
  AudioReassemblyStats stats_;
};

}  // namespace lumen::gamestream
