// lumen/gamestream/control: the encrypted envelope of the control stream, version 2 (spec part 3,
// section 3.3). AES-128-GCM under the launch key, one 32-bit sequence number per message and direction, no
// associated data.
//
//   packet   0001 u16 LE | length u16 LE = packet − 4 | sequence u32 LE | tag 16 | ciphertext
//   text     type u16 LE | payload length u16 LE | payload
//   nonce    sequence u32 LE | 0 × 6 | 'C' 'C' from a client, 'H' 'C' from a host
//
// Sans-I/O. Owner of each object: one thread. Allocates in create() only.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>

#include "base/result.hpp"
#include "base/wire.hpp"
#include "crypto/aead.hpp"

namespace lumen::gamestream::control {

inline constexpr std::size_t kKeyBytes = 16;
inline constexpr std::size_t kClearBytes = 8;                                   // type, length, sequence
inline constexpr std::size_t kEnvelopeBytes = kClearBytes + crypto::kTagBytes;  // before the ciphertext
inline constexpr std::size_t kMessageHeaderBytes = 4;                           // type, payload length
inline constexpr std::size_t kMaxPacketBytes = 1024;
inline constexpr std::size_t kMaxPayloadBytes = kMaxPacketBytes - kEnvelopeBytes - kMessageHeaderBytes;

enum class Side : std::uint8_t { client, host };

// Which numbers of the last kWindow came already. Messages of 48 channels overtake one another, so that
// anything but a wide window would lose real ones.
class ReplayWindow {
 public:
  static constexpr std::uint32_t kWindow = 32'768;
  bool fresh(std::uint32_t sequence) const;
  void mark(std::uint32_t sequence);  // precondition: fresh(sequence)

 private:
  std::bitset<kWindow> seen_;
  std::uint32_t highest_ = 0;
  bool any_ = false;
};

// Seals what `from` says. Sequence numbers begin at 0 and never repeat.
class Sealer {
 public:
  // `key` has kKeyBytes bytes: `gamestream.control-key` otherwise.
  static Result<Sealer> create(ByteView key, Side from);
  // Writes one packet into `out` and returns the written part. nullopt: the payload is longer than
  // kMaxPayloadBytes, `out` is too small, or all 2³² − 1 numbers are used (the session must end).
  [[nodiscard]] std::optional<MutableBytes> seal(std::uint16_t type, ByteView payload, MutableBytes out);
  std::uint32_t next_sequence() const { return next_; }

 private:
  friend struct SealerProbe;  // tests reach the last number without 2³² calls
  Sealer(crypto::Aead aead, Side from) : aead_{std::move(aead)}, from_{from} {}
  crypto::Aead aead_;
  Side from_;
  std::uint32_t next_ = 0;
};

enum class Refusal : std::uint8_t {
  none,
  not_encrypted,  // the type is not 0x0001: clear text has no place here
  length,         // envelope and packet disagree, or it is shorter than any message
  replayed,       // this number came before, or is older than the window
  forged,         // the tag does not match
  inner_length,   // the sealed message's own length is wrong: its sender has the key and a bug
  nested,         // an envelope within an envelope
};

struct Opened {
  Refusal refusal = Refusal::none;
  std::uint16_t type = 0;
  ByteView payload;  // within the packet that was opened
  explicit operator bool() const { return refusal == Refusal::none; }
};

// Opens what `from` said. Nothing is remembered of a packet that is not authentic.
class Opener {
 public:
  static Result<Opener> create(ByteView key, Side from);
  // Decrypts in place.
  [[nodiscard]] Opened open(MutableBytes packet);

 private:
  Opener(crypto::Aead aead, Side from) : aead_{std::move(aead)}, from_{from} {}
  crypto::Aead aead_;
  Side from_;
  ReplayWindow window_;
};

}  // namespace lumen::gamestream::control
