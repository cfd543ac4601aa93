// lumen/host: measures this machine's encoders once, beside everything else, and tells all who offer codecs.
// Until it is done H.264 is offered alone. It begins when somebody wants to know. Owner: lm-main.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/log.hpp"
#include "host/encoder_offer.hpp"
#include "host/encoder_probe.hpp"

namespace lumen::host {

class EncoderSurvey {
 public:
  // What cannot be measured is logged. `loop` and `log` outlive it.
  EncoderSurvey(EncoderProbeParams params, EventLoop& loop, Logger& log)
      : params_{std::move(params)}, loop_{loop}, log_{log} {}
  EncoderSurvey(const EncoderSurvey&) = delete;
  EncoderSurvey& operator=(const EncoderSurvey&) = delete;

  const EncoderOffer& offer() const { return offer_; }
  // Called when the offer is there, at once if it is; outlived by what it refers to.
  void on_offer(std::function<void(const EncoderOffer&)> listener);

 private:
  void start();
  void finish(const std::vector<EncoderMeasurement>& measurements);
  EncoderProbeParams params_;
  EventLoop& loop_;
  Logger& log_;
  EncoderOffer offer_;
  bool started_ = false, done_ = false;
  std::vector<std::function<void(const EncoderOffer&)>> listeners_;
  std::unique_ptr<EncoderProbe> probe_;
};

}  // namespace lumen::host
