#include "net/udp.hpp"

#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace lumen::net {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxSegments = 64;     // UDP_MAX_SEGMENTS of the oldest kernels with GSO
constexpr std::size_t kMaxPayload = 65'507;  // 65 535 less the IPv4 and UDP headers
constexpr std::size_t kSlotBytes = 64U << 10U, kSlots = 32;  // a whole GRO train each
constexpr std::size_t kMaxBatches = 8;                       // of kSlots trains, in one receive()
constexpr Duration kSendPatience = 2ms;
constexpr int kSendFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

bool set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// The FORCE variant passes net.core.rmem_max and needs CAP_NET_ADMIN; the other takes what the limit gives.
void set_buffer(int fd, int forced, int plain, std::size_t bytes) {
  const int size = static_cast<int>(std::min<std::size_t>(bytes, 1U << 30U));
  if (!set_option(fd, SOL_SOCKET, forced, size)) set_option(fd, SOL_SOCKET, plain, size);
}

// DO rather than PROBE: it also heeds what routers reported, so that a datagram too large for a tunnel on the
// way is refused here (EMSGSIZE) instead of vanishing there. The IPv4 option matters to a dual-stack socket
// too.
void forbid_fragments(int fd, int family) {
  set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
  if (family != AF_INET6) return;
  set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO);
  set_option(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
}

timespec to_timespec(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return {.tv_sec = static_cast<time_t>(seconds.count()),
          .tv_nsec = static_cast<decltype(timespec::tv_nsec)>((duration - seconds).count())};
}

