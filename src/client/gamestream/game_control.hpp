// client/gamestream: the control connection of a running stream (GameStream part 3) on a thread of its own,
// lm-control: pings, input and requests to the host, messages from it.
//
// Thread-safe: the public functions, as far as they say so.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "base/fd.hpp"
#include "base/handoff.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/thread.hpp"
#include "crypto/digest.hpp"
#include "gamestream/control/control_client.hpp"
#include "gamestream/control/input_client.hpp"
#include "gamestream/control/pad_client.hpp"
#include "media/input.hpp"
#include "media/pad.hpp"
#include "net/enet/enet.hpp"

namespace lumen::client {

class GameControl {
 public:
  struct Params {
    net::Endpoint host;  // of its control port; IPv4
    crypto::SecretBytes<gamestream::control::kKeyBytes> key;
    std::uint32_t connect_data = 0;
    Duration connect_timeout = std::chrono::seconds{10};
  };
  // On lm-control. They may call send_report(), send_input() and send_pad().
  struct Events {
    std::function<void()> on_connected;
    std::function<void(const gamestream::control::HostMessage&)> on_message;
    // Once, unless the connection was ended from here: nothing is sent any more.
    //   client.control-refused     the host does not take the control connection
    //   client.host-gone           it has not answered for ten seconds, or hung up without a word
    //   client.host-ended          it ended the stream, and nothing is wrong
    //   client.terminated          it ended the stream, and why
    std::function<void(const Error&)> on_ended;
  };
  // Connects in the background. Fails as EnetClient and ControlClient do. `log` outlives it.
  static Result<std::unique_ptr<GameControl>> start(Params params, Events events, Logger& log);
  // Releases what is held down and says goodbye; waits up to two seconds for the host to have heard.
  ~GameControl();
  GameControl(const GameControl&) = delete;
  GameControl& operator=(const GameControl&) = delete;

  // For lm-receive alone: never blocks. False when too many wait already; the same will be asked again.
  bool send_report(const gamestream::control::ClientMessage& message);
  // Any thread. What comes before the connection stands is dropped.
  void send_input(const InputEvent& event);
  void send_pad(const PadEvent& event);
  Duration round_trip() const {
    return Duration{round_trip_ns_.load(std::memory_order_relaxed)};
  }  // 0: unknown

 private:
  GameControl(Params params, Events events, net::EnetClient enet, gamestream::control::ControlClient protocol,
              UniqueFd wake, Logger& log);
  void loop(const std::stop_token& stop);
  void wait();
  void service();
  void send_waiting();
  void seal_and_send(const gamestream::control::ClientMessage& message);
  void send(const gamestream::control::SealedPacket& packet);
  void on_connected();
  void on_packet(MutableBytes packet);
  void on_disconnected();
  void end(const Error& error);
  void say_goodbye();
  void wake() const;

  Params params_;
  Events events_;
  Logger& log_;
  UniqueFd wake_;
  SpscRing<gamestream::control::ClientMessage, 64> reports_;
  Mutex mutex_;
  std::vector<InputEvent> input_ LUMEN_GUARDED_BY(mutex_);
  std::vector<PadEvent> pads_ LUMEN_GUARDED_BY(mutex_);
  std::atomic<std::int64_t> round_trip_ns_{0};  // written by lm-control, publishes nothing
  // lm-control
  net::EnetClient enet_;
  gamestream::control::ControlClient protocol_;
  gamestream::control::InputClient mapper_;
  gamestream::control::PadClient pad_mapper_;
  std::vector<InputEvent> taken_;
  std::vector<PadEvent> taken_pads_;
  std::vector<gamestream::control::InputPacket> packets_;
  net::EnetPeerId peer_{};
  Timestamp begun_{};
  bool connected_ = false, over_ = false;
  OwnedThread thread_;  // last
};

}  // namespace lumen::client
