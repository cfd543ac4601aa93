// lumen/link: child processes with a marker, so that nothing is ever left behind.
//
// A marker is the environment entry LUMEN_MARKER=HOSTPID:HOSTSTART:RUNTIMEDIR, inherited by everything a
// session starts. HOSTSTART (field 22 of /proc/PID/stat) tells a living host from a reused process id.
#pragma once

#include <sys/types.h>

#include <optional>
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
  int inherit_fd = -1;                   // appears as descriptor 3 in the child; all others close
  int output_fd = -1;                    // stdout and stderr; -1: ours
  bool new_group = true;                 // own process group, so that a signal reaches all of it
};

// Runs it. Fails with `process.not-found` (remedy names the program), `process.not-executable` or
// `process.spawn`, all known before this returns. The child gets SIGTERM when the calling *thread* dies.
struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;  // readable when it has ended
};
Result<Child> spawn(const SpawnParams& params);

// "exited with status 3", "was killed by signal 9 (SIGKILL)"; reaps it. nullopt while it runs.
std::optional<std::string> reap(pid_t pid);

// This process adopts orphans among its descendants, so that reap_adopted() and kill_descendants() see them.
Status become_subreaper();

// SIGTERM to every descendant of this process and everything that bears `marker`, then SIGKILL to what is
// left after `grace`. Waits for their end. Returns how many there were.
std::size_t kill_marked(const std::string& marker, Duration grace);

std::string make_marker(const std::string& runtime_dir);  // "LUMEN_MARKER=…" for this process

// Finds processes whose marker names a host that is no longer running, ends them, and removes the runtime
// directories named in markers below `runtime_root`. Returns how many processes there were.
std::size_t clean_up_orphans(const std::string& runtime_root);

// CPU time of a process since its start (user + system, all threads), and of its threads with `name`.
struct ProcessUsage {
  Duration cpu{};
  std::uint64_t rss_bytes = 0;
};
std::optional<ProcessUsage> usage_of(pid_t pid);
Duration cpu_of_threads(pid_t pid, std::string_view name);

}  // namespace lumen::link
