// client/shell: a running stream, whichever protocol carries it. Its pictures and sound go where its backend
// was told when it was made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"
#include "media/frames.hpp"
#include "media/input.hpp"
#include "media/mode.hpp"
#include "media/pad.hpp"
#include "media/pointer.hpp"

namespace lumen::client {

// Since the stream began. What a protocol does not know stays zero.
struct StreamCounters {
  std::uint64_t datagrams = 0, bytes = 0;  // of the picture
  std::uint64_t datagrams_lost = 0;        // known to be missing: at least those that parity gave back
  std::uint64_t frames = 0;                // whole, with those that were repaired
  std::uint64_t frames_lost = 0, frames_repaired = 0, shards_repaired = 0;
  std::uint64_t recovery_asked = 0, key_frames = 0;
  std::uint64_t sound_packets = 0, sound_concealed = 0;
  double parity_percent = 0;  // of the data, now
  Duration round_trip{};      // smoothed; zero: not known
};

// For people.
struct StreamFacts {
  std::string protocol, host, app, codec, decoder;
  std::string encoder, display, capture;  // at the host, as far as it says
  Mode mode;                              // not valid before it is known
  std::uint32_t bitrate_kbps = 0;         // agreed; 0: not known
};

// Thread-safe, except that take_feedback() and take_pointer() have one owner.
class ClientStream {
 public:
  virtual ~ClientStream() = default;  // says goodbye; blocks for two seconds at most

  virtual void send_input(const InputEvent& event) = 0;
  virtual void send_pad(const PadEvent& event) = 0;
  // What the host wants of the pads, in order; none: nothing waits.
  virtual std::optional<PadFeedback> take_feedback() = 0;
  // Whether what is copied here may be pasted there, and the other way. Without it nothing is to be read.
  virtual bool shares_clipboard() const { return false; }
  // How often that has begun: each time the other end knows nothing of before.
  virtual std::uint32_t clipboard_begun() const { return 0; }
  virtual std::string clipboard_notice() const { return {}; }  // why not, for people; empty: nothing to say
  virtual void send_clipboard(std::string /*text*/) {}
  // What was copied there, once.
  virtual std::optional<std::string> take_clipboard() { return std::nullopt; }

  // The host's pointer beside the picture, if that is news.
  virtual std::optional<PointerView> take_pointer() { return std::nullopt; }

  virtual StreamCounters counters() const = 0;
  virtual StreamFacts facts() const = 0;
  // What is not right at the moment ("no answer from the host"); empty: all is well.
  virtual std::string notice() const = 0;
  // Why it cannot go on, if it cannot.
  virtual Status verdict() const = 0;
};

}  // namespace lumen::client
