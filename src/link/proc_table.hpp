// lumen/link: what /proc says about processes. Private to lumen/link. Everything read here may be gone or
// another process a moment later: a ProcessKey tells.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lumen::link {

// A process id together with its start time, which no other process of this boot shares.
struct ProcessKey {
  pid_t pid = -1;
  std::uint64_t start = 0;  // clock ticks since boot
  auto operator<=>(const ProcessKey&) const = default;
};

struct ProcessRecord {
  ProcessKey key;
  pid_t parent = 0;
  bool ended = false;  // a zombie: it waits for its parent only
};

std::optional<ProcessRecord> read_process(pid_t pid);
std::vector<ProcessRecord> read_all_processes();

// Exists and has not ended.
bool is_running(const ProcessKey& key);

// The entry NAME=value of the environment a process began with, without "NAME="; nullopt when it has none or
// may not be read (other users' processes, unless we are root).
std::optional<std::string> read_environment(pid_t pid, std::string_view name);

// Effective user; nullopt when it is gone.
std::optional<uid_t> owner_of(pid_t pid);

// False for a process in a container of its own, where process ids mean something else, and for one that we
// may not look at.
bool shares_our_pid_namespace(pid_t pid);

}  // namespace lumen::link
