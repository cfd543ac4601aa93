// For tests: a D-Bus daemon of one's own, and an Avahi on it that is not the real one.
#pragma once

#include <spawn.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "base/event_loop.hpp"

namespace lumen::net::mdns {

// Runs the loop until `done`; false: it was never so.
inline bool run_until(EventLoop& loop, const std::function<bool()>& done,
                      Duration patience = std::chrono::seconds{20}) {
  const auto deadline = Clock::now() + patience;
  bool is_done = false;
  std::function<void()> look = [&] {
    is_done = done();
    if (is_done || Clock::now() > deadline) return loop.stop();
    loop.call_at(std::chrono::time_point_cast<Duration>(Clock::now()) + std::chrono::milliseconds{5}, look);
  };
  look();
  loop.run();
  return is_done;
}

// Everyone may own and call everything.
class TestBus {
 public:
  TestBus() {
    std::string name = (std::filesystem::temp_directory_path() / "lumen-bus-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    start();
  }
  ~TestBus() {
    stop();
    std::filesystem::remove_all(folder_);
  }
  TestBus(const TestBus&) = delete;
  TestBus& operator=(const TestBus&) = delete;

  std::string address() const { return "unix:path=" + (folder_ / "bus").string(); }

  void stop() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
    std::filesystem::remove(folder_ / "bus");
  }

 private:
  void start() {
    std::ofstream{folder_ / "bus.conf"}
        << "<busconfig><type>session</type><listen>" << address() << "</listen><auth>EXTERNAL</auth>"
        << "<policy context='default'><allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/>"
        << "<allow own='*'/></policy></busconfig>";
    const auto config = "--config-file=" + (folder_ / "bus.conf").string();
    std::array<int, 2> said{};
    if (pipe(said.data()) != 0) return;
    std::string print = "--print-address=" + std::to_string(said[1]);
    std::string program = "dbus-daemon", option = config, stay = "--nofork", quiet = "--nopidfile";
    std::array<char*, 6> arguments{program.data(), option.data(), stay.data(),
                                   quiet.data(),   print.data(),  nullptr};
    if (posix_spawnp(&pid_, program.c_str(), nullptr, nullptr, arguments.data(), environ) != 0) pid_ = -1;
    close(said[1]);
    // Its address comes once it listens; nothing comes when it cannot.
    char byte = 0;
    if (read(said[0], &byte, 1) != 1) stop();
    close(said[0]);
  }

  std::filesystem::path folder_;
  pid_t pid_ = -1;
};

// The part of org.freedesktop.Avahi that publishers use, on the test's loop.
class FakeAvahi {
 public:
  struct Service {
    std::string group, name, type, domain, host;
    std::int32_t interface = 0, protocol = 0;
    std::uint32_t flags = 0;
    std::uint16_t port = 0;
    bool is_committed = false;
  };

  FakeAvahi(EventLoop& loop, const std::string& address) : loop_{loop} {
    sd_bus_new(&bus_);
    sd_bus_set_address(bus_, address.c_str());
    sd_bus_set_bus_client(bus_, 1);
    sd_bus_start(bus_);
    sd_bus_add_fallback(bus_, nullptr, "/", on_call, this);
    sd_bus_request_name(bus_, "org.freedesktop.Avahi", 0);
    (void)loop_.watch(sd_bus_get_fd(bus_), EPOLLIN, [this](std::uint32_t) { pump(); });
    pump();
  }
  ~FakeAvahi() {
    loop_.unwatch(sd_bus_get_fd(bus_));
    sd_bus_flush_close_unref(bus_);
  }
  FakeAvahi(const FakeAvahi&) = delete;
  FakeAvahi& operator=(const FakeAvahi&) = delete;

  void set_state(std::int32_t next) {
    state = next;
    sd_bus_emit_signal(bus_, "/", "org.freedesktop.Avahi.Server", "StateChanged", "is", state, "");
    sd_bus_flush(bus_);
  }
  const Service* committed() const {
    const auto found = std::ranges::find_if(services, &Service::is_committed);
    return found == services.end() ? nullptr : &*found;
  }

  std::int32_t state = 2;
  std::vector<std::string> taken_here, taken_elsewhere;  // names: AddService says so, or the network does
  bool refuses = false;                                  // to publish
  std::vector<Service> services;
  int freed = 0;

 private:
  void pump() {
    while (sd_bus_process(bus_, nullptr) > 0) {
    }
    sd_bus_flush(bus_);
  }

  static int on_call(sd_bus_message* call, void* self, sd_bus_error* /*error*/) {
    auto& avahi = *static_cast<FakeAvahi*>(self);
    const std::string member = sd_bus_message_get_member(call), path = sd_bus_message_get_path(call);
    if (member == "GetState") return sd_bus_reply_method_return(call, "i", avahi.state);
    if (member == "EntryGroupNew") {
      return sd_bus_reply_method_return(call, "o", ("/group/" + std::to_string(++avahi.groups_)).c_str());
    }
    if (member == "AddService") return avahi.add_service(call, path);
    if (member == "Commit") return avahi.commit(call, path);
    if (member != "Free") return 0;
    ++avahi.freed;
    std::erase_if(avahi.services, [&](const Service& service) { return service.group == path; });
    return 1;
  }

  int add_service(sd_bus_message* call, const std::string& path) {
    Service service{.group = path};
    const char *name = "", *type = "", *domain = "", *host = "";
    if (sd_bus_message_read(call, "iiussssq", &service.interface, &service.protocol, &service.flags, &name,
                            &type, &domain, &host, &service.port) < 0) {
      return -EINVAL;
    }
    service.name = name;
    service.type = type;
    service.domain = domain;
    service.host = host;
    if (refuses) return reply_error(call, "org.freedesktop.Avahi.NotPermittedError");
    if (std::ranges::find(taken_here, service.name) != taken_here.end()) {
      return reply_error(call, "org.freedesktop.Avahi.CollisionError");
    }
    services.push_back(std::move(service));
    return sd_bus_reply_method_return(call, "");
  }

  static int reply_error(sd_bus_message* call, const char* name) {
    const sd_bus_error error{.name = name, .message = "so says the test", ._need_free = 0};
    return sd_bus_reply_method_error(call, &error);
  }

  int commit(sd_bus_message* call, const std::string& path) {
    const auto service = std::ranges::find(services, path, &Service::group);
    if (service == services.end()) return -EINVAL;
    sd_bus_reply_method_return(call, "");
    const bool taken = std::ranges::find(taken_elsewhere, service->name) != taken_elsewhere.end();
    service->is_committed = !taken;
    const std::int32_t established = 2, collision = 3;
    return sd_bus_emit_signal(bus_, path.c_str(), "org.freedesktop.Avahi.EntryGroup", "StateChanged", "is",
                              taken ? collision : established, "");
  }

  EventLoop& loop_;
  sd_bus* bus_ = nullptr;
  int groups_ = 0;
};

}  // namespace lumen::net::mdns
