// tools/impairment: what a network does to datagrams, as text, and when it begins to. Pure.
//
//   statement: [TIME] [up|down] NAME [VALUE]     "down loss 5%", "8s rate 10mbit", "3s down blackout 300ms"
//
// `up` is from the client to the host, `down` from the host to the client; without either, both. TIME counts
// from the first datagram; none means from the beginning. Names:
//
//   loss 5%          share of the datagrams that is lost
//   burst 8          losses come in runs of 8 on average (Gilbert's chain); 1: independent
//   runs 8           losses come in runs of exactly 8
//   delay 20ms       one way
//   jitter 5ms       up to that much more, in order
//   reorder 1%       share that is held back, so that others overtake it
//   reorder-by 2ms   for how long
//   duplicate 1%     share that arrives twice, up to reorder-by apart
//   rate 10mbit      of the bottleneck; 0: none
//   queue 50ms       what may wait there, as time at its rate or as bytes (256k); what does not fit is
//   dropped blackout 300ms   nothing gets through for that long, from TIME on move             the relay's
//   address towards the host changes, as if the client had moved clear            a clean network again
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace lumen::impairment {

enum class Side : std::uint8_t { up, down };

enum class Property : std::uint8_t {
  loss,
  burst,
  runs,
  delay,
  jitter,
  reorder,
  reorder_by,
  duplicate,
  rate,
  queue_time,
  queue_bytes,
  blackout,
  move,
  clear,
};

// One property of one or both directions changes at a time.
struct Change {
  Duration at{};  // since the first datagram
  bool up = true, down = true;
  Property property = Property::clear;
  double value = 0;  // a share of 1, nanoseconds, bits per second, bytes or a count, as the property wants
  bool operator==(const Change&) const = default;
};

// `impair.statement` with what is wrong and what would be right.
Result<Change> parse_change(std::string_view statement);
// One statement a line; what follows a # and empty lines are left out. The error names the line.
Result<std::vector<Change>> parse_schedule(std::string_view text);

}  // namespace lumen::impairment
