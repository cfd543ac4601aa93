// lumen/flow: how many bits a second the stream may have. Pure: reports and time in, a decision out.
//
// As long as nothing speaks against it, the encoder gets the configured bitrate: a stream does not have to
// earn its rate, and what is lost at random does not lower it, for that is what parity is there for. What
// lowers it is a bottleneck, and a bottleneck shows by its queue: datagrams take longer than at best
// (flow/delay_meter.hpp). The idea that the growing queue, and not the loss behind it, is the signal is that
// of LEDBAT (RFC 6817), SCReAM (RFC 8298) and Google's congestion control (draft-ietf-rmcat-gcc); that what
// arrives while there is a queue is the bottleneck's rate, and that a queue once built must be drained below
// that rate, is BBR's (draft-cardwell-iccrg-bbr-congestion-control).
//
//   free ──queue──▶ draining ──empty──▶ probing ──far above what is needed──▶ free
//                      ▲                   │
//                      └──────queue────────┘
//
// - The signal is the least queueing delay in a report: of the first datagram of a frame, since the others
//   wait behind it. It counts as a queue when a second report has it above `much`, or `patience` reports
//   above `some`, and what is in flight agrees: a link that stops for a moment is not taken for one.
// - Draining: the capacity is what was delivered lately, by the client's clock, where more was sent than
// came.
//   Where as much came as was sent it is no less than that, and no less than what was known. The limit is the
//   capacity less a share that empties the queue within `drain_time`, between 10 and 75 %. How long the queue
//   is now is told by what is in flight: divided by the capacity it is the round trip with the queue.
//   Datagrams say it only after they have waited in it; for so long their delay is not taken for another one.
//   A delay that does not fall for `stuck_after` although less is sent, or that what is in flight knows
//   nothing of for twice as long, is no queue: the way has become longer, and that is the new base. The limit
//   from before comes back unless datagrams were lost or more was sent than came.
// - Once empty the limit is `headroom` of the capacity. It grows while it is used and the delay is small:
//   by 2 % a second around a capacity that was found twice, 10 % a second else, 30 % after five seconds.
// - A stream that sends far less than it may says nothing of the capacity. It is lowered only for a queue
// that
//   lasts and grows with what it sends, never when it sends hardly more than the floor, and what it was
//   lowered to is forgotten after `starved_memory`.
// - A path that drops instead of queueing: beyond `heavy_loss` (outages aside) the limit is lowered by half
//   the loss once a second. When the loss does not follow, it is the path's nature, and the limit comes back;
//   each such trial keeps the next one away for twice as long.
// - No report for `silence`: half of what was allowed, once.
//
// The limit is for everything on the wire. The encoder gets it less the reserve for sound, and divided by
// what a bit of video has lately cost with its parity, headers and repetitions.
// Owner: one thread. Never allocates.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/units.hpp"
#include "flow/parity_control.hpp"

namespace lumen {

// What the client measured since its last report.
struct PathReport {
  std::uint32_t clock_us = 0;           // of the client
  std::uint32_t bytes = 0;              // received, on and on
  std::optional<Duration> least_queue;  // nullopt: no video came
  Bytes in_flight{};                    // sent, but not known to have come
  LossReport loss;
};

enum class RateReason : std::uint8_t { configured, queue, probing, loss, silence };
inline constexpr std::size_t kRateReasons = 5;
const char* to_string(RateReason reason);

struct RateDecision {
  std::uint32_t bitrate_kbps = 0;     // for the encoder
  std::optional<BitsPerSecond> pace;  // how fast datagrams leave; nullopt: as the path was configured
  RateReason reason = RateReason::configured;
  bool operator==(const RateDecision&) const = default;
};

class RateControl {
 public:
  struct Params {
    std::uint32_t cap_kbps = 0, floor_kbps = 500;  // of the encoder; cap 0: the controller rests
    std::uint32_t reserve_kbps = 0;                // of the wire, for sound
    Duration some = std::chrono::milliseconds{8}, much = std::chrono::milliseconds{25};
    int patience = 3;
    Duration empty = std::chrono::milliseconds{4};
    Duration drain_time = std::chrono::milliseconds{250}, stuck_after = std::chrono::milliseconds{1500};
    double headroom = 0.92, heavy_loss = 0.15;
    Duration silence = std::chrono::seconds{1}, starved_memory = std::chrono::seconds{5};
  };
  explicit RateControl(const Params& params) : params_{params} {}

