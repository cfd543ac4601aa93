// lumen/interface: where sound is heard. Depends on base and media only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/units.hpp"

namespace lumen {

// Promises:
//  - Not thread-safe: one thread calls everything. No call waits for sound to be heard.
//  - queued() shrinks at the pace of the output's own clock, to zero when nothing is played.
class SoundOutput {
 public:
  virtual ~SoundOutput() = default;
  // 48 kHz, interleaved, −1…1, behind what is queued.
  virtual void play(std::span<const float> interleaved) = 0;
  // How long what was played lasts until all of it has been handed to the device.
  virtual Duration queued() = 0;
};

using MakeSoundOutput = std::function<std::unique_ptr<SoundOutput>(std::uint8_t channels)>;

}  // namespace lumen
