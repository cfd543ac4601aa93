#include "tests/e2e/programs.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "host/host.hpp"

namespace lumen::e2e {
namespace {

std::string read_all(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

Place::Place() {
  std::string pattern = std::filesystem::temp_directory_path() / "lumen-e2e-XXXXXX";
  path_ = mkdtemp(pattern.data());
}

Place::~Place() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Program::Program(const Place& place, const std::string& name, const std::vector<std::string>& arguments) {
  std::string pattern = place.path() + "/output-XXXXXX";
  const UniqueFd output{mkostemp(pattern.data(), O_CLOEXEC)};
  output_path_ = pattern;
  link::SpawnParams params{
      .argv = {LUMEN_PROGRAM_DIR "/" + name},
      .environment = {"XDG_RUNTIME_DIR=" + place.path(), "XDG_STATE_HOME=" + place.path() + "/state",
                      "XDG_CONFIG_HOME=" + place.path() + "/config"},
      .output_fd = output.get()};
  params.argv.insert(params.argv.end(), arguments.begin(), arguments.end());
  auto spawned = link::spawn(params);
  if (!spawned) {
    ended_ = describe(spawned.error());
    return;
  }
  child_ = std::move(*spawned);
}

Program::~Program() {
  if (!wait(Duration::zero())) {
    signal(SIGTERM);
    if (!wait(std::chrono::seconds{10})) {
      signal(SIGKILL);
      wait(std::chrono::seconds{10});
    }
  }
}

void Program::signal(int number) const { kill(child_.pid, number); }

std::optional<std::string> Program::wait(Duration timeout) {
  if (ended_) return ended_;
  pollfd waiter{child_.pidfd.get(), POLLIN, 0};
  poll(&waiter, 1, static_cast<int>(timeout / std::chrono::milliseconds{1}));
  if (waiter.revents != 0) ended_ = link::reap(child_.pid);
  return ended_;
}

std::string Program::output() const { return read_all(output_path_); }

nlohmann::json host_status(const Place& place) {
  const auto answer = host::ask_host(host::Host::control_path(place.runtime_root()), "status");
  return answer ? nlohmann::json::parse(*answer, nullptr, false) : nlohmann::json{};
}

std::vector<pid_t> processes_of(const Place& place) {
  std::vector<pid_t> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc", error}) {
    const auto pid = static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
    if (pid > 0 && pid != getpid() &&
        read_all(entry.path() / "environ").find(place.path()) != std::string::npos) {
      found.push_back(pid);
    }
  }
  return found;
}

void pause_briefly() {
  const timespec pause{0, 20'000'000};
  nanosleep(&pause, nullptr);
}

}  // namespace lumen::e2e
