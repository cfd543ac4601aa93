// lumen/link: child processes with a marker, so that nothing is ever left behind.
//
// A marker is the environment entry LUMEN_MARKER=HOSTPID:HOSTSTART:RUNTIMEDIR, inherited by everything a
// session starts. HOSTSTART (field 22 of /proc/PID/stat) tells a living host from a reused process id.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/units.hpp"

namespace lumen::link {

struct SpawnParams {
  std::vector<std::string> argv;         // argv[0] is looked up in PATH
  std::vector<std::string> environment;  // "NAME=value", added to or replacing ours
  std::vector<std::string> unset;        // names removed from ours
  std::string working_dir;               // empty: ours
  int inherit_fd = -1;                   // appears as descriptor 3 in the child; all others from 3 on close
  int output_fd = -1;                    // stdout and stderr; -1: ours. stdin is always /dev/null
  bool new_group = true;                 // own process group, so that a signal reaches all of it
};

// Runs it. Fails with `process.not-found` (remedy names the program), `process.not-executable` or
// `process.spawn`, all known before this returns. The child gets SIGTERM when the calling *thread* dies, and
// starts with no signal blocked or ignored. A name without '/' is looked up in the child's PATH.
struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;  // readable when it has ended
};
Result<Child> spawn(const SpawnParams& params);

// "exited with status 3", "was killed by signal 9 (SIGKILL)"; reaps it. nullopt while it runs.
std::optional<std::string> reap(pid_t pid);

// This process adopts orphans among its descendants, so that reap_adopted() and kill_marked() see them.
Status become_subreaper();
// Reaps every ended child except `keep`, whose ends the caller asks reap() for. Returns how many.
std::size_t reap_adopted(std::span<const pid_t> keep);

// Whom kill_marked() ends. `marked` is for a host with several sessions: only what bears the marker, and its
// descendants. `descendants` is for a session process: all of its own descendants as well.
enum class KillScope : std::uint8_t { marked, descendants };

// SIGTERM to every descendant of this process and everything that bears `marker`, again after half of
// `grace`, then SIGKILL to what is left after all of it. Waits for their end, two seconds at most after
// SIGKILL; children stay to be reaped. Never this process, its ancestors or process 1. Returns how many there
// were.
std::size_t kill_marked(const std::string& marker, Duration grace, KillScope scope = KillScope::descendants);

std::string make_marker(const std::string& runtime_dir);  // "LUMEN_MARKER=…" for this process

// Says in `runtime_dir`/owner that this process is its host.
Status write_owner_file(const std::string& runtime_dir);

// Finds processes whose marker names a host that is no longer running, ends them, and removes the directories
// `runtime_root`/session-* that belong to this user and to a dead host: by their owner file, or where that is
// missing by such a process' marker. Returns how many processes there were.
std::size_t clean_up_orphans(const std::string& runtime_root);

// "PID:START" of this process, which no other process of this boot shares; and whether the process with such
// a key still runs. Anything else does not run.
std::string own_process_key();
bool is_process_running(std::string_view key);

// CPU time of a process since its start (user + system, all threads, ended ones too), and of its threads with
// `name` (those alive).
struct ProcessUsage {
  Duration cpu{};
  std::uint64_t rss_bytes = 0;
};
std::optional<ProcessUsage> usage_of(pid_t pid);
Duration cpu_of_threads(pid_t pid, std::string_view name);

}  // namespace lumen::link
