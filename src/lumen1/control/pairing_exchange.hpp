// lumen1/control: what pairing is bound to, and its two ways to get from there to certainty. Pure.
//
// By code: CPace with the code as password; both certificates, this very connection and both names are mixed
// in, so that whoever stands between two connections has two different ones and no tag fits.
//
// By approval: both ends show two words made of the connection, both certificates and a nonce of each end.
// People compare them. The host is committed to its nonce before it knows the client's, and the client sends
// its own before it knows the host's: somebody in between, who has one nonce of their own on either side,
// must choose both before knowing what the words will be, and hits them once in 65536 times.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "crypto/certificate.hpp"
#include "crypto/cpace.hpp"
#include "lumen1/control/messages.hpp"

namespace lumen::lumen1::control {

// TLS exporter labels (RFC 8446, 7.5), without context, 32 bytes.
inline constexpr std::string_view kCodeExporter = "EXPORTER-lumen-pair",
                                  kApprovalExporter = "EXPORTER-lumen-approve";
inline constexpr std::size_t kExporterBytes = 32;
using ExporterSecret = crypto::SecretBytes<kExporterBytes>;

// Fills `out` from this connection's TLS exporter (RFC 8446, 7.5), without context; false when it cannot.
using Exporter = std::function<bool(std::string_view label, MutableBytes out)>;

// Both ends must see the same. `exporter` is of the way that is gone.
struct PairingBinding {
  crypto::Fingerprint client{}, host{};
  ExporterSecret exporter;
  std::string client_name, host_name;  // as in their hellos
  std::uint16_t version = kMaxVersion;
};

// The client is the initiator.
Result<crypto::Cpace> start_cpace(crypto::CpaceRole role, std::string_view code,
                                  const PairingBinding& binding);
// Takes the peer's share into a run of ours of that role.
[[nodiscard]] bool receive_share(crypto::Cpace& run, crypto::CpaceRole own_role,
                                 const crypto::CpaceShare& share, const PairingBinding& binding);

// `pairing.approval` when OpenSSL is broken.
Result<Commitment> commitment_of(const Nonce& host_nonce, const PairingBinding& binding);
// "amber-kettle"
Result<std::string> words_of(const Nonce& host_nonce, const Nonce& client_nonce,
                             const PairingBinding& binding);

}  // namespace lumen::lumen1::control
