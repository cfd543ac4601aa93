// lumen/host: asks `lumen-session --probe` what this machine's encoders can do, beside everything else the
// host does: a child process measures for a few seconds and prints a line for each codec. Owner: lm-main.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "link/process.hpp"
#include "media/encoder_measurement.hpp"

namespace lumen::host {

struct EncoderProbeParams {
  std::string program;                          // path of lumen-session
  std::string preset;                           // as sessions will have it
  Duration timeout = std::chrono::seconds{30};  // then it is killed, and what it said until then counts
};

class EncoderProbe {
 public:
  // What was measured, the codecs in no particular order; none when the program ended without a word.
  // May destroy the probe.
  using Done = std::function<void(std::vector<EncoderMeasurement> measurements)>;

  // Starts it; `done` is called once, on the loop. Fails as link::spawn() does, or with `probe.pipe`. `loop`
  // outlives the probe; destroying the probe ends the child and forgets `done`.
  static Result<std::unique_ptr<EncoderProbe>> start(const EncoderProbeParams& params, EventLoop& loop,
                                                     Done done);
  ~EncoderProbe();
  EncoderProbe(const EncoderProbe&) = delete;
  EncoderProbe& operator=(const EncoderProbe&) = delete;

 private:
  EncoderProbe(EventLoop& loop, Done done) : loop_{loop}, done_{std::move(done)} {}
  Status launch(const EncoderProbeParams& params);
  void on_output();
  void take_lines();
  void finish();
  void end_child();

  EventLoop& loop_;
  Done done_;
  UniqueFd output_;
  link::Child child_;
  EventLoop::TimerId deadline_ = 0;
  std::string unread_;  // no whole line yet
  std::vector<EncoderMeasurement> measurements_;
};

}  // namespace lumen::host
