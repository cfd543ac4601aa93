// lumen/simulation: a video stream over a link in virtual time, without a byte of video: frames of so many
// datagrams, parity by a code and a policy, loss reports and requests for recovery on the way back.
//
// What is counted is what the real thing decides by: the same ParityControl, LossMeter, RecoveryAsker and
// RecoveryMerger. Time passes frame by frame: the fate of all its datagrams is known when a frame is sent,
// and what the client makes of it takes effect at the host a one-way delay after it happened. So a million
// frames take seconds.
//
// Sizes of frames and losses depend on seed and frame number alone (Link::restart), so streams under the same
// seed but with other codes and policies live through the same. Owner: one thread. Thread-safe: no.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "flow/loss_meter.hpp"
#include "flow/parity_control.hpp"
#include "simulation/frame_layout.hpp"
#include "simulation/link.hpp"
#include "simulation/playback.hpp"

namespace lumen::simulation {

enum class Recovery : std::uint8_t {
  none,         // the picture stays broken until the next periodic IDR
  idr,          // the client asks, the host sends an IDR
  invalidation  // the client asks, the host refers to what the client has: a frame of ordinary size
};

struct StreamParams {
  Duration interval = std::chrono::nanoseconds{16'666'667};
  std::size_t data_shards = 100;  // of an ordinary frame, on average
  double size_spread = 0;         // evenly within ± this share
  double idr_size = 4;            // times an ordinary frame
  std::uint64_t idr_every = 0;    // frames; 0: only the first one and those asked for
  Bytes datagram{1440};
  double pace = 0.5;  // share of the interval over which a frame's datagrams are spread

  Code code = Code::leopard;
  std::optional<double> fixed_percent;  // parity of the data, or as `parity` adapts it
  ParityControl::Params parity;
  Recovery recovery = Recovery::idr;
  Duration report_every = std::chrono::milliseconds{50};
};

struct SentFrame {
  FrameId id;
  Timestamp at;
  bool is_entry;
  const FrameLayout& layout;
  std::span<const Fate> fates;        // of its datagrams: block after block, data before parity
  std::optional<Timestamp> complete;  // when enough of each block has arrived
};

class FrameObserver {
 public:
  virtual ~FrameObserver() = default;
  virtual void sent(const SentFrame& frame) = 0;
};

struct StreamStats {
  std::uint64_t frames = 0, entries = 0;
  std::uint64_t frames_mended = 0;               // whole only because of parity
  std::uint64_t frames_beyond_repair = 0;        // more of a block missing than its parity
  std::uint64_t data_sent = 0, parity_sent = 0;  // datagrams
  std::uint64_t data_asked = 0;                  // of data_sent, what entries are larger than ordinary frames
  double most_parity_percent = 0;                // of an ordinary frame
  std::size_t most_queued = 0;                   // entries of all queues of the simulation
};

class Stream {
 public:
  Stream(const StreamParams& params, const LinkParams& link, std::uint64_t seed);

  void set_link(const LinkParams& link);
  void observe(FrameObserver* observer) { observer_ = observer; }  // outlives its use
  void send_frame();
  // Lives on for a second after the last frame.
  void finish();

  Timestamp now() const { return at(stats_.frames); }
  const StreamStats& stats() const { return stats_; }
  const PlaybackStats& playback() const { return client_.stats(); }
  const LinkStats& link() const { return link_.stats(); }
  const ParityControl& parity() const { return control_; }
  // The same for the same parameters and seed, on every machine.
  std::uint64_t digest() const { return mix(digest_ + client_.digest()); }

 private:
  struct Report {
    Timestamp arrives;
    LossReport loss;
  };
  Timestamp at(std::uint64_t frame) const { return from_ns(1) + frame * params_.interval; }
  Duration round_trip() const { return 2 * link_.params().delay + link_.params().jitter; }
  void listen(Timestamp now);
  void hear_client(Timestamp now);
  bool becomes_entry();
  std::size_t size_of(std::uint64_t frame, bool entry) const;
  FrameLayout plan(std::size_t data_shards) const;
  void transmit(const FrameLayout& layout, Timestamp now);
  std::optional<Timestamp> completion(const FrameLayout& layout);
  std::optional<Timestamp> block_completion(std::size_t first, const Block& block);
  void measure(const FrameLayout& layout);
  void account(const FrameLayout& layout, bool entry, std::optional<Timestamp> complete);

  StreamParams params_;
  std::uint64_t seed_;
  Link link_;
  Playback client_;
  ParityControl control_;
  LossMeter meter_;
  RecoveryMerger merger_;
  Random way_back_;
  FrameObserver* observer_ = nullptr;
  std::deque<Report> reports_;
  std::deque<Ask> asks_;  // `at`: when it arrives at the host
  bool recovery_wanted_ = false;
  std::uint64_t next_datagram_ = 0;
  Timestamp next_report_{};
  std::vector<Fate> fates_;
  std::vector<Timestamp> arrivals_;
  StreamStats stats_;
  std::uint64_t digest_ = 0;
};

}  // namespace lumen::simulation
