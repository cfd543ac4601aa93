// Shared by the tests that start real processes.
#pragma once

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <string>

#include "base/fd.hpp"
#include "link/proc_table.hpp"
#include "link/process.hpp"

namespace lumen::link {

inline bool wait_readable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, 10'000) == 1;
}

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) abort();
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
  // Everything until all writers are closed.
  std::string read_all() {
    writer.reset();
    std::string text;
    std::array<char, 512> chunk{};
    while (wait_readable(reader.get())) {
      const auto got = read(reader.get(), chunk.data(), chunk.size());
      if (got <= 0) break;
      text.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return text;
  }
  // One line, without its end.
  std::string read_line() {
    std::string text;
    for (char next = 0; wait_readable(reader.get()) && read(reader.get(), &next, 1) == 1 && next != '\n';)
      text += next;
    return text;
  }
  UniqueFd reader, writer;
};

// A folder of its own, removed at the end.
class TempDir {
 public:
  TempDir() {
    std::string name = "/tmp/lumen-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) abort();
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A forked copy of the test, for what must happen in another process. `body` runs there, then it waits to
// die.
class ForkedHost {
 public:
  explicit ForkedHost(const std::function<void()>& body) {
    Pipe ready;
    pid_ = fork();
    if (pid_ == 0) {
      body();
      ready.writer.reset();
      for (;;) pause();
    }
    ready.read_all();
  }
  ~ForkedHost() { kill_now(); }
  ForkedHost(const ForkedHost&) = delete;
  ForkedHost& operator=(const ForkedHost&) = delete;
  pid_t pid() const { return pid_; }
  void kill_now() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

}  // namespace lumen::link
