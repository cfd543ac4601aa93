#include "net/mdns/browser.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <functional>

#include "base/fd.hpp"
#include "net/mdns/findings.hpp"
#include "net/mdns/multicast_port.hpp"

namespace lumen::net {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFollowUpInterval = 250ms;

Timestamp now() { return std::chrono::time_point_cast<Duration>(Clock::now()); }

// One browse. Lives within browse_hosts().
class Browse {
 public:
  Browse(const MdnsBrowse& what, mdns::MulticastPort port)
      : network_{what.network},
        port_{std::move(port)},
        interfaces_{mdns::read_interfaces(what.network.loopback_only ? mdns::InterfaceChoice::loopback
                                                                     : mdns::InterfaceChoice::automatic)},
        findings_{mdns::DnsName::of(std::string{what.service} + ".local")} {
    port_.set_interfaces(interfaces_.multicast);
  }

  std::vector<FoundHost> run(Duration timeout, const std::stop_token& stop) {
    const UniqueFd wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    const std::stop_callback on_stop{stop, [&wake] { eventfd_write(wake.get(), 1); }};
    const auto deadline = now() + timeout;
    for (auto at = now(); at < deadline && !stop.stop_requested(); at = now()) {
      if (next_query_ <= at) ask(at);
      // What is still to be asked may be asked when its interval is over.
      const auto next = findings_.follow_up() ? std::min(next_query_, at + kFollowUpInterval) : next_query_;
      wait(wake.get(), std::min(next, deadline) - at);
      port_.receive([this](unsigned interface, const Endpoint& from, ByteView datagram) {
        if (from.port() != network_.port) return;
        const auto message = mdns::decode_dns(datagram);
        if (message && message->is_response) findings_.add(*message, interface);
      });
      follow_up(now());
    }
    return findings_.hosts();
  }

 private:
  void wait(int wake, Duration time) const {
    std::vector<pollfd> entries{{.fd = wake, .events = POLLIN, .revents = 0}};
    for (const int fd : port_.fds()) entries.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    const auto time_ms = std::chrono::ceil<std::chrono::milliseconds>(time).count();
    poll(entries.data(), entries.size(), static_cast<int>(std::clamp<long>(time_ms, 0, 60'000)));
  }

  // Again after 1, 2, 4 … seconds (RFC 6762, 5.2).
  void ask(Timestamp at) {
    send(findings_.query());
    next_query_ = at + query_interval_;
    query_interval_ *= 2;
  }

  void follow_up(Timestamp at) {
    if (at - followed_up_ < kFollowUpInterval) return;
    const auto message = findings_.follow_up();
    if (!message) return;
    followed_up_ = at;
    send(*message);
  }

  void send(const mdns::DnsMessage& message) const {
    const auto bytes = mdns::encode_dns(message);
    for (const auto& interface : interfaces_.multicast) port_.send(interface.index, std::nullopt, bytes);
  }

  const MdnsNetwork& network_;
  mdns::MulticastPort port_;
  mdns::LocalInterfaces interfaces_;
  mdns::Findings findings_;
  Timestamp next_query_{}, followed_up_{};
  Duration query_interval_ = 1s;
};

}  // namespace

Result<std::vector<FoundHost>> browse_hosts(const MdnsBrowse& what, const std::stop_token& stop) {
  auto port = mdns::MulticastPort::open(what.network.port);
  if (!port) port = mdns::MulticastPort::open(what.network.port, false);
  if (!port) return tl::unexpected{std::move(port.error())};
  return Browse{what, std::move(*port)}.run(what.timeout, stop);
}

}  // namespace lumen::net
