// lumen/worker: the configuration of a session's own PipeWire, PulseAudio stand-in and session manager.
// Private to lumen/worker.
//
// Nothing of the machine is in it: no sound cards, no cameras, no D-Bus, no state from one session to the
// next. The graph runs in steps of one packet (240 samples at 48 kHz, not rounded to a power of two) when a
// program asks for that little, which the session's sink does.
#pragma once

#include <string_view>

namespace lumen::worker {

inline constexpr std::string_view kPipeWireConfig = R"(context.properties = {
  core.daemon = true
  core.name = pipewire-0
  link.max-buffers = 16
  default.clock.rate = 48000
  default.clock.allowed-rates = [ 48000 ]
  default.clock.quantum = 240
  default.clock.min-quantum = 240
  default.clock.max-quantum = 2048
  clock.power-of-two-quantum = false
}
context.spa-libs = {
  audio.convert.* = audioconvert/libspa-audioconvert
  support.* = support/libspa-support
}
context.modules = [
  { name = libpipewire-module-rt flags = [ ifexists nofail ] }
  { name = libpipewire-module-protocol-native }
  { name = libpipewire-module-profiler }
  { name = libpipewire-module-metadata }
  { name = libpipewire-module-spa-node-factory }
  { name = libpipewire-module-client-node }
  { name = libpipewire-module-access args = { } }
  { name = libpipewire-module-adapter }
  { name = libpipewire-module-link-factory }
  { name = libpipewire-module-session-manager }
]
context.objects = [
  { factory = spa-node-factory
    args = { factory.name = support.node.driver node.name = Dummy-Driver
             node.group = pipewire.dummy priority.driver = 20000 } }
]
)";

inline constexpr std::string_view kPulseConfig = R"(context.spa-libs = {
  audio.convert.* = audioconvert/libspa-audioconvert
  support.* = support/libspa-support
}
context.modules = [
  { name = libpipewire-module-rt flags = [ ifexists nofail ] }
  { name = libpipewire-module-protocol-native }
  { name = libpipewire-module-client-node }
  { name = libpipewire-module-adapter }
  { name = libpipewire-module-metadata }
  { name = libpipewire-module-protocol-pulse args = { } }
]
pulse.properties = {
  server.address = [ "unix:native" ]
}
)";

inline constexpr std::string_view kManagerConfig = R"(context.properties = {
  wireplumber.script-engine = lua-scripting
}
context.spa-libs = {
  audio.convert.* = audioconvert/libspa-audioconvert
  support.* = support/libspa-support
}
context.modules = [
  { name = libpipewire-module-protocol-native }
  { name = libpipewire-module-client-node }
  { name = libpipewire-module-adapter }
  { name = libpipewire-module-metadata }
  { name = libpipewire-module-session-manager }
]
wireplumber.components = [
  { name = libwireplumber-module-lua-scripting, type = module }
  { name = main.lua, type = config/lua }
]
)";

// Streams go to the only sink there is, and again to the one that replaces it.
inline constexpr std::string_view kManagerScript = R"(components = {
  metadata = { "libwireplumber-module-metadata", type = "module" },
  access = { "access/access-default.lua", type = "script/lua", args = { rules = {} } },
  default_nodes = { "libwireplumber-module-default-nodes", type = "module",
                    args = { ["use-persistent-storage"] = false } },
  si_node = { "libwireplumber-module-si-node", type = "module" },
  si_audio_adapter = { "libwireplumber-module-si-audio-adapter", type = "module" },
  si_standard_link = { "libwireplumber-module-si-standard-link", type = "module" },
  si_audio_endpoint = { "libwireplumber-module-si-audio-endpoint", type = "module" },
  default_nodes_api = { "libwireplumber-module-default-nodes-api", type = "module" },
  mixer_api = { "libwireplumber-module-mixer-api", type = "module" },
  items = { "create-item.lua", type = "script/lua", args = { move = true, follow = true } },
  policy = { "policy-node.lua", type = "script/lua", args = { move = true, follow = true } },
}
)";

}  // namespace lumen::worker
