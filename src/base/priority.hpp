// lumen/base: scheduling of the threads that a frame waits for.
#pragma once

#include "base/result.hpp"

namespace lumen {

enum class Urgency : std::uint8_t {
  realtime,  // short work that must start now: compositor, send thread. SCHED_RR.
  urgent,  // longer work on the frame's way: encoder, decoder. Nice level -10, inherited by threads it makes.
};

// For the calling thread. `priority.denied` where neither privileges nor limits allow it; the thread then
// goes on as it was. Processes started by a real-time thread are ordinary again.
Status raise_priority(Urgency urgency);

}  // namespace lumen
