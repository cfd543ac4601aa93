// lumen/desktop/portal: the conversation with xdg-desktop-portal (org.freedesktop.portal.ScreenCast and
// RemoteDesktop): what is there, the person's consent, the stream, and its end. Private to
// lumen/desktop/portal.
//
// Each question is a Request object, whose Response signal carries the answer; its path is known beforehand,
// so that it is listened to before the question is asked.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/event_loop.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"
#include "desktop/dbus/connection.hpp"

namespace lumen::portal {

inline constexpr auto kPortalName = "org.freedesktop.portal.Desktop";
inline constexpr auto kPortalPath = "/org/freedesktop/portal/desktop";
inline constexpr auto kScreenCast = "org.freedesktop.portal.ScreenCast";
inline constexpr auto kRemoteDesktop = "org.freedesktop.portal.RemoteDesktop";

// As the portal numbers them.
inline constexpr std::uint32_t kMonitor = 1, kVirtual = 4;                     // sources
inline constexpr std::uint32_t kKeyboard = 1, kPointer = 2, kTouchscreen = 4;  // devices
inline constexpr std::uint32_t kCursorHidden = 1, kCursorEmbedded = 2, kCursorBeside = 4;

// What is offered here, before anybody is asked.
struct Offer {
  std::string owner;  // unique name
  std::uint32_t cast_version = 0, source_types = 0, cursor_modes = 0;
  std::uint32_t remote_version = 0, device_types = 0;  // zero: no input
};
Result<Offer> read_offer(dbus::Connection& bus, Timestamp deadline);

// What was granted.
struct Grant {
  std::uint32_t node_id = 0;
  std::uint32_t source_type = kMonitor;
  std::uint32_t device_types = 0;
  std::uint32_t width = 0, height = 0;  // zero: not told
  std::string restore_token;            // for the next time; empty: asked again then
  UniqueFd pipewire;
};

// Owner: the event loop's thread. Thread-safe: no.
class Session {
 public:
  struct Params {
    std::string bus_address;
    std::string restore_token;
    std::function<void(const std::string&)> on_token;  // the next one, as soon as there is one
    bool pointer_drawn = false;
    Timestamp deadline;  // of all of it, the person's answer included
  };
  // Fails with `dbus.…`, `portal.refused` (the person said no), `portal.unanswered`, or `portal.…`.
  static Result<std::unique_ptr<Session>> start(const Params& params);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // `on_closed` is called once, from the loop: the person or the portal ended it.
  Status attach(EventLoop& loop, std::function<void(const char* why)> on_closed);
  void stop();  // nothing is heard of it afterwards

  Grant& grant() { return grant_; }
  // The stream tells of the pointer, and its pictures have none.
  bool pointer_is_beside() const { return (offer_.cursor_modes & kCursorBeside) != 0; }
  const Offer& offer() const { return offer_; }

  // Input: a Notify method of RemoteDesktop. No answer is waited for.
  template <class... Arguments>
  void notify(const char* member, const char* types, Arguments... arguments) {
    if (ended_ || grant_.device_types == 0) return;
    const std::string path = kPortalPath;
    auto message = bus_->make_call({offer_.owner, path, kRemoteDesktop, member});
    if (!message || sd_bus_message_append(message->get(), "oa{sv}", session_.c_str(), 0) < 0 ||
        sd_bus_message_append(message->get(), types, arguments...) < 0) {
      return;
    }
    bus_->send(*std::move(message));
  }

 private:
  // Appends what follows a method's handle_token option.
  using AppendFn = std::function<int(sd_bus_message*)>;
  struct Question {
    const char* interface;
    const char* member;
    AppendFn before = {};   // arguments in front of the options
    AppendFn options = {};  // entries of the options
  };
  struct Answer {
    std::uint32_t response = 0;  // 0: yes, 1: the person said no, 2: otherwise
    dbus::MessagePtr message;    // at its results
  };

  explicit Session(std::unique_ptr<dbus::Connection> bus) : bus_{std::move(bus)} {}
  Result<dbus::MessagePtr> ask(const Question& question, Timestamp deadline);
  Result<dbus::MessagePtr> judge(const Question& question, Answer& answer, const std::string& request);
  Status create(Timestamp deadline);
  Status select_devices(const Params& params);
  Status select_sources(const Params& params);
  Status begin(const Params& params);
  Status open_pipewire(Timestamp deadline);
  Status listen();
  void close(const char* why);
  bool with_input() const;

  std::unique_ptr<dbus::Connection> bus_;
  Offer offer_;
  Grant grant_;
  std::string session_;  // path
  unsigned questions_ = 0;
  bool ended_ = false;
  const char* closed_why_ = "";
  std::function<void(const char*)> on_closed_;
};

}  // namespace lumen::portal
