// lumen/audio: where programs of a person's desktop play to: for the time of a session its sink, afterwards
// what the person had chosen.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"

namespace lumen::audio {

// Both ask the PipeWire that listens at `socket`, and its session manager; at most `limit` each. They block.
// Fail as libpipewire::connect_to() does, with `audio.no-session-manager`, or `audio.slow`.

// The name of the sink that the person chose; nullopt: none was, the session manager decides.
Result<std::optional<std::string>> configured_sink(const std::string& socket, Duration limit);

// Programs play to this sink from now on, those that play already as well. nullopt: the session manager
// decides. `only_instead_of`: changes nothing unless this is the chosen one now.
Status set_configured_sink(const std::string& socket, const std::optional<std::string>& name, Duration limit,
                           const std::optional<std::string>& only_instead_of = std::nullopt);

}  // namespace lumen::audio
