// lumen/render: the machine's microphone (SDL2).
#pragma once

#include <memory>

#include "interface/sound_input.hpp"

namespace lumen::render {

// The one that this user has chosen. `microphone.no-device` where there is none, or none that may be used.
Result<std::unique_ptr<SoundInput>> open_microphone();

}  // namespace lumen::render
