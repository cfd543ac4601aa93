// lumen/net/tcp: a server for protocols of one request and one answer a connection, as GameStream's RTSP is
// (session protocol, 10.1): bytes come in until the owner has a request, one answer goes out and the
// connection ends with FIN, never with RST while the peer may still be reading. Owner: the event loop's
// thread. Thread-safe: no; other threads post to the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/wire.hpp"
#include "net/tcp/listen.hpp"

namespace lumen::net {

class ByteServer {
 public:
  using ConnectionId = std::uint64_t;  // never used twice
  enum class End : std::uint8_t {
    answered,   // the answer and FIN went out, and the peer closed or its time was over
    peer_left,  // the peer closed or reset before that
    too_slow,   // a limit in time
    too_large,  // a limit in bytes
  };
  struct Peer {
    Endpoint remote, local;
  };
  struct Limits {
    std::size_t request_bytes = 16U << 10U;  // handed to the owner before complete() or answer()
    std::size_t ignored_bytes = 64U << 10U;  // thrown away after that
    std::size_t connections = 64, connections_per_address = 8;
    Duration request = std::chrono::seconds{5};   // from the accept until complete() or answer()
    Duration answer = std::chrono::seconds{120};  // from complete() until answer()
    Duration flush = std::chrono::seconds{5};     // from answer() until the peer has closed
  };
  // All may call answer(), complete() and drop(). After `opened` comes exactly one `ended`, except after
  // drop() and when the server is destroyed. answer(), complete() and drop() themselves call none of them.
  struct Events {
    std::function<void(ConnectionId, const Peer&)> opened;
    std::function<void(ConnectionId, ByteView)>
        bytes;  // in order, any split; none after complete() or answer()
    std::function<void(ConnectionId, End)> ended;
  };
  struct Params {
    ListenParams listen;
    Limits limits;
    Events events;
  };

  // Accepts as soon as the loop runs. Fails as listen_tcp() does. The loop outlives the server.
  static Result<std::unique_ptr<ByteServer>> create(EventLoop& loop, Params params);
  ~ByteServer();  // closes everything without a word
  ByteServer(const ByteServer&) = delete;
  ByteServer& operator=(const ByteServer&) = delete;

  std::uint16_t port() const { return listeners_.front().local.port(); }
  std::vector<Endpoint> local() const;
  std::size_t connection_count() const { return connections_.size(); }
  std::uint64_t refused() const { return refused_; }  // connections above the limits

  // The request is whole: its time limit no longer counts, the answer comes later. False: no such connection.
  bool complete(ConnectionId id);
  // Sends `bytes`, then FIN, then waits for the peer's. Once a connection; false: too late, or no such one.
  bool answer(ConnectionId id, ByteView bytes);
  // Closes at once, without an answer.
  void drop(ConnectionId id);

 private:
  enum class Phase : std::uint8_t { reading, waiting, sending, draining };
  struct Connection {
    UniqueFd fd;
    Endpoint remote;
    Phase phase = Phase::reading;
    bool peer_finished = false;
    std::size_t received = 0, ignored = 0, sent = 0;
    std::vector<std::byte> answer;
    EventLoop::TimerId timer = 0;
  };

  ByteServer(EventLoop& loop, Params params, std::vector<TcpListener> listeners);
  Status watch_listeners();
  void on_acceptable(int listener);
  void pause_accepting();
  void open(UniqueFd fd);
  void set_deadline(ConnectionId id, Connection& connection, Duration after);
  void watch(ConnectionId id, Connection& connection);
  void on_ready(ConnectionId id);
  void receive(ConnectionId id, Connection& connection);
  void on_bytes(ConnectionId id, Connection& connection, ByteView bytes);
  void on_peer_finished(ConnectionId id, Connection& connection);
  void send_more(ConnectionId id, Connection& connection);
  void finish(ConnectionId id, End end);
  void close(std::map<ConnectionId, Connection>::iterator found);

  EventLoop& loop_;
  Limits limits_;
  Events events_;
  std::vector<TcpListener> listeners_;
  ConnectionLimits counts_;
  std::map<ConnectionId, Connection> connections_;
  ConnectionId next_id_ = 1;
  std::uint64_t refused_ = 0;
  EventLoop::TimerId accept_timer_ = 0;
};

}  // namespace lumen::net
