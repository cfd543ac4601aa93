// lumen/worker: the PipeWire that a session's applications play into: the one this user runs already, or,
// where there is none, one of the session's own with WirePlumber and, if installed, pipewire-pulse.
//
// Its own: in the session's runtime directory, configured by sound_config.hpp; each program is started again
// when it ends, sooner the first time, and PipeWire's end ends the two others. The user's: nothing of it is
// changed, applications are told by their environment which sink to play to.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "link/process.hpp"
#include "worker/output_tail.hpp"

namespace lumen::worker {

// The socket of the PipeWire that this process's environment names, if it answers.
std::optional<std::string> find_user_pipewire();

// Owner: the event loop's thread.
class SoundServer {
 public:
  struct Params {
    std::string runtime_dir;                 // of the session, as its applications will know it
    std::optional<std::string> user_socket;  // of a PipeWire to use instead of one of our own
    // trouble() or ready() has changed; may be called by the constructor.
    std::function<void()> on_change;
  };
  // `loop` and `log` outlive the server. What cannot be started is tried again, and told by trouble().
  SoundServer(Params params, EventLoop& loop, Logger& log);
  ~SoundServer();
  SoundServer(const SoundServer&) = delete;
  SoundServer& operator=(const SoundServer&) = delete;

  // Of PipeWire; it may take a moment until somebody answers there.
  const std::string& socket() const { return socket_; }
  // For an application, which then plays to the sink `sink_name`: what to set, and names to remove.
  std::vector<std::string> environment(std::string_view sink_name) const;
  std::vector<std::string> unset() const;
  // An application that looks for its server now finds it, however it looks. A program that starts before has
  // no sound for as long as it lives.
  bool ready() const { return ready_; }
  // Why nothing can be heard, for people; empty when this is not to blame.
  const std::string& trouble() const { return trouble_; }
  // It is the session's own, and no program of the person plays to it.
  bool is_own() const { return !params_.user_socket; }
  // Our children: whoever reaps others leaves these alone.
  std::vector<pid_t> processes() const;

 private:
  struct Daemon {
    std::string program;
    bool required = true;
    link::Child child;
    std::unique_ptr<OutputTail> output;
    Timestamp started, not_before;
    Duration delay{};
    std::string trouble;
  };
  Status write_configuration() const;
  void tend();
  static Timestamp forget_trouble(Daemon& daemon, Timestamp time);
  void start(Daemon& daemon);
  Status spawn(Daemon& daemon);
  void on_exit(Daemon& daemon);
  void put_off(Daemon& daemon, Duration least);
  bool pulse_is_settled(Timestamp time) const;
  void tell(bool ready);

  Params params_;
  EventLoop& loop_;
  Logger& log_;
  std::string socket_, config_dir_, trouble_;
  std::array<Daemon, 3> daemons_;  // PipeWire, session manager, PulseAudio's stand-in
  bool ready_ = false;
  EventLoop::TimerId tend_ = 0;
};

}  // namespace lumen::worker
