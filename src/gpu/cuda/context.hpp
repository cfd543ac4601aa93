// lumen/gpu/cuda: one context and one stream of work that everything of a session shares.
//
// One stream is all the synchronisation there is: what was queued first is done first, on the GPU. A buffer
// that went back to its pool while a kernel has yet to read it is written by work queued after that kernel.
// Nothing ever waits for the whole context.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "gpu/cuda/driver.hpp"

namespace lumen::gpu {

using Uuid = std::array<std::uint8_t, 16>;  // of a GPU, the same for CUDA, EGL and Vulkan

}  // namespace lumen::gpu

namespace lumen::gpu::cuda {

// Thread-safe: every thread pushes the context (Current) before it calls the driver, and pops it.
class Context {
 public:
  // Of device `ordinal`, as CUDA counts. `cuda.init`, `cuda.no-device`, `cuda.context`.
  static Result<std::shared_ptr<Context>> create(const Driver& driver, int ordinal = 0);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const Driver& driver() const { return driver_; }
  CUcontext handle() const { return context_; }
  CUstream stream() const { return stream_; }
  const std::string& name() const { return name_; }  // "NVIDIA GeForce RTX 4070"
  const Uuid& uuid() const { return uuid_; }
  // Blocks until all that was queued so far is done. `cuda.lost`.
  Status wait();
  Status check(CUresult result, std::string_view id, std::string_view what) const {
    return cuda::check(driver_, result, id, what);
  }

 private:
  explicit Context(const Driver& driver) : driver_{driver} {}
  Status open(int ordinal);

  const Driver driver_;
  CUcontext context_ = nullptr;
  CUstream stream_ = nullptr;
  std::string name_;
  Uuid uuid_{};
};

// Makes the context this thread's, for a scope.
class Current {
 public:
  // `cuda.context`.
  static Result<Current> push(const Context& context);
  Current(Current&& other) noexcept : context_{std::exchange(other.context_, nullptr)} {}
  Current& operator=(Current&&) = delete;
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;
  ~Current();

 private:
  explicit Current(const Context& context) : context_{&context} {}
  const Context* context_;
};

// A moment in the stream.
class Event {
 public:
  // `timed`: elapsed_ms() may be asked. `cuda.event`. The context outlives the event.
  static Result<Event> create(const Context& context, bool timed = false);
  Event(Event&& other) noexcept : context_{other.context_}, event_{std::exchange(other.event_, nullptr)} {}
  Event& operator=(Event&&) = delete;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event();

  Status record();  // after all that was queued so far
  Status wait();    // blocks until it has passed
  Result<float> elapsed_ms(const Event& since) const;

 private:
  Event(const Context& context, CUevent event) : context_{&context}, event_{event} {}
  const Context* context_;
  CUevent event_;
};

}  // namespace lumen::gpu::cuda
