// lumen/link: one datagram with descriptors over a SOCK_SEQPACKET socket. Private to lumen/link.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/wire.hpp"

namespace lumen::link {

// Errors as send() in messages.hpp; an empty packet is `link.too-large`, since that is what encoding yields
// then.
Status send_packet(int socket, ByteView packet, std::span<const int> descriptors);

// The part of `buffer` that was filled, or nullopt when nothing is there. On any error no descriptor stays
// open.
Result<std::optional<ByteView>> receive_packet(int socket, MutableBytes buffer,
                                               std::vector<UniqueFd>& descriptors);

tl::unexpected<Error> malformed_packet(std::string what);

}  // namespace lumen::link
