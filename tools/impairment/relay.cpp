#include "tools/impairment/relay.hpp"

#include <sys/timerfd.h>

#include <algorithm>

namespace lumen::impairment {
namespace {

constexpr std::size_t kTrainBytes = 60'000, kTrainDatagrams = 44;

Timestamp now() { return SteadyTime{}.now(); }

std::size_t index(Side side) { return static_cast<std::size_t>(side); }

Result<net::UdpSocket> open_like(const net::Endpoint& peer) {
  const bool v6 = peer.address()->sa_family == AF_INET6;
  LUMEN_TRY(const auto any, net::Endpoint::parse(v6 ? "::" : "0.0.0.0", 0));
  return net::UdpSocket::bind({.local = any});
}

}  // namespace

struct Relay::Flow {
  net::Endpoint client;
  std::unique_ptr<net::UdpSocket> back;  // towards the host
};

Result<std::unique_ptr<Relay>> Relay::create(RelayParams params, EventLoop& loop, Logger& log) {
  LUMEN_TRY(auto front, net::UdpSocket::bind({.local = params.listen}));
  LUMEN_TRY(const auto local, front.local());
  UniqueFd timer{timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
  if (!timer) return fail(ErrorCode::resource_exhausted, "impair.timer", "cannot create a timer", {}, errno);
  std::unique_ptr<Relay> relay{
      new Relay{std::move(params), std::move(front), local, std::move(timer), loop, log}};
  LUMEN_CHECK_OK(relay->start());
  return relay;
}

Relay::Relay(RelayParams params, net::UdpSocket front, const net::Endpoint& local, UniqueFd timer,
             EventLoop& loop, Logger& log)
    : params_{std::move(params)},
      front_{std::move(front)},
      local_{local},
      timer_{std::move(timer)},
      loop_{loop},
      log_{log},
      network_{params_.changes, params_.seed} {
  for (auto& outbox : outboxes_) outbox.bytes.reserve(kTrainBytes + 65'536);
}

Relay::~Relay() {
  loop_.unwatch(front_.fd());
  loop_.unwatch(timer_.get());
  for (const auto& flow : flows_) loop_.unwatch(flow->back->fd());
}

Status Relay::start() {
  LUMEN_CHECK_OK(loop_.watch(timer_.get(), EPOLLIN, [this](std::uint32_t) {
    std::uint64_t times = 0;
    (void)read(timer_.get(), &times, sizeof times);  // nothing there: it was set anew meanwhile
    carry_on();
  }));
  return loop_.watch(front_.fd(), EPOLLIN, [this](std::uint32_t) {
    front_.receive(Duration::zero(), [this](const net::Endpoint& from, MutableBytes datagram) {
      if (const auto flow = flow_of(from)) receive(Side::up, *flow, datagram);
    });
    carry_on();
  });
}

std::optional<std::uint32_t> Relay::flow_of(const net::Endpoint& client) {
  const auto known = std::ranges::find_if(flows_, [&](const auto& flow) { return flow->client == client; });
  const auto flow = static_cast<std::uint32_t>(known - flows_.begin());
  if (known != flows_.end()) return flow;
  if (flows_.size() == kMostClients) {
    ++counters_.strangers;
    return std::nullopt;
  }
  flows_.push_back(std::make_unique<Flow>(Flow{.client = client, .back = nullptr}));
  if (const auto opened = open_towards_host(flow); !opened) {
    log_.error("{}", describe(opened.error()));
    flows_.pop_back();
    ++counters_.strangers;
    return std::nullopt;
  }
  log_.info("client {}", client.to_string());
  return flow;
}

// Where there is one already, the new one takes its place.
Status Relay::open_towards_host(std::uint32_t number) {
  LUMEN_TRY(auto opened, open_like(params_.host));
  auto socket = std::make_unique<net::UdpSocket>(std::move(opened));
  auto* raw = socket.get();
  LUMEN_CHECK_OK(loop_.watch(raw->fd(), EPOLLIN, [this, raw, number](std::uint32_t) {
    raw->receive(Duration::zero(), [this, number](const net::Endpoint& from, MutableBytes datagram) {
      if (from == params_.host) {
        receive(Side::down, number, datagram);
      } else {
        ++counters_.strangers;
      }
    });
    carry_on();
  }));
  auto& flow = *flows_[number];
  if (flow.back) loop_.unwatch(flow.back->fd());
  flow.back = std::move(socket);
  return {};
}

void Relay::move() {
  for (std::uint32_t flow = 0; flow < flows_.size(); ++flow) {
    if (const auto opened = open_towards_host(flow); !opened) log_.error("{}", describe(opened.error()));
  }
  ++counters_.moves;
  log_.info("the address towards the host has changed");
}

void Relay::receive(Side side, std::uint32_t flow, ByteView datagram) {
  const auto time = now();
  const auto fate = network_.send(side, time, Bytes{datagram.size()});
  if (fate.outcome != simulation::Outcome::arrived) return;
  auto& line = on_way_[index(side)];
  const auto put = [&](Timestamp arrives) {
    if (!line.put(arrives, flow, datagram)) ++counters_.refused;
  };
  if (fate.arrives > time) {
    put(fate.arrives);
  } else {
    deliver_due(side, time);  // those before it
    deliver(side, flow, datagram);
  }
  if (fate.duplicate) put(*fate.duplicate);
}

// After everything that may have made something due.
void Relay::carry_on() {
  const auto time = now();
  network_.advance(time);
  for (const auto side : {Side::up, Side::down}) {
    deliver_due(side, time);
    flush(outboxes_[index(side)]);
  }
  // Posted: the callback that runs may be that of a socket that goes.
  if (network_.take_moves() > 0) loop_.post([this] { move(); });
  arm();
}

void Relay::deliver_due(Side side, Timestamp time) {
  on_way_[index(side)].take_due(
      time, [&](std::uint32_t flow, ByteView datagram) { deliver(side, flow, datagram); });
}

void Relay::deliver(Side side, std::uint32_t number, ByteView datagram) {
  auto& outbox = outboxes_[index(side)];
  auto& flow = *flows_[number];
  auto* socket = side == Side::up ? flow.back.get() : &front_;
  const auto& to = side == Side::up ? params_.host : flow.client;
  const bool fits = outbox.datagrams > 0 && outbox.datagrams < kTrainDatagrams && !outbox.ended &&
                    outbox.socket == socket && datagram.size() <= outbox.segment_bytes &&
                    outbox.bytes.size() + datagram.size() <= kTrainBytes && outbox.to == to;
  if (!fits) {
    flush(outbox);
    outbox.socket = socket;
    outbox.to = to;
    outbox.segment_bytes = datagram.size();
  }
  outbox.ended = datagram.size() < outbox.segment_bytes || datagram.empty();
  outbox.bytes.insert(outbox.bytes.end(), datagram.begin(), datagram.end());
  ++outbox.datagrams;
}

void Relay::flush(Outbox& outbox) {
  if (outbox.datagrams == 0) return;
  const auto sent = outbox.segment_bytes == 0
                        ? std::size_t{outbox.socket->send_one(outbox.to, {}) ? 1U : 0U}
                        : outbox.socket->send_segments(outbox.to, outbox.bytes, outbox.segment_bytes);
  counters_.refused += outbox.datagrams - sent;
  outbox.bytes.clear();
  outbox.datagrams = 0;
  outbox.ended = false;
}

void Relay::arm() {
  auto next = network_.next_change();
  for (const auto& line : on_way_) {
    if (const auto due = line.next(); due && (!next || *due < *next)) next = due;
  }
  itimerspec setting{};  // zero: off
  if (next) {
    const auto ns = std::max<std::int64_t>(to_ns(*next), 1);
    setting.it_value = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  }
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &setting, nullptr);
}

}  // namespace lumen::impairment
