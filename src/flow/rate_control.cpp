#include "flow/rate_control.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lumen {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSentWindow = 200ms, kLossInterval = 1s, kLossIgnored = 30s, kHold = 500ms, kHurry = 5s,
                   kRoundTripMemory = 10s;
constexpr std::uint32_t kShortSpan = 45'000, kLongSpan = 140'000;  // µs of the client's clock
constexpr std::uint32_t kOutageRun = 64;  // datagrams lost in a row that no rate explains
constexpr double kNear = 0.85, kUsed = 0.7, kFreeFactor = 1.5;
constexpr double kLeastDrain = 0.25, kMostDrain = 0.9;
constexpr double kPace = 1.5;  // of the limit: a frame is out well before the next one
constexpr double kLeastLossSample = 100;
constexpr int kLossSteps = 3;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

const char* to_string(RateReason reason) {
  switch (reason) {
    case RateReason::configured:
      return "configured";
    case RateReason::queue:
      return "queue";
    case RateReason::probing:
      return "probing";
    case RateReason::loss:
      return "loss";
    case RateReason::silence:
      return "silence";
  }
  return "unknown";
}

void RateControl::reset() {
  const auto counts = counts_;
  *this = RateControl{params_};
  counts_ = counts;
}

void RateControl::sent(Bytes unit, Bytes wire, Timestamp now) {
  watch_silence(now);
  if (sent_since_ == Timestamp{}) sent_since_ = now;
  unit_ += static_cast<double>(unit.value);
  wire_ += static_cast<double>(wire.value);
  const auto elapsed = now - sent_since_;
  if (elapsed < kSentWindow) return;
  sent_kbps_ = wire_ * 8 / 1000 / seconds(elapsed);
  if (unit_ > 0) overhead_ += (std::clamp(wire_ / unit_, 1.0, 4.0) - overhead_) / 2;
  unit_ = wire_ = 0;
  sent_since_ = now;
}

// Of the last `span_us` or a little more; 0: not known.
double RateControl::delivered_kbps(std::uint32_t span_us) const {
  if (sample_count_ < 2) return 0;
  const auto& newest = samples_[(sample_count_ - 1) % samples_.size()];
  const auto oldest = sample_count_ - std::min(sample_count_, samples_.size());
  for (auto i = sample_count_ - 1; i-- > oldest;) {
    const auto& sample = samples_[i % samples_.size()];
    const auto elapsed = newest.clock_us - sample.clock_us;
    if (elapsed >= span_us && elapsed <= 1'000'000) {
      return static_cast<double>(newest.bytes - sample.bytes) * 8'000 / static_cast<double>(elapsed);
    }
  }
  return 0;
}

double RateControl::least_limit() const {
  return std::min(params_.floor_kbps, params_.cap_kbps) * overhead_ + params_.reserve_kbps;
}

double RateControl::encoder_kbps() const {
  const double cap = params_.cap_kbps;
  if (!limit_) return cap;
  const auto rate = (*limit_ - params_.reserve_kbps) / overhead_;
  return std::clamp(rate, std::min<double>(params_.floor_kbps, cap), cap);
}

void RateControl::set_limit(double kbps) { limit_ = std::max(kbps, least_limit()); }

void RateControl::give_reason(RateReason reason) {
  if (reason_ != reason) ++counts_[static_cast<std::size_t>(reason)];
  reason_ = reason;
}

RateDecision RateControl::decision() const {
  RateDecision decision{.bitrate_kbps = static_cast<std::uint32_t>(std::lround(encoder_kbps())),
                        .reason = reason_};
  if (limit_) {
    const auto pace = kPace * std::max(*limit_, draining_ ? 0.0 : capacity_);
    decision.pace = BitsPerSecond{static_cast<std::uint64_t>(std::max(pace, 100.0) * 1000)};
  }
  return decision;
}

void RateControl::report(const PathReport& report, Timestamp now) {
  const auto elapsed = reported_ == Timestamp{} ? Duration::zero() : now - reported_;
  reported_ = now;
  samples_[sample_count_++ % samples_.size()] = {report.clock_us, report.bytes};
  if (params_.cap_kbps == 0) return;
  watch_loss(report.loss, now);
  if (!report.least_queue) return;
  queue_ = above_base(*report.least_queue);
  queued_reports_ = queue_ > params_.some ? queued_reports_ + 1 : 0;
  const auto queue = queue_now(report.in_flight).value_or(queue_);
  const auto passed = std::min<Duration>(elapsed, 200ms);
  contradicted_ = queue_ > params_.some && queue <= params_.some ? contradicted_ + passed : Duration::zero();
  if (contradicted_ > 2 * params_.stuck_after) base_shift_ += std::exchange(queue_, Duration::zero());
  const bool shows = queue_ > params_.much || queued_reports_ >= params_.patience;
  if (draining_) {
    drain(queue, now);
  } else if (shows && (now >= stale_until_ || queue > params_.some)) {
    on_queue(now);
    drain(std::max(queue, queue_), now);
  } else {
    probe(passed, now);
  }
}

// A base that turned out too long is given up at once.
Duration RateControl::above_base(Duration least_queue) {
  base_shift_ = std::min(base_shift_, std::max(least_queue, Duration::zero()));
  return least_queue - base_shift_;
}

