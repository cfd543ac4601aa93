#include "net/mdns/builtin_publisher.hpp"

namespace lumen::net::mdns {
namespace {

// Reading the interfaces costs some 50 µs; a new address is announced this much later at most.
constexpr auto kInterfaceInterval = std::chrono::seconds{5};

Timestamp now() { return std::chrono::time_point_cast<Duration>(Clock::now()); }

}  // namespace

BuiltinPublisher::BuiltinPublisher(const Params& params, MulticastPort port, EventLoop& loop, Logger& log)
    : loop_{loop},
      log_{log},
      choice_{params.interfaces},
      port_{std::move(port)},
      responder_{params.responder} {}

Result<std::unique_ptr<BuiltinPublisher>> BuiltinPublisher::create(const Params& params, EventLoop& loop,
                                                                   Logger& log) {
  LUMEN_TRY(auto port, MulticastPort::open(params.responder.mdns_port));
  std::unique_ptr<BuiltinPublisher> publisher{new BuiltinPublisher{params, std::move(port), loop, log}};
  LUMEN_CHECK_OK(publisher->watch());
  publisher->look_at_interfaces();
  return publisher;
}

BuiltinPublisher::~BuiltinPublisher() {
  loop_.cancel(step_timer_);
  loop_.cancel(interface_timer_);
  for (const int fd : port_.fds()) loop_.unwatch(fd);
  send(responder_.goodbye());
}

Status BuiltinPublisher::watch() {
  for (const int fd : port_.fds()) {
    LUMEN_CHECK_OK(loop_.watch(fd, EPOLLIN, [this](std::uint32_t) { on_ready(); }));
  }
  return {};
}

void BuiltinPublisher::look_at_interfaces() {
  auto interfaces = read_interfaces(choice_);
  port_.set_interfaces(interfaces.multicast);
  responder_.set_interfaces(std::move(interfaces), now());
  interface_timer_ = loop_.call_at(now() + kInterfaceInterval, [this] { look_at_interfaces(); });
  pump();
}

void BuiltinPublisher::on_ready() {
  port_.receive([this](unsigned interface, const Endpoint& from, ByteView datagram) {
    responder_.on_datagram(interface, from, datagram, now());
  });
  pump();
}

void BuiltinPublisher::pump() {
  responder_.advance(now());
  send(responder_.take_outgoing());
  loop_.cancel(step_timer_);
  step_timer_ = 0;
  const auto next = responder_.next_time();
  if (next != Timestamp::max()) step_timer_ = loop_.call_at(next, [this] { pump(); });
  if (const auto name = published_name(); !name.empty() && name != logged_name_) {
    logged_name_ = name;
    log_.info("this host is published as '{}' on the local network", name);
  }
}

void BuiltinPublisher::send(const std::vector<Responder::Outgoing>& all) const {
  for (const auto& one : all) port_.send(one.interface, one.to, one.bytes);
}

std::string BuiltinPublisher::published_name() const {
  return responder_.is_established() ? responder_.instance().labels().front() : std::string{};
}

}  // namespace lumen::net::mdns
