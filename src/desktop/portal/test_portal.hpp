// Tests only: a portal that answers as it is told, and a screen that it shares; on a thread of their own,
// since who asks them waits.
#pragma once

#include <systemd/sd-bus.h>

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/event_loop.hpp"
#include "base/mutex.hpp"
#include "desktop/testing/test_picture_source.hpp"

namespace lumen::portal {

struct FakeParams {
  std::string bus_address, pipewire_socket;
  std::uint32_t cast_version = 4, source_types = 1, cursor_modes = 7;
  std::uint32_t device_types = 7, remote_version = 2;
  std::uint32_t response = 0;  // to Start
  bool answers = true;         // Start is answered at all
  bool dies_at_start = false;  // it goes away then
  std::uint32_t granted_devices = 7;
};

class FakePortal {
 public:
  explicit FakePortal(FakeParams params);
  ~FakePortal();
  FakePortal(const FakePortal&) = delete;
  FakePortal& operator=(const FakePortal&) = delete;

  // What it was asked, as "Member key=value …"; input as "Notify… numbers".
  std::vector<std::string> asked() const LUMEN_EXCLUDES(mutex_);
  bool was_asked(const std::string& start) const;
  void push(std::uint32_t seed);  // a picture of the screen
  void push_pointer(std::uint32_t seed, const desktop_test::SourcePush::Pointer& pointer);
  void end_session();  // as the person does
  void die();

 private:
  void open_bus();
  void close_bus();
  void pump();
  int handle(sd_bus_message* call);
  int handle_get(sd_bus_message* call);
  int handle_request(sd_bus_message* call, const std::string& member);
  int open_pipewire(sd_bus_message* call);
  void respond(const std::string& request, const std::string& member, std::uint32_t response);
  void append_results(sd_bus_message* signal, const std::string& member);
  void note(std::string what) LUMEN_EXCLUDES(mutex_);

  const FakeParams params_;
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  sd_bus* bus_ = nullptr;
  int fd_ = -1;
  std::unique_ptr<desktop_test::PictureSource> source_;
  std::string session_;
  unsigned tokens_ = 0;
  mutable Mutex mutex_;
  std::vector<std::string> asked_ LUMEN_GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace lumen::portal
