#include "net/enet/port.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace lumen::net::enet {
namespace {

constexpr std::size_t kMaxWaitingBytes = 64U << 10U;  // of one peer, received and not handed out
constexpr std::uint32_t kMtu = 900;                   // a stock client's; the smaller of both ends' counts
constexpr std::size_t kFragmentHeaderBytes = sizeof(ENetProtocolHeader) + sizeof(ENetProtocolSendFragment);
constexpr int kMaxEventsPerService = 512, kMaxErrorsPerService = 64;
constexpr std::chrono::milliseconds kStalledRetry{5};  // queued behind a full window
constexpr int kExpeditedForwarding = 46 << 2;          // DSCP within the TOS byte
constexpr int kSocketPriority = 6;
constexpr std::size_t kMaxExpectations = 64;
constexpr enet_uint32 kHostTimeoutLimit = 32, kClientTimeoutLimit = 2;

constexpr enet_uint32 timeout_ms() {
  return static_cast<enet_uint32>(
      std::chrono::duration_cast<std::chrono::milliseconds>(kEnetPeerTimeout).count());
}

Endpoint to_endpoint(const ENetAddress& address) {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  raw.sin_addr.s_addr = address.host;  // both in network order
  raw.sin_port = htons(address.port);
  return Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

std::optional<ENetAddress> to_enet(const Endpoint& endpoint) {
  if (endpoint.length() == 0 || endpoint.address()->sa_family != AF_INET) return std::nullopt;
  const auto* raw = reinterpret_cast<const sockaddr_in*>(endpoint.address());
  return ENetAddress{.host = raw->sin_addr.s_addr, .port = ntohs(raw->sin_port)};
}

tl::unexpected<Error> ipv4_only(const Endpoint& endpoint) {
  return fail(ErrorCode::unsupported, "enet.ipv4-only", "no ENet at " + endpoint.to_string() + ": IPv4 only",
              "Use an IPv4 address");
}

void mark(int socket) {
  const int tos = kExpeditedForwarding, priority = kSocketPriority;
  // Both are wishes: without them packets travel all the same.
  (void)setsockopt(socket, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
  (void)setsockopt(socket, SOL_SOCKET, SO_PRIORITY, &priority, sizeof priority);
}

bool is_connected(const ENetPeer& peer) { return peer.state == ENET_PEER_STATE_CONNECTED; }

bool is_handshaking(const ENetPeer& peer) {
  return peer.state == ENET_PEER_STATE_ACKNOWLEDGING_CONNECT ||
         peer.state == ENET_PEER_STATE_CONNECTION_PENDING;
}

enet_uint32 packet_flags(EnetDelivery delivery) {
  switch (delivery) {
    case EnetDelivery::reliable:
      return ENET_PACKET_FLAG_RELIABLE;
    case EnetDelivery::unreliable:
      return 0;
    case EnetDelivery::unsequenced:
      return ENET_PACKET_FLAG_UNSEQUENCED;
  }
  return ENET_PACKET_FLAG_RELIABLE;
}

enet_uint32 low_half(std::int64_t ms) { return static_cast<enet_uint32>(ms); }

bool empty(const ENetList& list) { return list.sentinel.next == &list.sentinel; }

// Milliseconds from the library's clock to one of its times, both modulo 2³²; negative: past.
std::chrono::milliseconds until(enet_uint32 time, enet_uint32 clock) {
  return std::chrono::milliseconds{static_cast<std::int32_t>(time - clock)};
}

}  // namespace

Result<std::unique_ptr<Port>> Port::create(const Params& params) {
  if (enet_initialize() != 0) return fail(ErrorCode::internal, "enet.create", "libenet does not start");
  ENetAddress address{};
  if (params.local) {
    const auto local = to_enet(*params.local);
    if (!local) return ipv4_only(*params.local);
    address = *local;
  }
  const auto peers = std::clamp<std::size_t>(params.max_peers, 1, 255);
  errno = 0;
  auto* host = enet_host_create(params.local ? &address : nullptr, peers, 0, 0, 0);
  if (host == nullptr) {
    const int why = errno;
    if (params.local) return tl::unexpected{bind_error(*params.local, why)};
    return fail(ErrorCode::resource_exhausted, "enet.create", "cannot open a port for ENet",
                "Raise the open file limit (ulimit -n)", why);
  }
  std::unique_ptr<Port> port{new Port{host}};
  host->mtu = kMtu;
  for (auto& peer : std::span{host->peers, host->peerCount}) peer.mtu = kMtu;
  host->maximumPacketSize = kEnetMaxMessageBytes;
  host->maximumWaitingData = kMaxWaitingBytes;
  // The one place of a host object that may point to its owner: without functions libenet never uses it.
  host->compressor.context = port.get();
  host->intercept = &Port::intercept;
  (void)fcntl(host->socket, F_SETFD, FD_CLOEXEC);
  if (params.mark_traffic) mark(host->socket);
  return port;
}

Endpoint Port::local() const {
  sockaddr_storage raw{};
  socklen_t length = sizeof raw;
  if (getsockname(host_->socket, reinterpret_cast<sockaddr*>(&raw), &length) != 0) return {};
  return Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&raw), length);
}

