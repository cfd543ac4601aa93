#include "codec/burst_guard.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lumen::codec {
namespace {

constexpr std::size_t kBlock = 32, kRowStep = 4;                       // pixels
constexpr double kLeastCut = 10, kCutTimesUsual = 2.5;                 // mean difference of blocks, 0…255
constexpr double kUsualWeight = 0.125;                                 // of the newest picture
constexpr double kStepsPerOctave = 10;                                 // so many quantizers halve the bits
constexpr double kTypicalQuantizer = 50, kTypicalBitsPerPixel = 0.16;  // measured on game pictures
constexpr int kFinerPerPicture = 3;

// Of every fourth row of a block.
float mean_of(const Plane& plane, std::size_t x, std::size_t y) {
  std::uint32_t sum = 0;
  for (std::size_t row = 0; row < kBlock; row += kRowStep) {
    const std::byte* const line = plane.pixels + (y + row) * plane.stride_bytes + x;
    for (std::size_t column = 0; column < kBlock; ++column)
      sum += std::to_integer<std::uint32_t>(line[column]);
  }
  constexpr std::size_t kSamples = kBlock * kBlock / kRowStep;
  return static_cast<float>(sum) / static_cast<float>(kSamples);
}

}  // namespace

bool CutDetector::is_cut(const Picture& picture) {
  const std::size_t columns = picture.width / kBlock, rows = picture.height / kBlock;
  ++seen_;
  means_.resize(columns * rows);
  double sum = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      const float now = mean_of(picture.planes[0], column * kBlock, row * kBlock);
      sum += std::abs(now - std::exchange(means_[row * columns + column], now));
    }
  }
  if (seen_ == 1) return false;
  const double difference = sum / static_cast<double>(means_.size());
  if (seen_ == 2) usual_difference_ = difference;
  const bool cut = difference > kLeastCut && difference > kCutTimesUsual * usual_difference_;
  if (!cut) usual_difference_ += kUsualWeight * (difference - usual_difference_);
  return cut;
}

BurstGuard::BurstGuard(double bits_per_pixel)
    : fresh_quantizer_{kTypicalQuantizer +
                       kStepsPerOctave * std::log2(kTypicalBitsPerPixel / std::max(bits_per_pixel, 1e-6))} {
  fresh_quantizer_ = std::clamp<double>(fresh_quantizer_, kFinest, kCoarsest);
}

int BurstGuard::least_quantizer(bool fresh) {
  fresh_ = fresh;
  if (fresh) least_ = static_cast<int>(std::lround(fresh_quantizer_));
  return least_;
}

void BurstGuard::encoded(int quantizer, double shares) {
  if (fresh_) {
    const double wanted = quantizer + kStepsPerOctave * std::log2(std::max(shares, 0.01));
    fresh_quantizer_ = std::clamp<double>(wanted, kFinest, kCoarsest);
  }
  least_ = std::max(std::min(least_, quantizer) - kFinerPerPicture, kFinest);
}

}  // namespace lumen::codec
