// Stands in for lumen-session in tests of its host. Says how many descriptors it was given, in the words of
// SoundState, and what is wanted of it, and sends a packet of each audio format it is told; dies of a
// RequestIdr.
#include <poll.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "link/audio_ring.hpp"
#include "link/messages.hpp"

namespace {

using namespace lumen;

constexpr int kLinkFd = 3;

class Session {
 public:
  void handle(link::Received<link::ToSession> received) {
    const auto& message = received.message;
    if (const auto* configure = std::get_if<link::Configure>(&message)) {
      say(std::to_string(received.descriptors.size()) + " descriptors");
      if (!configure->audio) return;
      auto& given = received.descriptors;
      ring_ = link::AudioRing::attach(std::move(given.at(2)), std::move(given.at(3))).value();
      push(*configure->audio);
    } else if (const auto* audio = std::get_if<link::SetAudio>(&message)) {
      push(audio->format);
    } else if (const auto* streaming = std::get_if<link::SetStreaming>(&message)) {
      say(streaming->on ? "on" : "off");
    } else if (const auto* pointer = std::get_if<link::SetPointer>(&message)) {
      say(pointer->apart ? "pointer apart" : "pointer in the picture");
    } else if (std::holds_alternative<link::RequestIdr>(message)) {
      std::abort();
    } else if (std::holds_alternative<link::Stop>(message)) {
      std::exit(0);
    }
  }

 private:
  static void say(const std::string& what) {
    if (!link::send(kLinkFd, link::ToHost{link::SoundState{what}})) std::abort();
  }
  void push(const AudioFormat& format) {
    const auto bytes = as_view("sound");
    if (!ring_->try_push({.format = format, .bytes = bytes})) std::abort();
  }

  std::optional<link::AudioRing> ring_;
};

}  // namespace

int main() {
  Session session;
  for (pollfd waiter{.fd = kLinkFd, .events = POLLIN, .revents = 0}; poll(&waiter, 1, -1) == 1;) {
    auto received = link::receive_to_session(kLinkFd);
    if (!received) return 1;
    if (*received) session.handle(std::move(**received));
  }
  return 1;
}
