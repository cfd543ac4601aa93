// host/gamestream: one machine's address in the words of each module. Pure.
#pragma once

#include "gamestream/http/address.hpp"
#include "gamestream/http/server_info.hpp"
#include "gamestream/rtsp/dispatcher.hpp"
#include "net/udp.hpp"

namespace lumen::host {

gamestream::IpAddress ip_of(const net::Endpoint& endpoint);
gamestream::rtsp::PeerAddress peer_address(const gamestream::IpAddress& address);
// An endpoint at that address; the port does not matter to who compares addresses only.
net::Endpoint endpoint_at(const gamestream::IpAddress& address);

// The hardware address of the interface that has `local`; zeros when there is none.
gamestream::MacAddress mac_of(const gamestream::IpAddress& local);

}  // namespace lumen::host
