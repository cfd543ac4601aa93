#include "desktop/mutter/mutter_session.hpp"

#include <utility>

#include <fmt/format.h>

namespace lumen::mutter {
namespace {

constexpr auto kCastSession = "org.gnome.Mutter.ScreenCast.Session";
constexpr auto kRemoteSession = "org.gnome.Mutter.RemoteDesktop.Session";
// ScreenCast's cursor-mode. There is a third, the pointer beside the picture: Mutter 43 then tells each of
// its motions in a buffer without a picture, and where that follows a picture at once, PipeWire drops the
// picture.
constexpr std::uint32_t kCursorHidden = 0, kCursorEmbedded = 1;
constexpr auto kStopWithin = std::chrono::seconds{1};

Timestamp now() { return SteadyTime{}.now(); }

Result<std::string> read_path(const dbus::MessagePtr& reply) {
  const char* path = nullptr;
  if (sd_bus_message_read(reply.get(), "o", &path) >= 0) return std::string{path};
  return fail(ErrorCode::malformed, "mutter.reply", "Mutter names no object");
}

std::string rule(const std::string& sender, const std::string& path, const char* member) {
  return fmt::format("type='signal',sender='{}',path='{}',member='{}'", sender, path, member);
}

}  // namespace

Result<std::unique_ptr<Session>> Session::start(const Params& params) {
  const auto deadline = params.deadline;
  LUMEN_TRY(auto bus, dbus::Connection::open(params.bus_address, deadline));
  std::unique_ptr<Session> session{new Session{std::move(bus)}};  // the constructor is private
  LUMEN_CHECK_OK(session->find_services(deadline));
  LUMEN_CHECK_OK(session->make_sessions(deadline));
  LUMEN_CHECK_OK(session->record(params.pointer_drawn, deadline));
  return session;
}

Session::~Session() { stop(); }

Status Session::find_services(Timestamp deadline) {
  LUMEN_TRY(remote_owner_, bus_->owner_of(kRemoteDesktopName, deadline));
  LUMEN_TRY(cast_owner_, bus_->owner_of(kScreenCastName, deadline));
  LUMEN_TRY(device_types_,
            bus_->number_property(
                {remote_owner_, kRemoteDesktopPath, kRemoteDesktopName, "SupportedDeviceTypes"}, deadline));
  return {};
}

Status Session::make_sessions(Timestamp deadline) {
  LUMEN_TRY(
      const auto remote,
      bus_->call({remote_owner_, kRemoteDesktopPath, kRemoteDesktopName, "CreateSession"}, deadline, ""));
  LUMEN_TRY(remote_path_, read_path(remote));
  LUMEN_TRY(const auto id,
            bus_->text_property({remote_owner_, remote_path_, kRemoteSession, "SessionId"}, deadline));
  LUMEN_TRY(const auto cast, bus_->call({cast_owner_, kScreenCastPath, kScreenCastName, "CreateSession"},
                                        deadline, "a{sv}", 1, "remote-desktop-session-id", "s", id.c_str()));
  LUMEN_TRY(cast_path_, read_path(cast));
  return {};
}

Status Session::record(bool pointer_drawn, Timestamp deadline) {
  const auto cursor = pointer_drawn ? kCursorEmbedded : kCursorHidden;
  LUMEN_TRY(const auto stream, bus_->call({cast_owner_, cast_path_, kCastSession, "RecordVirtual"}, deadline,
                                          "a{sv}", 1, "cursor-mode", "u", cursor));
  LUMEN_TRY(stream_path_, read_path(stream));
  LUMEN_CHECK_OK(listen());
  LUMEN_TRY(const auto started,
            bus_->call({remote_owner_, remote_path_, kRemoteSession, "Start"}, deadline, ""));
  bus_->wait_until([this] { return has_node_ || closed_early_ != nullptr; }, deadline);
  if (has_node_) return {};
  return fail(ErrorCode::unavailable, "mutter.no-stream",
              closed_early_ != nullptr ? closed_early_ : "Mutter did not share the virtual monitor in time",
              "See that PipeWire runs in the session: systemctl --user start pipewire wireplumber");
}

Result<std::shared_ptr<void>> Session::hear(const char* member, dbus::OnSignal on_signal) {
  return bus_->subscribe_for_now(rule(remote_owner_, remote_path_, member), std::move(on_signal));
}

void Session::let_in() {
  bus_->wait_until([] { return false; }, now());
}

Status Session::listen() {
  LUMEN_CHECK_OK(bus_->subscribe(
      rule(cast_owner_, stream_path_, "PipeWireStreamAdded"),
      [this](sd_bus_message* message) { has_node_ = sd_bus_message_read(message, "u", &node_id_) >= 0; }));
  const auto ended = [this](sd_bus_message*) { close("GNOME ended the session"); };
  LUMEN_CHECK_OK(bus_->subscribe(rule(remote_owner_, remote_path_, "Closed"), ended));
  LUMEN_CHECK_OK(bus_->subscribe(rule(cast_owner_, cast_path_, "Closed"), ended));
  return bus_->watch_owner(kScreenCastName, [this] { close("Mutter has gone"); });
}

Status Session::attach(EventLoop& loop, std::function<void(const char*)> on_closed) {
  if (ended_) return fail(ErrorCode::unavailable, "mutter.closed", closed_early_);
  on_closed_ = std::move(on_closed);
  return bus_->attach(loop, [this] { close("D-Bus has gone"); });
}

void Session::close(const char* why) {
  if (std::exchange(ended_, true)) return;
  closed_early_ = why;
  if (on_closed_) on_closed_(why);
}

// Waits for it: the monitor is gone when this returns.
void Session::stop() {
  if (std::exchange(ended_, true) || remote_path_.empty()) return;
  static_cast<void>(
      bus_->call({remote_owner_, remote_path_, kRemoteSession, "Stop"}, now() + kStopWithin, ""));
}

}  // namespace lumen::mutter
