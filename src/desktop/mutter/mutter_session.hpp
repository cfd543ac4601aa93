// lumen/desktop/mutter: a virtual monitor of Mutter's and the right to type on it, asked for over D-Bus
// (org.gnome.Mutter.RemoteDesktop and org.gnome.Mutter.ScreenCast). Private to lumen/desktop/mutter.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/result.hpp"
#include "desktop/dbus/connection.hpp"

namespace lumen::mutter {

inline constexpr auto kRemoteDesktopName = "org.gnome.Mutter.RemoteDesktop";
inline constexpr auto kScreenCastName = "org.gnome.Mutter.ScreenCast";
inline constexpr auto kRemoteDesktopPath = "/org/gnome/Mutter/RemoteDesktop";
inline constexpr auto kScreenCastPath = "/org/gnome/Mutter/ScreenCast";

// What Mutter's SupportedDeviceTypes says.
inline constexpr std::uint32_t kKeyboard = 1, kPointer = 2, kTouchscreen = 4;

// Owner: the event loop's thread. Thread-safe: no.
class Session {
 public:
  struct Params {
    std::string bus_address;
    bool pointer_drawn = false;  // into the picture
    Timestamp deadline;
  };
  // Makes the monitor: it exists from here until the session ends, with the size of who looks at node_id().
  // Fails with `dbus.…` or `mutter.…`.
  static Result<std::unique_ptr<Session>> start(const Params& params);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // `on_closed` is called once, from the loop: Mutter ended it, or is gone, or its bus is.
  Status attach(EventLoop& loop, std::function<void(const char* why)> on_closed);
  // Ends it now; nothing is heard of it afterwards.
  void stop();

  std::uint32_t node_id() const { return node_id_; }
  std::uint32_t device_types() const { return device_types_; }
  const std::string& stream() const { return stream_path_; }  // what absolute positions refer to

  // Input: a method of the RemoteDesktop session; no answer is waited for.
  template <class... Arguments>
  void notify(const char* member, const char* types, Arguments... arguments) {
    if (ended_) return;
    bus_->send({remote_owner_, remote_path_, "org.gnome.Mutter.RemoteDesktop.Session", member}, types,
               arguments...);
  }

  // The same, and waits for the answer.
  template <class... Arguments>
  Result<dbus::MessagePtr> call(const char* member, Timestamp deadline, const char* types,
                                Arguments... arguments) {
    if (ended_) return fail(ErrorCode::unavailable, "mutter.closed", "the session is over");
    return bus_->call({remote_owner_, remote_path_, "org.gnome.Mutter.RemoteDesktop.Session", member},
                      deadline, types, arguments...);
  }
  // A signal of the RemoteDesktop session, for as long as what is returned lives, at most as long as this.
  Result<std::shared_ptr<void>> hear(const char* member, dbus::OnSignal on_signal);
  // Handles what has come already.
  void let_in();

 private:
  explicit Session(std::unique_ptr<dbus::Connection> bus) : bus_{std::move(bus)} {}
  Status find_services(Timestamp deadline);
  Status make_sessions(Timestamp deadline);
  Status record(bool pointer_drawn, Timestamp deadline);
  Status listen();
  void close(const char* why);

  std::unique_ptr<dbus::Connection> bus_;
  std::string remote_owner_, cast_owner_;  // unique names
  std::string remote_path_, cast_path_, stream_path_;
  std::uint32_t device_types_ = 0, node_id_ = 0;
  bool has_node_ = false, ended_ = false;
  const char* closed_early_ = nullptr;
  std::function<void(const char*)> on_closed_;
};

}  // namespace lumen::mutter
