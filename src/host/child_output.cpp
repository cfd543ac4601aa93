#include "host/child_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/fd.hpp"
#include "link/process.hpp"

namespace lumen::host {
namespace {

constexpr std::size_t kMaxOutput = 256U << 10U;

// Until the end of file; false when that does not come in time.
bool read_all(int fd, Timestamp until, std::string& text) {
  std::array<char, 4096> chunk{};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyTime{}.now()).count();
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    if (left <= 0 || poll(&ready, 1, static_cast<int>(left)) <= 0) return false;
    const auto got = read(fd, chunk.data(), chunk.size());
    if (got <= 0) return true;
    text.append(chunk.data(), std::min(static_cast<std::size_t>(got), kMaxOutput - text.size()));
  }
}

}  // namespace

Result<std::string> output_of(const std::vector<std::string>& argv, Duration limit) {
  const auto until = SteadyTime{}.now() + limit;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorCode::resource_exhausted, "child.pipe", "cannot make a pipe",
                "Raise the open file limit (ulimit -n)", errno);
  }
  const UniqueFd read_end{ends[0]};
  UniqueFd write_end{ends[1]};
  LUMEN_TRY(auto child, link::spawn({.argv = argv, .output_fd = write_end.get()}));
  write_end.reset();
  std::string text;
  const bool in_time = read_all(read_end.get(), until, text);
  if (!in_time) kill(-child.pid, SIGKILL);
  pollfd ended{.fd = child.pidfd.get(), .events = POLLIN, .revents = 0};
  poll(&ended, 1, 2000);
  const auto how = link::reap(child.pid).value_or("did not end");
  if (!in_time) {
    return fail(ErrorCode::timed_out, "child.slow",
                fmt::format("{} gave no answer within {} s", argv.front(),
                            std::chrono::duration_cast<std::chrono::seconds>(limit).count()));
  }
  if (how != "exited with status 0") {
    return fail(ErrorCode::unavailable, "child.failed", fmt::format("{} {}: {}", argv.front(), how, text));
  }
  return text;
}

}  // namespace lumen::host
