// Tests only: the daemons of a person's session in a folder of their own: a D-Bus, PipeWire, WirePlumber.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "desktop/testing/test_process.hpp"
#include "desktop/testing/test_stage.hpp"

namespace lumen::desktop_test {

class PrivateSession {
 public:
  struct Params {
    bool pipewire = true;
    std::string folder;  // the runtime folder, of the caller's; empty: one that goes away with this
  };
  PrivateSession() : PrivateSession{Params{}} {}
  explicit PrivateSession(const Params& params);
  PrivateSession(const PrivateSession&) = delete;
  PrivateSession& operator=(const PrivateSession&) = delete;

  const std::string& runtime_dir() const { return folder_; }
  std::string bus_address() const { return "unix:path=" + folder_ + "/bus"; }
  std::string pipewire_socket() const { return folder_ + "/pipewire-0"; }
  // For programs that belong to it.
  std::vector<std::string> environment() const;
  std::unique_ptr<TestProcess> start(std::vector<std::string> argv, std::vector<std::string> more = {}) const;

  void start_bus();
  void start_pipewire();  // and its session manager
  void kill_pipewire() { pipewire_->end(); }
  void kill_bus() { bus_->end(); }
  void stop_session_manager() { manager_->end(); }

 private:
  std::optional<TempDir> dir_;
  std::string folder_;
  std::unique_ptr<TestProcess> bus_, pipewire_, manager_;
};

// True when somebody listens there.
bool socket_answers(const std::string& path);

}  // namespace lumen::desktop_test
