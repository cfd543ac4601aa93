// lumen/stream/receive: lm-dec: access units in order to decoded pictures. Units come through a bounded ring
// and go back empty, so that nothing is allocated once their buffers have grown.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <semaphore>

#include "base/handoff.hpp"
#include "base/log.hpp"
#include "base/thread.hpp"
#include "interface/video_decoder.hpp"

namespace lumen::stream {

struct DecodedPicture {
  const PictureView& picture;  // valid during the call
  const AccessUnit& unit;
  Timestamp decode_begin, decoded;
};

class DecodeStage {
 public:
  struct Events {
    std::function<void(const DecodedPicture&)> on_picture;  // on lm-dec
    std::function<void(FrameId)> on_broken;                 // on lm-dec: this unit did not decode
    std::function<void(const Error&)> on_failed;            // on lm-dec: no decoder at all
  };
  DecodeStage(DecoderFactory make_decoder, Events events, Logger& log);
  ~DecodeStage();
  DecodeStage(const DecodeStage&) = delete;
  DecodeStage& operator=(const DecodeStage&) = delete;

  // Thread: lm-recv. False when full; `unit` is then untouched. Takes it and gives an empty one back.
  [[nodiscard]] bool try_push(AccessUnit& unit);

 private:
  void loop(const std::stop_token& stop);
  void decode(const AccessUnit& unit);

  DecoderFactory make_decoder_;
  Events events_;
  Logger& log_;
  std::unique_ptr<VideoDecoder> decoder_;
  SpscRing<AccessUnit, 8> filled_;
  SpscRing<AccessUnit, 16> empty_;  // holds every unit there is: a push to it cannot fail
  std::counting_semaphore<> wake_{0};
  OwnedThread thread_;
};

}  // namespace lumen::stream
