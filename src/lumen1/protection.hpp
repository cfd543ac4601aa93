// lumen/lumen1: keys per direction, packet numbers, replay window. Sans-I/O.
#pragma once

#include <bitset>

#include "crypto/aead.hpp"
#include "lumen1/wire.hpp"

namespace lumen::lumen1 {

// Copied freely: each copy wipes itself.
struct DirectionKeys {  // NOLINT(cppcoreguidelines-special-member-functions)
  crypto::Key key{};
  crypto::Nonce salt{};
  ~DirectionKeys();  // wipes both
};

// The salt, its last 8 bytes XORed with the packet number in little endian.
crypto::Nonce nonce_for(const crypto::Nonce& salt, std::uint64_t packet_number);

// Seals datagrams of one direction. Packet numbers count from 0 and never repeat. Owner: one thread.
class Sealer {
 public:
  static Result<Sealer> create(const DirectionKeys& keys, std::uint8_t session);
  // `datagram` = room for the clear header, the body, room for the tag. Writes header and tag, seals in
  // place. Returns the packet number; nullopt once 2^48 are used up, or without room for header and tag.
  std::optional<std::uint64_t> seal(Kind kind, MutableBytes datagram);

 private:
  friend struct SealerProbe;  // tests reach the last packet number without 2^48 calls
  Sealer(crypto::Aes128Gcm cipher, const crypto::Nonce& salt, std::uint8_t session);
  crypto::Aes128Gcm cipher_;
  crypto::Nonce salt_;
  std::uint8_t session_;
  std::uint64_t next_ = 0;
};

// Accepts each packet number once, within a window of 4096 behind the highest authentic one.
class ReplayWindow {
 public:
  bool may_accept(std::uint64_t number) const;
  void accept(std::uint64_t number);  // after authentication only

 private:
  static constexpr std::uint64_t kWindow = 4096;
  std::bitset<kWindow> seen_;
  std::uint64_t highest_ = 0;
  bool any_ = false;
};

struct OpenedDatagram {
  ClearHeader header;
  MutableBytes body;
};

class Opener {
 public:
  static Result<Opener> create(const DirectionKeys& keys);
  // Decrypts in place. nullopt: too short, no kind of ours, replayed or not authentic (counted).
  std::optional<OpenedDatagram> open(MutableBytes datagram);
  std::uint64_t rejected() const { return rejected_; }

 private:
  Opener(crypto::Aes128Gcm cipher, const crypto::Nonce& salt);
  std::optional<OpenedDatagram> authenticate(MutableBytes datagram);
  crypto::Aes128Gcm cipher_;
  crypto::Nonce salt_;
  ReplayWindow window_;
  std::uint64_t rejected_ = 0;
};

}  // namespace lumen::lumen1
