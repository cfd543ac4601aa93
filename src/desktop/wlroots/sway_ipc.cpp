#include "desktop/wlroots/sway_ipc.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "desktop/wayland/peer.hpp"

namespace lumen::wlroots {
namespace {

using nlohmann::json;

constexpr std::string_view kMagic = "i3-ipc";
constexpr std::size_t kHeaderBytes = 14;  // magic, length, type: in this machine's byte order
constexpr std::uint32_t kWindowEvent = 0x8000'0003U;
constexpr int kMaxUnanswered = 16, kMaxDepth = 64;
constexpr std::size_t kMaxOutputs = 64, kMaxWindows = 256;

Timestamp now() { return SteadyTime{}.now(); }

tl::unexpected<Error> malformed() {
  return fail(ErrorCode::malformed, "ipc.malformed", "sway's control socket speaks nonsense",
              "Check that SWAYSOCK is sway's");
}
tl::unexpected<Error> lost() {
  return fail(ErrorCode::unavailable, "ipc.lost", "sway closed its control socket",
              "Start the desktop again");
}

int number(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return 0;
  const auto value = found->get<double>();
  return value >= -1e9 && value <= 1e9 ? static_cast<int>(value) : 0;
}
bool flag(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}
std::string text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}
const json& part(const json& object, const char* key) {
  static const json kEmpty = json::object();
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : kEmpty;
}

SwayOutput output_from(const json& from) {
  const auto &mode = part(from, "current_mode"), &rect = part(from, "rect");
  SwayOutput output;
  output.name = text(from, "name");
  output.active = flag(from, "active");
  output.focused = flag(from, "focused");
  output.x = number(rect, "x");
  output.y = number(rect, "y");
  output.width = number(mode, "width");
  output.height = number(mode, "height");
  output.refresh_mhz = number(mode, "refresh");
  const auto scale = from.find("scale");
  if (scale != from.end() && scale->is_number() && scale->get<double>() > 0)
    output.scale = scale->get<double>();
  return output;
}

// Windows are leaves with a process.
void collect_windows(const json& node, int depth, std::vector<std::int64_t>& windows) {
  if (!node.is_object() || depth > kMaxDepth || windows.size() >= kMaxWindows) return;
  const auto id = node.find("id");
  if (node.contains("pid") && id != node.end() && id->is_number_integer()) {
    windows.push_back(id->get<std::int64_t>());
  }
  for (const char* children : {"nodes", "floating_nodes"}) {
    const auto found = node.find(children);
    if (found == node.end() || !found->is_array()) continue;
    for (const auto& child : *found) collect_windows(child, depth + 1, windows);
  }
}

}  // namespace

Status parse_verdict(std::string_view words, std::string_view command) {
  const auto answer = json::parse(words, nullptr, false);
  if (!answer.is_array()) return malformed();
  for (const auto& each : answer) {
    if (!each.is_object()) return malformed();
    if (flag(each, "success")) continue;
    return fail(ErrorCode::unsupported, "ipc.refused",
                fmt::format("sway refused \"{}\": {}", command, text(each, "error").substr(0, 200)));
  }
  return {};
}

Result<std::vector<SwayOutput>> parse_outputs(std::string_view words) {
  const auto answer = json::parse(words, nullptr, false);
  if (!answer.is_array()) return malformed();
  std::vector<SwayOutput> outputs;
  for (const auto& each : answer) {
    if (!each.is_object() || outputs.size() >= kMaxOutputs) return malformed();
    outputs.push_back(output_from(each));
  }
  return outputs;
}

Result<SwayVersion> parse_version(std::string_view words) {
  const auto answer = json::parse(words, nullptr, false);
  if (!answer.is_object()) return malformed();
  return SwayVersion{number(answer, "major"), number(answer, "minor"),
                     text(answer, "human_readable").substr(0, 60)};
}

Result<std::vector<std::int64_t>> parse_windows(std::string_view words, std::string_view output) {
  const auto answer = json::parse(words, nullptr, false);
  if (!answer.is_object()) return malformed();
  const auto children = answer.find("nodes");
  if (children == answer.end() || !children->is_array()) return malformed();
  std::vector<std::int64_t> windows;
  for (const auto& each : *children) {
    if (each.is_object() && text(each, "name") == output) collect_windows(each, 0, windows);
  }
  return windows;
}

bool is_new_window(std::string_view words) {
  const auto event = json::parse(words, nullptr, false);
  return event.is_object() && text(event, "change") == "new";
}

Result<std::optional<IpcMessage>> IpcReader::take() {
  if (buffer_.size() < kHeaderBytes) return std::optional<IpcMessage>{};
  if (!buffer_.starts_with(kMagic)) return malformed();
  std::uint32_t length = 0, type = 0;
  std::memcpy(&length, buffer_.data() + kMagic.size(), sizeof length);
  std::memcpy(&type, buffer_.data() + kMagic.size() + sizeof length, sizeof type);
  if (length > kMaxPayloadBytes) return malformed();
  if (buffer_.size() < kHeaderBytes + length) return std::optional<IpcMessage>{};
  IpcMessage message{type, buffer_.substr(kHeaderBytes, length)};
  buffer_.erase(0, kHeaderBytes + length);
  return std::optional{std::move(message)};
}

