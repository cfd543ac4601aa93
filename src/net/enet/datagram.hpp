// lumen/net/enet: what a datagram holds, looked at before libenet sees it (spec part 3, section 2.1). Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/wire.hpp"

namespace lumen::net::enet {

inline constexpr std::size_t kMaxCommands = 32;  // of one datagram; libenet sends no more

enum class DatagramKind : std::uint8_t {
  // Commands for a peer, each whole. No fragments, no empty messages, no CONNECT, no compression: nothing
  // that
  // makes libenet keep more than it was sent.
  for_peer,
  connect,  // one CONNECT command and nothing else, for no peer yet
  bad,
};

struct Datagram {
  DatagramKind kind = DatagramKind::bad;
  std::uint32_t connect_data = 0;  // of `connect`
  std::uint32_t connect_id = 0;    // of `connect`; opaque
};

// `max_message_bytes`: a longer message makes the datagram bad.
Datagram examine(ByteView bytes, std::size_t max_message_bytes);

}  // namespace lumen::net::enet
