#include "link/runtime_dir.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "base/fd.hpp"
#include "link/process.hpp"

namespace lumen::link {
namespace {

constexpr int kMaxDepth =
    64;  // folders below a runtime directory; each holds a descriptor while it is emptied
constexpr const char* kOwnerFile = "owner";

enum class HostState : std::uint8_t { unknown, running, dead };

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};

UniqueFd open_folder(int parent, const char* name) {
  return UniqueFd{openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
}

// All names at once, so that removing does not disturb the listing.
std::vector<std::string> names_in(int folder) {
  std::vector<std::string> names;
  UniqueFd copy = open_folder(folder, ".");
  if (!copy) return names;
  const std::unique_ptr<DIR, CloseDir> dir{fdopendir(copy.get())};
  if (!dir) return names;
  [[maybe_unused]] const int owned_by_dir = copy.release();
  while (const dirent* const entry = readdir(dir.get())) {  // NOLINT(concurrency-mt-unsafe): its own stream
    const std::string_view name{entry->d_name};
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

enum class EntryKind : std::uint8_t { other, folder, mount };

EntryKind kind_of(int parent, const char* name) {
  struct statx status{};
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  if (statx(parent, name, flags, STATX_TYPE, &status) != 0) {
    return errno == ENOTCONN ? EntryKind::mount : EntryKind::other;  // a FUSE mount whose server died
  }
  if ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) return EntryKind::mount;
  return S_ISDIR(status.stx_mode) ? EntryKind::folder : EntryKind::other;
}

// False when it may not be entered. Detaching needs privileges; without them the folder stays for now.
bool detach_mount(int parent, const char* name) {
  const auto path = fmt::format("/proc/self/fd/{}/{}", parent, name);
  return umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0 &&
         kind_of(parent, name) != EntryKind::mount;
}

void remove_entry(int parent, const char* name, int depth) {
  auto kind = kind_of(parent, name);
  if (kind == EntryKind::mount) {
    if (!detach_mount(parent, name)) return;
    kind = kind_of(parent, name);
  }
  if (kind != EntryKind::folder) {
    unlinkat(parent, name, 0);
    return;
  }
  if (depth == kMaxDepth) return;
  const UniqueFd folder = open_folder(parent, name);
  if (!folder) return;
  for (const auto& entry : names_in(folder.get())) remove_entry(folder.get(), entry.c_str(), depth + 1);
  unlinkat(parent, name, AT_REMOVEDIR);
}

HostState host_state(int folder) {
  const UniqueFd file{openat(folder, kOwnerFile, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  struct stat status{};
  if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return HostState::unknown;
  std::array<char, 64> text{};
  const auto length = read(file.get(), text.data(), text.size());
  if (length <= 0 || status.st_uid != geteuid()) return HostState::unknown;
  const auto host = parse_host({text.data(), static_cast<std::size_t>(length)});
  if (!host) return HostState::unknown;
  return is_running(*host) ? HostState::running : HostState::dead;
}

// The last names of those in `named` that lie directly below `root`.
std::set<std::string> names_below(const std::string& root, const std::set<std::string>& named) {
  namespace fs = std::filesystem;
  std::set<std::string> names;
  std::error_code error;
  const auto real_root = fs::canonical(root, error);
  if (error) return names;
  for (const fs::path path : named) {
    const auto parent = fs::canonical(path.parent_path(), error);
    if (!error && parent == real_root) names.insert(path.filename().string());
  }
  return names;
}

}  // namespace

std::string to_text(const ProcessKey& host) { return fmt::format("{}:{}", host.pid, host.start); }

std::optional<ProcessKey> parse_host(std::string_view text) {
  ProcessKey host;
  const char* const begin = std::to_address(text.begin());
  const char* const end = std::to_address(text.end());
  const auto pid = std::from_chars(begin, end, host.pid);
  if (pid.ec != std::errc{} || pid.ptr == end || *pid.ptr != ':' || host.pid <= 0) return std::nullopt;
  const auto start = std::from_chars(pid.ptr + 1, end, host.start);
  if (start.ec != std::errc{} || start.ptr != end) return std::nullopt;
  return host;
}

Status write_owner_file(const std::string& runtime_dir) {
  const auto path = fmt::format("{}/{}", runtime_dir, kOwnerFile);
  const auto self = read_process(getpid());
  const UniqueFd file{open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)};
  const auto text = to_text(self ? self->key : ProcessKey{});
  if (self && file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()))
    return {};
  return fail(ErrorCode::unavailable, "process.owner-file", fmt::format("cannot write {}", path),
              "Check the permissions and the free space of the runtime directory", errno);
}

void remove_dead_runtime_dirs(const std::string& runtime_root, const std::set<std::string>& named) {
  const UniqueFd root{open(runtime_root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!root) return;
  const auto orphaned = names_below(runtime_root, named);
  for (const auto& name : names_in(root.get())) {
    if (!name.starts_with("session-")) continue;
    const UniqueFd folder = open_folder(root.get(), name.c_str());
    struct stat status{};
    if (!folder || fstat(folder.get(), &status) != 0 || status.st_uid != geteuid()) continue;
    const auto state = host_state(folder.get());
    const bool dead = state == HostState::dead || (state == HostState::unknown && orphaned.contains(name));
    if (dead) remove_entry(root.get(), name.c_str(), 0);
  }
}

}  // namespace lumen::link
