#include "desktop/testing/test_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

namespace lumen::desktop_test {
namespace {

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the child: only what may be called between fork and exec.
[[noreturn]] void become(char* const* argv, char* const* environment, const char* log, uid_t user) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int out = ::open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  const bool changed =
      user == 0 || (::setgroups(0, nullptr) == 0 && ::setgid(user) == 0 && ::setuid(user) == 0);
  if (changed) ::execvpe(argv[0], argv, environment);
  ::_exit(127);
}

}  // namespace

TestProcess::TestProcess(Params params) : params_{std::move(params)} {
  auto environment = params_.environment;
  if (const char* path = std::getenv("PATH")) environment.push_back(std::string{"PATH="} + path);
  const auto argv = pointers_to(params_.argv);
  const auto variables = pointers_to(environment);
  const auto* log = params_.log_path.c_str();
  pid_ = ::fork();
  if (pid_ == 0) become(argv.data(), variables.data(), log, params_.run_as);
}

TestProcess::~TestProcess() { end(); }

bool TestProcess::runs() {
  if (pid_ <= 0) return false;
  if (::waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  ::kill(-pid_, SIGKILL);
  pid_ = -1;
  return false;
}

void TestProcess::kill(int signal) {
  if (pid_ > 0) ::kill(pid_, signal);
}

void TestProcess::end() {
  if (pid_ <= 0) return;
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string TestProcess::log() const {
  std::ostringstream text;
  text << std::ifstream{params_.log_path}.rdbuf();
  return text.str();
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::poll(nullptr, 0, 5);
  }
  return true;
}

}  // namespace lumen::desktop_test
