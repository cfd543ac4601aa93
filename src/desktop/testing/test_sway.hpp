// Tests only: a sway of the test's own, headless, with a runtime folder that goes away with it. Sway refuses
// to run as root: then it runs as nobody.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "desktop/testing/test_process.hpp"
#include "desktop/testing/test_stage.hpp"
#include "interface/desktop.hpp"

namespace lumen::desktop_test {

// The user that programs run as which refuse root; 0 when the test itself is nobody special.
uid_t unprivileged_user();
// Gives the folder to that user, mode 0700.
void give_to_unprivileged_user(const std::string& folder);

struct SwayOptions {
  int outputs = 1;
  std::vector<std::string> config;  // further lines of its configuration
};

class SwayProcess {
 public:
  // Null when it did not open its sockets within ten seconds: log() of nothing then, see standard error.
  static std::unique_ptr<SwayProcess> start(const SwayOptions& options = {});

  const DesktopPlace& place() const { return place_; }
  TestProcess& process() { return *process_; }
  std::string log() const { return process_->log(); }

 private:
  SwayProcess() = default;
  TempDir dir_;
  DesktopPlace place_;
  std::unique_ptr<TestProcess> process_;  // ends before its folder goes
};

}  // namespace lumen::desktop_test
