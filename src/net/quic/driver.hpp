// lumen/net/quic: a QUIC endpoint on an event loop, which keeps its timer and hands out its events.
// Owner: the loop's thread.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include "base/event_loop.hpp"
#include "net/quic/quic.hpp"

namespace lumen::net {

class QuicDriver {
 public:
  // `on_event` may call everything here but the destructor. `loop` outlives the driver.
  using EventFn = std::function<void(QuicEvent event)>;
  QuicDriver(QuicEndpoint endpoint, EventLoop& loop, EventFn on_event)
      : endpoint_{std::move(endpoint)}, loop_{loop}, on_event_{std::move(on_event)} {}
  ~QuicDriver() { loop_.cancel(timer_); }
  QuicDriver(const QuicDriver&) = delete;
  QuicDriver& operator=(const QuicDriver&) = delete;

  void receive(const QuicPath& path, ByteView datagram) {
    endpoint_.receive(path, datagram, now());
    pump();
  }
  Result<QuicId> connect(const QuicEndpoint::Host& host) {
    auto id = endpoint_.connect(host, now());
    pump();
    return id;
  }
  Status send(QuicId id, ByteView bytes) {
    auto sent = endpoint_.send(id, bytes, now());
    arm();
    return sent;
  }
  void close(QuicId id, std::uint64_t code, std::string_view text) {
    endpoint_.close(id, code, text, now());
    arm();
  }
  void close_all(std::uint64_t code, std::string_view text) {
    endpoint_.close_all(code, text, now());
    arm();
  }
  Status migrate(QuicId id, const Endpoint& local) {
    auto moved = endpoint_.migrate(id, local, now());
    arm();
    return moved;
  }
  const QuicEndpoint& endpoint() const { return endpoint_; }

 private:
  static Timestamp now() { return SteadyTime{}.now(); }
  void pump() {
    if (std::exchange(pumping_, true)) return;
    while (auto event = endpoint_.poll(now())) on_event_(std::move(*event));
    pumping_ = false;
    arm();
  }
  void arm() {
    if (pumping_) return;  // when it is done
    loop_.cancel(timer_);
    timer_ = 0;
    if (const auto deadline = endpoint_.next_deadline()) {
      timer_ = loop_.call_at(*deadline, [this] {
        endpoint_.on_timer(now());
        pump();
      });
    }
  }

  QuicEndpoint endpoint_;
  EventLoop& loop_;
  EventFn on_event_;
  bool pumping_ = false;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace lumen::net
