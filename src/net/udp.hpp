// lumen/net: UDP in batches. Sending: one buffer of equal segments per system call (UDP_SEGMENT). Receiving:
// whole trains (UDP_GRO). Both fall back by themselves where the kernel or the route cannot.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "base/wire.hpp"

namespace lumen::net {

// An IPv4 or IPv6 address and port. Value type.
class Endpoint {
 public:
  Endpoint() = default;
  // Numeric addresses only: "127.0.0.1", "::1". `net.address` when it is none.
  static Result<Endpoint> parse(const std::string& address, std::uint16_t port);
  static Endpoint from_sockaddr(const sockaddr* address, socklen_t length);
  std::uint16_t port() const;
  std::string to_string() const;  // "127.0.0.1:47986", "[::1]:47986"
  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t length() const { return length_; }
  bool operator==(const Endpoint& other) const;

 private:
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

inline constexpr std::size_t kMaxDatagramBytes = 1472;  // payload that fits an Ethernet MTU over IPv4

// Thread-safe: send and receive may run on two threads; each of them on one thread at a time, but send_one()
// and send_segments() may be called from different threads (the kernel serialises them).
class UdpSocket {
 public:
  struct Params {
    Endpoint local;                                // port 0: any
    std::size_t receive_buffer_bytes = 4U << 20U;  // asked for; the kernel may give less
    std::size_t send_buffer_bytes = 4U << 20U;
  };
  // Fails with `net.port-in-use`, `net.no-permission` or `net.bind`, each with a remedy.
  static Result<UdpSocket> bind(const Params& params);

  Result<Endpoint> local() const;
  int fd() const { return fd_.get(); }

  // One datagram. False when the kernel refused it (counted by the caller; UDP may lose it anyway).
  bool send_one(const Endpoint& to, ByteView datagram) const;
  // `train` is datagrams of `segment_bytes` each, the last may be shorter. Splits into system calls as the
  // kernel allows (at most 64 segments, 65 507 bytes each). Returns how many datagrams were accepted.
  std::size_t send_segments(const Endpoint& to, ByteView train, std::size_t segment_bytes);

  // Waits up to `timeout` (zero: not at all), then hands every datagram that is there to `on_datagram`, GRO
  // trains split. The bytes are writable and valid during the call. Returns how many came.
  using DatagramFn = std::function<void(const Endpoint& from, MutableBytes datagram)>;
  std::size_t receive(Duration timeout, const DatagramFn& on_datagram);

  bool has_segmentation_offload() const { return gso_; }
  bool has_receive_offload() const { return gro_; }

 private:
  explicit UdpSocket(UniqueFd fd);
  UniqueFd fd_;
  bool gso_ = false, gro_ = false;
  std::vector<std::byte> receive_memory_;
};

}  // namespace lumen::net
