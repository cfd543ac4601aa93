#include "net/quic/quic.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "net/quic/connection.hpp"
#include "net/quic/door.hpp"

namespace lumen::net {
namespace {

using quic::Connection;

constexpr std::byte kFixedBit{0x40};
constexpr std::size_t kMaxAlpnBytes = 255;
constexpr Duration kStaleAge = std::chrono::seconds{1};

tl::unexpected<Error> bad_params(std::string what) {
  return fail(ErrorCode::invalid_argument, "quic.params", std::move(what), "Report this as a bug in Lumen");
}
tl::unexpected<Error> no_connection() {
  return fail(ErrorCode::cancelled, "quic.closed", "the connection is not there (any more)", "Connect anew");
}

// ngtcp2 wants an address of the peer's family even where none is known.
Endpoint any_like(const Endpoint& peer) {
  return *Endpoint::parse(peer.address()->sa_family == AF_INET6 ? "::" : "0.0.0.0", 0);
}

}  // namespace

struct QuicEndpoint::Core {
  explicit Core(QuicParams params)
      : shared{.params = std::move(params), .cids = {}, .events = {}, .counters = {}} {}
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  ~Core() = default;

  bool is_host() const { return shared.params.role == QuicRole::host; }
  Connection* find(QuicId id) const {
    const auto found = connections.find(id);
    return found == connections.end() ? nullptr : found->second.get();
  }
  Connection* find_alive(QuicId id) const {
    auto* connection = find(id);
    return connection != nullptr && connection->is_alive() ? connection : nullptr;
  }
  // ngtcp2 does not bear a clock that goes back.
  Timestamp tick(Timestamp now) { return latest = std::max(latest, now); }

  quic::Door::Load load() const {
    quic::Door::Load load;
    for (const auto& [id, connection] : connections) {
      load.connections += connection->is_alive() ? 1U : 0U;
      load.half_open += connection->is_half_open() ? 1U : 0U;
      load.stale += is_stale(*connection) ? 1U : 0U;
    }
    return load;
  }
  // Who is slow, or says no more, does not keep others out.
  bool is_stale(const Connection& connection) const {
    return connection.is_half_open() && connection.age(latest) >= kStaleAge;
  }
  void make_room(const quic::Door::Load& load);
  void welcome(const QuicPath& path, ByteView datagram, Timestamp now);
  void offer_to_all(const QuicPath& path, ByteView datagram, Timestamp now);
  // A client's sockets go by names, or there is one without.
  static QuicPath as_known_to(const Connection& connection, const QuicPath& path) {
    const auto& local = connection.path().local;
    const bool unnamed = path.local.length() == 0 || local == any_like(path.peer);
    return {unnamed ? local : path.local, path.peer};
  }

