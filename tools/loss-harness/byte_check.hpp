// tools/loss-harness: the same stream once more in bytes. Every frame that the simulation sends is filled
// with noise, packetized, sealed, carried as the simulation's link decided, opened and reassembled by
// lumen/1's own code; what comes out must be what went in, and the frames that do not must be the same as
// counted.
#pragma once

#include <memory>

#include "simulation/stream.hpp"

namespace lumen::loss_harness {

struct ByteFigures {
  std::uint64_t frames_delivered = 0, frames_repaired = 0;
  std::uint64_t wrong = 0;  // other bytes than were sent, another layout than was counted, or not opened
};

class ByteCheck final : public simulation::FrameObserver {
 public:
  ByteCheck();
  ~ByteCheck() override;
  ByteCheck(const ByteCheck&) = delete;
  ByteCheck& operator=(const ByteCheck&) = delete;

  void sent(const simulation::SentFrame& frame) override;
  ByteFigures finish();

 private:
  struct Ends;
  std::unique_ptr<Ends> ends_;
};

}  // namespace lumen::loss_harness
