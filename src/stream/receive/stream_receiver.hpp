// lumen/stream/receive: the client's side of a stream: handshake, reassembly, recovery, feedback (lm-recv),
// then decoding (lm-dec). Pictures and states come out through callbacks.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/log.hpp"
#include "base/thread.hpp"
#include "fec/leopard.hpp"
#include "flow/loss_meter.hpp"
#include "flow/recovery.hpp"
#include "lumen1/connect_info.hpp"
#include "lumen1/reassembler.hpp"
#include "stream/receive/client_channel.hpp"
#include "stream/receive/decode_stage.hpp"
#include "stream/receive/impairment.hpp"

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
  std::function<void(const Error&)> on_failed;                  // any thread: the stream cannot go on
};

// A consistent copy of the counters.
struct ReceiveStats {
  lumen1::ReassemblyStats reassembly;
  std::uint64_t datagrams = 0, bytes = 0, dropped_by_injection = 0, not_authentic = 0, foreign = 0;
  std::uint64_t idr = 0, recovery_asked = 0, decode_dropped_full = 0, skipped_broken = 0;
  Duration round_trip{};
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
  void on_welcome(MutableBytes datagram);
  void on_host_message(ByteView body);
  void on_host_state(const lumen1::HostState& state);
  void deliver();
  void deliver_one();
  void tick();
  void send_hello();
  void send_state();
  void ask_recovery();
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
  std::optional<lumen1::ClientHandshake> handshake_;
  std::optional<lumen1::Opener> opener_;
  fec::Leopard codec_;
  lumen1::Reassembler reassembler_{codec_};
  LossMeter loss_meter_;
  RecoveryAsker recovery_;
  ReceiveStats stats_;
  AccessUnit unit_;
  std::optional<lumen1::HostState> host_state_;
  std::optional<FrameId> first_;
  Timestamp next_hello_{}, next_state_{}, next_edges_{}, heard_{};
  Timestamp ping_sent_{};
  std::uint32_t ping_ = 0;
  DecodeStage decode_;
  OwnedThread thread_;
};

}  // namespace lumen::stream
