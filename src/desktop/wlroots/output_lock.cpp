#include "desktop/wlroots/output_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace lumen::wlroots {
namespace {

constexpr std::string_view kPrefix = "HEADLESS-";
constexpr std::size_t kMaxDigits = 6;

bool holds(int fd, std::string_view text) {
  std::array<char, 128> held{};
  const auto count = ::pread(fd, held.data(), held.size(), 0);
  return count >= 0 && std::string_view{held.data(), static_cast<std::size_t>(count)} == text;
}

std::string path_of(const std::string& runtime_dir, std::string_view output) {
  return fmt::format("{}/lumen-output-{}", runtime_dir, output);
}

}  // namespace

bool is_headless_output(std::string_view name) {
  if (!name.starts_with(kPrefix)) return false;
  const auto digits = name.substr(kPrefix.size());
  return !digits.empty() && digits.size() <= kMaxDigits &&
         std::ranges::all_of(digits, [](char digit) { return digit >= '0' && digit <= '9'; });
}

std::optional<OutputLock> OutputLock::lock(const std::string& runtime_dir, std::string_view output,
                                           int flags) {
  if (!is_headless_output(output)) return std::nullopt;
  auto path = path_of(runtime_dir, output);
  UniqueFd fd{::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600)};
  if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  return OutputLock{std::move(fd), std::move(path)};
}

std::optional<OutputLock> OutputLock::take_ours(const std::string& runtime_dir, std::string_view output,
                                                std::string_view compositor) {
  auto taken = lock(runtime_dir, output, 0);
  if (!taken || !holds(taken->fd_.get(), compositor)) return std::nullopt;
  return taken;
}

bool OutputLock::is_ours(const Owner& we, std::string_view output) {
  if (!is_headless_output(output)) return false;
  const UniqueFd fd{::open(path_of(we.runtime_dir, output).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  return fd && holds(fd.get(), we.compositor);
}

std::optional<OutputLock> OutputLock::claim(const std::string& runtime_dir, std::string_view output,
                                            std::string_view compositor) {
  auto taken = lock(runtime_dir, output, O_CREAT);
  if (!taken || ::ftruncate(taken->fd_.get(), 0) != 0) return std::nullopt;
  if (::pwrite(taken->fd_.get(), compositor.data(), compositor.size(), 0) !=
      static_cast<ssize_t>(compositor.size())) {
    return std::nullopt;
  }
  return taken;
}

void OutputLock::forget() { ::unlink(path_.c_str()); }

}  // namespace lumen::wlroots
