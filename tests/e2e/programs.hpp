// Starts the real programs in a private runtime folder and looks at what they do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/fd.hpp"
#include "base/units.hpp"
#include "link/process.hpp"

namespace lumen::e2e {

// A private XDG_RUNTIME_DIR, with XDG_STATE_HOME and XDG_CONFIG_HOME in it, removed at the end.
class Place {
 public:
  Place();
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  const std::string& path() const { return path_; }
  std::string runtime_root() const { return path_ + "/lumen"; }

 private:
  std::string path_;
};

// One run of a program; its output is kept. Killed at the end if it still runs.
class Program {
 public:
  Program(const Place& place, const std::string& name, const std::vector<std::string>& arguments);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return child_.pid; }
  void signal(int number) const;
  // "exited with status 0"; nullopt when it did not end in time.
  std::optional<std::string> wait(Duration timeout);
  std::string output() const;

 private:
  std::string output_path_;
  link::Child child_;
  std::optional<std::string> ended_;
};

// `lumen-host status` as JSON; null when nobody answers.
nlohmann::json host_status(const Place& place);

// Polls until `condition` holds, ten seconds at most unless said otherwise.
template <class Condition>
bool eventually(Condition condition, Duration limit = std::chrono::seconds{10});

// Processes whose environment names `place`, except this one.
std::vector<pid_t> processes_of(const Place& place);

void pause_briefly();  // between two polls

template <class Condition>
bool eventually(Condition condition, Duration limit) {
  const auto deadline = SteadyTime{}.now() + limit;
  while (!condition()) {
    if (SteadyTime{}.now() > deadline) return false;
    pause_briefly();
  }
  return true;
}

}  // namespace lumen::e2e
