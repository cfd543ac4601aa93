#include "flow/frame_loss.hpp"

#include <algorithm>
#include <cmath>

namespace lumen {
namespace {

constexpr double kMostLoss = 0.95;
constexpr std::size_t kSmallFrame = 512;   // data shards up to which the exact sum is used
constexpr double kSmallestLogTerm = -690;  // e^this is still a normal double
constexpr int kBisections = 44;

// The chain's probabilities.
struct Chain {
  explicit Chain(const LossModel& model)
      : loss{std::clamp(model.loss, 1e-9, kMostLoss)},
        end{1 / std::max(model.mean_burst, 1 / (1 - loss))},
        begin{loss * end / (1 - loss)} {}
  double loss;   // of any datagram
  double end;    // r: the next datagram after a lost one arrives
  double begin;  // a: the next datagram after one that arrived is lost
};

// P[L = 0], P[L = 1], … of the number lost before the k-th arrival. Terms are scaled by e^`scale`, so that
// the first of a large frame does not vanish.
class ExactSum {
 public:
  ExactSum(std::size_t data_shards, const Chain& chain)
      : gaps_{static_cast<double>(data_shards - 1)},
        arrives_{1 - chain.begin},
        goes_on_{1 - chain.end},
        mixed_{chain.begin + chain.end - 1},
        first_{1 - chain.loss},
        second_{chain.loss - goes_on_},
        scale_{gaps_ * std::log1p(-chain.begin)} {}

  double next() {
    const auto probability = first_ * term_ + second_ * before_;
    const auto after =
        (((gaps_ * mixed_) + (gaps_ + 1) * arrives_ * goes_on_ - (mixed_ - arrives_ * goes_on_) * index_) *
             term_ +
         mixed_ * goes_on_ * index_ * before_) /
        (arrives_ * (index_ + 1));
    before_ = term_;
    term_ = after;
    index_ += 1;
    const auto scaled = probability * std::exp(scale_);
    rescale();
    return scaled;
  }

 private:
  void rescale() {
    constexpr double kLarge = 1e100;
    if (term_ < kLarge) return;
    term_ /= kLarge;
    before_ /= kLarge;
    scale_ += std::log(kLarge);
  }

  double gaps_, arrives_, goes_on_, mixed_, first_, second_, scale_;
  double term_ = 1, before_ = 0, index_ = 0;
};

// The tail of G at the saddlepoint `s` > 0.
class Saddlepoint {
 public:
  Saddlepoint(std::size_t data_shards, const Chain& chain)
      : chain_{chain}, gaps_{static_cast<double>(data_shards - 1)} {}

  double largest() const {  // s beyond which G does not converge
    return -std::log1p(-chain_.end);
  }
  struct Point {
    double lost;  // m + ½ = K′(s)
    double tail;  // P[L > m]
  };
  Point at(double s) const {
    const auto z = std::exp(s);
    const auto u = 1 / (1 - (1 - chain_.end) * z);
    const auto h = chain_.end * z * u;
    Sums sums;
    add(sums, chain_.loss, h, u, 1);
    add(sums, chain_.begin, h, u, gaps_);
    const auto w = std::sqrt(std::max(2 * (s * sums.first - sums.log), 1e-12));
    const auto v = 2 * std::sinh(s / 2) * std::sqrt(sums.second);
    const auto density = std::exp(-w * w / 2) * 0.3989422804014327;
    return {sums.first, std::erfc(w * 0.7071067811865476) / 2 + density * (1 / v - 1 / w)};
  }

 private:
  struct Sums {
    double log = 0, first = 0, second = 0;  // K and its derivatives
  };
  // `count` times log(1 − q + q·h); h′ = h·u, h″ = h·u·(2u − 1).
  static void add(Sums& sums, double q, double h, double u, double count) {
    const auto value = 1 - q + q * h;
    const auto slope = q * h * u / value;
    sums.log += count * std::log(value);
    sums.first += count * slope;
    sums.second += count * (slope * (2 * u - 1) - slope * slope);
  }

  Chain chain_;
  double gaps_;
};

bool sums_exactly(std::size_t data_shards, const Chain& chain) {
  return data_shards <= kSmallFrame &&
         static_cast<double>(data_shards) * std::log1p(-chain.begin) > kSmallestLogTerm;
}

std::size_t exact_parity(std::size_t data_shards, const Chain& chain, double target, std::size_t most) {
  ExactSum terms{data_shards, chain};
  auto lost = 1 - terms.next();
  std::size_t parity = 0;
  for (; lost > target && parity < most; ++parity) lost -= terms.next();
  return parity;
}

std::size_t saddlepoint_parity(std::size_t data_shards, const Chain& chain, double target, std::size_t most) {
  const Saddlepoint saddlepoint{data_shards, chain};
  double low = 0, high = saddlepoint.largest();
  for (int i = 0; i < kBisections; ++i) {
    const auto middle = (low + high) / 2;
    (saddlepoint.at(middle).tail > target ? low : high) = middle;
  }
  const auto parity = std::ceil(saddlepoint.at(low).lost - 0.5);
  if (!(parity < static_cast<double>(most))) return most;
  return static_cast<std::size_t>(std::max(parity, 0.0));
}

}  // namespace

double frame_loss(std::size_t data_shards, std::size_t parity_shards, const LossModel& model) {
  ExactSum terms{std::max<std::size_t>(data_shards, 1), Chain{model}};
  auto lost = 1.0;
  for (std::size_t i = 0; i <= parity_shards; ++i) lost -= terms.next();
  return std::max(lost, 0.0);
}

std::size_t least_parity(std::size_t data_shards, const LossModel& model, double target, std::size_t most) {
  const auto k = std::max<std::size_t>(data_shards, 1);
  target = std::clamp(target, 1e-12, 0.1);
  const Chain chain{model};
  return sums_exactly(k, chain) ? exact_parity(k, chain, target, most)
                                : saddlepoint_parity(k, chain, target, most);
}

}  // namespace lumen
