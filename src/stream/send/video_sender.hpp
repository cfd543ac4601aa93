// lumen/stream/send: the thread (lm-send) that takes access units from the shared ring, has them made into
// datagrams (core::HostSender) and sends these when they are due. While they wait it listens. One client per
// sender.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/log.hpp"
#include "base/thread.hpp"
#include "core/host_sender.hpp"
#include "link/shared_ring.hpp"
#include "stream/send/send_inbox.hpp"

namespace lumen::stream {

// Counters since start, relaxed.
struct SendStats {
  std::atomic<std::uint64_t> frames{0}, idr{0}, datagrams{0}, bytes{0}, refused{0};
  std::atomic<std::uint64_t> data_shards{0}, parity_shards{0};
  std::atomic<std::uint64_t> recovery_asked{0}, recovery_merged{0};
  std::atomic<std::uint64_t> shards_asked{0}, shards_repeated{0};
  std::atomic<std::uint64_t> assumed_loss_ppm{0}, assumed_burst_milli{0};
  std::atomic<std::uint64_t> bitrate_kbps{0}, capacity_kbps{0}, queue_us{0};
  std::atomic<RateReason> rate_reason{RateReason::configured};
};

struct SenderParams {
  core::HostSenderParams stream;
  // Called on lm-send when the client needs an IDR (already merged to one per round trip).
  std::function<void()> on_idr_needed;
  // Called on lm-send when the picture is to have another bitrate than before; may be empty. False: it could
  // not be told, and is told again.
  std::function<bool(std::uint32_t kbps)> on_bitrate;
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
  // The same of what pads are to do, apart from it.
  void send_pad_word(std::vector<std::byte> body);
  // The same, beside it.
  void send_pointer(const lumen1::HostPointer& pointer);
  // What the client measured; it is answered. Its round trip, zero: none.
  void report(const lumen1::Feedback& feedback);
  void set_round_trip(Duration round_trip);
  // What sound takes of the same path: the picture leaves room for it, from the next report on.
  void set_reserve(std::uint32_t kbps) { reserve_kbps_.store(kbps, std::memory_order_relaxed); }
  void ask(const lumen1::AskShards& ask);
  // What the encoder was opened for, of a new session process, too: the bitrate that holds is told again.
  void set_bitrate_cap(std::uint32_t kbps);
  // `frame`: low 32 bits of the newest frame that the client cannot decode.
  void broken(std::uint32_t frame);
  const SendStats& stats() const { return stats_; }

 private:
  void loop(const std::stop_token& stop);
  void wait(std::optional<Timestamp> until);
  bool send_trains();
  void apply(SendInbox::Taken taken);
  void change_peer(const std::optional<Peer>& peer);
  void send_unit(const AccessUnitView& unit);
  void send_message_now(ByteView body);
  void answer(const lumen1::Feedback& feedback);
  void settle();
  void wake() const;

  SenderParams params_;
  net::UdpSocket& socket_;
  Logger& log_;
  SendStats stats_;
  SendInbox inbox_;
  UniqueFd wake_;
  Mutex ring_mutex_;
  std::shared_ptr<link::SharedRing> next_ring_ LUMEN_GUARDED_BY(ring_mutex_);
  std::atomic<std::uint32_t> reserve_kbps_{0};
  std::atomic<std::uint64_t> frame_id_{0};  // last one sent; read by broken() to unwrap
  // lm-send
  std::shared_ptr<link::SharedRing> ring_;
  std::optional<net::Endpoint> to_;
  core::HostSender stream_;
  std::optional<core::Train> train_;  // waits for its time
  std::vector<std::byte> body_;
  OwnedThread thread_;
};

}  // namespace lumen::stream
