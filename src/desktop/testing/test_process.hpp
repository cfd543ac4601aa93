// Tests only: a program beside the test (a compositor, a bus, a sound server), its words in a file, killed
// with everything it started when the test is over.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace lumen::desktop_test {

class TestProcess {
 public:
  struct Params {
    std::vector<std::string> argv;
    std::vector<std::string> environment;  // "NAME=value", and nothing of the test's own but PATH
    std::string log_path;                  // of its standard output and error
    uid_t run_as = 0;                      // for a test that runs as root: another user, 0 stays
  };
  explicit TestProcess(Params params);
  ~TestProcess();
  TestProcess(const TestProcess&) = delete;
  TestProcess& operator=(const TestProcess&) = delete;

  bool runs();
  void kill(int signal);  // to it alone
  void end();             // SIGKILL to it and its process group, and waits
  pid_t pid() const { return pid_; }
  std::string log() const;

 private:
  Params params_;
  pid_t pid_ = -1;
};

// Polls every few milliseconds; false when it did not come about in time.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds limit = std::chrono::seconds{10});

}  // namespace lumen::desktop_test