int ENET_CALLBACK Port::intercept(ENetHost* host, ENetEvent*) {
  auto* const port = static_cast<Port*>(host->compressor.context);
  const auto bytes = std::as_bytes(std::span{host->receivedData, host->receivedDataLength});
  return port->lets_pass(bytes) ? 0 : 1;
}

bool Port::lets_pass(ByteView bytes) {
  const auto datagram = examine(bytes, kEnetMaxMessageBytes);
  const auto& from = host_->receivedAddress;
  switch (datagram.kind) {
    case DatagramKind::for_peer:
      return true;
    case DatagramKind::connect:
      if (expected(datagram.connect_data, from) && !claimed_already(datagram, from)) return true;
      ++counters_.refused_connects;
      return false;
    case DatagramKind::bad:
      break;
  }
  ++counters_.refused_datagrams;
  return false;
}

bool Port::expected(std::uint32_t connect_data, const ENetAddress& from) const {
  return std::ranges::any_of(expectations_, [&](const EnetHost::Expectation& each) {
    if (each.connect_data != connect_data || now_ >= each.until) return false;
    if (!each.from) return true;
    const auto address = to_enet(*each.from);
    return address && address->host == from.host;
  });
}

// One expectation takes one slot, also before the handshake is over: a repeated CONNECT is the library's to
// ignore, any other with the same data is a second claim to the slot.
bool Port::claimed_already(const Datagram& datagram, const ENetAddress& from) const {
  const std::span peers{host_->peers, host_->peerCount};
  return std::ranges::any_of(peers, [&](const ENetPeer& peer) {
    const bool same = peer.address.host == from.host && peer.address.port == from.port &&
                      peer.connectID == datagram.connect_id;
    return is_handshaking(peer) && peer.eventData == datagram.connect_data && !same;
  });
}

// Never backwards: the library ran on by itself since, and takes no acknowledgement of what it sent later
// than its own time.
void Port::set_clock(Timestamp now) {
  now_ = now;
  const std::int64_t ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  if (clock_ms_)
    *clock_ms_ += std::max(0, static_cast<std::int32_t>(host_->serviceTime - low_half(*clock_ms_)));
  clock_ms_ = std::max(ms, clock_ms_.value_or(ms));
  resume_clock();
}

// Other ports set the clock, too.
void Port::resume_clock() const {
  if (clock_ms_) enet_time_set(low_half(*clock_ms_));
}

void Port::service(Timestamp now, const EnetHandlers& handlers) {
  set_clock(now);
  std::erase_if(expectations_, [now](const auto& each) { return now >= each.until; });
  more_ = true;
  for (int events = 0; events < kMaxEventsPerService; ++events) {
    ENetEvent event{};
    if (!next_event(event)) return;
    handle(event, handlers);
  }
}

// False: there is nothing more to do now. The library stops at the first error though the rest is sound.
bool Port::next_event(ENetEvent& event) {
  for (int errors = 0; errors < kMaxErrorsPerService; ++errors) {
    const int got = enet_host_service(host_.get(), &event, 0);
    if (got > 0) return true;
    if (got == 0) {
      more_ = false;
      return false;
    }
    ++counters_.service_errors;
  }
  return false;
}

void Port::handle(const ENetEvent& event, const EnetHandlers& handlers) {
  switch (event.type) {
    case ENET_EVENT_TYPE_NONE:
      break;
    case ENET_EVENT_TYPE_CONNECT:
      handle_connect(event, handlers);
      break;
    case ENET_EVENT_TYPE_RECEIVE:
      handle_receive(event, handlers);
      break;
    case ENET_EVENT_TYPE_DISCONNECT: {
      const auto id = std::exchange(ids_[slot(event.peer)], EnetPeerId{});
      if (id.value != 0) handlers.disconnected(id, event.data);
      break;
    }
  }
}

void Port::handle_connect(const ENetEvent& event, const EnetHandlers& handlers) {
  auto& id = ids_[slot(event.peer)];
  const bool ours = id.value != 0;  // connect() named it
  if (!ours) {
    id = EnetPeerId{++last_id_};
    enet_peer_timeout(event.peer, kHostTimeoutLimit, timeout_ms(), timeout_ms());
    const auto used = std::ranges::find_if(expectations_, [&](const EnetHost::Expectation& each) {
      const auto address = each.from ? to_enet(*each.from) : std::nullopt;
      return each.connect_data == event.data && (!address || address->host == event.peer->address.host);
    });
    if (used != expectations_.end()) expectations_.erase(used);
  }
  handlers.connected(id, to_endpoint(event.peer->address), ours ? 0 : event.data);
}

