#include "gamepad/broker.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "gamepad/broker_session.hpp"

namespace lumen::gamepad {
namespace {

using namespace std::chrono_literals;

constexpr int kAcceptedAtOnce = 8;  // then it is the clients' turn
constexpr Duration kAcceptPause = 100ms, kWarnEvery = 1s;

Timestamp now() { return SteadyTime{}.now(); }

std::string path_of(int listener) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  const auto most = std::min<std::size_t>(size, sizeof address) - offsetof(sockaddr_un, sun_path);
  return {address.sun_path, strnlen(address.sun_path, most)};
}

SocketOwner owner_of(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return {};
  return {.group = info.st_gid, .group_may = (info.st_mode & S_IWGRP) != 0};
}

}  // namespace

std::optional<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  Peer peer{.user = credentials.uid, .groups = std::vector<gid_t>(64)};
  const auto ask = [&] {
    size = static_cast<socklen_t>(peer.groups.size() * sizeof(gid_t));
    const bool good = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &size) == 0;
    const bool small = !good && errno == ERANGE;
    peer.groups.resize(good || small ? size / sizeof(gid_t) : 0);
    return small;
  };
  bool too_small = ask();
  if (too_small) too_small = ask();
  if (too_small) peer.groups.clear();
  peer.groups.push_back(credentials.gid);
  return peer;
}

bool may_use(const Peer& peer, uid_t own_user, const SocketOwner& socket) {
  if (peer.user == own_user || peer.user == 0) return true;
  return socket.group_may && std::ranges::find(peer.groups, socket.group) != peer.groups.end();
}

Broker::Broker(UniqueFd listener, MakePadDevice make, EventLoop& loop, Logger& log,
               const BrokerLimits& limits)
    : listener_{std::move(listener)}, make_{std::move(make)}, loop_{loop}, log_{log}, limits_{limits} {}

Broker::~Broker() {
  *alive_ = false;
  loop_.unwatch(listener_.get());
  sessions_.clear();
  loop_.cancel(bury_);
  loop_.cancel(accept_again_);
}

Status Broker::start() {
  return loop_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept_some(); });
}

void Broker::accept_some() {
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    UniqueFd socket{accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!socket) {
      const int why = errno;
      if (why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM) stop_accepting_for_a_while();
      return;
    }
    admit(std::move(socket));
  }
}

// Who waits keeps the listener ready: without a pause the loop would turn for nothing.
void Broker::stop_accepting_for_a_while() {
  warn("no client is accepted for a moment: there are no descriptors, or no memory, left");
  loop_.unwatch(listener_.get());
  accept_again_ = loop_.call_at(now() + kAcceptPause, [this] {
    if (!start()) stop_accepting_for_a_while();
  });
}

void Broker::admit(UniqueFd socket) {
  const auto peer = peer_of(socket.get());
  if (!peer || !may_use(*peer, geteuid(), owner_of(path_of(listener_.get())))) {
    return warn("a client is refused: it is another user's, and not in the socket's group");
  }
  if (sessions_.size() >= kMaxClients) {
    return warn(fmt::format("a client is refused: there are {} already", kMaxClients));
  }
  const auto of_user = std::ranges::count_if(
      sessions_, [&](const auto& session) { return session.second->user() == peer->user; });
  if (static_cast<std::size_t>(of_user) >= kMaxClientsPerUser) {
    return warn(fmt::format("a client is refused: user {} has {} already", peer->user, kMaxClientsPerUser));
  }
  const auto id = ++last_session_;
  auto session = std::make_unique<BrokerSession>(std::move(socket), id, peer->user, *this);
  if (session->start()) sessions_[id] = std::move(session);
}

void Broker::warn(std::string_view text) {
  const auto time = now();
  if (warned_ && time - *warned_ < kWarnEvery) {
    ++unsaid_;
    return;
  }
  warned_ = time;
  const auto unsaid = std::exchange(unsaid_, 0);
  if (unsaid == 0) return log_.warn("{}", text);
  log_.warn("{} (and {} like it before)", text, unsaid);
}

void Broker::gone(std::uint64_t session) {
  loop_.post([this, session, alive = alive_] {
    if (*alive) sessions_.erase(session);
  });
}

