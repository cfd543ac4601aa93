// lumen/net/tcp: listening sockets, and who may hold how many connections. Value types; no thread of their
// own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "net/udp.hpp"

namespace lumen::net {

struct ListenParams {
  // Numeric; one socket each, IPv6 ones for IPv6 alone. All get the same port.
  std::vector<std::string> addresses{"0.0.0.0", "::"};
  std::uint16_t port = 0;  // 0: one that is free on every address
};

// A non-blocking socket that accepts connections from now on.
struct TcpListener {
  UniqueFd fd;
  Endpoint local;
};

// One listener an address. An IPv6 address is left out where the machine has no IPv6 and another address is
// there; anything else that cannot be opened fails with `net.port-in-use`, `net.no-permission`, `net.bind` or
// `net.address`.
Result<std::vector<TcpListener>> listen_tcp(const ListenParams& params);

// The address of this end or of the other end of a connected socket; empty when it is gone.
Endpoint local_endpoint(int fd);
Endpoint remote_endpoint(int fd);

// Counts connections, altogether and by address. One IPv6 network of 64 bits counts as one address, as a
// single machine owns all of it; link-local addresses count each.
class ConnectionLimits {
 public:
  ConnectionLimits(std::size_t total, std::size_t per_address) : total_{total}, per_address_{per_address} {}

  // False: too many, nothing was counted. Each true is paired with one leave().
  bool admit(const Endpoint& remote);
  void leave(const Endpoint& remote);
  std::size_t count() const { return count_; }

 private:
  std::size_t total_, per_address_, count_ = 0;
  std::map<std::string, std::size_t> by_address_;
};

}  // namespace lumen::net
