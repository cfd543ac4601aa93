// lumen/net/quic, internal: the list of transport parameters as it comes in TLS (RFC 9000 18).
#pragma once

#include <optional>
#include <vector>

#include "base/wire.hpp"

namespace lumen::net::quic {

// The list without `grease_quic_bit` (RFC 9287), the rest as it is; none when it is cut short.
std::optional<std::vector<std::byte>> without_grease_quic_bit(ByteView list);

}  // namespace lumen::net::quic
