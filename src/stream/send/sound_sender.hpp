// lumen/stream/send: the thread (lm-send-audio) that takes Opus packets from a session's ring and sends them
// as lumen/1 sound. Apart from the picture's, because that one sleeps between the parts of a frame; with keys
// and packet numbers of its own, so that the two share nothing. One client per sender.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "base/log.hpp"
#include "base/thread.hpp"
#include "flow/sound_redundancy.hpp"
#include "link/audio_ring.hpp"
#include "lumen1/sound.hpp"
#include "stream/send/send_inbox.hpp"

namespace lumen::stream {

// Counters since start, relaxed.
struct SoundSendStats {
  std::atomic<std::uint64_t> packets{0}, bytes{0};
  std::atomic<std::uint64_t> refused{0};    // by the kernel
  std::atomic<std::uint64_t> too_large{0};  // packets that no datagram holds
  std::atomic<std::uint64_t> copies{0};     // of earlier packets in each datagram, now
  std::atomic<std::uint32_t> wire_kbps{0};  // of the last second that sound went out in, headers and all
};

// Thread-safe: every public method.
class SoundSender {
 public:
  struct Params {
    std::uint8_t session = 0;
    bool mark = true;  // as voice to the network (DSCP)
  };
  // `socket` and `log` outlive the sender.
  SoundSender(const Params& params, net::UdpSocket& socket, Logger& log);
  ~SoundSender();
  SoundSender(const SoundSender&) = delete;
  SoundSender& operator=(const SoundSender&) = delete;

  // The ring of the session process that feeds this sender from now on; nullptr: none.
  void set_ring(std::shared_ptr<link::AudioRing> ring);
  // A new client with new keys; nullopt: none. What is pushed meanwhile is dropped.
  void set_peer(std::optional<Peer> peer);
  void move_peer(const net::Endpoint& to);
  // Whether the client may hear anything, from the next packet on; at first it may.
  void allow(bool yes) { allowed_.store(yes, std::memory_order_relaxed); }
  // What the client measured since its last report.
  void report(const lumen1::Feedback& feedback);
  const SoundSendStats& stats() const { return stats_; }

 private:
  void loop(const std::stop_token& stop);
  void wait();
  void apply(SendInbox::Taken taken);
  void take_ring();
  void change_peer(const std::optional<Peer>& peer);
  void send(const AudioPacketView& packet);
  void count(std::size_t datagram_bytes, Timestamp when);
  void wake() const;

  const Params params_;
  net::UdpSocket& socket_;
  Logger& log_;
  SoundSendStats stats_;
  std::atomic<bool> allowed_{true};  // publishes nothing
  SendInbox inbox_;
  UniqueFd wake_;
  Mutex ring_mutex_;
  std::optional<std::shared_ptr<link::AudioRing>> next_ring_ LUMEN_GUARDED_BY(ring_mutex_);
  // lm-send-audio
  std::shared_ptr<link::AudioRing> ring_;
  std::optional<net::Endpoint> to_;
  std::optional<lumen1::Sealer> sealer_;
  lumen1::SoundPacketizer packetizer_{lumen1::Kind::sound};
  SoundRedundancy redundancy_;
  Timestamp counted_since_{};
  std::size_t counted_bytes_ = 0;
  OwnedThread thread_;  // last
};

}  // namespace lumen::stream
