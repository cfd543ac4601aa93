#include "desktop/portal/portal_session.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "desktop/portal/portal_answers.hpp"

namespace lumen::portal {
namespace {

using namespace std::chrono_literals;

constexpr Duration kCallWithin = 2s;
constexpr std::uint32_t kUntilRevoked = 2;  // persist_mode
constexpr std::uint32_t kCastWithTokens = 4, kRemoteWithTokens = 2;
constexpr auto kRequest = "org.freedesktop.portal.Request";
constexpr auto kSession = "org.freedesktop.portal.Session";
constexpr auto kAskBefore =
    "Answer the question on the desktop's screen, and allow it to be remembered: then it is not asked again";

Timestamp now() { return SteadyTime{}.now(); }

int append_number(sd_bus_message* message, const char* key, std::uint32_t value) {
  return sd_bus_message_append(message, "{sv}", key, "u", value);
}

int append_consent(sd_bus_message* message, const std::string& token) {
  const int result = append_number(message, "persist_mode", kUntilRevoked);
  if (result < 0 || token.empty()) return result;
  return sd_bus_message_append(message, "{sv}", "restore_token", "s", token.c_str());
}

}  // namespace

Result<Offer> read_offer(dbus::Connection& bus, Timestamp deadline) {
  Offer offer;
  const std::string daemon = "org.freedesktop.DBus", daemon_path = "/org/freedesktop/DBus",
                    path = kPortalPath;
  // It is started by whoever asks for it first.
  static_cast<void>(bus.call({daemon, daemon_path, "org.freedesktop.DBus", "StartServiceByName"}, deadline,
                             "su", kPortalName, 0U));
  LUMEN_TRY(offer.owner, bus.owner_of(kPortalName, deadline));
  const auto number = [&](const char* interface, const char* name) {
    return bus.number_property({offer.owner, path, interface, name}, deadline);
  };
  const auto sources = number(kScreenCast, "AvailableSourceTypes");
  if (!sources) {
    return fail(ErrorCode::unsupported, "portal.no-screencast",
                "this desktop's portal does not share screens",
                "Install the portal of this desktop: xdg-desktop-portal-gnome, -kde or -wlr");
  }
  offer.source_types = *sources;
  offer.cast_version = number(kScreenCast, "version").value_or(1);
  offer.cursor_modes = number(kScreenCast, "AvailableCursorModes").value_or(0);
  offer.device_types = number(kRemoteDesktop, "AvailableDeviceTypes").value_or(0);
  if (offer.device_types != 0) offer.remote_version = number(kRemoteDesktop, "version").value_or(1);
  return offer;
}

Result<std::unique_ptr<Session>> Session::start(const Params& params) {
  const auto soon = std::min(params.deadline, now() + kCallWithin);
  LUMEN_TRY(auto bus, dbus::Connection::open(params.bus_address, soon));
  std::unique_ptr<Session> session{new Session{std::move(bus)}};  // the constructor is private
  LUMEN_TRY(session->offer_, read_offer(*session->bus_, soon));
  LUMEN_CHECK_OK(session->create(soon));
  LUMEN_CHECK_OK(session->listen());
  LUMEN_CHECK_OK(session->select_devices(params));
  LUMEN_CHECK_OK(session->select_sources(params));
  LUMEN_CHECK_OK(session->begin(params));
  LUMEN_CHECK_OK(session->open_pipewire(now() + kCallWithin));
  return session;
}

Session::~Session() { stop(); }

bool Session::with_input() const { return offer_.device_types != 0; }

Result<dbus::MessagePtr> Session::ask(const Question& question, Timestamp deadline) {
  auto sender = bus_->unique_name().substr(1);
  std::ranges::replace(sender, '.', '_');
  const auto token = fmt::format("lumen{}_{}", getpid(), ++questions_);
  const auto request = fmt::format("{}/request/{}/{}", kPortalPath, sender, token);
  std::optional<Answer> answer;
  LUMEN_TRY(const auto heard,
            bus_->subscribe_for_now(
                fmt::format("type='signal',sender='{}',path='{}',interface='{}',member='Response'",
                            offer_.owner, request, kRequest),
                [&](sd_bus_message* message) {
                  std::uint32_t response = 2;
                  if (answer || sd_bus_message_read(message, "u", &response) < 0) return;
                  answer = Answer{response, dbus::MessagePtr{sd_bus_message_ref(message)}};
                }));
  const std::string path = kPortalPath;
  LUMEN_TRY(auto message, bus_->make_call({offer_.owner, path, question.interface, question.member}));
  auto* const raw = message.get();
  const bool written = (!question.before || question.before(raw) >= 0) &&
                       sd_bus_message_open_container(raw, 'a', "{sv}") >= 0 &&
                       sd_bus_message_append(raw, "{sv}", "handle_token", "s", token.c_str()) >= 0 &&
                       (!question.options || question.options(raw) >= 0) &&
                       sd_bus_message_close_container(raw) >= 0;
  if (!written) return fail(ErrorCode::internal, "dbus.message", "a D-Bus message could not be written");
  LUMEN_TRY(const auto accepted, bus_->call(std::move(message), std::min(deadline, now() + kCallWithin)));
  bus_->wait_until([&] { return answer || ended_; }, deadline);
  if (answer) return judge(question, *answer, request);
  bus_->send({offer_.owner, request, kRequest, "Close"}, "");
  if (ended_) return fail(ErrorCode::unavailable, "portal.closed", closed_why_);
  return fail(ErrorCode::timed_out, "portal.unanswered",
              fmt::format("nobody answered the desktop's question ({})", question.member), kAskBefore);
}

Result<dbus::MessagePtr> Session::judge(const Question& question, Answer& answer,
                                        const std::string& /*request*/) {
  if (answer.response == 0) return std::move(answer.message);
  if (answer.response == 1) {
    return fail(ErrorCode::denied, "portal.refused", "sharing this screen was refused on it", kAskBefore);
  }
  return fail(ErrorCode::unavailable, "portal.failed",
              fmt::format("the desktop's portal could not do it ({})", question.member),
              "Its own words are in the session's log: journalctl --user -u 'xdg-desktop-portal*'");
}

Status Session::create(Timestamp deadline) {
  const auto token = fmt::format("lumen{}", getpid());
  LUMEN_TRY(const auto results, ask({.interface = with_input() ? kRemoteDesktop : kScreenCast,
                                     .member = "CreateSession",
                                     .options =
                                         [&](sd_bus_message* message) {
                                           return sd_bus_message_append(
                                               message, "{sv}", "session_handle_token", "s", token.c_str());
                                         }},
                                    deadline));
  session_ = read_session_handle(results.get());
  if (sd_bus_object_path_is_valid(session_.c_str()) > 0) return {};
  return fail(ErrorCode::malformed, "portal.failed", "the desktop's portal names no session");
}

Status Session::select_devices(const Params& params) {
  if (!with_input()) return {};
  const auto wanted = offer_.device_types & (kKeyboard | kPointer | kTouchscreen);
  LUMEN_TRY(
      const auto done,
      ask({.interface = kRemoteDesktop,
           .member = "SelectDevices",
           .before =
               [&](sd_bus_message* message) { return sd_bus_message_append(message, "o", session_.c_str()); },
           .options =
               [&](sd_bus_message* message) {
                 const int result = append_number(message, "types", wanted);
                 if (result < 0 || offer_.remote_version < kRemoteWithTokens) return result;
                 return append_consent(message, params.restore_token);
               }},
          params.deadline));
  return {};
}

Status Session::select_sources(const Params& params) {
  const auto source = (offer_.source_types & kVirtual) != 0 ? kVirtual : kMonitor;
  auto cursor = params.pointer_drawn ? kCursorEmbedded : kCursorHidden;
  if (pointer_is_beside()) cursor = kCursorBeside;
  LUMEN_TRY(
      const auto done,
      ask({.interface = kScreenCast,
           .member = "SelectSources",
           .before =
               [&](sd_bus_message* message) { return sd_bus_message_append(message, "o", session_.c_str()); },
           .options =
               [&](sd_bus_message* message) {
                 int result = append_number(message, "types", source);
                 if (result >= 0) result = sd_bus_message_append(message, "{sv}", "multiple", "b", 0);
                 if (result >= 0 && (offer_.cursor_modes & cursor) != 0) {
                   result = append_number(message, "cursor_mode", cursor);
                 }
                 // Together with input it is the devices' consent that lasts.
                 if (result < 0 || with_input() || offer_.cast_version < kCastWithTokens) return result;
                 return append_consent(message, params.restore_token);
               }},
          params.deadline));
  return {};
}

Status Session::begin(const Params& params) {
  LUMEN_TRY(const auto results, ask({.interface = with_input() ? kRemoteDesktop : kScreenCast,
                                     .member = "Start",
                                     .before =
                                         [&](sd_bus_message* message) {
                                           return sd_bus_message_append(message, "os", session_.c_str(), "");
                                         }},
                                    params.deadline));
  if (read_start_results(results.get(), grant_)) {
    // At once: the one before is spent, whatever comes next.
    if (params.on_token) params.on_token(grant_.restore_token);
    return {};
  }
  return fail(ErrorCode::malformed, "portal.failed", "the desktop's portal shares no stream");
}

Status Session::open_pipewire(Timestamp deadline) {
  const std::string path = kPortalPath;
  LUMEN_TRY(const auto reply, bus_->call({offer_.owner, path, kScreenCast, "OpenPipeWireRemote"}, deadline,
                                         "oa{sv}", session_.c_str(), 0));
  int fd = -1;  // the message's
  if (sd_bus_message_read(reply.get(), "h", &fd) >= 0) grant_.pipewire.reset(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (grant_.pipewire) return {};
  return fail(ErrorCode::malformed, "portal.failed", "the desktop's portal opens no connection to PipeWire");
}

Status Session::listen() {
  LUMEN_CHECK_OK(
      bus_->subscribe(fmt::format("type='signal',sender='{}',path='{}',interface='{}',member='Closed'",
                                  offer_.owner, session_, kSession),
                      [this](sd_bus_message*) { close("sharing was ended on the desktop"); }));
  return bus_->watch_owner(kPortalName, [this] { close("the desktop's portal has gone"); });
}

Status Session::attach(EventLoop& loop, std::function<void(const char*)> on_closed) {
  if (ended_) return fail(ErrorCode::unavailable, "portal.closed", closed_why_);
  on_closed_ = std::move(on_closed);
  return bus_->attach(loop, [this] { close("D-Bus has gone"); });
}

void Session::close(const char* why) {
  if (std::exchange(ended_, true)) return;
  closed_why_ = why;
  if (on_closed_) on_closed_(why);
}

void Session::stop() {
  if (std::exchange(ended_, true) || session_.empty()) return;
  bus_->send({offer_.owner, session_, kSession, "Close"}, "");
}

}  // namespace lumen::portal
