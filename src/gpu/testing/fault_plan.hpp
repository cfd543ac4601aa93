// lumen/gpu/testing: which call of a driver fails, for tests that want every one to.
#pragma once

#include <cstddef>
#include <string>

namespace lumen::gpu::testing {

// Counts the calls that may fail, across all fake drivers of a test. Thread-safe: no.
class FaultPlan {
 public:
  static constexpr std::size_t kNever = static_cast<std::size_t>(-1);

  // The call after `calls` more ones fails, and so do all after it when `lasting`: a GPU that fell off the
  // bus.
  void fail_after(std::size_t calls, bool lasting = false);
  void heal();
  // Whether the call that is being made fails; `name` of it for messages.
  bool fails(const char* name);
  bool happened() const { return happened_; }
  const std::string& failed_call() const { return failed_call_; }
  std::size_t calls() const { return calls_; }

 private:
  std::size_t calls_ = 0, at_ = kNever;
  bool lasting_ = false, happened_ = false;
  std::string failed_call_;
};

}  // namespace lumen::gpu::testing
