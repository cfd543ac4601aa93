// lumen/net/mdns, internal: the responder on real sockets and an event loop. Owner: the loop's thread.
#pragma once

#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "net/mdns/multicast_port.hpp"
#include "net/mdns/network.hpp"
#include "net/mdns/responder.hpp"

namespace lumen::net::mdns {

class BuiltinPublisher {
 public:
  struct Params {
    Responder::Params responder;
    InterfaceChoice interfaces = InterfaceChoice::automatic;
  };
  // Fails as MulticastPort::open().
  static Result<std::unique_ptr<BuiltinPublisher>> create(const Params& params, EventLoop& loop, Logger& log);
  ~BuiltinPublisher();  // with a goodbye
  BuiltinPublisher(const BuiltinPublisher&) = delete;
  BuiltinPublisher& operator=(const BuiltinPublisher&) = delete;

  // The instance's label; empty until it is established.
  std::string published_name() const;

 private:
  BuiltinPublisher(const Params& params, MulticastPort port, EventLoop& loop, Logger& log);
  Status watch();
  void look_at_interfaces();
  void on_ready();
  void pump();
  void send(const std::vector<Responder::Outgoing>& all) const;

  EventLoop& loop_;
  Logger& log_;
  InterfaceChoice choice_;
  MulticastPort port_;
  Responder responder_;
  std::string logged_name_;
  EventLoop::TimerId step_timer_ = 0, interface_timer_ = 0;
};

}  // namespace lumen::net::mdns
