// lumen/net/quic: what a QUIC endpoint tells its owner. Values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "crypto/certificate.hpp"
#include "net/udp.hpp"

namespace lumen::net {

// A connection; never used again after it ended.
using QuicId = Quantity<struct QuicIdTag, std::uint64_t>;

// Why a connection ended.
enum class QuicEnd : std::uint8_t {
  peer_closed,     // the other side's application said so: code and text
  wrong_host,      // client: the certificate is not the pinned one. Nothing of ours was sent to it
  no_answer,       // no handshake within its time: no such host, or a firewall between
  silent,          // nothing heard for the idle time
  host_restarted,  // client: the host has forgotten the connection (stateless reset)
  refused,         // the other side's QUIC takes no connection: full, or closing before the handshake ended
  incompatible,    // no common version of QUIC, or no common application protocol
  tls,             // another TLS failure: `code` is the alert (116: the host wants a certificate)
  protocol,        // broken QUIC from the other side, or told so by it: `code` is QUIC's error code
  internal,        // GnuTLS or ngtcp2 failed
};
std::string_view to_string(QuicEnd end) noexcept;

// The handshake is complete and the other side has proven its key.
// Client: the host has accepted ours as well (its first word after the handshake has come).
struct QuicConnected {
  QuicId id;
  crypto::Certificate peer;  // who it is, not yet whether it is trusted
  Endpoint address;
};
// In order, without loss: the next bytes of the control stream. Never empty.
struct QuicBytes {
  QuicId id;
  std::vector<std::byte> bytes;
};
// Host: the client is at another address, and has proven that it receives there. Media follow this alone.
struct QuicMoved {
  QuicId id;
  Endpoint address;
};
// The last event of a connection. None follows a close() of one's own, nor a host's connection that was
// never QuicConnected.
struct QuicClosed {
  QuicId id;
  QuicEnd end;
  std::uint64_t code = 0;  // peer_closed: the application's; tls, protocol: see QuicEnd; else 0
  std::string text;        // peer_closed: the reason, printable, at most 256 bytes; hostile all the same
};
using QuicEvent = std::variant<QuicConnected, QuicBytes, QuicMoved, QuicClosed>;

// The same for people, with a remedy. Ids: quic.peer-closed, quic.wrong-host, quic.no-answer, quic.silent,
// quic.host-restarted, quic.refused, quic.incompatible, quic.tls, quic.protocol, quic.internal.
Error to_error(const QuicClosed& closed);

}  // namespace lumen::net
