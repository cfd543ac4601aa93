#include "simulation/link.hpp"

#include <algorithm>

namespace lumen::simulation {

Link::Link(const LinkParams& params, std::uint64_t seed)
    : params_{params}, seed_{seed}, losses_{seed, 0}, times_{seed, 1} {}

void Link::restart(std::uint64_t trace) {
  losses_ = Random{seed_, 2 * trace};
  times_ = Random{seed_, 2 * trace + 1};
  lost_before_.reset();
  run_left_ = 0;
}

Fate Link::send(Timestamp now, Bytes size) {
  ++stats_.sent;
  Fate fate;
  const bool lost = next_is_lost();
  const auto left = pass_bottleneck(now, size);
  fate.queued = left.value_or(now) - now;
  travel(left.value_or(now), fate);  // also what does not arrive: the next draws are for the next datagram
  if (!left) {
    fate = {.outcome = Outcome::overflowed};
    ++stats_.overflowed;
  } else if (lost) {
    fate = {.outcome = Outcome::lost};
    ++stats_.lost;
  } else if (fate.duplicate) {
    ++stats_.duplicated;
  }
  return fate;
}

bool Link::next_is_lost() {
  if (run_left_ > 0) {
    --run_left_;
    return true;
  }
  const bool lost = losses_.chance(chance_of_loss());
  if (lost && params_.run > 0 && params_.loss.loss < 1) run_left_ = params_.run - 1;
  lost_before_ = lost;
  return lost;
}

double Link::chance_of_loss() const {
  const auto loss = std::clamp(params_.loss.loss, 0.0, 1.0);
  if (loss == 1 || !lost_before_) return loss;
  const double mean = params_.run > 0 ? params_.run : std::max(params_.loss.mean_burst, 1 / (1 - loss));
  if (*lost_before_) return params_.run > 0 ? 0 : 1 - 1 / mean;  // one arrives between two exact runs
  return loss / mean / (1 - loss);
}

// When the datagram has passed; nullopt: no room in the queue.
std::optional<Timestamp> Link::pass_bottleneck(Timestamp now, Bytes size) {
  if (params_.rate.value == 0) return now;
  const auto begin = std::max(now, free_);
  const auto end = begin + transmit_time(size, params_.rate);
  if (end - now > transmit_time(params_.queue, params_.rate)) return std::nullopt;
  free_ = end;
  return end;
}

void Link::travel(Timestamp left, Fate& fate) {
  fate.arrives = left + params_.delay;
  if (params_.jitter > Duration::zero()) fate.arrives += times_.up_to(params_.jitter);
  fate.arrives = last_arrival_ = std::max(fate.arrives, last_arrival_);
  if (params_.reordered > 0 && times_.chance(params_.reordered)) {
    fate.arrives += params_.reorder_by;
    ++stats_.reordered;
  }
  if (params_.duplicated > 0) {
    const auto later = times_.up_to(params_.reorder_by);
    if (times_.chance(params_.duplicated)) fate.duplicate = fate.arrives + later;
  }
}

}  // namespace lumen::simulation
