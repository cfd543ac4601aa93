// lumen/gamepad: a pad's device in an event loop: feeds it, and tells what is new of its feedback.
// Owner: the loop's thread. Not to be destroyed from inside its own callbacks.
#pragma once

#include <functional>
#include <memory>

#include "base/event_loop.hpp"
#include "gamepad/feedback_memory.hpp"
#include "gamepad/pad_device.hpp"

namespace lumen::gamepad {

struct LivePadEvents {
  std::function<void(const PadFeedback&)> on_feedback;  // its slot is the pad's
  std::function<void(const Error&)> on_broken;          // the device is of no more use
};

class LivePad {
 public:
  // `loop` outlives the pad.
  LivePad(const PadArrival& arrival, std::unique_ptr<PadDevice> device, LivePadEvents events,
          EventLoop& loop);
  ~LivePad();
  LivePad(const LivePad&) = delete;
  LivePad& operator=(const LivePad&) = delete;

  Status start();
  void take(const PadEvent& event);
  void release();
  // Says again what it was last told.
  void repeat_feedback() const;
  // It is to go: tells what stops its rumble and the effects of its triggers.
  void stop_effects();
  // Its client has gone: it is served on in silence.
  void mute() { events_ = {}; }

  const PadArrival& arrival() const { return arrival_; }
  Timestamp created() const { return created_; }

 private:
  void on_readable();
  void on_timer();
  void tell(const std::vector<PadFeedback>& feedback);
  void check(const Status& status);
  void arm();

  PadArrival arrival_;
  std::unique_ptr<PadDevice> device_;
  LivePadEvents events_;
  EventLoop& loop_;
  FeedbackMemory told_;
  Timestamp created_;
  EventLoop::TimerId timer_ = 0;
  std::optional<Timestamp> armed_;
  bool broken_ = false;
};

}  // namespace lumen::gamepad
