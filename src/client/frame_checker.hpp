// lumen/client: proves a stream by what is in the decoded pixels: every frame of the test scene carries its
// number and its draw time. Owner: lm-dec feeds it; snapshot() from any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/histogram.hpp"
#include "base/mutex.hpp"
#include "media/mode.hpp"
#include "stream/receive/decode_stage.hpp"
#include "testing/inband_code.hpp"

namespace lumen::client {

struct StageLatency {
  LatencyHistogram capture, encode, send;  // at the host: commit→converted→encoded→sealed
  LatencyHistogram receive;                // first→last needed datagram
  LatencyHistogram decode;                 // complete→decoded, waiting included
  LatencyHistogram total;                  // drawn→decoded; the same machine's clock
};

struct CheckFacts {
  std::uint64_t decoded = 0;       // pictures, repeats included
  std::uint64_t distinct = 0;      // different frames of the scene
  std::uint64_t correct = 0;       // of those: in order, readable, right size, right colours
  std::uint64_t repeated = 0;      // the same frame again: a still desktop
  std::uint64_t before_scene = 0;  // pictures before the first readable one: the scene was not up yet
  std::uint64_t out_of_order = 0, unreadable = 0, wrong_color = 0, wrong_size = 0;
  std::uint64_t drawn = 0, lost = 0;  // by the numbers: first to last seen, and those that never came
  std::uint64_t scene_restarts = 0;   // numbers began again: another instance of the scene
  int max_color_error = 0;
  Duration longest_freeze{};  // longest time without a new frame
  Timestamp first_at{}, last_at{};
  StageLatency latency;
};

class FrameChecker {
 public:
  // Frames count as wrong in size while they are not of this mode.
  void expect(const Mode& mode) LUMEN_EXCLUDES(mutex_);
  void check(const stream::DecodedPicture& decoded) LUMEN_EXCLUDES(mutex_);
  CheckFacts snapshot() const LUMEN_EXCLUDES(mutex_);

 private:
  void add_code(const testing::CodeReading& reading, const stream::DecodedPicture& decoded)
      LUMEN_REQUIRES(mutex_);
  void add_latency(std::uint64_t drawn_us, const stream::DecodedPicture& decoded) LUMEN_REQUIRES(mutex_);

  mutable Mutex mutex_;
  CheckFacts facts_ LUMEN_GUARDED_BY(mutex_);
  std::optional<Mode> expected_ LUMEN_GUARDED_BY(mutex_);
  std::optional<std::uint32_t> last_number_ LUMEN_GUARDED_BY(mutex_);
};

}  // namespace lumen::client