// True when `events` came before `deadline`.
bool wait_for(int fd, short events, Timestamp deadline) {
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  for (;;) {
    const auto left = to_timespec(std::max<Duration>(deadline - Clock::now(), Duration::zero()));
    const int ready = ppoll(&entry, 1, &left, nullptr);
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

// Decides after a failed send whether the same call is worth repeating. Lives for one send call of ours.
class SendRetry {
 public:
  explicit SendRetry(int fd) : fd_{fd} {}

  bool again(int error) {
    if (error == EINTR) return true;
    if (error == EAGAIN || error == EWOULDBLOCK) return wait_writable();
    // An ICMP answer to an earlier datagram, reported on this one, which was not sent.
    const bool stale = error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH;
    return stale && !std::exchange(repeated_, true);
  }

 private:
  bool wait_writable() {
    const auto now = std::chrono::time_point_cast<Duration>(Clock::now());
    if (deadline_ == Timestamp{}) deadline_ = now + kSendPatience;
    return now < deadline_ && wait_for(fd_, POLLOUT, deadline_);
  }

  int fd_;
  Timestamp deadline_{};
  bool repeated_ = false;
};

iovec as_iovec(ByteView bytes) {
  return {.iov_base = const_cast<std::byte*>(bytes.data()),
          .iov_len = bytes.size()};  // only read when sending
}

// What goes to the kernel beside a datagram.
class Ancillary {
 public:
  Ancillary(const Endpoint& to, const SendOptions& options) {
    if (to.length() == 0) return;
    const bool is_ipv4 = to.address()->sa_family == AF_INET;
    if (options.traffic_class != 0) {
      const int marking = options.traffic_class;
      add(is_ipv4 ? IPPROTO_IP : IPPROTO_IPV6, is_ipv4 ? IP_TOS : IPV6_TCLASS, marking);
    }
    const auto& from = options.from;
    if (from.length() == 0 || from.address()->sa_family != to.address()->sa_family) return;
    if (is_ipv4) {
      in_pktinfo info{};
      info.ipi_spec_dst = reinterpret_cast<const sockaddr_in*>(from.address())->sin_addr;
      add(IPPROTO_IP, IP_PKTINFO, info);
    } else {
      const auto* address = reinterpret_cast<const sockaddr_in6*>(from.address());
      in6_pktinfo info{};
      info.ipi6_addr = address->sin6_addr;
      info.ipi6_ifindex = address->sin6_scope_id;
      add(IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
  }

  template <class Value>
  void add(int level, int type, const Value& value) {
    const cmsghdr header{.cmsg_len = CMSG_LEN(sizeof value), .cmsg_level = level, .cmsg_type = type};
    std::memcpy(&bytes_[used_], &header, sizeof header);
    std::memcpy(&bytes_[used_ + CMSG_LEN(0)], &value, sizeof value);
    used_ += CMSG_SPACE(sizeof value);
  }
  // `message` does not outlive this.
  void attach(msghdr& message) {
    message.msg_control = used_ == 0 ? nullptr : bytes_.data();
    message.msg_controllen = used_;
  }

 private:
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(in6_pktinfo)) +
                                             CMSG_SPACE(sizeof(std::uint16_t))> bytes_{};
  std::size_t used_ = 0;
};

msghdr message_to(const Endpoint& to, iovec& bytes, Ancillary& ancillary) {
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(to.address());  // only read when sending
  message.msg_namelen = to.length();
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  ancillary.attach(message);
  return message;
}

// Zero, or the errno that stood.
int send_message(int fd, const msghdr& message, SendRetry& retry) {
  for (;;) {
    if (sendmsg(fd, &message, kSendFlags) >= 0) return 0;
    const int error = errno;
    if (!retry.again(error)) return error;
  }
}

int send_offloaded(int fd, const Endpoint& to, ByteView chunk, std::size_t segment_bytes, Ancillary ancillary,
                   SendRetry& retry) {
  ancillary.add(IPPROTO_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(segment_bytes));
  iovec bytes = as_iovec(chunk);
  return send_message(fd, message_to(to, bytes, ancillary), retry);
}

// At most kMaxSegments datagrams. Returns how many were accepted.
std::size_t send_each(int fd, const Endpoint& to, ByteView chunk, std::size_t segment_bytes,
                      Ancillary& ancillary, SendRetry& retry) {
  std::array<iovec, kMaxSegments> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below,
  std::array<mmsghdr, kMaxSegments>
      messages;  // NOLINT(cppcoreguidelines-pro-type-member-init): as far as used
  std::size_t count = 0;
  for (; !chunk.empty(); ++count) {
    const auto segment = chunk.first(std::min(segment_bytes, chunk.size()));
    bytes[count] = as_iovec(segment);
    messages[count] = {.msg_hdr = message_to(to, bytes[count], ancillary), .msg_len = 0};
    chunk = chunk.subspan(segment.size());
  }
  std::size_t done = 0;
  while (done < count) {
    const int sent = sendmmsg(fd, &messages[done], static_cast<unsigned>(count - done), kSendFlags);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
    } else if (!retry.again(errno)) {
      break;
    }
  }
  return done;
}

// The kernel is older than GSO, or the route cannot (no checksum offload, IPsec).
bool blames_offload(int error) {
  return error == EINVAL || error == EIO || error == EOPNOTSUPP || error == ENOPROTOOPT;
}

// What the kernel says of a message beside its bytes.
struct Said {
  std::size_t segment_bytes = 0;  // zero when it is no train
  Endpoint at;
};

template <class Value>
std::optional<Value> value_of(cmsghdr* header, int level, int type) {
  if (header->cmsg_level != level || header->cmsg_type != type) return std::nullopt;
  if (header->cmsg_len < CMSG_LEN(sizeof(Value))) return std::nullopt;
  Value value;
  std::memcpy(&value, CMSG_DATA(header), sizeof value);
  return value;
}

Endpoint address_of(const in_pktinfo& info) {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  raw.sin_addr = info.ipi_spec_dst;  // ours even where it was sent to all
  return Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

// Empty when it came by IPv4: the other one says more.
Endpoint address_of(const in6_pktinfo& info) {
  if (IN6_IS_ADDR_V4MAPPED(&info.ipi6_addr) || IN6_IS_ADDR_MULTICAST(&info.ipi6_addr)) return {};
  sockaddr_in6 raw{};
  raw.sin6_family = AF_INET6;
  raw.sin6_addr = info.ipi6_addr;
  if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) raw.sin6_scope_id = info.ipi6_ifindex;
  return Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

Said said_of(msghdr& message) {
  Said said;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (const auto size = value_of<int>(header, IPPROTO_UDP, UDP_GRO)) {
      said.segment_bytes = static_cast<std::size_t>(std::max(*size, 0));
    } else if (const auto ipv4 = value_of<in_pktinfo>(header, IPPROTO_IP, IP_PKTINFO)) {
      said.at = address_of(*ipv4);
    } else if (const auto ipv6 = value_of<in6_pktinfo>(header, IPPROTO_IPV6, IPV6_PKTINFO)) {
      if (const auto at = address_of(*ipv6); at.length() != 0) said.at = at;
    }
  }
  return said;
}

std::size_t hand_out(const Endpoint& from, const Said& said, MutableBytes train,
                     const UdpSocket::LocatedFn& on_datagram) {
  const auto segment_bytes = said.segment_bytes;
  if (segment_bytes == 0 || train.size() <= segment_bytes) {
    on_datagram(from, said.at, train);
    return 1;
  }
  std::size_t count = 0;
  for (; !train.empty(); ++count) {
    const auto datagram = train.first(std::min(segment_bytes, train.size()));
    train = train.subspan(datagram.size());
    on_datagram(from, said.at, datagram);
  }
  return count;
}

bool is_any_ipv6(const Endpoint& endpoint) {
  return endpoint.length() == 0 ||
         (endpoint.address()->sa_family == AF_INET6 && endpoint == *Endpoint::parse("::", endpoint.port()));
}

// Zero and the bound descriptor, or the errno that stood.
int open_bound(const Endpoint& local, const UdpSocket::Params& params, UniqueFd& bound) {
  const int family = local.address()->sa_family;
  UniqueFd fd{socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP)};
  if (!fd) return errno;
  if (family == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, is_any_ipv6(local) ? 0 : 1);
  set_buffer(fd.get(), SO_RCVBUFFORCE, SO_RCVBUF, params.receive_buffer_bytes);
  set_buffer(fd.get(), SO_SNDBUFFORCE, SO_SNDBUF, params.send_buffer_bytes);
  forbid_fragments(fd.get(), family);
  if (params.tell_local) {
    set_option(fd.get(), IPPROTO_IP, IP_PKTINFO, 1);
    if (family == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  }
  if (bind(fd.get(), local.address(), local.length()) != 0) return errno;
  bound = std::move(fd);
  return 0;
}

}  // namespace

// The arguments of recvmmsg(), prepared once. Its memory is touched only as far as datagrams fill it.
struct UdpSocket::Receiver {
  Receiver() {
    for (std::size_t i = 0; i < kSlots; ++i) bytes[i] = {.iov_base = slot(i), .iov_len = kSlotBytes};
  }

  std::byte* slot(std::size_t index) const { return memory.get() + index * kSlotBytes; }

  // The kernel overwrites these lengths with what it used.
  void prepare(std::size_t index) {
    msghdr& message = messages[index].msg_hdr;
    message = {};
    message.msg_name = &names[index];
    message.msg_namelen = sizeof names[index];
    message.msg_iov = &bytes[index];
    message.msg_iovlen = 1;
    message.msg_control = controls[index].bytes.data();
    message.msg_controllen = controls[index].bytes.size();
  }

  struct alignas(cmsghdr) Control {
    std::array<char,
               CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(in6_pktinfo))>
        bytes;
  };
  std::unique_ptr<std::byte[]> memory = std::make_unique_for_overwrite<std::byte[]>(kSlots * kSlotBytes);
  std::array<mmsghdr, kSlots> messages{};
  std::array<iovec, kSlots> bytes{};
  std::array<sockaddr_storage, kSlots> names{};
  std::array<Control, kSlots> controls{};
};