Status Broker::allow_pad(uid_t user) {
  const auto time = now();
  std::erase_if(arrivals_, [&](auto& each) { return each.second.is_full(time); });
  auto& arrivals = arrivals_.try_emplace(user, kArrivalsPerSecond, double{kArrivalsAtOnce}).first->second;
  if (!arrivals.take(time)) {
    return fail(ErrorCode::resource_exhausted, "pads.too-often", "pads come and go too often",
                "Connect it again in a while");
  }
  if (devices_of(std::nullopt) >= limits_.devices || devices_of(user) >= limits_.devices_per_user) {
    return fail(ErrorCode::resource_exhausted, "pads.too-many", "there are too many pads",
                "Disconnect some, and connect it again");
  }
  return {};
}

std::size_t Broker::devices_of(std::optional<uid_t> user) const {
  const auto counts = [user](uid_t owner) { return !user || *user == owner; };
  auto devices = static_cast<std::size_t>(
      std::ranges::count_if(departing_, [&](const auto& each) { return counts(each.owner.user); }));
  for (const auto& [id, session] : sessions_) {
    if (counts(session->user())) devices += session->pads();
  }
  return devices;
}

void Broker::depart(std::unique_ptr<LivePad> pad, const PadOwner& owner) {
  pad->release();
  departing_.push_back({std::move(pad), owner});
  loop_.cancel(bury_);
  bury_ = loop_.call_at(now(), [this] { bury(); });
}

bool Broker::may_go(const LivePad& pad) const { return now() >= pad.created() + limits_.shortest_life; }

void Broker::bury() {
  std::erase_if(departing_, [this](const auto& each) { return may_go(*each.pad); });
  auto next = Timestamp::max();
  for (const auto& each : departing_) next = std::min(next, each.pad->created() + limits_.shortest_life);
  if (!departing_.empty()) bury_ = loop_.call_at(next, [this] { bury(); });
}

// A client that returns may be heard before it is seen that it had gone: its pads are to be its own again.
void Broker::drop_ended(const BrokerSession& but) {
  std::erase_if(sessions_, [&](const auto& each) {
    const auto& session = *each.second;
    return &session != &but && session.user() == but.user() && session.has_ended();
  });
}

// Drivers refuse a second device of the same address. Where none is asked, that is for uinput, what the same
// owner had is nothing to beware of, and a game sees the same pad again.
std::uint64_t Broker::free_identity(const PadOwner& owner, PadModel model) {
  std::erase_if(departing_, [&](const auto& each) { return each.owner == owner && may_go(*each.pad); });
  const auto taken = [&](const PadAddress& address) {
    return std::ranges::any_of(sessions_,
                               [&](const auto& session) { return session.second->has(address); }) ||
           std::ranges::any_of(departing_, [&](const auto& each) {
             const auto& gone = each.pad->arrival();
             const bool harmless =
                 each.owner == owner && (model == PadModel::xbox || gone.model == PadModel::xbox);
             return !harmless && address_of(gone.identity) == address;
           });
  };
  auto identity = owner.identity;
  while (taken(address_of(identity))) ++identity;
  return identity;
}

Result<UniqueFd> listen_at(const std::string& path) {
  const auto failed = [&](const char* what) {
    return fail(ErrorCode::unavailable, "inputd.socket", fmt::format("cannot {} {}", what, path),
                "Name another with --socket, in a folder of this user", errno);
  };
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return failed("listen at");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) return failed("make a socket for");
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  if (connect(socket.get(), name, sizeof address) == 0) {
    errno = EADDRINUSE;
    return failed("listen at");
  }
  struct stat info{};
  if (lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode) && info.st_uid == geteuid()) {
    unlink(path.c_str());
  }
  const auto mask = umask(0177);  // no other thread makes files here
  const bool bound = bind(socket.get(), name, sizeof address) == 0;
  umask(mask);
  if (!bound || listen(socket.get(), 16) != 0) return failed("listen at");
  return socket;
}

std::optional<UniqueFd> take_activation_socket() {
  constexpr int kFirst = 3;
  const auto number_in = [](const char* name) {
    const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before there are threads
    long value = -1;
    if (text != nullptr) std::from_chars(text, text + std::strlen(text), value);
    return value;
  };
  if (number_in("LISTEN_PID") != getpid() || number_in("LISTEN_FDS") != 1) return std::nullopt;
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(kFirst, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET)
    return std::nullopt;
  fcntl(kFirst, F_SETFD, FD_CLOEXEC);
  fcntl(kFirst, F_SETFL, O_NONBLOCK);
  return UniqueFd{kFirst};
}

}  // namespace lumen::gamepad
