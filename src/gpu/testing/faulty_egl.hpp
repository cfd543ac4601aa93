// lumen/gpu/testing: the machine's EGL and OpenGL, of which every call can fail.
#pragma once

#include "gpu/egl/api.hpp"
#include "gpu/testing/fault_plan.hpp"

namespace lumen::gpu::testing {

// `real`, each call of it counted and, when the plan says so, not made: what returns something returns the
// nothing of its kind, and the error is told when it is asked for. Taking away never fails. One at a time;
// the plan outlives the table's use.
egl::Api faulty_egl(const egl::Api& real, FaultPlan& faults);

}  // namespace lumen::gpu::testing