  // What the encoder was configured for; a new value begins anew where nothing is known of the path.
  void set_cap(std::uint32_t kbps) { params_.cap_kbps = kbps; }
  void set_reserve(std::uint32_t kbps) { params_.reserve_kbps = kbps; }
  // As measured last; the least of the last 10…20 s is the way without a queue.
  void set_round_trip(Duration round_trip, Timestamp now);
  // A new client: nothing is known of its path.
  void reset();

  // A frame of so many bytes was made, and costs so many on the wire.
  void sent(Bytes unit, Bytes wire, Timestamp now);
  // More of no new unit: shards sent again.
  void sent_again(Bytes wire) { wire_ += static_cast<double>(wire.value); }
  void report(const PathReport& report, Timestamp now);
  RateDecision decision() const;

  // Of the last report with video in it; what came while there was a queue; the limit of the wire.
  Duration queue() const { return queue_; }
  double capacity_kbps() const { return capacity_; }  // 0: not known
  bool is_draining() const { return draining_; }
  std::optional<double> limit_kbps() const { return limit_; }
  bool is_at_floor() const { return limit_ && *limit_ <= 1.05 * least_limit(); }
  double sent_kbps() const { return sent_kbps_; }  // on the wire, lately; 0: not known
  double overhead() const { return overhead_; }    // of the wire over the unit
  // How often each reason came to hold.
  std::uint64_t count(RateReason reason) const { return counts_[static_cast<std::size_t>(reason)]; }

 private:
  struct Sample {
    std::uint32_t clock_us = 0, bytes = 0;
    Bytes in_flight{};
  };
  const Sample* sample_before(std::uint32_t span_us) const;
  bool more_sent_than_came(std::uint32_t span_us) const;
  double needed_kbps() const;
  bool is_starved() const;
  bool is_slight() const;
  void note_queue(Duration queue, Duration elapsed);
  bool shows_queue(Duration queue, Timestamp now) const;
  void measure_capacity();
  void end_drain(Timestamp now);
  void end_stuck(Duration queue, Timestamp now);
  void note_cut(Timestamp now);
  double delivered_kbps(std::uint32_t span_us) const;
  std::optional<Duration> queue_now(Bytes in_flight) const;
  double encoder_kbps() const;
  double least_limit() const;
  void set_limit(double kbps);
  void give_reason(RateReason reason);
  Duration above_base(Duration least_queue);
  void on_queue(Timestamp now);
  void drain(Duration queue, Timestamp now);
  void probe(Duration elapsed, Timestamp now);
  void watch_loss(const LossReport& loss, Timestamp now);
  void watch_silence(Timestamp now);

  Params params_;
  std::optional<double> limit_;                                   // kbit/s on the wire; nullopt: free
  double capacity_ = 0;                                           // kbit/s
  bool confirmed_ = false;                                        // found twice
  bool draining_ = false, measured_ = false, overtaxed_ = false;  // in this drain
  std::optional<double> before_drain_;                            // the limit
  double drain_lost_ = 0, drain_expected_ = 0, known_capacity_ = 0;
  std::optional<double> before_starved_;  // the limit that comes back at expires_, if that is set
  std::optional<Timestamp> expires_;
  RateReason reason_ = RateReason::configured;
  std::array<std::uint64_t, kRateReasons> counts_{};
  // reports
  std::array<Sample, 16> samples_{};
  std::size_t sample_count_ = 0;
  Timestamp reported_{};
  Duration queue_{}, base_shift_{}, drain_best_{};
  Duration first_queue_{};  // of those in a row
  int queued_reports_ = 0, much_reports_ = 0,
      overtaxed_reports_ = 0;  // in a row; overtaxed: more sent than came
  Duration least_round_trip_{}, older_round_trip_{};
  Timestamp next_round_trip_{}, stale_until_{};
  Duration contradicted_{};  // for so long datagrams were late, and what is in flight was not
  Timestamp drain_progress_{}, lowered_{};
  // loss
  double lossy_expected_ = 0, lossy_lost_ = 0;
  Timestamp next_loss_check_{}, loss_ignored_until_{};
  Duration loss_ignored_for_ = std::chrono::seconds{30};
  double loss_before_ = 0, limit_before_loss_ = 0;
  int loss_steps_ = 0;
  // what was sent, aged
  double unit_ = 0, wire_ = 0, overhead_ = 1.1, sent_kbps_ = 0;
  Timestamp sent_since_{};
};

}  // namespace lumen
