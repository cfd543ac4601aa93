#include "tools/selftest/running.hpp"

#include <poll.h>
#include <signal.h>

#include <filesystem>

#include <fmt/format.h>

#include "host/host.hpp"

namespace lumen::selftest {
namespace {

using namespace std::chrono_literals;

constexpr Duration kHostStart = 10s, kStop = 5s;

}  // namespace

Result<TemporaryDir> TemporaryDir::create() {
  std::string pattern = std::filesystem::temp_directory_path() / "lumen-selftest-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) {
    return fail(ErrorCode::resource_exhausted, "selftest.temp", "cannot create a temporary folder",
                "Free some space in /tmp, or set TMPDIR", errno);
  }
  return TemporaryDir{std::move(pattern)};
}

TemporaryDir::~TemporaryDir() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

std::optional<std::string> Running::wait(Duration timeout) {
  if (ended_) return ended_;
  pollfd waiter{child_.pidfd.get(), POLLIN, 0};
  poll(&waiter, 1, static_cast<int>(timeout / 1ms));
  if (waiter.revents != 0) ended_ = link::reap(child_.pid);
  return ended_;
}

void Running::stop() {
  if (child_.pid <= 0 || wait(0s)) return;
  kill(child_.pid, SIGTERM);
  if (wait(kStop)) return;
  kill(child_.pid, SIGKILL);
  wait(kStop);
}

std::optional<nlohmann::json> status_of(const std::string& control) {
  const auto answer = host::ask_host(control, "status");
  if (!answer) return std::nullopt;
  auto parsed = nlohmann::json::parse(*answer, nullptr, false);
  if (parsed.is_discarded()) return std::nullopt;
  return parsed;
}

Status wait_for_host(Running& running, const std::string& control) {
  const auto deadline = SteadyTime{}.now() + kHostStart;
  while (SteadyTime{}.now() < deadline) {
    if (const auto how = running.wait(20ms)) {
      return fail(ErrorCode::unavailable, "selftest.host", fmt::format("lumen-host {}", *how),
                  "Its own message above says why");
    }
    if (status_of(control)) return {};
  }
  return fail(ErrorCode::timed_out, "selftest.host", "lumen-host did not come up");
}

}  // namespace lumen::selftest