void Port::handle_receive(const ENetEvent& event, const EnetHandlers& handlers) {
  struct Free {
    void operator()(ENetPacket* packet) const { enet_packet_destroy(packet); }
  };
  const std::unique_ptr<ENetPacket, Free> packet{event.packet};
  const auto id = ids_[slot(event.peer)];
  if (id.value == 0) return;
  handlers.received(id, event.channelID, std::as_writable_bytes(std::span{packet->data, packet->dataLength}));
}

std::optional<Timestamp> Port::next_deadline(Timestamp now) const {
  if (more_) return now;
  const auto clock = host_->serviceTime;
  std::optional<std::chrono::milliseconds> next;
  const auto earlier = [&next](std::chrono::milliseconds at) { next = next ? std::min(*next, at) : at; };
  for (const auto& peer : std::span{host_->peers, host_->peerCount}) {
    if (peer.state == ENET_PEER_STATE_DISCONNECTED) continue;
    if (!empty(peer.outgoingCommands) || !empty(peer.acknowledgements)) earlier(kStalledRetry);
    if (!empty(peer.sentReliableCommands)) {
      earlier(until(peer.nextTimeout, clock));
    } else {
      earlier(until(peer.lastReceiveTime + peer.pingInterval, clock));
    }
  }
  if (!next) return std::nullopt;
  return now_ + std::max(*next, std::chrono::milliseconds{1});
}

ENetPeer* Port::find(EnetPeerId peer) const {
  const auto found = std::ranges::find(ids_, peer);
  if (peer.value == 0 || found == ids_.end()) return nullptr;
  return host_->peers + (found - ids_.begin());
}

bool Port::send(EnetPeerId peer, std::uint8_t channel, ByteView message, EnetDelivery delivery) {
  auto* const to = find(peer);
  if (to == nullptr || !is_connected(*to) || message.empty()) return false;
  if (message.size() + kFragmentHeaderBytes > to->mtu)
    return false;  // the other side takes no fragments either
  auto* const packet = enet_packet_create(message.data(), message.size(), packet_flags(delivery));
  if (packet == nullptr) return false;
  if (enet_peer_send(to, channel, packet) == 0) return true;
  enet_packet_destroy(packet);
  return false;
}

void Port::flush() {
  resume_clock();
  enet_host_flush(host_.get());
}

void Port::disconnect(EnetPeerId peer, std::uint32_t data) {
  if (auto* const to = find(peer)) {
    resume_clock();
    enet_peer_disconnect(to, data);
    if (to->state == ENET_PEER_STATE_DISCONNECTED) ids_[slot(to)] = {};  // it was not connected yet
  }
}

void Port::disconnect_after_sending(EnetPeerId peer, std::uint32_t data) {
  if (auto* const to = find(peer)) {
    resume_clock();
    enet_peer_disconnect_later(to, data);
    if (to->state == ENET_PEER_STATE_DISCONNECTED) ids_[slot(to)] = {};
  }
}

void Port::drop(EnetPeerId peer, std::uint32_t data) {
  auto* const to = find(peer);
  if (to == nullptr) return;
  ids_[slot(to)] = {};
  resume_clock();
  enet_peer_disconnect_now(to, data);
}

std::optional<Duration> Port::round_trip(EnetPeerId peer) const {
  const auto* const found = find(peer);
  if (found == nullptr || found->state != ENET_PEER_STATE_CONNECTED) return std::nullopt;
  return std::chrono::milliseconds{found->roundTripTime};
}

std::optional<Endpoint> Port::address_of(EnetPeerId peer) const {
  const auto* const found = find(peer);
  if (found == nullptr) return std::nullopt;
  return to_endpoint(found->address);
}

std::size_t Port::connections() const {
  return static_cast<std::size_t>(std::ranges::count_if(ids_, [](EnetPeerId id) { return id.value != 0; }));
}

void Port::expect(const EnetHost::Expectation& expectation) {
  std::erase_if(expectations_, [&](const auto& each) {
    return each.connect_data == expectation.connect_data && each.from == expectation.from;
  });
  if (expectations_.size() >= kMaxExpectations) expectations_.erase(expectations_.begin());
  expectations_.push_back(expectation);
}

void Port::withdraw(std::uint32_t connect_data) {
  std::erase_if(expectations_,
                [connect_data](const auto& each) { return each.connect_data == connect_data; });
}

Result<EnetPeerId> Port::connect(const Endpoint& to, std::uint32_t connect_data, Timestamp now) {
  const auto address = to_enet(to);
  if (!address) return ipv4_only(to);
  set_clock(now);
  host_->serviceTime = enet_time_get();
  auto* const peer = enet_host_connect(host_.get(), &*address, kEnetChannels, connect_data);
  if (peer == nullptr) {
    return fail(ErrorCode::resource_exhausted, "enet.busy", "this ENet port has a connection already",
                "End it before the next one");
  }
  enet_peer_timeout(peer, kClientTimeoutLimit, timeout_ms(), timeout_ms());
  const EnetPeerId id{++last_id_};
  ids_[slot(peer)] = id;
  more_ = true;
  return id;
}

}  // namespace lumen::net::enet
