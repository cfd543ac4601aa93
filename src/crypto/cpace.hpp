// lumen/crypto: CPace, a password-authenticated key exchange: two ends that know the same password, however
// short, learn that they do, and whoever else takes part may try one password per run and learns nothing
// else. CPACE-RISTR255-SHA512 of draft-irtf-cfrg-cpace-21, initiator and responder, with the draft's
// explicit key confirmation; on libsodium. Depends on base only.
//
//   g   = element of SHA-512(generator string of password, channel, session)
//   Y   = y·g, y random          each end's share
//   K   = y·Y of the peer        must not be the identity
//   ISK = SHA-512(lv("CPaceRistretto255_ISK", session, K) ‖ lv(Ya, ADa) ‖ lv(Yb, ADb))
//   T   = HMAC-SHA-512(SHA-512("CPaceMac" ‖ session ‖ ISK), lv(Y, AD))   each end's tag
//
// What both ends must agree about besides the password goes into `channel` (who they are, with their roles),
// `session` (unique to this connection) and each end's own `data`; where one differs, no tag fits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "base/wire.hpp"
#include "crypto/digest.hpp"

namespace lumen::crypto {

inline constexpr std::size_t kCpaceShareBytes = 32, kCpaceTagBytes = 64;
using CpaceShare = std::array<std::byte, kCpaceShareBytes>;
using CpaceTag = std::array<std::byte, kCpaceTagBytes>;

// The draft's lv_cat: each part behind its length in LEB128. No two lists of parts give the same bytes.
std::vector<std::byte> lv_cat(std::initializer_list<ByteView> parts);

enum class CpaceRole : std::uint8_t { initiator, responder };

// One run of the protocol, good for once: create(), receive(), then tag() and confirm(). Secrets are wiped as
// soon as they are used up, all of them at the end. Owner: one thread.
class Cpace {
 public:
  struct Params {
    CpaceRole role = CpaceRole::initiator;
    ByteView password, channel, session, data;  // any sizes; copied, the password only into the generator
  };
  // `crypto.cpace` when libsodium cannot be used.
  static Result<Cpace> create(const Params& params);
  Cpace(const Cpace&) = delete;
  Cpace& operator=(const Cpace&) = delete;
  Cpace(Cpace&&) noexcept;
  Cpace& operator=(Cpace&&) noexcept;
  ~Cpace();

  // To be sent to the peer.
  const CpaceShare& share() const;
  // The peer's share and data, once. False: not a share that may be, our own sent back included; then this
  // run is over. Or not the first.
  [[nodiscard]] bool receive(ByteView share, ByteView data);
  // What shows the peer that we know the password. Nothing before receive(). Who may guess passwords, the
  // initiator, must show its own first.
  std::optional<CpaceTag> tag() const;
  // Whether the peer's tag shows the same, once: a second try is false whatever it brings. In constant time.
  [[nodiscard]] bool confirm(ByteView tag);

 private:
  friend struct CpaceProbe;  // tests
  struct State;
  static Result<Cpace> with_scalar(const Params& params, const SecretBytes<32>& scalar);
  explicit Cpace(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lumen::crypto
