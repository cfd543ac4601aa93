#include "host/encoder_probe.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "link/text.hpp"

namespace lumen::host {
namespace {

constexpr std::size_t kLongestLine = 1024, kMostMeasurements = 16;  // of a program that may have gone mad

}  // namespace

Result<std::unique_ptr<EncoderProbe>> EncoderProbe::start(const EncoderProbeParams& params, EventLoop& loop,
                                                          Done done) {
  std::unique_ptr<EncoderProbe> probe{new EncoderProbe{loop, std::move(done)}};
  LUMEN_CHECK_OK(probe->launch(params));
  return probe;
}

EncoderProbe::~EncoderProbe() { end_child(); }

Status EncoderProbe::launch(const EncoderProbeParams& params) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorCode::resource_exhausted, "probe.pipe", "cannot make a pipe",
                "Raise the open file limit (ulimit -n)", errno);
  }
  output_.reset(ends[0]);
  const UniqueFd write_end{ends[1]};
  // Only our end must not block: the program expects an ordinary descriptor.
  fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  std::vector<std::string> argv{params.program, "--probe"};
  if (!params.preset.empty()) argv.push_back(params.preset);
  LUMEN_TRY(child_, link::spawn({.argv = std::move(argv), .output_fd = write_end.get()}));
  deadline_ = loop_.call_at(SteadyTime{}.now() + params.timeout, [this] { finish(); });
  return loop_.watch(output_.get(), EPOLLIN, [this](std::uint32_t) { on_output(); });
}

// The end of the output is the end of the program, or as good.
void EncoderProbe::on_output() {
  std::array<char, 4096> chunk{};
  const auto got = ::read(output_.get(), chunk.data(), chunk.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    finish();
    return;
  }
  unread_.append(chunk.data(), static_cast<std::size_t>(got));
  take_lines();
}

void EncoderProbe::take_lines() {
  std::size_t begin = 0;
  for (auto end = unread_.find('\n'); end != std::string::npos; end = unread_.find('\n', begin)) {
    auto measurement = parse_measurement(std::string_view{unread_}.substr(begin, end - begin));
    begin = end + 1;
    if (!measurement || measurements_.size() == kMostMeasurements) continue;
    measurement->text = link::printable(measurement->text);
    measurements_.push_back(std::move(*measurement));
  }
  unread_.erase(0, begin);
  if (unread_.size() > kLongestLine) unread_.clear();
}

void EncoderProbe::finish() {
  end_child();
  if (auto done = std::exchange(done_, nullptr)) done(std::move(measurements_));
}

void EncoderProbe::end_child() {
  loop_.cancel(std::exchange(deadline_, 0));
  if (output_) loop_.unwatch(output_.get());
  output_.reset();
  const pid_t pid = std::exchange(child_.pid, -1);
  if (pid < 0) return;
  kill(-pid, SIGKILL);  // its whole group; it is its leader
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace lumen::host
