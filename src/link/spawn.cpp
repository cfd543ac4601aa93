// Between fork() and execve() only async-signal-safe calls are allowed, because the parent has threads:
// whatever allocates or searches happens before.
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "link/proc_table.hpp"
#include "link/process.hpp"

namespace lumen::link {
namespace {

constexpr int kInheritedFd = 3;
constexpr int kFirstFreeFd = 4;

tl::unexpected<Error> cannot_spawn(const std::string& program, const char* step, int os_errno) {
  return fail(ErrorCode::resource_exhausted, "process.spawn",
              fmt::format("cannot start {} ({})", program, step),
              "Check the limits on processes and open files (ulimit -u -n)", os_errno);
}

tl::unexpected<Error> not_executable(const std::string& program, int os_errno) {
  return fail(ErrorCode::denied, "process.not-executable", fmt::format("{} cannot be executed", program),
              fmt::format("Check its permissions (ls -l {}) and that it is built for this machine", program),
              os_errno);
}

tl::unexpected<Error> not_found(const std::string& program) {
  if (program.find('/') != std::string::npos) {
    return fail(ErrorCode::unavailable, "process.not-found",
                fmt::format("Program {} does not exist", program), "Check the path");
  }
  return fail(ErrorCode::unavailable, "process.not-found",
              fmt::format("Program {} was not found in PATH", program), "Install it or give its full path");
}

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

// Ours without `unset` and what `environment` replaces, then `environment`.
std::vector<std::string> merge_environment(const SpawnParams& params) {
  std::vector<std::string> merged;
  const auto is_replaced = [&params](std::string_view name) {
    return std::ranges::find(params.unset, name) != params.unset.end() ||
           std::ranges::any_of(params.environment,
                               [name](const auto& added) { return name_of(added) == name; });
  };
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (!is_replaced(name_of(*entry))) merged.emplace_back(*entry);
  }
  merged.insert(merged.end(), params.environment.begin(), params.environment.end());
  return merged;
}

// Zero, ENOENT, or EACCES for a file that is there but cannot be run.
int check_executable(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return errno == EACCES ? EACCES : ENOENT;
  if (!S_ISREG(status.st_mode)) return EACCES;
  return faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : EACCES;
}

Result<std::string> look_up(const std::string& program, std::string_view search_path) {
  int worst = ENOENT;
  std::string refused;
  while (!search_path.empty()) {
    const auto folder = search_path.substr(0, search_path.find(':'));
    search_path.remove_prefix(std::min(folder.size() + 1, search_path.size()));
    if (!folder.starts_with('/')) continue;  // relative entries would run what lies in the working folder
    auto candidate = fmt::format("{}/{}", folder, program);
    if (access(candidate.c_str(), F_OK) != 0) continue;  // also in a folder that we may not enter
    const int error = check_executable(candidate);
    if (error == 0) return candidate;
    if (error == EACCES && std::exchange(worst, error) == ENOENT) refused = std::move(candidate);
  }
  if (worst == EACCES) return not_executable(refused, worst);
  return not_found(program);
}

Result<std::string> find_program(const SpawnParams& params, const std::vector<std::string>& environment) {
  const std::string& program = params.argv.front();
  if (program.find('/') == std::string::npos) {
    static constexpr std::string_view kPath = "PATH=";
    const auto entry = std::ranges::find_if(environment, [](const auto& e) { return e.starts_with(kPath); });
    const bool set = entry != environment.end();
    return look_up(program,
                   set ? std::string_view{*entry}.substr(kPath.size()) : "/usr/local/bin:/usr/bin:/bin");
  }
  const bool below = !program.starts_with('/') && !params.working_dir.empty();
  const int error = check_executable(below ? params.working_dir + "/" + program : program);
  if (error == EACCES) return not_executable(program, error);
  if (error != 0) return not_found(program);
  return program;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (auto& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

// What the child tells through the error pipe; nothing comes when execve() succeeds.
struct Failure {
  enum class Step : int { setup, working_dir, exec } step = Step::setup;
  int os_errno = 0;
};

// All that the child needs, made before fork(). Its descriptors are 4 or above, so that placing 0…3 cannot
// overwrite one that is still needed.
struct ChildPlan {
  const char* program = nullptr;
  char* const* argv = nullptr;
  char* const* environment = nullptr;
  const char* working_dir = nullptr;  // nullptr: ours
  int input = -1, output = -1, inherit = -1, error_pipe = -1;
  bool new_group = true;
  pid_t parent = -1;
  int descriptor_limit = 0;
};

[[noreturn]] void give_up(const ChildPlan& plan, Failure::Step step) {
  const Failure failure{.step = step, .os_errno = errno};
  // If even this fails the parent sees an end without an error and waitpid() tells 127.
  [[maybe_unused]] const auto written = write(plan.error_pipe, &failure, sizeof failure);
  _exit(127);
}

// Handlers vanish at execve(), but ignored signals would stay ignored.
void reset_signals() {
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number <= SIGRTMAX; ++number) sigaction(number, &action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

bool place_descriptors(const ChildPlan& plan) {
  if (dup2(plan.input, STDIN_FILENO) < 0) return false;
  if (plan.output >= 0 && (dup2(plan.output, STDOUT_FILENO) < 0 || dup2(plan.output, STDERR_FILENO) < 0)) {
    return false;
  }
  if (plan.inherit >= 0 && dup2(plan.inherit, kInheritedFd) < 0) return false;
  const int first = plan.inherit >= 0 ? kFirstFreeFd : kInheritedFd;
  // Marked rather than closed: the error pipe has to last until execve().
  if (close_range(static_cast<unsigned>(first), ~0U, CLOSE_RANGE_CLOEXEC) == 0) return true;
  for (int fd = first; fd < plan.descriptor_limit; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);  // Linux before 5.11
  return true;
}

[[noreturn]] void run_child(const ChildPlan& plan) {
  using enum Failure::Step;
  if (plan.new_group && setpgid(0, 0) != 0) give_up(plan, setup);
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) give_up(plan, setup);
  if (getppid() != plan.parent) _exit(127);  // it died before the request was made
  if (!place_descriptors(plan)) give_up(plan, setup);
  if (plan.working_dir != nullptr && chdir(plan.working_dir) != 0) give_up(plan, working_dir);
  reset_signals();
  prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);  // ours, if it is set, is not for applications
  execve(plan.program, plan.argv, plan.environment);
  give_up(plan, exec);
}

// A close-on-exec copy at 4 or above; empty for -1.
UniqueFd high_copy(int fd) { return UniqueFd{fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, kFirstFreeFd)}; }

// With every signal blocked, so that none of our handlers runs in the child.
pid_t fork_child(const ChildPlan& plan) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid == 0) run_child(plan);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

