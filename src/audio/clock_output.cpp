#include "audio/clock_output.hpp"

#include <algorithm>

#include "media/audio.hpp"

namespace lumen::audio {
namespace {

class ClockOutput final : public SoundOutput {
 public:
  ClockOutput(std::uint8_t channels, const TimeSource& time) : channels_{channels}, time_{time} {}

  void play(std::span<const float> interleaved) override {
    const auto frames = static_cast<std::int64_t>(interleaved.size() / channels_);
    until_ = std::max(until_, time_.now()) + frames * Duration{std::chrono::seconds{1}} / kSampleRateHz;
  }
  Duration queued() override { return std::max(until_ - time_.now(), Duration::zero()); }

 private:
  std::size_t channels_;
  const TimeSource& time_;
  Timestamp until_{};
};

}  // namespace

std::unique_ptr<SoundOutput> make_clock_output(std::uint8_t channels, const TimeSource& time) {
  return std::make_unique<ClockOutput>(channels, time);
}

}  // namespace lumen::audio
