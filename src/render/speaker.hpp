// lumen/render: sound to the machine's speakers (SDL2).
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/result.hpp"
#include "base/units.hpp"
#include "interface/sound_output.hpp"

namespace lumen::render {

struct SpeakerParams {
  std::uint8_t channels = 2;                               // 1, 2, 6 or 8, in the order of AudioFormat
  Duration cushion = std::chrono::milliseconds{20};        // waits before the first sample, against jitter
  Duration most_waiting = std::chrono::milliseconds{100};  // what would wait longer is left out
};

class Speaker : public SoundOutput {
 public:
  // `sound.no-device` where the machine has none, or none that takes this.
  static Result<std::unique_ptr<Speaker>> create(const SpeakerParams& params);

  // Samples of a channel that were left out since the beginning: the device is slower than the host.
  virtual std::uint64_t left_out() const = 0;
};

}  // namespace lumen::render
