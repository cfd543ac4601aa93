// lumen/stream/send: the thread (lm-send) that takes access units from a session's ring and sends them as
// GameStream video. One client per sender; a stream begins with each launch or resume.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/thread.hpp"
#include "flow/pacer.hpp"
#include "flow/parity_control.hpp"
#include "gamestream/media/host_recovery.hpp"
#include "gamestream/media/video_packetizer.hpp"
#include "link/shared_ring.hpp"
#include "net/udp.hpp"

namespace lumen::stream {

// Counters since start, relaxed.
struct GameVideoStats {
  std::atomic<std::uint64_t> frames{0}, idr{0}, datagrams{0}, bytes{0}, refused{0};
  std::atomic<std::uint64_t> data_shards{0}, parity_shards{0};
  std::atomic<std::uint64_t> recovery_asked{0}, recovery_merged{0};
  std::atomic<std::uint64_t> reported_lost{0};     // datagrams, as far as clients say
  std::atomic<std::uint32_t> assumed_loss_ppm{0};  // what parity is chosen for
  std::atomic<std::uint64_t> unfit{0};             // units that a stock client would not have understood
};

struct GameVideoParams {
  gamestream::VideoPacketizerParams packets;
  gamestream::VideoFormat format = gamestream::VideoFormat::h264;
  // The path's rate for pacing within a frame: bursts of `burst` leave at once, the rest at `rate`.
  BitsPerSecond rate{400'000'000};
  Bytes burst{64U << 10U};
  bool mark = false;  // as video to the network (DSCP)
};

// Thread-safe: every public method.
class GameVideoSender {
 public:
  // `socket` and `log` outlive the sender. `on_idr_needed` is called on lm-send, already merged to one per
  // round trip.
  GameVideoSender(net::UdpSocket& socket, std::function<void()> on_idr_needed, Logger& log);
  ~GameVideoSender();
  GameVideoSender(const GameVideoSender&) = delete;
  GameVideoSender& operator=(const GameVideoSender&) = delete;

  // The ring of the session process that feeds this sender from now on; nullptr: none.
  void set_ring(std::shared_ptr<link::SharedRing> ring);
  // A new stream in place of the old one; nothing is sent before its address is known. `key`: 16 bytes, or
  // none for plain datagrams. Fails as VideoPacketizer::create().
  Status begin(const GameVideoParams& params, ByteView key);
  void end();
  // `at`: which of this machine's addresses the client knows, to send from; empty: any.
  void set_peer(const net::Endpoint& to, const net::Endpoint& at = {});
  void request_idr();
  // Of a block of `shards` datagrams the client missed `lost`. Parity follows what clients say of loss: never
  // less than was agreed, and more as far as it takes (flow/parity_control.hpp).
  void lost(std::size_t lost, std::size_t shards);
  // The client cannot use `frame`, low 32 bits of its number; the encoder cannot invalidate, so it gets an
  // IDR.
  void broken(std::uint32_t frame);

  const GameVideoStats& stats() const { return stats_; }

 private:
  struct Peer {
    net::Endpoint to, at;
  };
  struct Stream {
    GameVideoParams params;
    gamestream::VideoPacketizer packetizer;
    Pacer pacer;
    Timestamp epoch;  // of its first picture
    ParityControl parity;
  };
  // What other threads tell lm-send. Everything merges or is replaced.
  struct Inbox {
    bool changed = false;
    std::unique_ptr<Stream> stream;  // with `changed`: the new one, or none
    std::optional<Peer> peer;
    bool idr = false;
    std::optional<std::uint32_t> broken;
    LossReport loss;  // summed up; what was expected is known here
    std::optional<std::shared_ptr<link::SharedRing>> ring;
  };
  template <class Change>
  void tell(Change change) LUMEN_EXCLUDES(mutex_);
  void loop(const std::stop_token& stop);
  void wait();
  void apply(Inbox inbox);
  void ask_encoder();
  void send_unit(const AccessUnitView& unit);
  bool is_fit(const AccessUnitView& unit, gamestream::FrameType type);
  void send_trains();
  void watch_loss(const LossReport& reported, Timestamp now);
  void wake() const;

  net::UdpSocket& socket_;
  std::function<void()> on_idr_needed_;
  Logger& log_;
  GameVideoStats stats_;
  UniqueFd wake_;
  Mutex mutex_;
  Inbox inbox_ LUMEN_GUARDED_BY(mutex_);
  // lm-send
  std::shared_ptr<link::SharedRing> ring_;
  std::unique_ptr<Stream> stream_;
  std::optional<Peer> peer_;
  gamestream::HostRecovery recovery_{{}};  // software encoders cannot invalidate references
  bool started_ = false;                   // the stream's first IDR has gone
  LossReport loss_;                        // not told to the parity yet
  Timestamp loss_told_{};
  OwnedThread thread_;  // last
};

}  // namespace lumen::stream
