// client/shell: a stream's figures over its picture. Pure.
#pragma once

#include <string>

#include "client/shell/figures.hpp"
#include "client/shell/settings.hpp"
#include "interface/scene.hpp"

namespace lumen::client {

// Nothing when the level is off and there is no notice. `notice` is shown at any level: what is not right
// now.
Scene overlay_scene(OverlayLevel level, const StreamFigures& figures, const StreamFacts& facts,
                    const std::string& notice);

}  // namespace lumen::client
