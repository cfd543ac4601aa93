#include "flow/rate_control.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lumen {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSentWindow = 200ms, kLossInterval = 1s, kLossIgnored = 30s, kMostIgnored = 10min,
                   kHold = 500ms, kHurry = 5s, kRoundTripMemory = 10s;
constexpr std::uint32_t kShortSpan = 45'000, kLongSpan = 140'000;  // µs of the client's clock
constexpr std::uint32_t kOutageRun = 64;  // datagrams lost in a row that no rate explains
constexpr double kNear = 0.85, kUsed = 0.7, kFreeFactor = 1.5;
constexpr double kLeastDrain = 0.25, kMostDrain = 0.9;
constexpr double kPace = 1.5;  // of the limit: a frame is out well before the next one
constexpr double kLeastLossSample = 100;
constexpr int kLossSteps = 3;
constexpr int kMuchReports = 2;       // a link that stops for a moment makes one
constexpr int kStarvedPatience = 10;  // reports
constexpr int kOvertaxedReports = 3;
constexpr double kOvertaxed = 0.1;  // of what was sent has not come, and not for one frame alone
constexpr double kLeastOvertaxed = 3'000;
constexpr double kSlight = 1.5;  // of the least limit: there is nothing to lower
constexpr double kKept = 0.97;   // of a known capacity, in a drain that does not measure one
constexpr double kConfirmed = 0.25, kStuckLoss = 0.1;

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

// The newest one at least so long before the last; nullptr: there is none.
const RateControl::Sample* RateControl::sample_before(std::uint32_t span_us) const {
  if (sample_count_ < 2) return nullptr;
  const auto& newest = samples_[(sample_count_ - 1) % samples_.size()];
  const auto oldest = sample_count_ - std::min(sample_count_, samples_.size());
  for (auto i = sample_count_ - 1; i-- > oldest;) {
    const auto& sample = samples_[i % samples_.size()];
    const auto elapsed = newest.clock_us - sample.clock_us;
    if (elapsed >= span_us && elapsed <= 1'000'000) return &sample;
  }
  return nullptr;
}

// Of the last `span_us` or a little more; 0: not known.
double RateControl::delivered_kbps(std::uint32_t span_us) const {
  const auto* before = sample_before(span_us);
  if (before == nullptr) return 0;
  const auto& newest = samples_[(sample_count_ - 1) % samples_.size()];
  return static_cast<double>(newest.bytes - before->bytes) * 8'000 /
         static_cast<double>(std::max(newest.clock_us - before->clock_us, 1U));
}

// What was sent is what came and what is in flight now and was not then.
bool RateControl::more_sent_than_came(std::uint32_t span_us) const {
  const auto* before = sample_before(span_us);
  if (before == nullptr) return false;
  const auto& newest = samples_[(sample_count_ - 1) % samples_.size()];
  const auto came = static_cast<double>(newest.bytes - before->bytes);
  const auto stayed =
      static_cast<double>(newest.in_flight.value) - static_cast<double>(before->in_flight.value);
  return stayed > std::max(kOvertaxed * (came + stayed), kLeastOvertaxed);
}

double RateControl::needed_kbps() const { return params_.cap_kbps * overhead_ + params_.reserve_kbps; }

// Far less is sent than might be: what comes then is no capacity.
bool RateControl::is_starved() const {
  const auto needed = needed_kbps();
  return sent_kbps_ < kUsed * std::min(limit_.value_or(needed), needed);
}

bool RateControl::is_slight() const { return is_starved() && sent_kbps_ < kSlight * least_limit(); }

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
  samples_[sample_count_++ % samples_.size()] = {report.clock_us, report.bytes, report.in_flight};
  if (params_.cap_kbps == 0) return;
  watch_loss(report.loss, now);
  if (!report.least_queue) return;
  queue_ = above_base(*report.least_queue);
  const auto queue = queue_now(report.in_flight).value_or(queue_);
  const auto passed = std::min<Duration>(elapsed, 200ms);
  note_queue(queue, passed);
  if (draining_) {
    drain_expected_ += report.loss.expected;
    drain_lost_ += std::min(report.loss.lost, report.loss.expected);
    drain(queue, now);
  } else if (shows_queue(queue, now)) {
    on_queue(now);
    drain(std::max(queue, queue_), now);
  } else {
    probe(passed, now);
  }
}

