#include "flow/parity_control.hpp"

#include <algorithm>
#include <cmath>

namespace lumen {
namespace {

constexpr std::size_t kMaxShards = 65'535;
constexpr double kDeviations = 2;     // of the confidence bound
constexpr double kImplausible = 6.9;  // −ln of one in a thousand
constexpr double kEnoughLosses = 3;   // from here on a rate is more than an accident
constexpr double kSquaredDeviations = kDeviations * kDeviations;

// Upper end of Wilson's score interval.
double upper_bound(double lost, double expected) {
  const auto spread = std::sqrt(lost * (1 - lost / expected) + kSquaredDeviations / 4);
  return (lost + kSquaredDeviations / 2 + kDeviations * spread) / (expected + kSquaredDeviations);
}

// How many clean datagrams have `loss` for their upper bound.
double clean_datagrams_for(double loss) { return kSquaredDeviations * (1 / loss - 1); }

// Chernoff's bound for a Poisson count: P[lost or more | mean] <= exp(−result), for lost above the mean.
double surprise(double lost, double mean) {
  return lost <= mean ? 0 : lost * std::log(lost / mean) - lost + mean;
}

// A mean run under which the longest of `runs` is `longest`, once in a thousand times.
double burst_behind(double longest, double runs) {
  if (longest < 2) return 1;
  return 1 / -std::expm1(-(kImplausible + std::log(std::max(runs, 1.0))) / (longest - 1));
}

double falling(double before, double wanted, double aging) {
  return std::max(wanted, wanted + (before - wanted) * aging);
}

// `report` without the run that no parity mends.
LossReport without_outage(LossReport report, double longest_run) {
  if (report.longest_burst <= longest_run) return report;
  const auto outage = std::min({report.longest_burst, report.lost, report.expected});
  report.expected -= outage;
  report.lost -= outage;
  report.runs -= std::min(report.runs, 1U);
  report.longest_burst = 0;
  return report;
}

}  // namespace

void LossReport::add(const LossReport& later) {
  const auto sum = [](std::uint32_t a, std::uint32_t b) { return a + std::min(b, UINT32_MAX - a); };
  expected = sum(expected, later.expected);
  lost = sum(lost, later.lost);
  runs = sum(runs, later.runs);
  longest_burst = std::max(longest_burst, later.longest_burst);
}

ParityControl::ParityControl(const Params& params) : params_{params}, assumed_{.loss = params.initial_loss} {}

double ParityControl::aging_until(Timestamp now) {
  const auto elapsed = std::max(Duration::zero(), now - last_.value_or(now));
  last_ = now;
  return std::exp2(-std::chrono::duration<double>(elapsed) /
                   std::chrono::duration<double>(params_.half_life));
}

// In runs of b on average, 2b − 1 losses vary as one does alone.
bool ParityControl::is_implausible(double expected, double lost) const {
  const auto together = 2 * assumed_.mean_burst - 1;
  return surprise(lost / together, expected * assumed_.loss / together) > kImplausible;
}

double ParityControl::wanted_burst(double longest_burst) const {
  if (lost_ < 2 || runs_ < 1 || expected_ - lost_ < 1) return 1;  // all lost: no run says more
  const auto in_a_row = lost_ - runs_;
  const bool by_chance = surprise(in_a_row, lost_ * lost_ / expected_) <= kImplausible;
  const auto mean = by_chance ? 1.0 : 1 / (1 - upper_bound(in_a_row, lost_));
  return std::clamp(std::max(mean, burst_behind(longest_burst, runs_)), 1.0, params_.max_burst);
}

double ParityControl::wanted_loss(double burst) const {
  const auto events = burst > 1 ? runs_ : lost_;
  const auto measured_expected = std::max(expected_, clean_datagrams_for(params_.initial_loss));
  auto loss = upper_bound(events, measured_expected);
  if (lost_ >= kEnoughLosses) loss = std::max(loss, events / expected_);
  if (burst > 1) loss *= lost_ / runs_;
  return std::clamp(loss, params_.floor_loss, params_.ceiling_loss);
}

void ParityControl::set_repeats(bool possible) {
  if (repeats_ == possible) return;
  repeats_ = possible;
  ++version_;
}

void ParityControl::report(Timestamp now, const LossReport& received) {
  const auto report = without_outage(received, kImplausible * params_.max_burst);
  const double expected = report.expected;
  const double lost = std::min(report.lost, report.expected);
  const double runs = std::clamp<double>(report.runs, std::min(lost, 1.0), lost);
  const auto aging = aging_until(now);
  const auto kept = is_implausible(expected, lost) ? 0 : aging;
  expected_ = expected + expected_ * kept;
  lost_ = lost + lost_ * kept;
  runs_ = runs + runs_ * kept;

  const auto burst = wanted_burst(std::min<double>(report.longest_burst, lost));
  const LossModel wanted{falling(assumed_.loss, wanted_loss(burst), aging),
                         burst * std::pow(std::max(assumed_.mean_burst / burst, 1.0), aging)};
  if (wanted.loss != assumed_.loss || wanted.mean_burst != assumed_.mean_burst) ++version_;
  assumed_ = wanted;
}

std::size_t ParityControl::compute(std::size_t data_shards) const {
  const auto percent = [&](double share) {
    return static_cast<std::size_t>(
        std::ceil(std::clamp(share, 0.0, 1e6) * static_cast<double>(data_shards) / 100));
  };
  const auto least = std::max({std::size_t{1}, params_.min_shards, percent(params_.min_percent)});
  const auto most = std::max({least, params_.small_frame_shards, percent(params_.max_percent)});
  const auto needed = [&](double mean_burst, double target) {
    return least_parity(data_shards, {assumed_.loss, mean_burst}, target, std::min(most, kMaxShards));
  };
  const auto wanted =
      repeats_ ? std::max(needed(1, params_.repeat_target),
                          needed(assumed_.mean_burst, params_.repeat_burst_target))
               : std::max(needed(1, params_.target), needed(assumed_.mean_burst, params_.burst_target));
  return std::min(std::max(wanted, least), kMaxShards);
}

std::size_t ParityControl::parity_for(std::size_t data_shards) const {
  const auto k = std::clamp<std::size_t>(data_shards, 1, kMaxShards);
  auto& cached = cached_[k % cached_.size()];
  if (cached.version != version_ || cached.data_shards != k) cached = {version_, k, compute(k)};
  return cached.parity;
}

}  // namespace lumen
