// lumen/stream/receive: the client's running stream: lm-recv feeds datagrams and time to the core's receiver
// and sends what that wants said, lm-dec decodes. Pictures and states come out through callbacks.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/log.hpp"
#include "base/thread.hpp"
#include "core/client_receiver.hpp"
#include "fec/leopard.hpp"
#include "lumen1/connect_info.hpp"
#include "stream/receive/client_channel.hpp"
#include "stream/receive/decode_stage.hpp"
#include "stream/receive/impairment.hpp"
#include "stream/receive/microphone_sender.hpp"
#include "stream/receive/sound_receiver.hpp"

namespace lumen::stream {

struct ReceiverParams {
  lumen1::ConnectInfo connect;
  Mode mode;
  bool pointer_drawn = true;
  double loss_percent = 0;  // injected, both directions of loss measured at the receiver
  std::uint64_t loss_seed = 1;
  DecoderFactory make_decoder;
  std::function<void(const DecodedPicture&)> on_picture;        // lm-dec
  std::function<void(const lumen1::HostState&)> on_host_state;  // lm-recv, on every change
  std::function<void(const PadFeedback&)> on_pad_feedback;      // lm-recv; may be empty
  std::function<void(const PointerState&)> on_pointer;          // lm-recv, on every change; may be empty
  std::function<void(const Error&)> on_failed;                  // any thread: the stream cannot go on
  SoundReceiver::Params sound;                                  // lm-audio
  OpenSoundInput open_microphone;                               // lm-mic; empty: none
};

// A consistent copy of the counters.
struct ReceiveStats {
  lumen1::ReassemblyStats reassembly;
  std::uint64_t datagrams = 0, bytes = 0, dropped_by_injection = 0, not_authentic = 0, foreign = 0;
  std::uint64_t idr = 0, recovery_asked = 0, decode_dropped_full = 0, skipped_broken = 0;
  Duration round_trip{};
  SoundReceiveStats sound;
  std::uint64_t voice_packets = 0;  // sent
};

class StreamReceiver {
 public:
  // Starts at once; fails when there is no socket. `log` outlives it.
  static Result<std::unique_ptr<StreamReceiver>> create(ReceiverParams params, Logger& log);
  ~StreamReceiver();  // says goodbye
  StreamReceiver(const StreamReceiver&) = delete;
  StreamReceiver& operator=(const StreamReceiver&) = delete;

  // Thread-safe.
  void send_input(const InputEvent& event) { channel_.send_input(event); }
  void send_pad(const PadEvent& event) { channel_.send_pad(event, SteadyTime{}.now()); }
  void set_mode(const Mode& mode);
  void set_pointer_drawn(bool drawn);
  ReceiveStats stats() const;
  bool connected() const { return channel_.connected(); }
  // Time since the host was last heard; it said goodbye itself.
  Duration silence() const { return SteadyTime{}.now() - from_ns(heard_ns_.load(std::memory_order_relaxed)); }
  bool host_left() const { return host_left_.load(std::memory_order_relaxed); }

 private:
  StreamReceiver(ReceiverParams params, net::UdpSocket socket, const net::Endpoint& host, Logger& log);
  void loop(const std::stop_token& stop);
  Duration wait_time() const;
  void on_datagram(MutableBytes datagram);
  bool drops(ByteView datagram);
  void on_connected();
  void on_host_message();
  void deliver();
  void tick();
  void publish_stats();

  ReceiverParams params_;
  Logger& log_;
  net::UdpSocket socket_;
  const net::Endpoint host_;
  ClientChannel channel_;
  mutable Mutex mutex_;
  Mode wanted_mode_ LUMEN_GUARDED_BY(mutex_);
  bool pointer_drawn_ LUMEN_GUARDED_BY(mutex_);
  ReceiveStats published_ LUMEN_GUARDED_BY(mutex_);
  std::atomic<std::int64_t> heard_ns_{0};  // written by lm-recv, publishes nothing, as the next
  std::atomic<bool> host_left_{false};
  std::atomic<std::uint64_t> broken_in_decoder_{0};  // set by lm-dec, taken by lm-recv; 0: none
  // lm-recv
  Impairment impairment_;
  fec::Leopard codec_;
  core::ClientReceiver stream_;
  ReceiveStats stats_;
  std::uint64_t not_from_host_ = 0;
  AccessUnit unit_;
  Timestamp next_publish_{};
  DecodeStage decode_;
  SoundReceiver sound_;
  MicrophoneSender microphone_;
  OwnedThread thread_;
};

}  // namespace lumen::stream
