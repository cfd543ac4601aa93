#include "base/text_pipes.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace lumen {
namespace {

Timestamp now() { return SteadyTime{}.now(); }

// write(2) to a pipe that nobody reads kills the process, unless its signal is kept from this thread
// meanwhile.
ssize_t write_quietly(int fd, const char* bytes, std::size_t size) {
  const timespec at_once{};
  sigset_t pipe, before;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, &before);
  const auto written = ::write(fd, bytes, size);
  const int error = errno;
  if (sigismember(&before, SIGPIPE) == 0) {
    while (sigtimedwait(&pipe, nullptr, &at_once) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  errno = error;
  return written;
}

// Whoever gave us a pipe shares its flags, and could make it block again: one opened anew has its own.
UniqueFd reopen_pipe(const UniqueFd& fd, int flags) {
  struct stat what{};
  if (::fstat(fd.get(), &what) != 0 || !S_ISFIFO(what.st_mode)) return {};
  return UniqueFd{::open(fmt::format("/proc/self/fd/{}", fd.get()).c_str(), flags | O_NONBLOCK | O_CLOEXEC)};
}

bool must_wait() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

TextReader::TextReader(UniqueFd from, Params params, EventLoop& loop)
    : from_{std::move(from)}, params_{std::move(params)}, loop_{loop} {
  const bool watched = ::fcntl(from_.get(), F_SETFL, O_NONBLOCK) == 0 &&
                       loop_.watch(from_.get(), EPOLLIN, [this](std::uint32_t) { on_ready(); }).has_value();
  // Never from inside the constructor.
  timer_ = loop_.call_at(watched ? now() + params_.patience : now(), [this] { end(false); });
}

TextReader::~TextReader() {
  loop_.cancel(timer_);
  if (from_) loop_.unwatch(from_.get());
}

void TextReader::on_ready() {
  std::array<char, 65536> bytes;
  const auto count = ::read(from_.get(), bytes.data(), bytes.size());
  if (count < 0 && must_wait()) return;
  if (count > 0) text_.append(bytes.data(), static_cast<std::size_t>(count));
  if (count <= 0 || text_.size() > params_.most_bytes) end(count == 0);
}

void TextReader::end(bool good) {
  loop_.cancel(timer_);
  loop_.unwatch(from_.get());
  from_.reset();
  const auto on_end = std::exchange(params_.on_end, {});
  auto text = good ? std::optional{std::move(text_)} : std::nullopt;
  on_end(std::move(text));
}

TextWriters::~TextWriters() {
  for (const auto& [fd, writer] : writers_) {
    loop_.cancel(writer.timer);
    loop_.unwatch(fd);
  }
}

void TextWriters::write(UniqueFd to, std::shared_ptr<const std::string> text,
                        std::function<void(bool)> on_end) {
  to = writers_.size() < kMost ? reopen_pipe(to, O_WRONLY) : UniqueFd{};
  const int fd = to.get();
  const bool watched =
      fd >= 0 && loop_.watch(fd, EPOLLOUT, [this, fd](std::uint32_t) { on_ready(fd); }).has_value();
  if (!watched) {
    to.reset();
    if (on_end) on_end(false);
    return;
  }
  const auto timer = loop_.call_at(now() + patience_, [this, fd] { end(fd, false); });
  writers_.emplace(fd, Writer{std::move(to), std::move(text), std::move(on_end), 0, timer});
}

void TextWriters::on_ready(int fd) {
  auto& writer = writers_.at(fd);
  const auto left = std::string_view{*writer.text}.substr(writer.written);
  const auto count = left.empty() ? 0 : write_quietly(fd, left.data(), left.size());
  if (count < 0 && must_wait()) return;
  if (count > 0) writer.written += static_cast<std::size_t>(count);
  if (count < 0 || writer.written == writer.text->size()) end(fd, count >= 0);
}

void TextWriters::end(int fd, bool good) {
  const auto found = writers_.find(fd);
  loop_.cancel(found->second.timer);
  loop_.unwatch(fd);
  const auto on_end = std::move(found->second.on_end);
  writers_.erase(found);
  if (on_end) on_end(good);
}

}  // namespace lumen
