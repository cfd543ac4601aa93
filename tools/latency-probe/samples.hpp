// tools/latency-probe: what was measured, value by value, and what follows from it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.hpp"

namespace lumen::probe {

// One frame of the test scene that was seen at the client. The clock is this machine's: for a host elsewhere
// `total` and `rest` mean nothing.
struct FrameSample {
  std::uint32_t number = 0;                 // the scene's own
  Duration convert{}, encode{}, protect{};  // at the host, as it says; zero where the protocol is silent
  Duration receive{};                       // first → last needed datagram, recovery included
  Duration wait{}, decode{};                // for the decoder, and in it
  Duration total{};                         // drawing began → decoded
  std::optional<Duration> present;          // decoded → handed to the display
};

// One press of a key that made the picture change.
struct KeySample {
  Duration to_draw{};   // sent → the scene began to draw the answer
  Duration to_pixel{};  // sent → the changed pixels were decoded
};

struct ProbeRun {
  std::string name;                 // "lumen/1"
  std::string mode, encoder, host;  // as the host says
  std::vector<FrameSample> frames;
  std::vector<KeySample> keys;
  std::vector<Duration> connects;  // connect → first frame; of them the first is a cold start when `cold`
  bool cold = false;
  std::uint64_t frames_lost = 0;  // drawn, by their numbers, and never seen
  std::uint64_t keys_lost = 0;    // without an answer within a second
  std::uint64_t unreadable = 0;   // pictures without a code
  double seconds = 0;
  std::optional<Duration> round_trip;      // of the protocol's own messages
  double load_before = 0, load_after = 0;  // of the machine, over a minute
};

// Values of one kind, sorted.
class Distribution {
 public:
  Distribution() = default;
  explicit Distribution(std::vector<double> values);
  std::size_t count() const { return values_.size(); }
  // The smallest value that at least `fraction` (0…1) of all do not exceed; 0 when there are none.
  double quantile(double fraction) const;
  double max() const { return values_.empty() ? 0 : values_.back(); }
  double mean() const;
  const std::vector<double>& values() const { return values_; }

 private:
  std::vector<double> values_;
};

struct Stage {
  std::string id, name;  // for programs and for people
  Distribution ms;
};

// Everything that the run has values of, in the order in which it happens.
std::vector<Stage> stages_of(const ProbeRun& run);
// nullptr: it has none.
const Stage* find_stage(const std::vector<Stage>& stages, std::string_view id);

double median(std::vector<double> values);  // 0 of none

}  // namespace lumen::probe
