// lumen/host: one lumen/1 session's game pads: what its client has in its hands, what of it the session
// process may have plugged in, and what applications want of them. A pad that is not permitted is remembered,
// and comes when it is. Thread-safe: lm-main and lm-net.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/mutex.hpp"
#include "base/units.hpp"
#include "host/session_port.hpp"
#include "lumen1/pad_words.hpp"

namespace lumen::host {

struct PadOwner {
  std::uint64_t identity = 0;     // one and the same for a client: its pads' serial numbers come of it
  std::optional<PadModel> model;  // what all pads are shown as; none: what suits each
};

class PadDesk {
 public:
  enum class Taken : std::uint8_t {
    delivered,      // or nothing to deliver
    not_permitted,  // remembered
    no_room,        // nobody hears: it is to come again
  };
  // So long a new client has to name its pads, until those of the one before go.
  static constexpr Duration kClaimWithin = std::chrono::seconds{2};

  explicit PadDesk(SessionPort& link) : link_{link} {}

  void set_owner(const PadOwner& owner) LUMEN_EXCLUDES(mutex_);
  // From the next event on. Without permission no pad is there, and none goes on shaking.
  void permit(bool permitted) LUMEN_EXCLUDES(mutex_);
  // A new client: it has the pads that it names from now on.
  void begin(Timestamp now) LUMEN_EXCLUDES(mutex_);
  // It is gone, and its pads with it.
  void leave() LUMEN_EXCLUDES(mutex_);
  Taken take(const PadEvent& event) LUMEN_EXCLUDES(mutex_);
  // Nothing stays pressed: the session process has been told.
  void release() LUMEN_EXCLUDES(mutex_);
  // Says again which pads there are and what they hold: to a session process that is new, or kept them
  // unpressed meanwhile.
  void repeat() LUMEN_EXCLUDES(mutex_);
  // Says again what the session process had no room for. To be called now and then, also when nothing comes
  // of the client.
  void tidy(Timestamp now) LUMEN_EXCLUDES(mutex_);

  // What applications want; of a pad that may be there only.
  void feed_back(const PadFeedback& feedback) LUMEN_EXCLUDES(mutex_);
  void heard(const lumen1::PadWordHeard& heard) LUMEN_EXCLUDES(mutex_);
  // A message body for the client, when something is to be said (again); empty: nothing.
  std::vector<std::byte> next_word(Timestamp now) LUMEN_EXCLUDES(mutex_);

 private:
  struct Pad {
    PadArrival arrival;
    PadState state;
    std::optional<PadBattery> battery;
  };
  PadArrival shown_as(PadArrival arrival) const LUMEN_REQUIRES(mutex_);
  Taken arrive(const PadArrival& arrival) LUMEN_REQUIRES(mutex_);
  Taken go(std::uint8_t slot) LUMEN_REQUIRES(mutex_);
  bool plug(std::uint8_t slot) LUMEN_REQUIRES(mutex_);
  bool unplug(std::uint8_t slot) LUMEN_REQUIRES(mutex_);
  void unplug_others() LUMEN_REQUIRES(mutex_);
  bool send(const PadEvent& event) const LUMEN_REQUIRES(mutex_) { return link_.send(event); }

  SessionPort& link_;
  Mutex mutex_;
  PadOwner owner_ LUMEN_GUARDED_BY(mutex_);
  bool permitted_ LUMEN_GUARDED_BY(mutex_) = true;
  std::array<std::optional<Pad>, kMaxPads> pads_ LUMEN_GUARDED_BY(mutex_);
  std::array<bool, kMaxPads> plugged_ LUMEN_GUARDED_BY(mutex_){};  // as far as the session was told
  std::array<bool, kMaxPads> unsaid_ LUMEN_GUARDED_BY(mutex_){};   // it was not told all of the pad there
  Timestamp claim_until_ LUMEN_GUARDED_BY(mutex_){};
  lumen1::PadWordSender words_ LUMEN_GUARDED_BY(mutex_);
};

}  // namespace lumen::host