std::optional<Failure> read_failure(int pipe) {
  Failure failure;
  ssize_t got = -1;
  do {
    got = read(pipe, &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got != ssize_t{sizeof failure}) return std::nullopt;
  return failure;
}

void wait_for_end(pid_t pid) {
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

tl::unexpected<Error> explain(const Failure& failure, const SpawnParams& params) {
  const std::string& program = params.argv.front();
  switch (failure.step) {
    case Failure::Step::working_dir:
      return fail(ErrorCode::unavailable, "process.spawn",
                  fmt::format("cannot start {} in {}", program, params.working_dir),
                  "Check that the folder exists", failure.os_errno);
    case Failure::Step::exec:
      if (failure.os_errno == ENOENT || failure.os_errno == EACCES || failure.os_errno == ENOEXEC ||
          failure.os_errno == EPERM) {
        return not_executable(program, failure.os_errno);  // ENOENT: the interpreter it names
      }
      return cannot_spawn(program, "exec", failure.os_errno);
    case Failure::Step::setup:
      break;
  }
  return cannot_spawn(program, "setup", failure.os_errno);
}

Status check(const SpawnParams& params) {
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  const bool fine = !params.argv.empty() && !params.argv.front().empty() &&
                    std::ranges::none_of(params.argv, has_nul) &&
                    std::ranges::none_of(params.environment, has_nul) && !has_nul(params.working_dir);
  if (fine) return {};
  return fail(ErrorCode::invalid_argument, "process.spawn", "the command to start is empty or malformed",
              "Give a program, then its arguments");
}

// Forks with `plan`, waits until execve() succeeded or not.
Result<Child> launch(ChildPlan& plan, const SpawnParams& params) {
  const std::string& program = params.argv.front();
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return cannot_spawn(program, "pipe", errno);
  const UniqueFd reader{ends[0]};
  UniqueFd low_writer{ends[1]};
  UniqueFd writer = high_copy(low_writer.get());
  low_writer.reset();
  if (!writer) return cannot_spawn(program, "pipe", errno);
  plan.error_pipe = writer.get();
  Child child;
  child.pid = fork_child(plan);
  if (child.pid < 0) return cannot_spawn(program, "fork", errno);
  writer.reset();
  child.pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, child.pid, 0)));
  const int pidfd_error = errno;
  if (const auto failure = read_failure(reader.get())) {
    wait_for_end(child.pid);
    return explain(*failure, params);
  }
  if (child.pidfd) return child;
  kill(child.pid, SIGKILL);
  wait_for_end(child.pid);
  return cannot_spawn(program, "pidfd_open needs Linux 5.3", pidfd_error);
}

}  // namespace

