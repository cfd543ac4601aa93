#include "base/runtime_dir.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <filesystem>

#include <fmt/format.h>

#include "base/fd.hpp"

namespace lumen {
namespace {

Status write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return fail(ErrorCode::resource_exhausted, "file.write", "cannot write", "Free some disk space", errno);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status replace_file(const std::string& path, std::string_view text, bool durable) {
  struct stat info{};
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
    const UniqueFd device{
        open(path.c_str(), O_WRONLY | O_CLOEXEC)};  // a pipe or a device: not to be replaced
    if (device) return write_all(device.get(), text);
  }
  const auto temporary = fmt::format("{}.{}.part", path, getpid());
  unlink(temporary.c_str());
  const UniqueFd fd{open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!fd) {
    return fail(errno == EACCES ? ErrorCode::denied : ErrorCode::unavailable, "file.create",
                fmt::format("cannot create {}", path), "Choose a folder that you can write to", errno);
  }
  auto done = write_all(fd.get(), text);
  if (done && durable && fsync(fd.get()) != 0)
    done = fail(ErrorCode::unavailable, "file.sync", fmt::format("cannot write {}", path),
                "Look whether the disk is full or failing", errno);
  if (done && rename(temporary.c_str(), path.c_str()) != 0) {
    done = fail(ErrorCode::unavailable, "file.rename", fmt::format("cannot write {}", path),
                "Choose a folder that you can write to", errno);
  }
  if (!done) {
    unlink(temporary.c_str());
    done.error().what = fmt::format("cannot write {}", path);
  }
  return done;
}

}  // namespace

std::string runtime_root() {
  // Read once at start-up by each program, before it has threads.
  const char* base = std::getenv("XDG_RUNTIME_DIR");  // NOLINT(concurrency-mt-unsafe)
  struct stat info{};
  if (base != nullptr && base[0] == '/' && stat(base, &info) == 0 && info.st_uid == geteuid()) {
    return std::string{base} + "/lumen";
  }
  return fmt::format("/tmp/lumen-{}", geteuid());
}

Status ensure_private_dir(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(errno == EACCES ? ErrorCode::denied : ErrorCode::unavailable, "runtime.create",
                fmt::format("cannot create {}", path),
                "Set XDG_RUNTIME_DIR to a folder that you can write to", errno);
  }
  struct stat info{};
  if (lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != geteuid() ||
      (info.st_mode & 077U) != 0) {
    return fail(ErrorCode::denied, "runtime.unsafe", fmt::format("{} is not a private folder of yours", path),
                fmt::format("Remove it, or run: chmod 700 {}", path));
  }
  return {};
}

Status write_private_file(const std::string& path, std::string_view text) {
  return replace_file(path, text, false);
}

namespace {

// Those that are missing, private like what is in them: one of them may be a state folder itself.
void make_parents(const std::filesystem::path& folder) {
  std::error_code ignored;
  const auto parent = folder.parent_path();
  if (parent.empty() || std::filesystem::exists(parent, ignored)) return;
  make_parents(parent);
  mkdir(parent.c_str(), 0700);
}

}  // namespace

Status write_state_file(const std::string& path, std::string_view text) {
  const auto folder = std::filesystem::path{path}.parent_path();
  make_parents(folder);
  LUMEN_CHECK_OK(ensure_private_dir(folder.string()));
  LUMEN_CHECK_OK(replace_file(path, text, true));
  const UniqueFd directory{open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory || fsync(directory.get()) != 0)
    return fail(ErrorCode::unavailable, "file.sync", fmt::format("cannot write {}", path),
                "Look whether the disk is full or failing", errno);
  return {};
}

Status check_private_file(const std::string& path) {
  struct stat info{};
  if (lstat(path.c_str(), &info) != 0) return {};  // reading it says what is wrong
  if (S_ISREG(info.st_mode) && info.st_uid == geteuid() && (info.st_mode & 077U) == 0) return {};
  return fail(ErrorCode::denied, "file.not-private", fmt::format("{} is not a private file of yours", path),
              fmt::format("If you trust it: chown $USER {0}; chmod 600 {0}", path));
}

Result<std::string> read_small_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) {
    return fail(errno == EACCES ? ErrorCode::denied : ErrorCode::unavailable, "file.read",
                fmt::format("cannot read {}", path), {}, errno);
  }
  std::string text(limit + 1, '\0');
  std::size_t used = 0;
  while (used < text.size()) {
    const auto got = ::read(fd.get(), text.data() + used, text.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return fail(ErrorCode::unavailable, "file.read", fmt::format("cannot read {}", path), {}, errno);
    }
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  if (used > limit) {
    return fail(ErrorCode::malformed, "file.too-large",
                fmt::format("{} is larger than {} bytes", path, limit));
  }
  text.resize(used);
  return text;
}

}  // namespace lumen
