#include "host/encoder_survey.hpp"

#include <utility>

namespace lumen::host {
namespace {

constexpr OfferPolicy kOfferPolicy{.least = {1280, 720, 30'000}};

}  // namespace

void EncoderSurvey::start() {
  auto started = EncoderProbe::start(
      params_, loop_, [this](const std::vector<EncoderMeasurement>& measured) { finish(measured); });
  if (started) {
    probe_ = std::move(*started);
  } else {
    log_.warn("only H.264 is offered: {}", describe(started.error()));
  }
}

void EncoderSurvey::finish(const std::vector<EncoderMeasurement>& measurements) {
  offer_ = EncoderOffer{measurements, kOfferPolicy};
  done_ = true;
  for (const auto& verdict : offer_.verdicts()) log_.info("{}: {}", to_string(verdict.codec), verdict.reason);
  for (const auto& listener : listeners_) listener(offer_);
}

void EncoderSurvey::on_offer(std::function<void(const EncoderOffer&)> listener) {
  if (!std::exchange(started_, true)) start();
  if (done_) listener(offer_);
  listeners_.push_back(std::move(listener));
}

}  // namespace lumen::host
