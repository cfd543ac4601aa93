// lumen/stream/send: access units from the shared ring to paced, protected, sealed datagrams; one thread
// (lm-send) and one client per sender. Frames are numbered here, so that numbers go on when the session
// process is started again.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/log.hpp"
#include "base/thread.hpp"
#include "fec/leopard.hpp"
#include "flow/pacer.hpp"
#include "flow/recovery.hpp"
#include "link/shared_ring.hpp"
#include "lumen1/packetizer.hpp"
#include "stream/send/send_inbox.hpp"

namespace lumen::stream {

// Counters since start, relaxed.
struct SendStats {
  std::atomic<std::uint64_t> frames{0}, idr{0}, datagrams{0}, bytes{0}, refused{0};
  std::atomic<std::uint64_t> data_shards{0}, parity_shards{0};
  std::atomic<std::uint64_t> recovery_asked{0}, recovery_merged{0};
  std::atomic<std::uint64_t> assumed_loss_ppm{0};
};

struct SenderParams {
  std::uint8_t session = 0;
  // The path's rate for pacing within a frame: bursts of `burst` leave at once, the rest at `rate`.
  BitsPerSecond rate{400'000'000};
  Bytes burst{64U << 10U};
  // Called on lm-send when the client needs an IDR (already merged to one per round trip).
  std::function<void()> on_idr_needed;
};

// Thread-safe: every public method.
class VideoSender {
 public:
  // `codec`, `socket` and `log` outlive the sender; all senders may share one codec.
  VideoSender(SenderParams params, const fec::Leopard& codec, net::UdpSocket& socket, Logger& log);
  ~VideoSender();
  VideoSender(const VideoSender&) = delete;
  VideoSender& operator=(const VideoSender&) = delete;

  // The ring of the session process that feeds this sender from now on; nullptr: none.
  void set_ring(std::shared_ptr<link::SharedRing> ring);
  void set_peer(std::optional<Peer> peer);
  void move_peer(const net::Endpoint& to);
  // Sealed and sent to the peer as a host message; a newer one replaces one that was not sent yet.
  void send_message(std::vector<std::byte> body);
  void report(const LossReport& loss, Duration round_trip);
  // `frame`: low 32 bits of the newest frame that the client cannot decode.
  void broken(std::uint32_t frame);
  const SendStats& stats() const { return stats_; }

 private:
  void loop(const std::stop_token& stop);
  void wait();
  void apply(SendInbox::Taken taken);
  void send_unit(const AccessUnitView& unit);
  void send_packed(const lumen1::PackedFrame& frame, Timestamp presented);
  void send_message_now(ByteView body);
  void wake() const;

  SenderParams params_;
  net::UdpSocket& socket_;
  Logger& log_;
  SendStats stats_;
  SendInbox inbox_;
  UniqueFd wake_;
  Mutex ring_mutex_;
  std::shared_ptr<link::SharedRing> next_ring_ LUMEN_GUARDED_BY(ring_mutex_);
  std::atomic<std::uint64_t> frame_id_{0};  // last one sent; read by broken() to unwrap
  // lm-send
  std::shared_ptr<link::SharedRing> ring_;
  std::optional<net::Endpoint> to_;
  std::optional<lumen1::Sealer> sealer_;
  lumen1::VideoPacketizer packetizer_;
  ParityControl parity_;
  Pacer pacer_;
  RecoveryMerger merger_;
  Duration round_trip_{};
  std::vector<std::byte> message_memory_;
  OwnedThread thread_;
};

}  // namespace lumen::stream
