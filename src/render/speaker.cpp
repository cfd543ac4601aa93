#include "render/speaker.hpp"

#include <SDL2/SDL.h>
#include <fmt/core.h>

#include <atomic>
#include <vector>

#include "render/sdl_audio.hpp"

namespace lumen::render {
namespace {

constexpr std::uint16_t kPeriod = 256;  // samples that the device takes at a time

tl::unexpected<Error> no_device() {
  return fail(ErrorCode::unavailable, "sound.no-device",
              fmt::format("no sound can be played: {}", SDL_GetError()), "Go on without sound: --audio 0");
}

class SdlSpeaker final : public Speaker {
 public:
  explicit SdlSpeaker(const SpeakerParams& params)
      : frame_bytes_{params.channels * static_cast<std::uint32_t>(sizeof(float))},
        most_bytes_{bytes_in(params.most_waiting)},
        silence_(bytes_in(params.cushion) / sizeof(float)) {}
  SdlSpeaker(const SdlSpeaker&) = delete;
  SdlSpeaker& operator=(const SdlSpeaker&) = delete;
  ~SdlSpeaker() override {
    if (device_ != 0) SDL_CloseAudioDevice(device_);
  }

  Status open(std::uint8_t channels) {
    if (!audio_.started()) return no_device();
    SDL_AudioSpec wanted{};
    wanted.freq = kRateHz;
    wanted.format = AUDIO_F32SYS;
    wanted.channels = channels;
    wanted.samples = kPeriod;
    device_ = SDL_OpenAudioDevice(nullptr, 0, &wanted, nullptr, 0);  // SDL converts to what the device takes
    if (device_ == 0) return no_device();
    SDL_PauseAudioDevice(device_, 0);
    return {};
  }

  void play(std::span<const float> samples) override {
    const auto waiting = SDL_GetQueuedAudioSize(device_);
    if (waiting + samples.size_bytes() > most_bytes_) {
      left_out_.fetch_add(samples.size_bytes() / frame_bytes_, std::memory_order_relaxed);
      return;
    }
    if (waiting == 0 && !silence_.empty()) queue(silence_);
    queue(samples);
  }
  Duration queued() override {
    return Duration{std::chrono::seconds{1}} * (SDL_GetQueuedAudioSize(device_) / frame_bytes_) / kRateHz;
  }
  std::uint64_t left_out() const override { return left_out_.load(std::memory_order_relaxed); }

 private:
  std::uint32_t bytes_in(Duration time) const {
    return static_cast<std::uint32_t>(time / std::chrono::milliseconds{1}) * (kRateHz / 1000) * frame_bytes_;
  }
  void queue(std::span<const float> samples) {
    SDL_QueueAudio(device_, samples.data(), static_cast<std::uint32_t>(samples.size_bytes()));
  }

  SdlAudio audio_;  // first: everything below dies before it
  std::uint32_t frame_bytes_, most_bytes_;
  std::vector<float> silence_;
  SDL_AudioDeviceID device_ = 0;
  std::atomic<std::uint64_t> left_out_{0};  // a counter alone
};

}  // namespace

Result<std::unique_ptr<Speaker>> Speaker::create(const SpeakerParams& params) {
  auto speaker = std::make_unique<SdlSpeaker>(params);
  LUMEN_CHECK_OK(speaker->open(params.channels));
  return std::unique_ptr<Speaker>{std::move(speaker)};
}

}  // namespace lumen::render