UdpSocket::UdpSocket(UniqueFd fd)
    : fd_{std::move(fd)},
      gso_{std::make_unique<std::atomic<bool>>(false)},
      receiver_{std::make_unique<Receiver>()} {
  for (std::size_t i = 0; i < kSlots; ++i) receiver_->prepare(i);
}
UdpSocket::UdpSocket(UdpSocket&&) noexcept = default;
UdpSocket& UdpSocket::operator=(UdpSocket&&) noexcept = default;
UdpSocket::~UdpSocket() = default;

Error bind_error(const Endpoint& local, int os_errno) {
  const auto port = local.port();
  switch (os_errno) {
    case EADDRINUSE:  // the text says it all: no errno text after it
      return {ErrorCode::unavailable, "net.port-in-use", fmt::format("UDP port {} is already in use", port),
              "Stop the other program (ss -ulpn shows it) or choose another with --port"};
    case EACCES:
    case EPERM:
      return {ErrorCode::denied, "net.no-permission", fmt::format("UDP port {} may not be opened", port),
              port != 0 && port < 1024
                  ? "Ports below 1024 need privileges: choose a higher one with --port"
                  : "Allow this program to use the network (container or sandbox settings)",
              os_errno};
    case EADDRNOTAVAIL:
      return {ErrorCode::invalid_argument, "net.bind",
              fmt::format("{} is not an address of this machine", local.to_string()),
              "Choose one that `ip address` shows, or :: for all", os_errno};
    default:
      return {ErrorCode::unavailable, "net.bind", fmt::format("cannot listen on {}", local.to_string()),
              "Check the address, and the open file limit (ulimit -n)", os_errno};
  }
}

Result<UdpSocket> UdpSocket::bind(const Params& params) {
  LUMEN_TRY(const auto any, Endpoint::parse("::", params.local.port()));
  const Endpoint local = params.local.length() == 0 ? any : params.local;
  UniqueFd fd;
  int error = open_bound(local, params, fd);
  if ((error == EAFNOSUPPORT || error == EADDRNOTAVAIL) && is_any_ipv6(local)) {
    error = open_bound(*Endpoint::parse("0.0.0.0", local.port()), params, fd);
  }
  if (error != 0) return tl::unexpected{bind_error(local, error)};
  UdpSocket result{std::move(fd)};
  if (params.offload) result.enable_offload();
  return result;
}

