#include "host/command_chain.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <utility>

namespace lumen::host {
namespace {

Timestamp now() { return SteadyTime{}.now(); }

}  // namespace

CommandChain::CommandChain(ChainParams params, EventLoop& loop, Logger& log,
                           std::function<void(bool)> on_done)
    : params_{std::move(params)}, loop_{loop}, log_{log}, on_done_{std::move(on_done)} {
  timer_ = loop_.call_at(now(), [this] { next(); });
}

CommandChain::~CommandChain() {
  loop_.cancel(timer_);
  stop_child();
}

void CommandChain::next() {
  if (index_ == params_.commands.size()) {
    finish(true);
    return;
  }
  auto child = link::spawn({.argv = params_.commands[index_],
                            .environment = params_.environment,
                            .working_dir = params_.working_dir});
  if (!child) {
    log_.error("{}", describe(child.error()));
    finish(false);
    return;
  }
  child_ = std::move(*child);
  timer_ = loop_.call_at(now() + params_.limit, [this] {
    log_.error("{} did not end within its time", params_.commands[index_].front());
    stop_child();
    finish(false);
  });
  if (!loop_.watch(child_.pidfd.get(), EPOLLIN, [this](std::uint32_t) { on_exit(); })) finish(false);
}

void CommandChain::on_exit() {
  loop_.cancel(timer_);
  loop_.unwatch(child_.pidfd.get());
  const auto how = link::reap(std::exchange(child_.pid, -1)).value_or("ended");
  child_ = {};
  if (how != "exited with status 0") {
    log_.error("{} {}", params_.commands[index_].front(), how);
    finish(false);
    return;
  }
  ++index_;
  next();
}

void CommandChain::finish(bool good) {
  const auto done = std::exchange(on_done_, nullptr);
  if (done) done(good);
}

void CommandChain::stop_child() {
  if (child_.pid < 0) return;
  loop_.unwatch(child_.pidfd.get());
  kill(-child_.pid, SIGKILL);  // its group
  kill(child_.pid, SIGKILL);
  waitpid(child_.pid, nullptr, 0);
  child_ = {};
}

}  // namespace lumen::host
