// The desktop that a person runs, for end-to-end tests: D-Bus, PipeWire, WirePlumber and a headless Mutter in
// the runtime folder of the test, with the test scene on it.
#pragma once

#include <memory>
#include <string>

#include "desktop/testing/test_session.hpp"
#include "tests/e2e/programs.hpp"

namespace lumen::e2e {

class PersonsDesktop {
 public:
  explicit PersonsDesktop(const Place& place);

  void start_compositor();
  void kill_compositor() { compositor_->end(); }
  void start_pipewire() { session_.start_pipewire(); }
  void kill_pipewire() { session_.kill_pipewire(); }
  void stop_session_manager() { session_.stop_session_manager(); }
  // The compositor ends with its bus.
  void kill_bus() { session_.kill_bus(); }
  void start_bus() { session_.start_bus(); }
  bool compositor_runs() { return compositor_->runs(); }

  // As the person would start it, wherever the compositor puts it.
  void start_scene();
  // Names of the monitors there are, one after the other; "?" when the compositor does not say.
  std::string monitors() const;
  std::string log() const { return compositor_->log(); }
  const desktop_test::PrivateSession& session() const { return session_; }

 private:
  desktop_test::PrivateSession session_;
  std::unique_ptr<desktop_test::TestProcess> compositor_, scene_;
};

}  // namespace lumen::e2e
