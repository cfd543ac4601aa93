#include "render/microphone.hpp"

#include <SDL2/SDL.h>
#include <fmt/core.h>

#include "render/sdl_audio.hpp"

namespace lumen::render {
namespace {

constexpr std::uint16_t kPeriod = 480;  // samples that the device hands over at a time: a packet of voice

class SdlMicrophone final : public SoundInput {
 public:
  SdlMicrophone() = default;
  SdlMicrophone(const SdlMicrophone&) = delete;
  SdlMicrophone& operator=(const SdlMicrophone&) = delete;
  ~SdlMicrophone() override {
    if (device_ != 0) SDL_CloseAudioDevice(device_);
  }

  bool open() {
    if (!audio_.started()) return false;
    SDL_AudioSpec wanted{};
    wanted.freq = kRateHz;
    wanted.format = AUDIO_F32SYS;
    wanted.channels = 1;
    wanted.samples = kPeriod;
    device_ = SDL_OpenAudioDevice(nullptr, 1, &wanted, nullptr, 0);  // SDL converts what the device gives
    if (device_ == 0) return false;
    SDL_PauseAudioDevice(device_, 0);
    return true;
  }

  std::size_t take(std::span<float> mono) override {
    return SDL_DequeueAudio(device_, mono.data(), static_cast<std::uint32_t>(mono.size_bytes())) /
           sizeof(float);
  }

 private:
  SdlAudio audio_;  // first: everything below dies before it
  SDL_AudioDeviceID device_ = 0;
};

}  // namespace

Result<std::unique_ptr<SoundInput>> open_microphone() {
  auto microphone = std::make_unique<SdlMicrophone>();
  if (microphone->open()) return std::unique_ptr<SoundInput>{std::move(microphone)};
  return fail(ErrorCode::unavailable, "microphone.no-device",
              fmt::format("no microphone can be opened: {}", SDL_GetError()), "Go on without --microphone");
}

}  // namespace lumen::render
