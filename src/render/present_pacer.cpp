#include "render/present_pacer.hpp"

#include <algorithm>

namespace lumen::render {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSafety = 2ms;
constexpr auto kForgetAfter = 64;  // periods: clocks drift apart

}  // namespace

void PresentPacer::presented(Duration draw_time, Timestamp shown) {
  refresh_ = shown;
  draw_time_ = std::max(draw_time, draw_time_ - draw_time_ / 16);
}

Duration PresentPacer::margin() const { return std::min(draw_time_ + kSafety, period_); }

Timestamp PresentPacer::next(Timestamp now) const {
  if (!is_pacing() || now < refresh_ || now - refresh_ > period_ * kForgetAfter) return now;
  const auto left = period_ - (now - refresh_) % period_;  // to the next refresh
  if (left >= margin()) return now + (left - margin());
  if (left >= draw_time_ + kSafety / 2) return now;
  return now + left + period_ - margin();
}

}  // namespace lumen::render