Result<SwayIpc> SwayIpc::connect(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  errno = fd ? ENAMETOOLONG : errno;
  if (fd && !socket_path.empty() && socket_path.size() < sizeof address.sun_path) {
    socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      return SwayIpc{std::move(fd)};
    }
  }
  const int error = errno;
  return fail(ErrorCode::unavailable, "ipc.connect",
              fmt::format("sway's control socket {} takes no connection", socket_path),
              "Check that sway runs and that SWAYSOCK names its socket", error);
}

Status SwayIpc::wait(short events, Timestamp deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now()).count();
    pollfd ready{.fd = fd_.get(), .events = events, .revents = 0};
    const int count = ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (count > 0) return {};
    if (count < 0 && errno == EINTR) continue;
    return fail(ErrorCode::timed_out, "ipc.timeout", "sway does not answer on its control socket",
                "Look whether the desktop hangs");
  }
}

Status SwayIpc::send(IpcType type, std::string_view payload, Timestamp deadline) {
  const auto length = static_cast<std::uint32_t>(payload.size());
  std::string message{kMagic};
  message.append(reinterpret_cast<const char*>(&length), sizeof length);
  message.append(reinterpret_cast<const char*>(&type), sizeof type);
  message.append(payload);
  std::string_view rest{message};
  while (!rest.empty()) {
    const auto sent = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      rest.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      LUMEN_CHECK_OK(wait(POLLOUT, deadline));
    } else if (errno != EINTR) {
      return lost();
    }
  }
  return {};
}

Result<IpcMessage> SwayIpc::receive(IpcType type, Timestamp deadline) {
  std::array<char, 16'384> bytes{};
  for (;;) {
    LUMEN_TRY(auto message, reader_.take());
    if (message && unanswered_ > 0) {
      --unanswered_;
      continue;
    }
    if (message && message->type != static_cast<std::uint32_t>(type)) return malformed();
    if (message) return *std::move(message);
    LUMEN_CHECK_OK(wait(POLLIN, deadline));
    const auto count = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return lost();
    if (count > 0) reader_.add({bytes.data(), static_cast<std::size_t>(count)});
  }
}

Result<std::string> SwayIpc::ask(IpcType type, std::string_view payload, Duration limit) {
  if (unanswered_ >= kMaxUnanswered) {
    return fail(ErrorCode::timed_out, "ipc.timeout", "sway has not answered for long",
                "Look whether the desktop hangs");
  }
  const auto deadline = now() + limit;
  LUMEN_CHECK_OK(send(type, payload, deadline));
  auto message = receive(type, deadline);
  if (message) return std::move(message->payload);
  if (message.error().id == "ipc.timeout") ++unanswered_;
  return tl::unexpected{std::move(message).error()};
}

Status SwayIpc::command(std::string_view command, Duration limit) {
  LUMEN_TRY(const auto answer, ask(IpcType::command, command, limit));
  return parse_verdict(answer, command);
}

Result<std::vector<SwayOutput>> SwayIpc::outputs(Duration limit) {
  LUMEN_TRY(const auto answer, ask(IpcType::outputs, {}, limit));
  return parse_outputs(answer);
}

Result<SwayVersion> SwayIpc::version(Duration limit) {
  LUMEN_TRY(const auto answer, ask(IpcType::version, {}, limit));
  return parse_version(answer);
}

Result<std::vector<std::int64_t>> SwayIpc::windows_on(std::string_view output, Duration limit) {
  LUMEN_TRY(const auto answer, ask(IpcType::tree, {}, limit));
  return parse_windows(answer, output);
}

std::string SwayIpc::peer() const { return wayland::peer_of(fd_.get()); }

// ---- windows.

Result<std::unique_ptr<SwayWindows>> SwayWindows::watch(const std::string& socket_path, EventLoop& loop,
                                                        std::function<void()> on_new_window, Duration limit) {
  LUMEN_TRY(auto ipc, SwayIpc::connect(socket_path));
  LUMEN_TRY(const auto answer, ipc.ask(IpcType::subscribe, R"(["window"])", limit));
  const auto verdict = json::parse(answer, nullptr, false);
  if (!verdict.is_object() || !flag(verdict, "success")) return malformed();
  std::unique_ptr<SwayWindows> made{new SwayWindows{std::move(ipc), loop, std::move(on_new_window)}};
  LUMEN_CHECK_OK(
      loop.watch(made->ipc_.fd_.get(), EPOLLIN, [self = made.get()](std::uint32_t) { self->on_ready(); }));
  made->watched_ = true;
  return made;
}

SwayWindows::SwayWindows(SwayIpc ipc, EventLoop& loop, std::function<void()> on_new_window)
    : ipc_{std::move(ipc)}, loop_{loop}, on_new_window_{std::move(on_new_window)} {}

SwayWindows::~SwayWindows() { stop(); }

void SwayWindows::stop() {
  if (std::exchange(watched_, false)) loop_.unwatch(ipc_.fd_.get());
}

bool SwayWindows::read_some() {
  std::array<char, 16'384> bytes{};
  const auto count = ::recv(ipc_.fd_.get(), bytes.data(), bytes.size(), 0);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  ipc_.reader_.add({bytes.data(), static_cast<std::size_t>(count)});
  return count > 0;
}

void SwayWindows::on_ready() {
  if (!read_some()) return stop();
  for (;;) {
    const auto message = ipc_.reader_.take();
    if (!message) return stop();
    if (!*message) return;
    if ((*message)->type != kWindowEvent) continue;
    if (is_new_window((*message)->payload)) on_new_window_();
  }
}

}  // namespace lumen::wlroots
