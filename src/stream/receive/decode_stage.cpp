#include "stream/receive/decode_stage.hpp"

#include "base/priority.hpp"

namespace lumen::stream {

DecodeStage::DecodeStage(DecoderFactory make_decoder, Events events, Logger& log)
    : make_decoder_{std::move(make_decoder)},
      events_{std::move(events)},
      log_{log},
      thread_{"lm-dec", [this](const std::stop_token& stop) { loop(stop); }} {}

DecodeStage::~DecodeStage() {
  thread_.request_stop();
  wake_.release();
}

bool DecodeStage::try_push(AccessUnit& unit) {
  if (!filled_.try_push(unit)) return false;
  if (auto spare = empty_.try_pop()) unit = std::move(*spare);
  wake_.release();
  return true;
}

void DecodeStage::loop(const std::stop_token& stop) {
  if (const auto raised = raise_priority(Urgency::urgent); !raised) log_.info("{}", describe(raised.error()));
  while (!stop.stop_requested()) {
    wake_.acquire();
    while (auto unit = filled_.try_pop()) {
      if (stop.stop_requested()) return;
      decode(*unit);
      static_cast<void>(empty_.try_push(*unit));
    }
  }
}

void DecodeStage::decode(const AccessUnit& unit) {
  if (!decoder_) {
    auto made = make_decoder_(unit.codec);
    if (!made) {
      events_.on_failed(made.error());
      return;
    }
    decoder_ = std::move(*made);
    log_.info("decoding with {}", decoder_->name());
  }
  const auto begin = SteadyTime{}.now();
  const auto picture = decoder_->decode(unit);
  if (!picture) {
    log_.warn("frame {} did not decode: {}", unit.id.value, describe(picture.error()));
    events_.on_broken(unit.id);
    return;
  }
  events_.on_picture({*picture, unit, begin, SteadyTime{}.now()});
}

}  // namespace lumen::stream
