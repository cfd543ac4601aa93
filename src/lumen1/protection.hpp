// lumen/lumen1: keys per direction and their change, packet numbers, replay window. Sans-I/O.
//
// A direction begins with a traffic secret. Each epoch has a secret of its own:
//   key  = HKDF-SHA256(secret, "lumen/1 key")    16 or 32 bytes, as the cipher wants
//   IV   = HKDF-SHA256(secret, "lumen/1 iv")     12 bytes
//   next = HKDF-SHA256(secret, "lumen/1 next")   32 bytes, the secret of the epoch after it
// A secret is forgotten as soon as these are made, so whoever sees a key learns nothing of earlier epochs.
// The sender changes over when it likes and says so in the clear header; the receiver follows once a datagram
// of the next epoch is authentic. RFC 9001 (6 and B) has the same mechanism and the limits used here.
#pragma once

#include <array>
#include <bitset>

#include "crypto/aead.hpp"
#include "lumen1/wire.hpp"

namespace lumen::lumen1 {

inline constexpr std::size_t kTrafficSecretBytes = 32;
using TrafficSecret = std::array<std::byte, kTrafficSecretBytes>;

// Where a direction begins. Copied freely: each copy wipes itself.
struct DirectionKeys {  // NOLINT(cppcoreguidelines-special-member-functions)
  crypto::AeadAlgorithm cipher = crypto::AeadAlgorithm::aes_128_gcm;
  TrafficSecret secret{};
  ~DirectionKeys();
};

// The IV, its last 8 bytes XORed with the packet number in little endian.
crypto::Nonce nonce_for(const crypto::Nonce& iv, std::uint64_t packet_number);

struct EpochKey {
  crypto::Aead aead;
  crypto::Nonce iv{};
};

// The keys of a direction, epoch after epoch.
class KeyChain {
 public:
  explicit KeyChain(const DirectionKeys& keys) : keys_{keys} {}
  // A place for a key of this direction; the second one costs less.
  Result<EpochKey> make_slot(crypto::AeadBackend backend) const;
  Result<EpochKey> make_slot(const EpochKey& like) const;
  // Puts the next epoch's key into `slot`, the first one first. On failure nothing has changed.
  Status advance(EpochKey& slot);

 private:
  DirectionKeys keys_;  // the secret of the epoch that comes next
};

// Seals datagrams of one direction. Packet numbers count from 0, through all epochs, and never repeat.
// Owner: one thread. Allocates when the key changes only (inside HKDF).
class Sealer {
 public:
  // Packets under one key; the AES-GCM limit is 2^23 even for packets of 64 KiB (RFC 9001, 6.6).
  static constexpr std::uint64_t kEpochPackets = std::uint64_t{1} << 22U;
  // An epoch has at least this many packets: a receiver that misses a whole epoch cannot follow.
  static constexpr std::uint64_t kMinEpochPackets = 64;

  static Result<Sealer> create(const DirectionKeys& keys, std::uint8_t session,
                               crypto::AeadBackend backend = crypto::AeadBackend::automatic);
  // `datagram` = room for the clear header, the body, room for the tag. Writes header and tag, seals in
  // place. Returns the packet number; nullopt once all are used up, or without room for header and tag.
  std::optional<std::uint64_t> seal(Kind kind, MutableBytes datagram);
  // The next datagram begins a new epoch; it happens by itself every kEpochPackets. False: too early.
  bool update_key();
  std::uint64_t epoch() const { return epoch_; }
  std::uint64_t next_number() const { return next_; }

 private:
  friend struct SealerProbe;  // tests reach the last packet number without 2^64 calls
  Sealer(EpochKey key, KeyChain chain, std::uint8_t session);
  bool advance();
  EpochKey key_;
  KeyChain chain_;
  std::uint8_t session_;
  std::uint64_t epoch_ = 0, epoch_begin_ = 0;  // its first packet number
  std::uint64_t next_ = 0;
};

// Accepts each packet number once, within a window of kWindow behind the highest authentic one.
class ReplayWindow {
 public:
  static constexpr std::uint64_t kWindow = 4096;
  bool may_accept(std::uint64_t number) const;
  void accept(std::uint64_t number);  // after authentication only
  bool any() const { return any_; }
  std::uint64_t highest() const { return highest_; }

 private:
  std::bitset<kWindow> seen_;
  std::uint64_t highest_ = 0;
  bool any_ = false;
};

struct OpenedDatagram {
  ClearHeader header;
  MutableBytes body;
};

// Opens datagrams of one direction. Knows three keys: of the current epoch; of the next one, prepared, so
// that a forgery costs as little under it as under the current one; and of the one before, for packets that
// were overtaken, until the replay window has passed its end. Owner: one thread. Allocates only when the
// epoch changes (inside HKDF).
class Opener {
 public:
  static Result<Opener> create(const DirectionKeys& keys,
                               crypto::AeadBackend backend = crypto::AeadBackend::automatic);
  // Decrypts in place. nullopt: too short, no kind of ours, an epoch out of reach, replayed or not authentic
  // (all counted); or too much was forged.
  std::optional<OpenedDatagram> open(MutableBytes datagram);
  std::uint64_t rejected() const { return rejected_; }
  // Datagrams whose tag was wrong. At the cipher's limit (RFC 9001, 6.6: 2^52 for AES-128-GCM, 2^36 for
  // ChaCha20-Poly1305) nothing is opened any more: the connection needs another handshake.
  std::uint64_t forged() const { return forged_; }
  bool exhausted() const { return forged_ >= forgery_limit_; }
  std::uint64_t epoch() const { return epoch_; }

 private:
  friend struct OpenerProbe;  // tests reach the limit without 2^36 forgeries
  Opener(EpochKey previous, EpochKey current, EpochKey next, KeyChain chain);
  std::optional<OpenedDatagram> authenticate(MutableBytes datagram);
  EpochKey* key_for(const ClearHeader& header);
  void accepted(const ClearHeader& header);
  void enter_next_epoch(std::uint64_t first);
  void forget_previous();

  EpochKey previous_, current_, next_;
  KeyChain chain_;
  ReplayWindow window_;
  std::uint64_t epoch_ = 0;
  std::uint64_t epoch_floor_ = 0;  // no packet of the current epoch can have a lower number
  std::uint64_t epoch_first_ = 0;  // its lowest authentic number; those of the previous epoch are below
  bool previous_known_ = false, next_known_ = true;
  std::uint64_t rejected_ = 0, forged_ = 0, forgery_limit_;
};

}  // namespace lumen::lumen1
