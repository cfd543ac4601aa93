#include "gpu/cuda/context.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace lumen::gpu::cuda {
namespace {

constexpr unsigned kBlockingContext = CU_CTX_SCHED_BLOCKING_SYNC;  // waiting sleeps, it does not spin

}  // namespace

Result<std::shared_ptr<Context>> Context::create(const Driver& driver, int ordinal) {
  std::shared_ptr<Context> context{new Context{driver}};
  LUMEN_CHECK_OK(context->open(ordinal));
  return context;
}

Status Context::open(int ordinal) {
  LUMEN_CHECK_OK(check(driver_.init(0), "cuda.init", "starting CUDA"));
  int count = 0;
  LUMEN_CHECK_OK(check(driver_.device_count(&count), "cuda.init", "counting GPUs"));
  if (ordinal < 0 || ordinal >= count) {
    return fail(ErrorCode::unsupported, "cuda.no-device",
                fmt::format("CUDA knows {} GPU{} here, not number {}", count, count == 1 ? "" : "s", ordinal),
                "Look at what nvidia-smi lists");
  }
  CUdevice device = 0;
  LUMEN_CHECK_OK(check(driver_.device_get(&device, ordinal), "cuda.init", "opening the GPU"));
  std::array<char, 128> name{};
  LUMEN_CHECK_OK(check(driver_.device_name(name.data(), static_cast<int>(name.size()) - 1, device),
                       "cuda.init", "asking the GPU's name"));
  name_ = name.data();
  CUuuid uuid{};
  static_assert(sizeof uuid == std::tuple_size_v<Uuid>);
  LUMEN_CHECK_OK(check(driver_.device_uuid(&uuid, device), "cuda.init", "asking the GPU's UUID"));
  std::memcpy(uuid_.data(), &uuid, sizeof uuid);
  LUMEN_CHECK_OK(
      check(driver_.context_create(&context_, kBlockingContext, device), "cuda.context", "making a context"));
  const auto made = driver_.stream_create(&stream_, CU_STREAM_NON_BLOCKING);
  CUcontext popped = nullptr;
  driver_.context_pop(&popped);  // making it made it this thread's
  return check(made, "cuda.context", "making a stream");
}

Context::~Context() {
  if (context_ == nullptr) return;
  if (stream_ != nullptr && driver_.context_push(context_) == CUDA_SUCCESS) {
    driver_.stream_destroy(stream_);
    CUcontext popped = nullptr;
    driver_.context_pop(&popped);
  }
  driver_.context_destroy(context_);
}

Status Context::wait() {
  LUMEN_TRY(const auto current, Current::push(*this));
  return check(driver_.stream_synchronize(stream_), "cuda.lost", "waiting");
}

Result<Current> Current::push(const Context& context) {
  LUMEN_CHECK_OK(
      context.check(context.driver().context_push(context.handle()), "cuda.context", "taking the context"));
  return Current{context};
}

Current::~Current() {
  CUcontext popped = nullptr;
  if (context_ != nullptr) context_->driver().context_pop(&popped);
}

Result<Event> Event::create(const Context& context, bool timed) {
  LUMEN_TRY(const auto current, Current::push(context));
  CUevent event = nullptr;
  const unsigned flags = CU_EVENT_BLOCKING_SYNC | (timed ? 0U : CU_EVENT_DISABLE_TIMING);
  LUMEN_CHECK_OK(
      context.check(context.driver().event_create(&event, flags), "cuda.event", "making an event"));
  return Event{context, event};
}

Event::~Event() {
  if (event_ == nullptr) return;
  const auto current = Current::push(*context_);
  if (current) context_->driver().event_destroy(event_);
}

Status Event::record() {
  LUMEN_TRY(const auto current, Current::push(*context_));
  return context_->check(context_->driver().event_record(event_, context_->stream()), "cuda.event",
                         "marking a moment");
}

Status Event::wait() {
  LUMEN_TRY(const auto current, Current::push(*context_));
  return context_->check(context_->driver().event_synchronize(event_), "cuda.lost", "waiting");
}

Result<float> Event::elapsed_ms(const Event& since) const {
  LUMEN_TRY(const auto current, Current::push(*context_));
  float ms = 0;
  LUMEN_CHECK_OK(context_->check(context_->driver().event_elapsed(&ms, since.event_, event_), "cuda.event",
                                 "measuring"));
  return ms;
}

}  // namespace lumen::gpu::cuda
