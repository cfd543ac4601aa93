#include "worker/output_tail.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace lumen::worker {
namespace {

constexpr std::size_t kTailBytes = 2048, kLineBytes = 200;

}  // namespace

Result<std::unique_ptr<OutputTail>> OutputTail::create(EventLoop& loop) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorCode::resource_exhausted, "app.output", "cannot make a pipe",
                "Raise the open file limit (ulimit -n)", errno);
  }
  // Only our end must not block: the application expects an ordinary descriptor.
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  std::unique_ptr<OutputTail> made{new OutputTail{UniqueFd{ends[0]}, UniqueFd{ends[1]}, loop}};
  auto* self = made.get();
  LUMEN_CHECK_OK(loop.watch(self->read_.get(), EPOLLIN, [self](std::uint32_t) { self->on_ready(); }));
  return made;
}

OutputTail::~OutputTail() { loop_.unwatch(read_.get()); }

void OutputTail::on_ready() {
  std::array<char, 4096> chunk{};
  const auto got = ::read(read_.get(), chunk.data(), chunk.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    loop_.unwatch(read_.get());
    return;
  }
  tail_.append(chunk.data(), static_cast<std::size_t>(got));
  if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
}

std::string OutputTail::last_line() {
  for (int i = 0; i < 16; ++i) on_ready();  // what came just before the end
  std::string line;
  for (std::size_t end = tail_.size(); end > 0 && line.empty();) {
    const auto newline = tail_.rfind('\n', end - 1);
    const auto begin = newline == std::string::npos ? 0 : newline + 1;
    line = tail_.substr(begin, end - begin);
    end = newline == std::string::npos ? 0 : newline;
  }
  std::ranges::replace_if(line, [](unsigned char c) { return c < 0x20; }, ' ');
  return line.substr(0, kLineBytes);
}

}  // namespace lumen::worker
