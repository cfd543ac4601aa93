#include "gpu/testing/fault_plan.hpp"

namespace lumen::gpu::testing {

void FaultPlan::fail_after(std::size_t calls, bool lasting) {
  at_ = calls_ + calls;
  lasting_ = lasting;
  happened_ = false;
}

void FaultPlan::heal() { at_ = kNever; }

bool FaultPlan::fails(const char* name) {
  const auto call = calls_++;
  if (call < at_ || (call > at_ && !lasting_)) return false;
  if (!happened_) failed_call_ = name;
  happened_ = true;
  return true;
}

}  // namespace lumen::gpu::testing
