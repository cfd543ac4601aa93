// Tests only: a compositor and its clients take turns on the test's thread.
#pragma once

#include <poll.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/units.hpp"
#include "desktop/testing/test_client.hpp"

namespace lumen::desktop_test {

// A private folder that goes away with its owner.
class TempDir {
 public:
  TempDir() {
    std::string name = "/tmp/lumen-embedded-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Stage {
 public:
  using Millis = std::chrono::milliseconds;

  Stage(int fd, std::function<void()> dispatch) : fd_{fd}, dispatch_{std::move(dispatch)} {}

  TestClient& enter(const std::string& socket_path) {
    return *clients_.emplace_back(Actor{TestClient::connect(socket_path, dispatch_)}).client;
  }
  // A frozen client neither reads nor answers.
  void freeze(const TestClient& client, bool frozen) { actor_of(client).frozen = frozen; }
  void leave(const TestClient& client) {
    std::erase_if(clients_, [&](const Actor& actor) { return actor.client.get() == &client; });
  }

  // Lets everybody work until `done`; false when that does not come about.
  bool run_until(const std::function<bool()>& done, Millis limit = std::chrono::seconds{20}) {
    const auto end = Clock::now() + limit;
    for (;;) {
      dispatch_();
      for (auto& actor : clients_) {
        if (!actor.frozen) actor.client->pump();
      }
      dispatch_();
      if (done()) return true;
      if (Clock::now() >= end) return false;
      wait(std::min<Clock::duration>(end - Clock::now(), std::chrono::milliseconds{50}));
    }
  }
  // For showing that something does not happen.
  void run_for(Millis time) {
    run_until([] { return false; }, time);
  }

 private:
  struct Actor {
    std::unique_ptr<TestClient> client;
    bool frozen = false;
  };
  Actor& actor_of(const TestClient& client) {
    return *std::find_if(clients_.begin(), clients_.end(),
                         [&](const Actor& actor) { return actor.client.get() == &client; });
  }
  void wait(Clock::duration time) const {
    std::vector<pollfd> ready{{.fd = fd_, .events = POLLIN, .revents = 0}};
    for (const auto& actor : clients_) {
      if (!actor.frozen && actor.client->is_connected()) {
        ready.push_back({.fd = actor.client->fd(), .events = POLLIN, .revents = 0});
      }
    }
    const auto ms = std::chrono::duration_cast<Millis>(time).count();
    ::poll(ready.data(), ready.size(), static_cast<int>(std::max<Millis::rep>(ms, 0)));
  }

  int fd_;
  std::function<void()> dispatch_;
  std::vector<Actor> clients_;
};

}  // namespace lumen::desktop_test
