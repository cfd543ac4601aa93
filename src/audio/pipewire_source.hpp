// lumen/audio: a sink of its own in a PipeWire graph, which applications play into.
//
// The sink is a stream of this process with media.class Audio/Sink: what is played reaches us in the same
// cycle of the graph, without a monitor and its quantum of delay in between. It never becomes anybody's
// default where there is a sound card: its priority is the lowest. All of libpipewire's events, the samples
// too, are handled on the owner's thread in wait(); its data thread only wakes that one.
#pragma once

#include <memory>
#include <string>

#include "interface/audio_source.hpp"

namespace lumen::audio {

struct PipeWireParams {
  std::string socket;       // path of the PipeWire daemon's
  std::string sink_name;    // node.name, by which applications are told to play here; unique in that graph
  std::string description;  // for people; the layout is added
};

// Connects in the first wait(), and again whenever the daemon has gone.
std::unique_ptr<AudioSource> make_pipewire_source(PipeWireParams params);

}  // namespace lumen::audio
