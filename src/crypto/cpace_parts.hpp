// lumen/crypto, internal: the parts of CPace that the draft has vectors for.
#pragma once

#include <sodium.h>

#include "crypto/cpace.hpp"
#include "crypto/digest.hpp"

namespace lumen::crypto {

inline constexpr std::size_t kSha512Bytes = 64;
using CpaceScalar = SecretBytes<crypto_core_ristretto255_SCALARBYTES>;
using Sha512Secret = SecretBytes<kSha512Bytes>;
static_assert(kSha512Bytes == crypto_hash_sha512_BYTES && kCpaceTagBytes == crypto_auth_hmacsha512_BYTES &&
              kCpaceShareBytes == crypto_core_ristretto255_BYTES);

// Bytes that are wiped when they go.
class SecretVector {
 public:
  explicit SecretVector(std::vector<std::byte> bytes) : bytes_{std::move(bytes)} {}
  SecretVector(const SecretVector&) = delete;
  SecretVector& operator=(const SecretVector&) = delete;
  ~SecretVector() { wipe(bytes_); }
  ByteView view() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

struct Cpace::State {
  CpaceRole role{};
  CpaceScalar scalar;
  CpaceShare share{};
  std::vector<std::byte> session, data, own_message, peer_message;
  Sha512Secret key, tag_key;  // ISK, and what tags are made with
  bool received = false, agreed = false, confirmed = false;

  void agree(ByteView shared_point);
  CpaceTag tag_of(ByteView message) const;
};

SecretVector generator_string(ByteView password, ByteView channel, ByteView session);
CpaceShare generator_of(ByteView password, ByteView channel, ByteView session);

// What the draft's vectors need to see and to fix.
struct CpaceProbe {
  static Result<Cpace> create(const Cpace::Params& params, const CpaceScalar& scalar) {
    return Cpace::with_scalar(params, scalar);
  }
  static ByteView key(const Cpace& cpace) { return cpace.state_->key.view(); }
};

}  // namespace lumen::crypto