void RateControl::note_queue(Duration queue, Duration elapsed) {
  queued_reports_ = queue_ > params_.some ? queued_reports_ + 1 : 0;
  if (queued_reports_ <= 1) first_queue_ = queue_;
  much_reports_ = queue_ > params_.much ? much_reports_ + 1 : 0;
  const bool overtaxed = more_sent_than_came(kShortSpan);
  overtaxed_reports_ = overtaxed ? overtaxed_reports_ + 1 : 0;
  const bool not_ours =
      queue <= params_.some || (is_starved() && !overtaxed && queue_ <= first_queue_ + params_.some);
  contradicted_ = queue_ > params_.some && not_ours ? contradicted_ + elapsed : Duration::zero();
  if (contradicted_ > 2 * params_.stuck_after) base_shift_ += std::exchange(queue_, Duration::zero());
}

bool RateControl::shows_queue(Duration queue, Timestamp now) const {
  if (is_starved()) {
    const bool grows = overtaxed_reports_ >= kOvertaxedReports || queue_ > first_queue_ + params_.some;
    return grows && queued_reports_ >= kStarvedPatience && !is_slight();
  }
  if (much_reports_ >= kMuchReports && queue > params_.some) return true;
  return queued_reports_ >= params_.patience && queue > (now >= stale_until_ ? params_.empty : params_.some);
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
  auto delivered = delivered_kbps(kShortSpan);
  if (overtaxed_reports_ < kOvertaxedReports) delivered = std::max(delivered, delivered_kbps(kLongSpan));
  if (delivered <= 0 || least_round_trip_ == Duration::zero()) return std::nullopt;
  const std::chrono::duration<double, std::milli> takes{static_cast<double>(in_flight.value) * 8 / delivered};
  auto way = least_round_trip_;
  if (older_round_trip_ > Duration::zero()) way = std::min(way, older_round_trip_);
  const auto queue = std::chrono::duration_cast<Duration>(std::min(takes, decltype(takes){10'000.0}));
  return std::max(Duration::zero(), queue - way - base_shift_);
}

void RateControl::on_queue(Timestamp now) {
  note_cut(now);
  draining_ = true;
  measured_ = overtaxed_ = false;
  before_drain_ = limit_;
  known_capacity_ = capacity_;
  drain_lost_ = drain_expected_ = 0;
  drain_best_ = Duration::max();
  drain_progress_ = now;
  give_reason(RateReason::queue);
}

// What is lowered while little is sent is no knowledge for long.
void RateControl::note_cut(Timestamp now) {
  if (!is_starved()) {
    if (expires_ && now >= *expires_) expires_.reset();
    return;
  }
  if (!expires_) before_starved_ = limit_;
  expires_ = now + params_.starved_memory;
}

void RateControl::drain(Duration queue, Timestamp now) {
  if (queue <= params_.empty) return end_drain(now);
  if (queue < drain_best_ - drain_best_ / 8) {
    drain_best_ = queue;
    drain_progress_ = now;
  } else if (now - drain_progress_ > params_.stuck_after) {
    return end_stuck(queue, now);
  }
  if (std::max(queue, queue_) > params_.some) measure_capacity();
  const auto share = std::clamp(1 - seconds(queue) / seconds(params_.drain_time), kLeastDrain, kMostDrain);
  const auto from = capacity_ > 0 ? capacity_ : sent_kbps_;
  if (from > 0) set_limit(share * from);
}

// While more is sent than comes, what comes is what the bottleneck lets through. Else it lets through no
// less.
void RateControl::measure_capacity() {
  const auto delivered = delivered_kbps(queue_ > params_.much ? kShortSpan : kLongSpan);
  if (delivered <= 0) return;
  if (overtaxed_reports_ >= kOvertaxedReports) {
    capacity_ = delivered;
    overtaxed_ = true;
  } else if (measured_) {
    capacity_ = std::max(capacity_, delivered);
  } else {
    capacity_ = std::max({kKept * capacity_, delivered, delivered_kbps(kLongSpan)});
  }
  measured_ = true;
}

void RateControl::end_drain(Timestamp now) {
  draining_ = false;
  queued_reports_ = much_reports_ = 0;
  lowered_ = now;
  stale_until_ = now + queue_ + 2 * least_round_trip_ + kHold / 5;
  confirmed_ = known_capacity_ > 0 && std::abs(capacity_ - known_capacity_) < kConfirmed * known_capacity_;
  if (capacity_ > 0) set_limit(params_.headroom * capacity_);
  give_reason(RateReason::probing);
}

// What was no queue lowers nothing.
void RateControl::end_stuck(Duration queue, Timestamp now) {
  if (queue_ <= params_.empty) return end_drain(now);  // what has come since knows better
  base_shift_ += queue;
  const bool lossy = drain_lost_ > kStuckLoss * drain_expected_;
  if (overtaxed_ || lossy) return;  // the next report finds it empty
  end_drain(now);
  capacity_ = known_capacity_;
  limit_ = before_drain_;
  if (!limit_) give_reason(RateReason::configured);
}

void RateControl::probe(Duration elapsed, Timestamp now) {
  if (expires_ && now >= *expires_ && is_starved()) {
    expires_.reset();
    limit_ = before_starved_;
    if (!limit_) capacity_ = 0;
    give_reason(limit_ ? RateReason::probing : RateReason::configured);
  }
  if (!limit_ || queue_ > params_.empty * 3 / 2 || now < lowered_ + kHold) return;
  const auto needed = needed_kbps();
  if (*limit_ >= kFreeFactor * needed) {
    limit_.reset();
    capacity_ = 0;
    give_reason(RateReason::configured);
    return;
  }
  if (is_starved()) return;  // nobody knows whether more would pass
  const bool near = confirmed_ && *limit_ > kNear * capacity_ && *limit_ < capacity_ * 1.15;
  const bool hurry = now > lowered_ + kHurry;
  const auto growth = near ? (hurry ? 0.1 : 0.02) : (hurry ? 0.3 : 0.1);
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
  if (draining_ || is_slight() || share < params_.heavy_loss || now < loss_ignored_until_) {
    if (share < params_.heavy_loss) loss_steps_ = 0;
    if (share < params_.heavy_loss / 2) loss_ignored_for_ = kLossIgnored;
    return;
  }
  if (loss_steps_ == 0) {
    loss_before_ = share;
    limit_before_loss_ = limit_.value_or(0);
  } else if (loss_steps_ >= kLossSteps && share > 0.8 * loss_before_) {  // less was sent, as much was lost
    loss_ignored_until_ = now + loss_ignored_for_;
    loss_ignored_for_ = std::min<Duration>(2 * loss_ignored_for_, kMostIgnored);
    loss_steps_ = 0;
    limit_ = limit_before_loss_ > 0 ? std::optional{limit_before_loss_} : std::nullopt;
    give_reason(limit_ ? RateReason::probing : RateReason::configured);
    return;
  }
  ++loss_steps_;
  note_cut(now);
  const auto from = std::min(limit_.value_or(needed_kbps()), std::max(sent_kbps_, kSlight * least_limit()));
  set_limit(from * (1 - share / 2));
  lowered_ = now;
  give_reason(RateReason::loss);
}

void RateControl::watch_silence(Timestamp now) {
  if (params_.cap_kbps == 0 || reported_ == Timestamp{} || now - reported_ < params_.silence) return;
  if (reason_ == RateReason::silence) return;
  note_cut(now);
  draining_ = false;
  set_limit(limit_.value_or(needed_kbps()) / 2);
  lowered_ = now;
  give_reason(RateReason::silence);
}

}  // namespace lumen