Result<Child> spawn(const SpawnParams& params) {
  LUMEN_CHECK_OK(check(params));
  auto environment = merge_environment(params);
  LUMEN_TRY(const auto program, find_program(params, environment));
  auto arguments = params.argv;
  const auto argv = pointers_to(arguments);
  const auto envp = pointers_to(environment);
  const UniqueFd null{open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const UniqueFd input = high_copy(null.get());
  const UniqueFd output = high_copy(params.output_fd);
  const UniqueFd inherit = high_copy(params.inherit_fd);
  if (!input || (params.output_fd >= 0 && !output) || (params.inherit_fd >= 0 && !inherit)) {
    return cannot_spawn(params.argv.front(), "descriptors", errno);
  }
  ChildPlan plan{
      .program = program.c_str(),
      .argv = argv.data(),
      .environment = envp.data(),
      .working_dir = params.working_dir.empty() ? nullptr : params.working_dir.c_str(),
      .input = input.get(),
      .output = output.get(),
      .inherit = inherit.get(),
      .new_group = params.new_group,
      .parent = getpid(),
      .descriptor_limit = static_cast<int>(std::clamp(sysconf(_SC_OPEN_MAX), 256L, 65'536L)),
  };
  return launch(plan, params);
}

std::optional<std::string> reap(pid_t pid) {
  int status = 0;
  pid_t ended = -1;
  do {
    ended = waitpid(pid, &status, WNOHANG);
  } while (ended < 0 && errno == EINTR);
  if (ended == 0) return std::nullopt;
  if (ended < 0) return "had been reaped already";
  if (WIFEXITED(status)) return fmt::format("exited with status {}", WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  const char* const name = sigabbrev_np(signal);
  return name == nullptr ? fmt::format("was killed by signal {}", signal)
                         : fmt::format("was killed by signal {} (SIG{})", signal, name);
}

Status become_subreaper() {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) == 0) return {};
  return fail(ErrorCode::unsupported, "process.subreaper", "cannot adopt orphaned processes", {}, errno);
}

// waitpid(-1) would take the children in `keep` as well.
std::size_t reap_adopted(std::span<const pid_t> keep) {
  std::size_t reaped = 0;
  for (const auto& process : read_all_processes()) {
    if (!process.ended || process.parent != getpid()) continue;
    if (std::ranges::find(keep, process.key.pid) != keep.end()) continue;
    if (waitpid(process.key.pid, nullptr, WNOHANG) == process.key.pid) ++reaped;
  }
  return reaped;
}

}  // namespace lumen::link
