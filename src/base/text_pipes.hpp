// lumen/base: text through pipes of other programs, as clipboards hand it on: bounded in length, number and
// time, and never waited for. Owner: the event loop's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/event_loop.hpp"

namespace lumen {

// Reads one text to its end.
class TextReader {
 public:
  struct Params {
    std::size_t most_bytes = 0;
    Duration patience{};
    // Once, unless it is destroyed before: the text, or nullopt when it was too long, came too late or
    // failed. May destroy the reader.
    std::function<void(std::optional<std::string>)> on_end;
  };
  // `loop` outlives it.
  TextReader(UniqueFd from, Params params, EventLoop& loop);
  ~TextReader();
  TextReader(const TextReader&) = delete;
  TextReader& operator=(const TextReader&) = delete;

 private:
  void on_ready();
  void end(bool good);

  UniqueFd from_;
  Params params_;
  EventLoop& loop_;
  std::string text_;
  EventLoop::TimerId timer_ = 0;
};

// Writes texts to whoever asks for them. Of more than kMost at a time the further ones get nothing.
class TextWriters {
 public:
  static constexpr std::size_t kMost = 16;

  explicit TextWriters(EventLoop& loop, Duration patience = std::chrono::seconds{10})
      : loop_{loop}, patience_{patience} {}
  ~TextWriters();
  TextWriters(const TextWriters&) = delete;
  TextWriters& operator=(const TextWriters&) = delete;

  // `to`: a pipe; anything else gets nothing. `on_end`, may be empty: whether all of it was taken.
  void write(UniqueFd to, std::shared_ptr<const std::string> text, std::function<void(bool)> on_end = {});

 private:
  struct Writer {
    UniqueFd to;
    std::shared_ptr<const std::string> text;
    std::function<void(bool)> on_end;
    std::size_t written = 0;
    EventLoop::TimerId timer = 0;
  };
  void on_ready(int fd);
  void end(int fd, bool good);

  EventLoop& loop_;
  Duration patience_;
  std::map<int, Writer> writers_;
};

}  // namespace lumen
