// lumen/net/tcp: the client's side of a protocol of one request and one answer a connection: connect, send,
// read until the host closes (session protocol, 10.1). Blocking, with a time limit and a stop token.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "base/wire.hpp"
#include "net/udp.hpp"

namespace lumen::net {

struct ByteExchange {
  Endpoint to;
  ByteView request;
  Duration connect_timeout = std::chrono::seconds{10};
  Duration timeout = std::chrono::seconds{30};  // for the whole, connecting included
  std::size_t max_answer_bytes = 1U << 20U;
};

// The answer, whole. Fails with `tcp.refused` (nobody listens: worth another attempt a moment later),
// `tcp.connect`, `tcp.timeout`, `tcp.reset`, `tcp.answer-too-large` or `tcp.stopped`. Thread-safe.
Result<std::vector<std::byte>> exchange(const ByteExchange& what, const std::stop_token& stop = {});

// The addresses of a host name or numeric address, IPv4 first. Blocks as long as the system's resolver does.
// Fails with `net.resolve`.
Result<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port);

}  // namespace lumen::net
