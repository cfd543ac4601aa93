// lumen/host: composition root of lumen-host: one UDP socket, one slot per session, the local command socket.
// Owner: lm-main (the thread that calls run()); lm-net receives.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/thread.hpp"
#include "fec/leopard.hpp"
#include "host/command_chain.hpp"
#include "host/control_socket.hpp"
#include "host/stream_session.hpp"
#include "lumen1/connect_info.hpp"

namespace lumen::host {

struct HostParams {
  std::string bind_address;
  std::uint16_t port = 47986;
  std::size_t sessions = 1;          // each with its own desktop and connect file
  std::vector<std::string> command;  // the application
  std::string application;           // its name, for people
  std::string session_program;       // path of lumen-session
  std::string runtime_root;
  std::string preset, log_level = "info";
  std::uint32_t bitrate_kbps = 0;
  link::DesktopWish desktop;
};

// Another protocol of the same program, on the same local command socket.
struct HostExtension {
  std::string name;  // of its part of the status
  std::function<std::optional<std::string>(const std::string& command)> on_command;  // nullopt: not its own
  std::function<std::string()> status_json;
  std::function<void(std::function<void()> done)> on_stop;  // ends what runs; `done` once, when it has ended
};

class Host {
 public:
  // Cleans up after a host that was killed, then listens. `loop` and `log` outlive it.
  static Result<std::unique_ptr<Host>> create(HostParams params, EventLoop& loop, Logger& log);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // What it refers to outlives the host's loop. On lm-main.
  void extend(HostExtension extension) { extensions_.push_back(std::move(extension)); }
  // Ends everything, then stops the loop. A second call does not wait. On lm-main.
  void stop();

  std::uint16_t port() const { return port_; }

  // Another desktop, beside those of HostParams::sessions; it must go before the host does.
  // `host.sessions-full` when there are kMaxStreamSessions. On lm-main.
  Result<std::unique_ptr<StreamSession>> make_session(SlotParams slot, StreamSessionEvents events);
  // A slot that shows what HostParams say, in a runtime folder of its own.
  SlotParams slot_params(const std::string& name) const;
  // Who gets the QUIC datagrams that come to the port, on lm-main; nobody at first. Of a flood the newest are
  // dropped.
  // `at`: this machine's address that it was sent to.
  using QuicFn = std::function<void(const net::Endpoint& from, const net::Endpoint& at, ByteView datagram)>;
  void on_quic(QuicFn handler) { quic_ = std::move(handler); }
  // From the host's port, and from its address `from` if that is not empty. On lm-main.
  void send(const net::Endpoint& to, const net::Endpoint& from, ByteView datagram) const {
    socket_->send_one(to, datagram, {.from = from});
  }
  // Where a client finds what it needs to connect to session `index`.
  static std::string connect_file(const std::string& runtime_root, std::size_t index);
  static std::string control_path(const std::string& runtime_root) { return runtime_root + "/host.sock"; }

 private:
  struct LocalSession {
    std::unique_ptr<StreamSession> stream;
    std::string connect_file;
  };
  struct QuicDatagram {
    net::Endpoint from, at;
    std::vector<std::byte> bytes;
  };
  Host(HostParams params, EventLoop& loop, Logger& log);
  Status open_session(std::size_t index);
  void restore_desktops();
  void receive_loop(const std::stop_token& stop);
  void on_datagram(const net::Endpoint& from, const net::Endpoint& at, MutableBytes datagram, Timestamp now);
  void queue_quic(const net::Endpoint& from, const net::Endpoint& at, ByteView datagram)
      LUMEN_EXCLUDES(quic_mutex_);
  void take_quic() LUMEN_EXCLUDES(quic_mutex_);
  void check_clients();
  std::string on_command(const std::string& command);
  std::string status_json() const;

  HostParams params_;
  EventLoop& loop_;
  Logger& log_;
  fec::Leopard codec_;  // of all sessions: its tables are large
  std::unique_ptr<net::UdpSocket> socket_;
  std::uint16_t port_ = 0;
  std::atomic<std::uint64_t> foreign_{0}, quic_dropped_{0};  // datagrams; relaxed
  QuicFn quic_;
  Mutex quic_mutex_;
  std::vector<QuicDatagram> quic_queue_ LUMEN_GUARDED_BY(quic_mutex_);
  MediaTable table_;
  std::vector<HostExtension> extensions_;
  std::unique_ptr<CommandChain> restore_;  // undoes what sessions of a killed host left changed
  bool is_stopping_ = false;
  std::unique_ptr<ControlSocket> control_;  // holds the lock: goes last of all
  std::vector<LocalSession> sessions_;
  EventLoop::TimerId check_ = 0;
  std::unique_ptr<OwnedThread> receiver_;  // last: joined before anything it uses goes
};

}  // namespace lumen::host
