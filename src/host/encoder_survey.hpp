// lumen/host: measures this machine's encoders once, beside everything else, and tells all who offer codecs.
// Until it is done H.264 is offered alone. Owner: lm-main.
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
  // Begins at once. What cannot be measured is logged. `loop` and `log` outlive it.
  EncoderSurvey(const EncoderProbeParams& params, EventLoop& loop, Logger& log);
  EncoderSurvey(const EncoderSurvey&) = delete;
  EncoderSurvey& operator=(const EncoderSurvey&) = delete;

  const EncoderOffer& offer() const { return offer_; }
  // Called when the offer is there, at once if it is; outlived by what it refers to.
  void on_offer(std::function<void(const EncoderOffer&)> listener);

 private:
  void finish(const std::vector<EncoderMeasurement>& measurements);
  Logger& log_;
  EncoderOffer offer_;
  bool done_ = false;
  std::vector<std::function<void(const EncoderOffer&)>> listeners_;
  std::unique_ptr<EncoderProbe> probe_;
};

}  // namespace lumen::host
