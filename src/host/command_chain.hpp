// lumen/host: an application's commands to run before and after it, one after the other. Owner: lm-main.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "link/process.hpp"

namespace lumen::host {

struct ChainParams {
  std::vector<std::vector<std::string>> commands;
  std::vector<std::string> environment;  // "NAME=value"
  std::string working_dir;
  Duration limit = std::chrono::seconds{10};  // for each: then it is killed, and counts as failed
};

// Starts at once. A command that fails is logged and ends the chain: on_done(false) then; true after the
// last. on_done is called from the loop, once, never from inside the constructor; it may destroy the chain.
// Destroying the chain ends the command that runs.
class CommandChain {
 public:
  CommandChain(ChainParams params, EventLoop& loop, Logger& log, std::function<void(bool)> on_done);
  ~CommandChain();
  CommandChain(const CommandChain&) = delete;
  CommandChain& operator=(const CommandChain&) = delete;

 private:
  void next();
  void on_exit();
  void finish(bool good);
  void stop_child();

  ChainParams params_;
  EventLoop& loop_;
  Logger& log_;
  std::function<void(bool)> on_done_;
  std::size_t index_ = 0;
  link::Child child_;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace lumen::host
