// Ending processes that come and go meanwhile: list them, signal the new ones, wait a moment on all of them,
// list again, until a listing made after the last end finds nobody.
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "link/proc_table.hpp"
#include "link/process.hpp"
#include "link/runtime_dir.hpp"

namespace lumen::link {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kMarkerName = "LUMEN_MARKER";
constexpr Duration kRescan = 100ms;  // how late a process started meanwhile is seen
constexpr Duration kKillPatience =
    2s;  // for SIGKILL to take effect; one in a kernel call cannot be waited for
constexpr Duration kOrphanGrace = 1s;

Timestamp now() { return std::chrono::time_point_cast<Duration>(Clock::now()); }

// Looked at for each process; true: it and its descendants are to end.
using ChooseFn = std::function<bool(const ProcessRecord&)>;

class Hunt {
 public:
  explicit Hunt(ChooseFn choose) : choose_{std::move(choose)} {}

  // Returns how many processes it was about.
  std::size_t run(Duration grace) {
    struct Step {
      int signal;
      Duration lasts;
    };
    // Asked twice: a shell that is about to start a command loses the signal.
    const std::array steps{Step{.signal = SIGTERM, .lasts = grace / 2},
                           Step{.signal = SIGTERM, .lasts = grace / 2},
                           Step{.signal = SIGKILL, .lasts = kKillPatience}};
    for (const auto& [signal, lasts] : steps) {
      signal_everyone(signal);
      if (end_all(signal, now() + lasts)) break;
    }
    return targets_.size();
  }

 private:
  struct Target {
    UniqueFd pidfd;
    bool gone = false;  // ended, or not ours to end
  };

  // True when nobody is left.
  bool end_all(int signal, Timestamp until) {
    for (;;) {
      signal_newcomers(signal);
      if (!anyone_left()) return true;
      const auto time = now();
      if (time >= until) return false;
      wait_for_ends(std::min(time + kRescan, until));
    }
  }

  void signal_newcomers(int signal) {
    for (const auto& key : chosen_now()) {
      if (targets_.contains(key)) continue;
      Target target;
      target.pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, key.pid, 0)));
      if (!is_running(key)) continue;  // asked after opening: the descriptor is this very process
      send(key, target, signal);
      targets_.emplace(key, std::move(target));
    }
  }

  // Ourselves and our ancestors are never chosen, nor is anybody through them.
  static void remove_own_line(std::map<pid_t, ProcessRecord>& processes) {
    for (pid_t pid = getpid(); pid > 0;) {
      const auto found = processes.find(pid);
      if (found == processes.end()) break;
      pid = found->second.parent;
      processes.erase(found);
    }
    processes.erase(1);
  }

  std::vector<ProcessKey> chosen_now() const {
    std::map<pid_t, ProcessRecord> candidates;
    for (const auto& process : read_all_processes()) candidates.emplace(process.key.pid, process);
    remove_own_line(candidates);
    std::vector<ProcessKey> chosen;
    const auto take = [&](auto&& wanted) {
      const auto before = chosen.size();
      std::erase_if(candidates, [&](const auto& entry) {
        if (!wanted(entry.second)) return false;
        chosen.push_back(entry.second.key);
        return true;
      });
      return chosen.size() > before;
    };
    take(choose_);
    while (take([&](const ProcessRecord& process) {
      return std::ranges::find(chosen, process.parent, &ProcessKey::pid) != chosen.end();
    })) {
    }
    return chosen;
  }

  static void send(const ProcessKey& key, Target& target, int signal) {
    // A stopped process sees SIGTERM only after SIGCONT.
    for (const int number : {signal, SIGCONT}) {
      const auto result = target.pidfd
                              ? syscall(SYS_pidfd_send_signal, target.pidfd.get(), number, nullptr, 0)
                              : kill(key.pid, number);
      if (result != 0) target.gone = true;  // ESRCH, or EPERM: another user's
    }
  }

  void signal_everyone(int signal) {
    for (auto& [key, target] : targets_) {
      if (!target.gone && is_running(key)) send(key, target, signal);
    }
  }

  bool anyone_left() {
    for (auto& [key, target] : targets_) target.gone = target.gone || !is_running(key);
    return std::ranges::any_of(targets_, [](const auto& entry) { return !entry.second.gone; });
  }

  void wait_for_ends(Timestamp until) {
    std::vector<pollfd> running;
    for (const auto& [key, target] : targets_) {
      if (!target.gone) running.push_back({.fd = target.pidfd.get(), .events = POLLIN, .revents = 0});
    }
    while (!running.empty()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now());
      if (left.count() <= 0 || poll(running.data(), running.size(), static_cast<int>(left.count())) == 0)
        return;
      std::erase_if(running, [](const pollfd& entry) { return entry.revents != 0; });
    }
  }

  ChooseFn choose_;
  std::map<ProcessKey, Target> targets_;  // everybody ever chosen
};

struct Marker {
  ProcessKey host;
  std::string runtime_dir;
};

// "PID:START:DIRECTORY"
std::optional<Marker> parse_marker(std::string_view text) {
  const auto start = text.find(':');
  const auto colon = start == std::string_view::npos ? start : text.find(':', start + 1);
  if (colon == std::string_view::npos) return std::nullopt;
  const auto host = parse_host(text.substr(0, colon));
  if (!host) return std::nullopt;
  return Marker{.host = *host, .runtime_dir = std::string{text.substr(colon + 1)}};
}

}  // namespace

std::string own_process_key() {
  const auto self = read_process(getpid());
  return to_text(self ? self->key : ProcessKey{});
}

bool is_process_running(std::string_view key) {
  const auto parsed = parse_host(key);
  return parsed && is_running(*parsed);
}

std::string make_marker(const std::string& runtime_dir) {
  const auto self = read_process(getpid());
  return fmt::format("{}={}:{}", kMarkerName, to_text(self ? self->key : ProcessKey{}), runtime_dir);
}

std::size_t kill_marked(const std::string& marker, Duration grace, KillScope scope) {
  const auto prefix = fmt::format("{}=", kMarkerName);
  const bool usable = marker.starts_with(prefix);
  const std::string_view value = usable ? std::string_view{marker}.substr(prefix.size()) : std::string_view{};
  Hunt hunt{[&](const ProcessRecord& process) {
    if (scope == KillScope::descendants && process.parent == getpid()) return true;
    return usable && read_environment(process.key.pid, kMarkerName) == value;
  }};
  return hunt.run(grace);
}

std::size_t clean_up_orphans(const std::string& runtime_root) {
  std::set<std::string> named;
  Hunt hunt{[&named](const ProcessRecord& process) {
    const auto text = read_environment(process.key.pid, kMarkerName);
    const auto marker = text ? parse_marker(*text) : std::nullopt;
    if (!marker || is_running(marker->host) || !shares_our_pid_namespace(process.key.pid)) return false;
    // Root may end anybody's process, but no stranger's marker tells it what to remove.
    if (owner_of(process.key.pid) == geteuid()) named.insert(marker->runtime_dir);
    return true;
  }};
  const auto count = hunt.run(kOrphanGrace);
  remove_dead_runtime_dirs(runtime_root, named);
  return count;
}

}  // namespace lumen::link