void RateControl::set_round_trip(Duration round_trip, Timestamp now) {
  if (round_trip <= Duration::zero()) return;
  if (now >= next_round_trip_) {
    older_round_trip_ = least_round_trip_;
    least_round_trip_ = round_trip;
    next_round_trip_ = now + kRoundTripMemory;
  }
  least_round_trip_ = std::min(least_round_trip_, round_trip);
}

// Little's law, less the way. nullopt: too little is known.
std::optional<Duration> RateControl::queue_now(Bytes in_flight) const {
  const auto delivered = delivered_kbps(kShortSpan);
  if (delivered <= 0 || least_round_trip_ == Duration::zero()) return std::nullopt;
  const std::chrono::duration<double, std::milli> takes{static_cast<double>(in_flight.value) * 8 / delivered};
  auto way = least_round_trip_;
  if (older_round_trip_ > Duration::zero()) way = std::min(way, older_round_trip_);
  const auto queue = std::chrono::duration_cast<Duration>(std::min(takes, decltype(takes){10'000.0}));
  return std::max(Duration::zero(), queue - way - base_shift_);
}

void RateControl::on_queue(Timestamp now) {
  draining_ = true;
  drain_best_ = Duration::max();
  drain_progress_ = now;
  give_reason(RateReason::queue);
}

void RateControl::drain(Duration queue, Timestamp now) {
  if (queue <= params_.empty) {
    draining_ = false;
    queued_reports_ = 0;
    lowered_ = now;
    stale_until_ = now + queue_ + 2 * least_round_trip_ + kHold / 5;
    if (capacity_ > 0) set_limit(params_.headroom * capacity_);
    give_reason(RateReason::probing);
    return;
  }
  if (queue < drain_best_ - drain_best_ / 8) {
    drain_best_ = queue;
    drain_progress_ = now;
  } else if (now - drain_progress_ > params_.stuck_after) {
    base_shift_ += queue;
    return;  // the next report finds it empty
  }
  // While there is a queue, what arrives is what the bottleneck lets through.
  if (std::max(queue, queue_) > params_.some) {
    const auto delivered = delivered_kbps(queue_ > params_.much ? kShortSpan : kLongSpan);
    if (delivered > 0) capacity_ = delivered;
  }
  const auto share = std::clamp(1 - seconds(queue) / seconds(params_.drain_time), kLeastDrain, kMostDrain);
  const auto from = capacity_ > 0 ? capacity_ : sent_kbps_;
  if (from > 0) set_limit(share * from);
}

void RateControl::probe(Duration elapsed, Timestamp now) {
  if (!limit_ || queue_ > params_.empty * 3 / 2 || now < lowered_ + kHold) return;
  const auto needed = params_.cap_kbps * overhead_ + params_.reserve_kbps;
  if (*limit_ >= kFreeFactor * needed) {
    limit_.reset();
    capacity_ = 0;
    give_reason(RateReason::configured);
    return;
  }
  if (sent_kbps_ < kUsed * std::min(*limit_, needed)) return;  // nobody knows whether more would pass
  const bool near = capacity_ > 0 && *limit_ > kNear * capacity_ && *limit_ < capacity_ * 1.15;
  auto growth = near ? 0.02 : 0.1;
  if (!near && now > lowered_ + kHurry) growth = 0.3;
  set_limit(*limit_ * (1 + growth * seconds(elapsed)));
  give_reason(RateReason::probing);
}

void RateControl::watch_loss(const LossReport& loss, Timestamp now) {
  if (loss.longest_burst <= kOutageRun) {
    lossy_expected_ += loss.expected;
    lossy_lost_ += std::min(loss.lost, loss.expected);
  }
  if (now < next_loss_check_ || lossy_expected_ < kLeastLossSample) return;
  next_loss_check_ = now + kLossInterval;
  const auto share = lossy_lost_ / lossy_expected_;
  lossy_expected_ = lossy_lost_ = 0;
  if (draining_ || share < params_.heavy_loss || now < loss_ignored_until_) {
    if (share < params_.heavy_loss) loss_steps_ = 0;
    return;
  }
  if (loss_steps_ == 0) {
    loss_before_ = share;
    limit_before_loss_ = limit_.value_or(0);
  } else if (loss_steps_ >= kLossSteps && share > 0.8 * loss_before_) {  // less was sent, as much was lost
    loss_ignored_until_ = now + kLossIgnored;
    loss_steps_ = 0;
    limit_ = limit_before_loss_ > 0 ? std::optional{limit_before_loss_} : std::nullopt;
    give_reason(limit_ ? RateReason::probing : RateReason::configured);
    return;
  }
  ++loss_steps_;
  const auto from = limit_ ? std::min(*limit_, std::max(sent_kbps_, 1.0)) : sent_kbps_;
  if (from <= 0) return;
  set_limit(from * (1 - share / 2));
  lowered_ = now;
  give_reason(RateReason::loss);
}

void RateControl::watch_silence(Timestamp now) {
  if (params_.cap_kbps == 0 || reported_ == Timestamp{} || now - reported_ < params_.silence) return;
  if (reason_ == RateReason::silence) return;
  const auto from = limit_ ? *limit_ : sent_kbps_;
  if (from <= 0) return;
  draining_ = false;
  set_limit(from / 2);
  lowered_ = now;
  give_reason(RateReason::silence);
}

}  // namespace lumen