  quic::Shared shared;
  quic::Door door{shared};
  std::map<QuicId, std::unique_ptr<Connection>> connections;  // tombstones among them
  QuicId next_id{1};
  Timestamp latest{};
};

void QuicEndpoint::Core::make_room(const quic::Door::Load& load) {
  const auto drop_first = [this](const auto& which) {
    const auto found =
        std::ranges::find_if(connections, [&](const auto& entry) { return which(*entry.second); });
    if (found != connections.end()) connections.erase(found);
  };
  if (load.half_open >= shared.params.max_half_open) {
    ++shared.counters.failed_handshakes;
    drop_first([this](const Connection& connection) { return is_stale(connection); });
  }
  // So that many short connections do not leave many tombstones.
  if (connections.size() >= 2 * shared.params.max_connections) {
    drop_first([](const Connection& connection) { return !connection.is_alive(); });
  }
}

void QuicEndpoint::Core::welcome(const QuicPath& path, ByteView datagram, Timestamp now) {
  const auto before = load();
  const auto arrival = door.knock(path, datagram, before, now);
  if (!arrival) return;
  make_room(before);
  const auto id = next_id;
  auto connection = Connection::accept(shared, id, *arrival, path, now);
  if (!connection) {
    ++shared.counters.refused;
    return;
  }
  next_id.value += 1;
  const auto& placed = connections[id] = *std::move(connection);
  placed->receive(path, datagram, now);
  // A forged first datagram leaves nothing behind.
  if (!placed->is_alive() && placed->deadline() <= now) connections.erase(id);
}

// At a client: a stateless reset bears no ID that is known.
void QuicEndpoint::Core::offer_to_all(const QuicPath& path, ByteView datagram, Timestamp now) {
  ++shared.counters.dropped;
  for (const auto& [id, connection] : connections) {
    if (connection->is_alive() && connection->path().peer == path.peer) {
      connection->receive(as_known_to(*connection, path), datagram, now);
    }
  }
}

QuicEndpoint::QuicEndpoint(std::unique_ptr<Core> core) : core_{std::move(core)} {}
QuicEndpoint::QuicEndpoint(QuicEndpoint&&) noexcept = default;
QuicEndpoint& QuicEndpoint::operator=(QuicEndpoint&&) noexcept = default;
QuicEndpoint::~QuicEndpoint() = default;

Result<QuicEndpoint> QuicEndpoint::create(QuicParams params) {
  if (!params.identity) return bad_params("a QUIC endpoint needs an identity");
  if (!params.send) return bad_params("a QUIC endpoint needs a way to send");
  if (params.alpn.empty() || params.alpn.size() > kMaxAlpnBytes) {
    return bad_params("an application protocol's name has 1 to 255 bytes");
  }
  if (params.initial_rtt <= Duration::zero() || params.handshake_timeout <= Duration::zero() ||
      params.idle_timeout <= Duration::zero() || params.keep_alive < Duration::zero()) {
    return bad_params("QUIC's times must be positive");
  }
  if (params.max_connections == 0 || params.max_half_open == 0) return bad_params("no connection is allowed");
  return QuicEndpoint{std::make_unique<Core>(std::move(params))};
}

void QuicEndpoint::receive(const QuicPath& path, ByteView datagram, Timestamp now) {
  auto& core = *core_;
  now = core.tick(now);
  ngtcp2_version_cid ids;
  if (datagram.empty() || (datagram[0] & kFixedBit) == std::byte{0} || path.peer.length() == 0) {
    ++core.shared.counters.dropped;
    return;
  }
  const int result =
      ngtcp2_pkt_decode_version_cid(&ids, quic::raw(datagram), datagram.size(), quic::kCidBytes);
  const QuicPath whole{path.local.length() == 0 ? any_like(path.peer) : path.local, path.peer};
  if (result == NGTCP2_ERR_VERSION_NEGOTIATION && core.is_host()) {
    return core.door.negotiate_version(whole, datagram, ids, now);
  }
  if (result != 0) {
    ++core.shared.counters.dropped;
    return;
  }
  const auto owner = core.shared.cids.owner(quic::view(ids.dcid, ids.dcidlen));
  if (auto* connection = owner ? core.find(*owner) : nullptr) {
    connection->receive(core.is_host() ? whole : Core::as_known_to(*connection, path), datagram, now);
  } else if (core.is_host()) {
    core.welcome(whole, datagram, now);
  } else {
    core.offer_to_all(path, datagram, now);
  }
}

std::optional<Timestamp> QuicEndpoint::next_deadline() const {
  std::optional<Timestamp> next;
  for (const auto& [id, connection] : core_->connections) {
    const auto deadline = connection->deadline();
    if (deadline != Timestamp::max() && (!next || deadline < *next)) next = deadline;
  }
  return next;
}

void QuicEndpoint::on_timer(Timestamp now) {
  now = core_->tick(now);
  for (auto at = core_->connections.begin(); at != core_->connections.end();) {
    auto& connection = *at->second;
    const bool due = connection.deadline() <= now;
    if (due && !connection.is_alive()) {
      at = core_->connections.erase(at);
      continue;
    }
    if (due) connection.expire(now);
    ++at;
  }
}

std::optional<QuicEvent> QuicEndpoint::poll(Timestamp now) {
  auto& events = core_->shared.events;
  now = core_->tick(now);
  while (!events.empty()) {
    QuicEvent event = std::move(events.front());
    events.pop_front();
    if (auto* taken = std::get_if<QuicBytes>(&event)) {
      auto* connection = core_->find(taken->id);
      if (connection == nullptr) continue;
      taken->bytes = connection->take_received(now);
    }
    return event;
  }
  return std::nullopt;
}

Result<QuicId> QuicEndpoint::connect(const Host& host, Timestamp now) {
  if (core_->is_host()) return bad_params("a host does not connect");
  if (host.address.length() == 0) return bad_params("there is no address to connect to");
  now = core_->tick(now);
  const auto id = core_->next_id;
  const QuicPath path{host.local.length() == 0 ? any_like(host.address) : host.local, host.address};
  LUMEN_TRY(auto made, Connection::connect(core_->shared, id, path, host.pin, now));
  core_->next_id.value += 1;
  auto& connection = core_->connections[id] = std::move(made);
  connection->pump(now);
  return id;
}

Status QuicEndpoint::send(QuicId id, ByteView bytes, Timestamp now) {
  auto* connection = core_->find_alive(id);
  if (connection == nullptr) return no_connection();
  return connection->send(bytes, core_->tick(now));
}

void QuicEndpoint::close(QuicId id, std::uint64_t code, std::string_view text, Timestamp now) {
  auto* connection = core_->find(id);
  if (connection == nullptr) return;
  connection->close(code, text, core_->tick(now));
  std::erase_if(core_->shared.events, [id](const QuicEvent& event) {
    return std::visit([](const auto& any) { return any.id; }, event) == id;
  });
}

void QuicEndpoint::close_all(std::uint64_t code, std::string_view text, Timestamp now) {
  now = core_->tick(now);
  for (const auto& [id, connection] : core_->connections) connection->close(code, text, now);
  core_->shared.events.clear();
}

Status QuicEndpoint::export_secret(QuicId id, std::string_view label, ByteView context,
                                   MutableBytes out) const {
  const auto* connection = core_->find_alive(id);
  if (connection == nullptr || !connection->status().connected) return no_connection();
  return connection->export_secret(label, context, out);
}

Status QuicEndpoint::migrate(QuicId id, const Endpoint& local, Timestamp now) {
  auto* connection = core_->find_alive(id);
  if (connection == nullptr) return no_connection();
  const bool named = !(connection->path().local == any_like(connection->path().peer));
  if (core_->is_host() || !named || local.length() == 0) {
    return bad_params("only a client whose sockets have names can change its socket");
  }
  return connection->migrate(local, core_->tick(now));
}

std::optional<QuicStatus> QuicEndpoint::status(QuicId id) const {
  const auto* connection = core_->find_alive(id);
  if (connection == nullptr) return std::nullopt;
  return connection->status();
}

std::size_t QuicEndpoint::connections() const { return core_->load().connections; }
QuicCounters QuicEndpoint::counters() const { return core_->shared.counters; }

}  // namespace lumen::net
