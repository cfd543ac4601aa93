#include "link/proc_table.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <ctime>
#include <memory>

#include <fmt/format.h>

#include "base/fd.hpp"
#include "link/process.hpp"

namespace lumen::link {
namespace {

constexpr std::size_t kMaxProcFile =
    4U << 20U;  // the kernel's own limit of an environment is 6 MiB; ours suffice

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};

std::string read_file(const std::string& path) {
  const UniqueFd fd{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  std::string text;
  std::array<char, 4096> chunk{};
  while (fd && text.size() < kMaxProcFile) {
    const auto got = read(fd.get(), chunk.data(), chunk.size());
    if (got <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return text;
}

template <class Number>
std::optional<Number> parse(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Word `index` of a line, separated by single spaces; empty beyond the end.
std::string_view word(std::string_view line, std::size_t index) {
  for (; index > 0; --index) {
    const auto space = line.find(' ');
    if (space == std::string_view::npos) return {};
    line.remove_prefix(space + 1);
  }
  return line.substr(0, line.find_first_of(" \n"));
}

// The numeric names in a /proc folder.
std::vector<pid_t> read_ids(const std::string& path) {
  std::vector<pid_t> ids;
  const std::unique_ptr<DIR, CloseDir> dir{opendir(path.c_str())};
  if (!dir) return ids;
  while (const dirent* const entry = readdir(dir.get())) {  // NOLINT(concurrency-mt-unsafe): its own stream
    if (const auto id = parse<pid_t>(entry->d_name)) ids.push_back(*id);
  }
  return ids;
}

}  // namespace

std::optional<ProcessRecord> read_process(pid_t pid) {
  const auto text = read_file(fmt::format("/proc/{}/stat", pid));
  const auto name_end = text.rfind(") ");  // the name may hold spaces and brackets
  if (name_end == std::string::npos) return std::nullopt;
  const auto fields = std::string_view{text}.substr(name_end + 2);  // begins with field 3, the state
  const auto state = word(fields, 0);
  const auto parent = parse<pid_t>(word(fields, 4 - 3));
  const auto start = parse<std::uint64_t>(word(fields, 22 - 3));
  if (!parent || !start) return std::nullopt;
  return ProcessRecord{
      .key = {.pid = pid, .start = *start}, .parent = *parent, .ended = state == "Z" || state == "X"};
}

std::vector<ProcessRecord> read_all_processes() {
  std::vector<ProcessRecord> all;
  for (const auto pid : read_ids("/proc")) {
    if (const auto record = read_process(pid)) all.push_back(*record);
  }
  return all;
}

bool is_running(const ProcessKey& key) {
  const auto record = read_process(key.pid);
  return record && record->key == key && !record->ended;
}

std::optional<std::string> read_environment(pid_t pid, std::string_view name) {
  const auto block = read_file(fmt::format("/proc/{}/environ", pid));
  std::string_view rest = block;
  while (!rest.empty()) {
    const auto entry = rest.substr(0, rest.find('\0'));
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return std::string{entry.substr(name.size() + 1)};
    }
    rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
  }
  return std::nullopt;
}

std::optional<uid_t> owner_of(pid_t pid) {
  struct stat status{};
  if (stat(fmt::format("/proc/{}", pid).c_str(), &status) != 0) return std::nullopt;
  return status.st_uid;
}

bool shares_our_pid_namespace(pid_t pid) {
  struct stat ours{};
  struct stat theirs{};
  return stat("/proc/self/ns/pid", &ours) == 0 &&
         stat(fmt::format("/proc/{}/ns/pid", pid).c_str(), &theirs) == 0 && ours.st_dev == theirs.st_dev &&
         ours.st_ino == theirs.st_ino;
}

// The CPU clock counts nanoseconds and keeps what ended threads used; /proc/PID/stat has 10 ms ticks.
std::optional<ProcessUsage> usage_of(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return std::nullopt;
  const auto pages = parse<std::uint64_t>(word(read_file(fmt::format("/proc/{}/statm", pid)), 1));
  return ProcessUsage{
      .cpu = std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec},
      .rss_bytes = pages.value_or(0) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)),
  };
}

Duration cpu_of_threads(pid_t pid, std::string_view name) {
  constexpr std::size_t kKernelNameLength = 15;
  const auto wanted = name.substr(0, kKernelNameLength);
  Duration total{};
  const auto tasks = fmt::format("/proc/{}/task", pid);
  for (const auto tid : read_ids(tasks)) {
    auto comm = read_file(fmt::format("{}/{}/comm", tasks, tid));
    if (comm.ends_with('\n')) comm.pop_back();
    if (comm != wanted) continue;
    const auto schedstat = read_file(fmt::format("{}/{}/schedstat", tasks, tid));
    total += Duration{parse<Duration::rep>(word(schedstat, 0)).value_or(0)};
  }
  return total;
}

}  // namespace lumen::link
