// lumen/desktop/dbus: a connection to a person's D-Bus: calls that end in time, signals, and services that go
// away, on an event loop. Over sd-bus, which works without systemd.
#pragma once

#include <systemd/sd-bus.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.hpp"
#include "base/result.hpp"
#include "base/units.hpp"

namespace lumen::dbus {

struct Unref {
  void operator()(sd_bus* bus) const noexcept { sd_bus_close_unref(bus); }
  void operator()(sd_bus_message* message) const noexcept { sd_bus_message_unref(message); }
  void operator()(sd_bus_slot* slot) const noexcept { sd_bus_slot_unref(slot); }
};
using MessagePtr = std::unique_ptr<sd_bus_message, Unref>;

struct Method {
  const std::string& destination;
  const std::string& path;
  const char* interface;
  const char* member;
};

struct Property {
  const std::string& destination;
  const std::string& path;
  const char* interface;
  const char* name;
};

// Called for each signal; it may do anything but destroy the connection.
using OnSignal = std::function<void(sd_bus_message*)>;

// Owner: the event loop's thread. Thread-safe: no.
class Connection {
 public:
  // Connects and says hello, until `deadline`. Fails with `dbus.connect`. `on_lost` is called once, from the
  // loop: the bus is gone.
  static Result<std::unique_ptr<Connection>> open(const std::string& address, Timestamp deadline);
  ~Connection();  // what was sent goes out, within 200 ms
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Serves signals on `loop` from now on, which must outlive this. `on_lost` is called once, when the bus is
  // gone; it may not destroy the connection.
  Status attach(EventLoop& loop, std::function<void()> on_lost);

  // A call to be filled and handed to call() or send(); never null while memory lasts.
  Result<MessagePtr> make_call(const Method& method) const;
  // Waits for the answer. Fails with `dbus.call`; the service's own words are in `what`.
  Result<MessagePtr> call(MessagePtr message, Timestamp deadline);
  // Sends, and wants no answer. Queued where the bus is slow; dropped when it has read nothing for long.
  void send(MessagePtr message);

  template <class... Arguments>
  Result<MessagePtr> call(const Method& method, Timestamp deadline, const char* types,
                          Arguments... arguments) {
    LUMEN_TRY(auto message, make_call(method));
    if (sd_bus_message_append(message.get(), types, arguments...) < 0) return unwritable();
    return call(std::move(message), deadline);
  }
  template <class... Arguments>
  void send(const Method& method, const char* types, Arguments... arguments) {
    auto message = make_call(method);
    if (message && sd_bus_message_append(message->get(), types, arguments...) >= 0) send(*std::move(message));
  }

  // Unique name of who owns `name`. Fails with `dbus.absent`. Starts nothing.
  Result<std::string> owner_of(const std::string& name, Timestamp deadline);
  // A property of an object that is a number of 32 bits, or a text. Fail with `dbus.call`.
  Result<std::uint32_t> number_property(const Property& property, Timestamp deadline);
  Result<std::string> text_property(const Property& property, Timestamp deadline);
  // `rule` is a match rule of D-Bus. Heard for as long as the connection lives.
  Status subscribe(const std::string& rule, OnSignal on_signal);
  // The same, for as long as what is returned lives; that must not be longer than the connection.
  Result<std::shared_ptr<void>> subscribe_for_now(const std::string& rule, OnSignal on_signal);
  // `name` has no owner any more, or another.
  Status watch_owner(const std::string& name, std::function<void()> on_change);
  // Handles what comes in until `done`; false at `deadline` or when the bus is gone.
  bool wait_until(const std::function<bool()>& done, Timestamp deadline);
  // This connection's own name: ":1.42".
  std::string unique_name() const;

 private:
  struct Subscription {
    OnSignal on_signal;
    std::unique_ptr<sd_bus_slot, Unref> slot;
  };
  explicit Connection(std::unique_ptr<sd_bus, Unref> bus) : bus_{std::move(bus)} {}
  static tl::unexpected<Error> unwritable();
  Result<MessagePtr> get_property(const Property& property, Timestamp deadline);
  Result<std::unique_ptr<Subscription>> make_subscription(const std::string& rule, OnSignal on_signal);
  void pump();
  void rearm();
  void lose();

  std::unique_ptr<sd_bus, Unref> bus_;
  std::vector<std::unique_ptr<Subscription>> subscriptions_;
  EventLoop* loop_ = nullptr;
  std::function<void()> on_lost_;
  int watched_fd_ = -1, watched_events_ = 0;
  EventLoop::TimerId timer_ = 0;
  bool lost_ = false;
};

}  // namespace lumen::dbus
