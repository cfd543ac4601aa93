// tools/latency-probe: looks at every decoded picture and keeps what the in-band code in it tells.
// Owner: lm-dec calls on_picture(); everything else from any thread.
#pragma once

#include <optional>

#include "base/mutex.hpp"
#include "stream/receive/decode_stage.hpp"
#include "testing/inband_code.hpp"
#include "tools/latency-probe/samples.hpp"

namespace lumen::probe {

class Watcher {
 public:
  void on_picture(const stream::DecodedPicture& decoded) LUMEN_EXCLUDES(mutex_);

  // When the first frame of the scene was decoded; nullopt: none yet.
  std::optional<Timestamp> first_frame() const LUMEN_EXCLUDES(mutex_);
  // The present colour of the square that flips with each key; nullopt: not seen yet.
  std::optional<bool> flash() const LUMEN_EXCLUDES(mutex_);

  // Forgets what was measured so far, not what is on the screen.
  void begin() LUMEN_EXCLUDES(mutex_);
  // A key that was sent just now; the next flip of the square is its answer.
  void key_sent(Timestamp at) LUMEN_EXCLUDES(mutex_);
  bool is_key_pending() const LUMEN_EXCLUDES(mutex_);
  // Nobody answered it.
  void give_key_up() LUMEN_EXCLUDES(mutex_);
  // The frame with this number was handed to the display.
  void presented(std::uint32_t number, Timestamp at) LUMEN_EXCLUDES(mutex_);

  // Frames, keys and what was lost; the rest of the run is left as it is.
  void fill(ProbeRun& run) const LUMEN_EXCLUDES(mutex_);

 private:
  struct Seen {
    FrameSample sample;
    Timestamp decoded;
  };
  void add_frame(const testing::InbandCode& code, const stream::DecodedPicture& decoded)
      LUMEN_REQUIRES(mutex_);
  void look_for_answer(bool flash, const testing::InbandCode& code, Timestamp decoded) LUMEN_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::optional<Timestamp> first_frame_ LUMEN_GUARDED_BY(mutex_), key_sent_ LUMEN_GUARDED_BY(mutex_);
  std::optional<bool> flash_ LUMEN_GUARDED_BY(mutex_);
  std::optional<std::uint32_t> last_number_ LUMEN_GUARDED_BY(mutex_);
  std::vector<Seen> frames_ LUMEN_GUARDED_BY(mutex_);
  std::vector<KeySample> keys_ LUMEN_GUARDED_BY(mutex_);
  std::uint64_t lost_ LUMEN_GUARDED_BY(mutex_) = 0, keys_lost_ LUMEN_GUARDED_BY(mutex_) = 0,
                      unreadable_ LUMEN_GUARDED_BY(mutex_) = 0;
};

}  // namespace lumen::probe