void UdpSocket::enable_offload() {
  // Segment size 0 is "none by default"; the option being known is what is asked here.
  gso_->store(set_option(fd_.get(), IPPROTO_UDP, UDP_SEGMENT, 0), std::memory_order_relaxed);
  gro_ = set_option(fd_.get(), IPPROTO_UDP, UDP_GRO, 1);
}

Result<Endpoint> UdpSocket::local() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return fail(ErrorCode::internal, "net.bind", "cannot read the socket's address", {}, errno);
  }
  return Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&storage), length);
}

bool UdpSocket::send_one(const Endpoint& to, ByteView datagram, const SendOptions& options) const {
  SendRetry retry{fd_.get()};
  iovec bytes = as_iovec(datagram);
  Ancillary ancillary{to, options};
  return send_message(fd_.get(), message_to(to, bytes, ancillary), retry) == 0;
}

std::size_t UdpSocket::send_segments(const Endpoint& to, ByteView train, std::size_t segment_bytes,
                                     const SendOptions& options) {
  if (segment_bytes == 0 || segment_bytes > kMaxPayload) return 0;
  const std::size_t chunk_bytes = std::min(kMaxSegments, kMaxPayload / segment_bytes) * segment_bytes;
  SendRetry retry{fd_.get()};
  Ancillary ancillary{to, options};
  std::size_t accepted = 0;
  while (!train.empty()) {
    const auto chunk = train.first(std::min(chunk_bytes, train.size()));
    const std::size_t count = (chunk.size() + segment_bytes - 1) / segment_bytes;
    train = train.subspan(chunk.size());
    bool offloaded = count > 1 && gso_->load(std::memory_order_relaxed);
    if (offloaded) {
      const int error = send_offloaded(fd_.get(), to, chunk, segment_bytes, ancillary, retry);
      if (error != 0 && !blames_offload(error)) return accepted;
      offloaded = error == 0;
    }
    const auto sent = offloaded ? count : send_each(fd_.get(), to, chunk, segment_bytes, ancillary, retry);
    accepted += sent;
    if (sent < count) return accepted;
    // What the offload refused went through without it: so the offload was at fault, not the datagrams.
    if (!offloaded && count > 1) gso_->store(false, std::memory_order_relaxed);
  }
  return accepted;
}

std::size_t UdpSocket::receive_batch(const LocatedFn& on_datagram, std::size_t& datagrams) {
  bool repeated = false;
  int received = -1;
  do {
    received = recvmmsg(fd_.get(), receiver_->messages.data(), kSlots, MSG_DONTWAIT, nullptr);
    // Anything else is an ICMP answer to something sent; reading the error clears it.
  } while (received < 0 && (errno == EINTR || (errno != EAGAIN && !std::exchange(repeated, true))));
  const auto count = static_cast<std::size_t>(std::max(received, 0));
  for (std::size_t i = 0; i < count; ++i) {
    auto& [message, length] = receiver_->messages[i];
    if ((message.msg_flags & MSG_TRUNC) == 0) {
      const auto from =
          Endpoint::from_sockaddr(static_cast<sockaddr*>(message.msg_name), message.msg_namelen);
      datagrams += hand_out(from, said_of(message), {receiver_->slot(i), length}, on_datagram);
    }
    receiver_->prepare(i);
  }
  return count;
}

std::size_t UdpSocket::receive(Duration timeout, const DatagramFn& on_datagram) {
  return receive_at(timeout, [&on_datagram](const Endpoint& from, const Endpoint&, MutableBytes datagram) {
    on_datagram(from, datagram);
  });
}

std::size_t UdpSocket::receive_at(Duration timeout, const LocatedFn& on_datagram) {
  const auto deadline = std::chrono::time_point_cast<Duration>(Clock::now()) + timeout;
  std::size_t datagrams = 0;
  std::size_t trains = receive_batch(on_datagram, datagrams);
  if (trains == 0 && timeout > Duration::zero() && wait_for(fd_.get(), POLLIN, deadline)) {
    trains = receive_batch(on_datagram, datagrams);
  }
  for (std::size_t batch = 1; batch < kMaxBatches && trains == kSlots; ++batch) {
    trains = receive_batch(on_datagram, datagrams);
  }
  return datagrams;
}

}  // namespace lumen::net
