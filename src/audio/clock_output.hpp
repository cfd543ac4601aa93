// lumen/audio: an output that nobody hears, at the pace of the machine's clock.
#pragma once

#include "interface/sound_output.hpp"

namespace lumen::audio {

// `time` outlives it.
std::unique_ptr<SoundOutput> make_clock_output(std::uint8_t channels, const TimeSource& time);

}  // namespace lumen::audio
