// lumen/net: UDP in batches. Sending: one buffer of equal segments per system call (UDP_SEGMENT). Receiving:
// whole trains (UDP_GRO). Both fall back by themselves where the kernel or the route cannot.
#pragma once

#include <netinet/in.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "base/wire.hpp"

namespace lumen::net {

// An IPv4 or IPv6 address and port. Value type. An IPv4 address mapped into IPv6 is held as IPv4, so that a
// peer has one name whichever socket it came through.
class Endpoint {
 public:
  Endpoint() = default;
  // Numeric addresses only: "127.0.0.1", "::1", "fe80::1%eth0". `net.address` when it is none.
  static Result<Endpoint> parse(const std::string& address, std::uint16_t port);
  // Empty when it is neither IPv4 nor IPv6.
  static Endpoint from_sockaddr(const sockaddr* address, socklen_t length);
  std::uint16_t port() const;
  std::string to_string() const;  // "127.0.0.1:47986", "[::1]:47986"
  std::string host() const;       // "127.0.0.1", "::1"; empty when the endpoint is
  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t length() const { return length_; }
  bool operator==(const Endpoint& other) const;

 private:
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

// Payload that fits an Ethernet MTU of 1500 bytes over IPv4; over IPv6 it is 20 bytes less.
inline constexpr std::size_t kMaxDatagramBytes = 1472, kMaxDatagramBytesIpv6 = 1452;

// How datagrams leave, beside where to.
struct SendOptions {
  // DSCP and ECN: the TOS byte of IPv4, the traffic class of IPv6. 0: unmarked.
  std::uint8_t traffic_class = 0;
  // Which of this machine's addresses they come from; its port does not count. Empty, or of another family
  // than where they go: the kernel chooses. One that this machine has no more refuses them.
  Endpoint from{};
};

// Thread-safe: send and receive may run on two threads; each of them on one thread at a time, but send_one()
// and send_segments() may be called from different threads (the kernel serialises them).
// Datagrams are never fragmented: one larger than the path's known MTU is refused.
class UdpSocket {
 public:
  struct Params {
    Endpoint local;  // port 0: any. "::" (or none) takes IPv4 too, and is IPv4 alone where there is no IPv6
    std::size_t receive_buffer_bytes = 4U << 20U;  // asked for; the kernel may give less
    std::size_t send_buffer_bytes = 4U << 20U;
    bool offload = true;      // false: one datagram at a time, as where GSO and GRO do not exist
    bool tell_local = false;  // receive_at() learns the address that a datagram was sent to
  };
  // Fails with `net.port-in-use`, `net.no-permission` or `net.bind`, each with a remedy.
  static Result<UdpSocket> bind(const Params& params);
  UdpSocket(UdpSocket&&) noexcept;
  UdpSocket& operator=(UdpSocket&&) noexcept;
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;
  ~UdpSocket();

  Result<Endpoint> local() const;
  int fd() const { return fd_.get(); }

  // One datagram. False when the kernel refused it (counted by the caller; UDP may lose it anyway). Waits up
  // to 2 ms for room in the socket's buffer.
  bool send_one(const Endpoint& to, ByteView datagram, const SendOptions& options = {}) const;
  // `train` is datagrams of `segment_bytes` each, the last may be shorter. Splits into system calls as the
  // kernel allows (at most 64 segments, 65 507 bytes each). Returns how many datagrams were accepted: the
  // first one refused ends the train. Waits up to 2 ms altogether for room in the socket's buffer.
  std::size_t send_segments(const Endpoint& to, ByteView train, std::size_t segment_bytes,
                            const SendOptions& options = {});

  // Waits up to `timeout` (zero: not at all), then hands every datagram that is there to `on_datagram`, GRO
  // trains split. The bytes are writable and valid during the call. Returns how many came. Under a flood it
  // returns after some hundred trains, so that the caller's other work gets its turn.
  using DatagramFn = std::function<void(const Endpoint& from, MutableBytes datagram)>;
  std::size_t receive(Duration timeout, const DatagramFn& on_datagram);
  // The same. `at`: this machine's address that it was sent to, without a port, to answer from; empty where
  // the kernel does not say or Params::tell_local is false.
  using LocatedFn = std::function<void(const Endpoint& from, const Endpoint& at, MutableBytes datagram)>;
  std::size_t receive_at(Duration timeout, const LocatedFn& on_datagram);

  bool has_segmentation_offload() const { return gso_->load(std::memory_order_relaxed); }
  bool has_receive_offload() const { return gro_; }

 private:
  struct Receiver;
  explicit UdpSocket(UniqueFd fd);
  void enable_offload();
  std::size_t receive_batch(const LocatedFn& on_datagram, std::size_t& datagrams);

  UniqueFd fd_;
  // Any sending thread clears it, none sets it again; it orders nothing else.
  std::unique_ptr<std::atomic<bool>> gso_;
  bool gro_ = false;
  std::unique_ptr<Receiver> receiver_;
};

// What bind() says when the kernel answered `os_errno`.
Error bind_error(const Endpoint& local, int os_errno);

}  // namespace lumen::net
