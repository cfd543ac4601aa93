// gamestream/media: Opus packets become the datagrams of GameStream audio (GameStream part 2, section 14).
// Sans-I/O. Owner: one thread (lm-send-audio). Allocates at creation only.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>

#include "base/result.hpp"
#include "crypto/aes_cbc.hpp"
#include "fec/audio_code.hpp"
#include "gamestream/media/audio_wire.hpp"

namespace lumen::gamestream {

struct AudioPacketizerParams {
  std::uint32_t packet_ms = 5;                 // that every packet holds: 5 or 10
  std::uint32_t key_id = 0;                    // `rikeyid` of the launch; with a key only
  std::uint32_t first_packet = 0;              // number of the first packet; the sequence is its low half
  std::optional<std::uint32_t> first_time_ms;  // none: first_packet · packet_ms
};

// Datagrams to be sent at once, in order. Valid until the next pack().
class PackedAudio {
 public:
  explicit PackedAudio(std::span<const ByteView> datagrams) : datagrams_{datagrams} {}
  std::span<const ByteView> all() const { return datagrams_; }

 private:
  std::span<const ByteView> datagrams_;
};

class AudioPacketizer {
 public:
  // `key`: 16 bytes, or empty for plain packets. Fails with `audio.packet-ms` for a length of zero, and as
  // crypto::Aes128Cbc::create().
  static Result<AudioPacketizer> create(const AudioPacketizerParams& params, ByteView key);

  // One datagram, and after every fourth packet two of parity. All packets of a block should have one size:
  // one of another size ends the block, whose remaining numbers the client takes for lost. Fails with
  // `audio.size` for a packet that is empty or fits no datagram.
  Result<PackedAudio> pack(ByteView opus);

 private:
  using Datagram = std::array<std::byte, kMaxAudioDatagramBytes>;
  struct Memory {
    std::array<Datagram, fec::kAudioShards> datagrams;
    std::array<ByteView, 1 + fec::kAudioParityShards> views;
  };
  AudioPacketizer(const AudioPacketizerParams& params, std::optional<crypto::Aes128Cbc> cipher);
  std::size_t place() const { return packet_ % fec::kAudioDataShards; }  // in its block
  std::uint16_t sequence() const { return static_cast<std::uint16_t>(packet_); }
  bool write_payload(ByteView opus, MutableBytes out);
  void write_parity();

  AudioPacketizerParams params_;
  std::optional<crypto::Aes128Cbc> cipher_;
  fec::AudioCode code_;
  std::unique_ptr<Memory> memory_ = std::make_unique<Memory>();
  std::uint32_t packet_;           // number of the next one
  std::uint32_t time_ms_;          // its timestamp
  std::size_t payload_bytes_ = 0;  // of the block's packets so far
  std::size_t in_block_ = 0;       // that were packed of the block
};

}  // namespace lumen::gamestream
