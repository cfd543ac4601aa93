// sway's control socket: requests with a deadline, and the windows that come up. Hostile to nobody, but what
// comes from there is checked: at most 4 MiB a message, JSON that parses, fields of the right type.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/units.hpp"

namespace lumen::wlroots {

enum class IpcType : std::uint32_t { command = 0, subscribe = 2, outputs = 3, tree = 4, version = 7 };

struct IpcMessage {
  std::uint32_t type = 0;  // of an IpcType, or of an event: bit 31 is set
  std::string payload;
};

// Cuts the stream into messages. Nothing is kept of one that is too long.
class IpcReader {
 public:
  static constexpr std::size_t kMaxPayloadBytes = 4U << 20U;
  void add(std::string_view bytes) { buffer_.append(bytes); }
  // `ipc.malformed` when it is no such stream, or a message is too long; then the stream is lost.
  Result<std::optional<IpcMessage>> take();

 private:
  std::string buffer_;
};

struct SwayOutput {
  std::string name;
  bool active = false, focused = false;
  int x = 0, y = 0;           // logical pixels
  int width = 0, height = 0;  // pixels of its mode
  int refresh_mhz = 0;
  double scale = 1;
};

struct SwayVersion {
  int major = 0, minor = 0;
  std::string text;  // "1.7"
};

// What sway answers, as values. `ipc.malformed` for what is no such answer.
Result<std::vector<SwayOutput>> parse_outputs(std::string_view answer);
Result<SwayVersion> parse_version(std::string_view answer);
// Numbers (con_id) of the windows that are on this output.
Result<std::vector<std::int64_t>> parse_windows(std::string_view answer, std::string_view output);
// `ipc.refused`, with sway's reason, unless all of the command was done.
Status parse_verdict(std::string_view answer, std::string_view command);
// Of an event of the kind "window".
bool is_new_window(std::string_view event);

// Owner: one thread.
class SwayIpc {
 public:
  // `ipc.connect` when nobody listens there.
  static Result<SwayIpc> connect(const std::string& socket_path);

  // Each fails with `ipc.timeout`, `ipc.lost` or `ipc.malformed`; a command that sway refuses with
  // `ipc.refused`. An answer that comes after its deadline is thrown away.
  Status command(std::string_view command, Duration limit);
  Result<std::vector<SwayOutput>> outputs(Duration limit);
  Result<SwayVersion> version(Duration limit);
  Result<std::vector<std::int64_t>> windows_on(std::string_view output, Duration limit);
  // "PID START": the process at the other end, for ever.
  std::string peer() const;

 private:
  friend class SwayWindows;
  explicit SwayIpc(UniqueFd fd) : fd_{std::move(fd)} {}
  Result<std::string> ask(IpcType type, std::string_view payload, Duration limit);
  Status send(IpcType type, std::string_view payload, Timestamp deadline);
  Result<IpcMessage> receive(IpcType type, Timestamp deadline);
  Status wait(short events, Timestamp deadline) const;

  UniqueFd fd_;
  IpcReader reader_;
  int unanswered_ = 0;  // requests that were given up
};

// Tells of windows that come up, from the event loop.
class SwayWindows {
 public:
  static Result<std::unique_ptr<SwayWindows>> watch(const std::string& socket_path, EventLoop& loop,
                                                    std::function<void()> on_new_window, Duration limit);
  SwayWindows(const SwayWindows&) = delete;
  SwayWindows& operator=(const SwayWindows&) = delete;
  ~SwayWindows();

 private:
  SwayWindows(SwayIpc ipc, EventLoop& loop, std::function<void()> on_new_window);
  void on_ready();
  bool read_some();  // false: the connection is over
  void stop();

  SwayIpc ipc_;
  EventLoop& loop_;
  std::function<void()> on_new_window_;
  bool watched_ = false;
};

}  // namespace lumen::wlroots
