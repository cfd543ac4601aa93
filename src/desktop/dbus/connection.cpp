#include "desktop/dbus/connection.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace lumen::dbus {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLastWords = 200ms;
constexpr auto kDaemon = "org.freedesktop.DBus";

Timestamp now() { return SteadyTime{}.now(); }

std::uint64_t microseconds_until(Timestamp deadline) {
  const auto left = std::chrono::ceil<std::chrono::microseconds>(deadline - now()).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(left, 1));  // zero would mean 25 s
}

// What a service said, without surprises for a terminal.
std::string words_of(const sd_bus_error& error) {
  constexpr std::size_t kMost = 200;
  std::string words = error.message != nullptr ? error.message
                      : error.name != nullptr  ? error.name
                                               : "no reason";
  if (words.size() > kMost) words.resize(kMost);
  std::ranges::replace_if(words, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return words;
}

ErrorCode code_of(const sd_bus_error& error) {
  if (sd_bus_error_has_name(&error, SD_BUS_ERROR_NO_REPLY) > 0 ||
      sd_bus_error_has_name(&error, SD_BUS_ERROR_TIMEOUT) > 0) {
    return ErrorCode::timed_out;
  }
  if (sd_bus_error_has_name(&error, SD_BUS_ERROR_ACCESS_DENIED) > 0) return ErrorCode::denied;
  return ErrorCode::unavailable;
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const std::string& address, Timestamp deadline) {
  const auto failed = [&](int result) {
    return fail(ErrorCode::unavailable, "dbus.connect", fmt::format("D-Bus does not answer at {}", address),
                "Run Lumen within the person's session, or say where its bus is: DBUS_SESSION_BUS_ADDRESS",
                result < 0 ? -result : 0);
  };
  sd_bus* made = nullptr;
  if (const int result = sd_bus_new(&made); result < 0) return failed(result);
  std::unique_ptr<sd_bus, Unref> bus{made};
  int result = sd_bus_set_address(made, address.c_str());
  if (result >= 0) result = sd_bus_set_bus_client(made, 1);
  if (result >= 0) result = sd_bus_start(made);
  if (result < 0) return failed(result);
  std::unique_ptr<Connection> connection{new Connection{std::move(bus)}};  // the constructor is private
  const bool ready =
      connection->wait_until([&] { return sd_bus_is_ready(connection->bus_.get()) > 0; }, deadline);
  if (!ready) return failed(connection->lost_ ? -ECONNREFUSED : -ETIMEDOUT);
  return connection;
}

Connection::~Connection() {
  if (loop_ != nullptr) {
    loop_->cancel(timer_);
    if (watched_fd_ >= 0) loop_->unwatch(watched_fd_);
    loop_ = nullptr;
  }
  if (lost_ || sd_bus_is_ready(bus_.get()) <= 0) return;
  const auto deadline = now() + kLastWords;
  subscriptions_.clear();  // nobody listens any more
  wait_until([&] { return (sd_bus_get_events(bus_.get()) & POLLOUT) == 0; }, deadline);
}

Status Connection::attach(EventLoop& loop, std::function<void()> on_lost) {
  loop_ = &loop;
  on_lost_ = std::move(on_lost);
  rearm();
  if (!lost_) return {};
  return fail(ErrorCode::unavailable, "dbus.connect", "the connection to D-Bus has ended");
}

// ---- calls.

tl::unexpected<Error> Connection::unwritable() {
  return fail(ErrorCode::internal, "dbus.message", "a D-Bus message could not be written");
}

Result<MessagePtr> Connection::make_call(const Method& method) const {
  sd_bus_message* made = nullptr;
  const int result = sd_bus_message_new_method_call(bus_.get(), &made, method.destination.c_str(),
                                                    method.path.c_str(), method.interface, method.member);
  if (result < 0) {
    return fail(ErrorCode::unavailable, "dbus.message",
                fmt::format("D-Bus: {} cannot be called", method.member), {}, -result);
  }
  sd_bus_message_set_auto_start(made, 0);
  return MessagePtr{made};
}

Result<MessagePtr> Connection::call(MessagePtr message, Timestamp deadline) {
  sd_bus_error error = SD_BUS_ERROR_NULL;
  sd_bus_message* reply = nullptr;
  const int result = sd_bus_call(bus_.get(), message.get(), microseconds_until(deadline), &error, &reply);
  MessagePtr owned{reply};
  const auto code = code_of(error);
  auto words = result < 0 ? words_of(error) : std::string{};
  sd_bus_error_free(&error);
  if (loop_ != nullptr) rearm();  // signals may have come in meanwhile
  if (result >= 0) return owned;
  return fail(code, "dbus.call",
              fmt::format("{} failed: {}", sd_bus_message_get_member(message.get()), words));
}

void Connection::send(MessagePtr message) {
  sd_bus_message_set_expect_reply(message.get(), 0);
  sd_bus_send(bus_.get(), message.get(), nullptr);
  if (loop_ != nullptr) rearm();
}

Result<std::string> Connection::owner_of(const std::string& name, Timestamp deadline) {
  auto reply = call({kDaemon, "/org/freedesktop/DBus", kDaemon, "GetNameOwner"}, deadline, "s", name.c_str());
  const char* owner = nullptr;
  if (!reply || sd_bus_message_read(reply->get(), "s", &owner) < 0) {
    return fail(ErrorCode::unavailable, "dbus.absent", fmt::format("{} is not on the session's D-Bus", name));
  }
  return std::string{owner};
}

Result<MessagePtr> Connection::get_property(const Property& property, Timestamp deadline) {
  return call({property.destination, property.path, "org.freedesktop.DBus.Properties", "Get"}, deadline, "ss",
              property.interface, property.name);
}

Result<std::uint32_t> Connection::number_property(const Property& property, Timestamp deadline) {
  LUMEN_TRY(const auto reply, get_property(property, deadline));
  char type = 0;
  const char* contents = nullptr;
  std::uint32_t value = 0;
  if (sd_bus_message_peek_type(reply.get(), &type, &contents) > 0 && type == 'v' &&
      (std::string_view{contents} == "u" || std::string_view{contents} == "i") &&
      sd_bus_message_read(reply.get(), "v", contents, &value) >= 0) {
    return value;
  }
  return fail(ErrorCode::malformed, "dbus.call", fmt::format("{} is no number", property.name));
}

Result<std::string> Connection::text_property(const Property& property, Timestamp deadline) {
  LUMEN_TRY(const auto reply, get_property(property, deadline));
  const char* value = nullptr;
  if (sd_bus_message_read(reply.get(), "v", "s", &value) >= 0) return std::string{value};
  return fail(ErrorCode::malformed, "dbus.call", fmt::format("{} is no text", property.name));
}

// ---- signals.

Result<std::unique_ptr<Connection::Subscription>> Connection::make_subscription(const std::string& rule,
                                                                                OnSignal on_signal) {
  auto subscription = std::make_unique<Subscription>(Subscription{std::move(on_signal), nullptr});
  sd_bus_slot* slot = nullptr;
  const auto deliver = [](sd_bus_message* message, void* self, sd_bus_error*) {
    static_cast<Subscription*>(self)->on_signal(message);
    return 0;
  };
  const int result =
      sd_bus_add_match_async(bus_.get(), &slot, rule.c_str(), deliver, nullptr, subscription.get());
  if (result < 0) return fail(ErrorCode::unavailable, "dbus.match", "D-Bus takes no match rule", {}, -result);
  subscription->slot.reset(slot);
  return subscription;
}

Status Connection::subscribe(const std::string& rule, OnSignal on_signal) {
  LUMEN_TRY(auto subscription, make_subscription(rule, std::move(on_signal)));
  subscriptions_.push_back(std::move(subscription));
  return {};
}

Result<std::shared_ptr<void>> Connection::subscribe_for_now(const std::string& rule, OnSignal on_signal) {
  LUMEN_TRY(auto subscription, make_subscription(rule, std::move(on_signal)));
  return std::shared_ptr<void>{std::move(subscription)};
}

Status Connection::watch_owner(const std::string& name, std::function<void()> on_change) {
  return subscribe(fmt::format("type='signal',sender='{}',interface='{}',member='NameOwnerChanged',arg0='{}'",
                               kDaemon, kDaemon, name),
                   [on_change = std::move(on_change)](sd_bus_message*) { on_change(); });
}

std::string Connection::unique_name() const {
  const char* name = nullptr;
  return sd_bus_get_unique_name(bus_.get(), &name) < 0 ? std::string{} : name;
}

// ---- turns.

bool Connection::wait_until(const std::function<bool()>& done, Timestamp deadline) {
  while (!done()) {
    const int processed = sd_bus_process(bus_.get(), nullptr);
    if (processed < 0) {
      lost_ = true;
      return false;
    }
    if (processed > 0) continue;
    if (now() >= deadline || sd_bus_wait(bus_.get(), microseconds_until(deadline)) < 0) return done();
  }
  if (loop_ != nullptr) rearm();
  return true;
}

void Connection::pump() {
  int result = 1;
  while (result > 0) result = sd_bus_process(bus_.get(), nullptr);
  if (result < 0) return lose();
  rearm();
}

void Connection::rearm() {
  if (lost_) return;
  const int fd = sd_bus_get_fd(bus_.get()), events = sd_bus_get_events(bus_.get());
  if (fd < 0 || events < 0) {
    loop_->cancel(timer_);
    timer_ = loop_->call_at(now(), [this] { lose(); });  // not from inside a call
    return;
  }
  if (fd != watched_fd_ || events != watched_events_) {
    if (watched_fd_ >= 0) loop_->unwatch(watched_fd_);
    watched_fd_ = fd;
    watched_events_ = events;  // poll's bits are epoll's
    if (!loop_->watch(fd, static_cast<std::uint32_t>(events), [this](std::uint32_t) { pump(); }))
      return lose();
  }
  loop_->cancel(std::exchange(timer_, 0));
  std::uint64_t at_us = 0;
  if (sd_bus_get_timeout(bus_.get(), &at_us) < 0 || at_us == UINT64_MAX) return;
  timer_ = loop_->call_at(from_ns(static_cast<std::int64_t>(at_us) * 1000), [this] { pump(); });
}

void Connection::lose() {
  if (std::exchange(lost_, true)) return;
  loop_->cancel(std::exchange(timer_, 0));
  if (watched_fd_ >= 0) loop_->unwatch(std::exchange(watched_fd_, -1));
  if (on_lost_) on_lost_();
}

}  // namespace lumen::dbus
