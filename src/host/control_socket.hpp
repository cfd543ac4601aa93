// lumen/host: the local command socket (`lumen-host status`, `lumen-host stop`): a line in, an answer out,
// closed. It lies in the private runtime folder, so only its owner can reach it. Owner: lm-main.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/event_loop.hpp"

namespace lumen::host {

class ControlSocket {
 public:
  using CommandFn = std::function<std::string(const std::string& command)>;

  // Fails with `host.already-running` when another host answers at `path`; replaces a dead one's socket.
  static Result<std::unique_ptr<ControlSocket>> create(const std::string& path, EventLoop& loop,
                                                       CommandFn on_command);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

 private:
  ControlSocket(std::string path, UniqueFd lock, UniqueFd listener, EventLoop& loop, CommandFn on_command);
  void on_connection();
  void on_request(int fd);
  void close_request(int fd);

  std::string path_;
  UniqueFd lock_, listener_;
  EventLoop& loop_;
  CommandFn on_command_;
  struct Request {
    UniqueFd fd;
    std::string line;
  };
  std::map<int, Request> requests_;
};

// For the command-line side: sends one line to the socket at `path`. `host.not-running` when nobody answers.
Result<std::string> ask_host(const std::string& path, const std::string& command);

}  // namespace lumen::host
