#include "tools/impairment/network.hpp"

#include <algorithm>

namespace lumen::impairment {
namespace {

using simulation::Outcome;

Duration as_time(double ns) { return Duration{static_cast<Duration::rep>(ns)}; }

}  // namespace

void Direction::apply(const Change& change, Timestamp now) {
  const auto whole = static_cast<std::uint64_t>(change.value);
  switch (change.property) {
    case Property::loss:
      params_.loss.loss = change.value;
      break;
    case Property::burst:
      params_.loss.mean_burst = change.value;
      params_.run = 0;
      break;
    case Property::runs:
      params_.run = static_cast<std::uint32_t>(whole);
      break;
    case Property::delay:
      params_.delay = as_time(change.value);
      break;
    case Property::jitter:
      params_.jitter = as_time(change.value);
      break;
    case Property::reorder:
      params_.reordered = change.value;
      break;
    case Property::reorder_by:
      params_.reorder_by = as_time(change.value);
      break;
    case Property::duplicate:
      params_.duplicated = change.value;
      break;
    case Property::rate:
      params_.rate = BitsPerSecond{whole};
      break;
    case Property::queue_time:
      queue_time_ = as_time(change.value);
      break;
    case Property::queue_bytes:
      queue_time_.reset();
      params_.queue = Bytes{whole};
      break;
    case Property::blackout:
      dark_until_ = now + as_time(change.value);
      break;
    case Property::move:
      break;  // of the whole network
    case Property::clear:
      params_ = {};
      queue_time_.reset();
      dark_until_ = now;
      break;
  }
  fit_queue();
  link_.set(params_);
}

void Direction::fit_queue() {
  if (!queue_time_) return;
  const auto seconds = std::chrono::duration<double>(*queue_time_).count();
  params_.queue = Bytes{static_cast<std::uint64_t>(static_cast<double>(params_.rate.value) / 8 * seconds)};
}

simulation::Fate Direction::send(Timestamp now, Duration since_start, Bytes size) {
  ++totals_.datagrams;
  totals_.bytes += size.value;
  const auto which = static_cast<std::size_t>(std::max(since_start, Duration::zero()) / kMoment);
  if (which >= moments_.size() && which < kMoments) moments_.resize(which + 1);
  auto* moment = which < moments_.size() ? &moments_[which] : nullptr;
  simulation::Fate fate{.outcome = Outcome::lost};
  if (now < dark_until_) {
    ++totals_.blacked_out;
  } else {
    fate = link_.send(now, size);
  }
  if (fate.outcome == Outcome::arrived) {
    ++totals_.passed;
    totals_.passed_bytes += size.value;
    queued_.add(fate.queued);
  }
  if (moment != nullptr) {
    if (fate.outcome == Outcome::arrived) {
      moment->passed_bytes += size.value;
      moment->queued = std::max(moment->queued, fate.queued);
    } else {
      ++moment->dropped;
    }
  }
  return fate;
}

Totals Direction::totals() const {
  auto totals = totals_;
  const auto& link = link_.stats();
  totals.lost = link.lost;
  totals.overflowed = link.overflowed;
  totals.reordered = link.reordered;
  totals.duplicated = link.duplicated;
  return totals;
}

// The directions draw independently of each other.
Network::Network(const std::vector<Change>& changes, std::uint64_t seed)
    : directions_{Direction{simulation::mix(seed)}, Direction{simulation::mix(seed + 1)}} {
  for (const auto& change : changes)
    changes_.insert(std::ranges::upper_bound(changes_, change.at, {}, &Change::at), change);
}

simulation::Fate Network::send(Side side, Timestamp now, Bytes size) {
  if (!started_) started_ = now;
  advance(now);
  return directions_[static_cast<std::size_t>(side)].send(now, now - *started_, size);
}

void Network::advance(Timestamp now) {
  while (const auto due = next_change()) {
    if (*due > now) return;
    apply(changes_[next_++], *due);
  }
}

std::optional<Timestamp> Network::next_change() const {
  if (!started_ || next_ == changes_.size()) return std::nullopt;
  return *started_ + changes_[next_].at;
}

std::uint64_t Network::take_moves() { return std::exchange(moves_, 0); }

void Network::apply(const Change& change, Timestamp now) {
  if (change.property == Property::move) ++moves_;
  if (change.up) directions_[static_cast<std::size_t>(Side::up)].apply(change, now);
  if (change.down) directions_[static_cast<std::size_t>(Side::down)].apply(change, now);
}

}  // namespace lumen::impairment
