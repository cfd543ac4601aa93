// lumen/net/mdns, internal: publishes a service by the Avahi daemon, over D-Bus (org.freedesktop.Avahi).
// Waits for the daemon where there is none, never starts it. Owner: the loop's thread.
//
// One call at a time: GetState, EntryGroupNew, AddService, Commit; then the group's StateChanged tells
// whether the name is taken. Whenever something changes, the group is freed and all begins again.
#pragma once

#include <systemd/sd-bus.h>

#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/log.hpp"

namespace lumen::net::mdns {

class AvahiPublisher {
 public:
  struct Params {
    std::string name, type;  // type: "_nvstream._tcp"
    std::uint16_t port = 0;
    std::string bus_address;  // empty: the system bus
    // Whether the daemon takes care of the service. Called for each change and once within two seconds, never
    // from the constructor; may not destroy this.
    std::function<void(bool)> on_change;
  };
  AvahiPublisher(Params params, EventLoop& loop, Logger& log);
  ~AvahiPublisher();  // withdraws the service
  AvahiPublisher(const AvahiPublisher&) = delete;
  AvahiPublisher& operator=(const AvahiPublisher&) = delete;

  // Empty until it is established.
  std::string published_name() const { return established_ ? name_ : std::string{}; }

 private:
  struct BusClose {
    void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }
  };
  struct SlotFree {
    void operator()(sd_bus_slot* slot) const { sd_bus_slot_unref(slot); }
  };
  using Reply = void (AvahiPublisher::*)(sd_bus_message*);
  struct Method {
    std::string path;
    const char *interface, *member;
  };

  void connect();
  bool open();
  void disconnect();
  void pump();
  void watch();
  void tell(bool taken_care_of);

  // `reply` nullptr: none is wanted.
  template <class... Arguments>
  void call(const Method& method, Reply reply, const char* types, Arguments... arguments);
  void ask_for_owner();
  void on_owner(sd_bus_message* reply);
  void on_server_state(std::int32_t state);
  void begin();
  void on_group(sd_bus_message* reply);
  void on_added(sd_bus_message* reply);
  void on_committed(sd_bus_message* reply);
  void on_group_state(std::int32_t state);
  void take_next_name();
  void free_group();
  void give_up(sd_bus_message* reply, const char* what);

  static int on_reply(sd_bus_message* message, void* self, sd_bus_error* error);
  static int on_owner_changed(sd_bus_message* message, void* self, sd_bus_error* error);
  static int on_state_signal(sd_bus_message* message, void* self, sd_bus_error* error);

  Params params_;
  EventLoop& loop_;
  Logger& log_;
  std::unique_ptr<sd_bus, BusClose> bus_;
  std::unique_ptr<sd_bus_slot, SlotFree> call_;
  Reply reply_ = nullptr;
  std::string name_, group_;  // group_: its object path
  unsigned number_ = 1;
  bool established_ = false, told_ = false, taken_care_of_ = false;
  int watched_fd_ = -1, watched_events_ = 0;
  EventLoop::TimerId bus_timer_ = 0, connect_timer_ = 0, patience_timer_ = 0;
};

}  // namespace lumen::net::mdns
