#include "audio/rate_adjuster.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lumen::audio {
namespace {

constexpr std::size_t kTaps = 16, kPhases = 128;

// Row p holds the weights of kTaps samples for a place p / kPhases behind the eighth of them.
using Table = std::array<std::array<float, kTaps>, kPhases + 1>;

Table make_table() {
  Table table{};
  for (std::size_t phase = 0; phase <= kPhases; ++phase) {
    double sum = 0;
    std::array<double, kTaps> row{};
    for (std::size_t tap = 0; tap < kTaps; ++tap) {
      const double x = static_cast<double>(tap) - (kTaps / 2 - 1) - static_cast<double>(phase) / kPhases;
      const double sinc = x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
      row[tap] = sinc * std::pow(std::cos(std::numbers::pi * x / (kTaps + 1)), 2);
      sum += row[tap];
    }
    for (std::size_t tap = 0; tap < kTaps; ++tap) table[phase][tap] = static_cast<float>(row[tap] / sum);
  }
  return table;
}

const Table& table() {
  static const Table the = make_table();
  return the;
}

}  // namespace

RateAdjuster::RateAdjuster(std::uint8_t channels)
    : channels_{channels},
      in_((kTaps + kMostFrames) * channels_),
      out_(static_cast<std::size_t>(kMostFrames * (1 + 2 * kMostRate) + 2) * channels_),
      position_{kTaps - kDelayFrames} {
  table();
}

void RateAdjuster::write_frame(double position, float* out) const {
  const auto whole = static_cast<std::size_t>(position);
  const auto phase = (position - static_cast<double>(whole)) * kPhases;
  const auto row = static_cast<std::size_t>(phase);
  const auto between = static_cast<float>(phase - static_cast<double>(row));
  const auto& low = table()[row];
  const auto& high = table()[std::min(row + 1, kPhases)];
  const auto* from = &in_[(whole - (kTaps / 2 - 1)) * channels_];
  for (std::size_t channel = 0; channel < channels_; ++channel) out[channel] = 0;
  for (std::size_t tap = 0; tap < kTaps; ++tap) {
    const auto weight = low[tap] + (high[tap] - low[tap]) * between;
    for (std::size_t channel = 0; channel < channels_; ++channel) {
      out[channel] += weight * from[tap * channels_ + channel];
    }
  }
}

std::span<const float> RateAdjuster::adjust(std::span<const float> interleaved, double rate) {
  const auto step = std::clamp(rate, 1 - kMostRate, 1 + kMostRate);
  const auto frames = std::min(interleaved.size() / channels_, kMostFrames);
  const auto kept = static_cast<std::ptrdiff_t>(kTaps * channels_);
  std::ranges::copy(interleaved.first(frames * channels_), in_.begin() + kept);
  std::size_t written = 0;
  // Needs kTaps / 2 frames behind it.
  for (; position_ < static_cast<double>(kTaps + frames - kTaps / 2); position_ += step) {
    write_frame(position_, &out_[written * channels_]);
    ++written;
  }
  position_ -= static_cast<double>(frames);
  std::copy_n(in_.begin() + static_cast<std::ptrdiff_t>(frames * channels_), kept, in_.begin());
  return std::span{out_}.first(written * channels_);
}

}  // namespace lumen::audio
