// lumen/gpu/testing: keeps Mesa's drivers in the process, so that a leak checker can tell whose leaks it
// sees.
#pragma once

namespace lumen::gpu::testing {

// To be called while a display, or a device of Vulkan's, is open.
void pin_drivers();

}  // namespace lumen::gpu::testing
