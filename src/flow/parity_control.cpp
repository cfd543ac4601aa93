#include "flow/parity_control.hpp"

#include <algorithm>
#include <cmath>

namespace lumen {
namespace {

constexpr std::size_t kMaxShards = 255;    // of a block, data and parity
constexpr double kSmallestTarget = 1e-12;  // what a sum of doubles near one can tell from zero
constexpr double kDeviations = 2;          // of the confidence bound
constexpr double kImplausible = 6.9;       // −ln of one in a thousand
constexpr double kEnoughLosses = 3;        // from here on a rate is more than an accident
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

double clump_of(double expected, double lost, double longest_burst) {
  if (lost < 2 || expected - lost < 1) return 1;  // all lost: no clump says more
  const auto loss = lost / expected;
  const auto by_chance = (std::log(expected - lost) + kImplausible) / -std::log(loss);
  return 1 + std::max(0.0, longest_burst - by_chance);
}

std::size_t smallest_parity(std::size_t data_shards, double loss, double target) {
  const auto k = static_cast<double>(data_shards);
  auto term = std::pow(1 - loss, k);
  auto survives = term;
  std::size_t m = 0;
  while (1 - survives > target && data_shards + m < kMaxShards) {
    term *= loss * (k + static_cast<double>(m)) / static_cast<double>(m + 1);
    survives += term;
    ++m;
  }
  return std::max<std::size_t>(m, 1);
}

}  // namespace

ParityControl::ParityControl(const Params& params) : params_{params}, assumed_{params.initial_loss} {
  params_.target = std::max(params_.target, kSmallestTarget);
}

double ParityControl::aging_until(Timestamp now) {
  const auto elapsed = std::max(Duration::zero(), now - last_.value_or(now));
  last_ = now;
  return std::exp2(-std::chrono::duration<double>(elapsed) /
                   std::chrono::duration<double>(params_.half_life));
}

double ParityControl::wanted_loss() const {
  const auto bound = upper_bound(lost_, std::max(expected_, clean_datagrams_for(params_.initial_loss)));
  const auto measured = lost_ >= kEnoughLosses ? lost_ / expected_ : 0.0;
  return std::clamp(std::max(bound, measured) * clump_, params_.floor_loss, params_.ceiling_loss);
}

void ParityControl::report(Timestamp now, const LossReport& report) {
  const double expected = report.expected;
  const double lost = std::min(report.lost, report.expected);
  const auto aging = aging_until(now);
  const bool link_changed = surprise(lost, expected * assumed_) > kImplausible;
  expected_ = expected + (link_changed ? 0 : expected_ * aging);
  lost_ = lost + (link_changed ? 0 : lost_ * aging);
  const double burst = std::min(report.longest_burst, report.lost);
  clump_ = std::max(clump_of(expected, lost, burst), 1 + (clump_ - 1) * aging);

  const auto wanted = wanted_loss();
  const auto before = assumed_;
  assumed_ = std::max(wanted, wanted + (assumed_ - wanted) * aging);
  if (assumed_ != before) cached_.fill(0);
}

std::size_t ParityControl::parity_for(std::size_t data_shards) const {
  const auto k = std::clamp<std::size_t>(data_shards, 1, kMaxShards - 1);
  if (cached_[k] == 0) cached_[k] = static_cast<std::uint8_t>(smallest_parity(k, assumed_, params_.target));
  return cached_[k];
}

}  // namespace lumen
