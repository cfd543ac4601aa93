// lumen/host: one session's network side: gives what comes to the core's receiver and passes on what the
// client says, to the sender, the session process or lm-main. It decides nothing. Owner: lm-net, except the
// atomics.
#pragma once

#include <atomic>
#include <functional>
#include <optional>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "core/host_receiver.hpp"
#include "host/pad_desk.hpp"
#include "host/permissions.hpp"
#include "host/session_port.hpp"
#include "host/state_board.hpp"
#include "lumen1/edge_input.hpp"
#include "lumen1/sound.hpp"
#include "stream/send/sound_sender.hpp"
#include "stream/send/video_sender.hpp"

namespace lumen::host {

// What lm-main must know of the client. Called on lm-net: must only post.
struct ClientEvents {
  // New client, or it wants another mode or pointer. `admission`: see ClientPort::admit().
  std::function<void(const lumen1::ClientState&, std::uint64_t admission)> on_wish;
  std::function<void(std::uint64_t admission)> on_goodbye;
};

struct ClientCounters {  // relaxed
  std::atomic<std::uint64_t> not_authentic{0}, malformed{0}, input_events{0}, connections{0},
      not_permitted{0}, voice_packets{0};
  std::atomic<std::int64_t> last_heard_ns{0};
  std::atomic<std::uint64_t> reported_expected{0}, reported_lost{0}, round_trip_us{0};
};

class ClientPort {
 public:
  // All references outlive the port. `sound`: none without.
  // NOLINTNEXTLINE(readability-function-size): each is somebody it talks to
  ClientPort(std::uint8_t session, const net::UdpSocket& socket, stream::VideoSender& sender,
             SessionPort& link, StateBoard& board, ClientEvents events, Logger& log,
             stream::SoundSender* sound = nullptr);
  ~ClientPort();  // wipes what of the secret is left
  ClientPort(const ClientPort&) = delete;
  ClientPort& operator=(const ClientPort&) = delete;

  // Any thread: from the next datagram on only who has this secret is listened to; nullopt: nobody. Nothing
  // is sent any more to whoever was there. Returns the number of this admission, which events of its client
  // bear.
  std::uint64_t admit(const std::optional<lumen1::Secret>& secret) LUMEN_EXCLUDES(mutex_);
  // Any thread: from the next event on.
  void set_permissions(lumen1::control::Permissions permissions);
  // Any thread: whose pads they are; what applications want of them; a session process that is new, or that
  // let go of them, has them again.
  void set_pad_owner(const PadOwner& owner) { pads_.set_owner(owner); }
  void feed_back(const PadFeedback& feedback);
  void repeat_pads() { pads_.repeat(); }
  // Any thread: nothing of them stays pressed, as the session process was told. To be called now and then:
  // what it had no room for, and that nobody's pads are there when nobody is admitted.
  void release_pads() { pads_.release(); }
  void tidy_pads(Timestamp now) LUMEN_EXCLUDES(mutex_);

  // A datagram that names this session.
  void on_datagram(const net::Endpoint& from, MutableBytes datagram, Timestamp now);
  const ClientCounters& counters() const { return counters_; }
  // lm-main: the client was given up for its silence; its next word counts as a new wish.
  void mark_silent() { silent_.store(true, std::memory_order_relaxed); }

 private:
  lumen1::control::Permissions permissions() const {
    return lumen1::control::Permissions{permissions_.load(std::memory_order_relaxed)};
  }
  void take_admission() LUMEN_EXCLUDES(mutex_);
  void on_connected(const net::Endpoint& from, Timestamp now);
  void on_messages(const net::Endpoint& from, Timestamp now);
  void on_microphone(Timestamp now);
  bool may_speak(Timestamp now);
  void handle(const lumen1::ClientState& state);
  void handle(const lumen1::Feedback& feedback);
  void handle(const lumen1::AskShards& ask);
  void handle(const lumen1::AskRecovery& ask);
  void handle(const lumen1::ClientInput& input);
  void handle(const lumen1::ClientPad& pad);
  void handle(const lumen1::PadWordHeard& heard) { pads_.heard(heard); }
  void handle(const lumen1::Goodbye& goodbye);
  template <class Input>
  void took(const Input& input);
  void tell_pads(Timestamp now);

  const std::uint8_t session_;
  const net::UdpSocket& socket_;
  stream::VideoSender& sender_;
  stream::SoundSender* sound_;
  SessionPort& link_;
  StateBoard& board_;
  ClientEvents events_;
  Logger& log_;
  ClientCounters counters_;
  PadDesk pads_;
  std::atomic<bool> silent_{false};  // written by both threads, publishes nothing
  std::atomic<std::uint32_t> permissions_{lumen1::control::Permissions::all().mask()};
  Mutex mutex_;
  std::optional<lumen1::Secret> secret_ LUMEN_GUARDED_BY(mutex_);
  std::uint64_t admission_ LUMEN_GUARDED_BY(mutex_) = 0;
  bool admits_ LUMEN_GUARDED_BY(mutex_) = false;  // somebody
  std::atomic<bool> admission_changed_{false};    // release after secret_ was written, acquire on lm-net
  // lm-net
  std::uint64_t receiver_admission_ = 0;
  Timestamp voice_second_{};  // in which voice_packets_ came
  std::uint32_t voice_packets_ = 0;
  std::optional<core::HostReceiver> receiver_;  // none: nobody is admitted
  net::Endpoint client_;
  lumen1::EdgeReceiver edges_;
  lumen1::SoundReader voice_reader_{lumen1::Kind::microphone};
  lumen1::SoundFilter voice_filter_;
  std::optional<lumen1::ClientState> wish_;
  bool left_ = false;  // said goodbye, and nothing since
};

}  // namespace lumen::host
