// lumen/flow: when which packet of sound is played: an adaptive jitter buffer. Pure: time and the output's
// demand come in as arguments. Owner: one thread. Allocates in the constructor only.
//
// The output's clock sets the pace: take() is called when the next packet's worth of samples is needed. A
// packet's lead is how long before its turn it came. The least lead of the last ten seconds is kept where the
// copies in the datagrams can still be used: (copies + 1) packets, two at least. Where it is less, sound is
// played a little slower, where it is more, a little faster; that makes up for clocks that differ as well.
// When nothing is there in time, what was heard goes on, and the wait becomes longer by that.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/units.hpp"
#include "base/wire.hpp"

namespace lumen {

struct PlayoutStats {
  std::uint64_t played = 0;
  std::uint64_t copies_used = 0;  // of these, those whose own datagram did not come, or came too late
  std::uint64_t concealed = 0;  // packets' worth of sound made up: lost ones, and gaps when nothing was there
  std::uint64_t late = 0;       // came after they had been concealed
  std::uint64_t skipped = 0;    // left out, because the wait had become far too long
  std::uint64_t silent = 0;     // packets' worth of silence, before the beginning and while nothing comes
};

class SoundPlayout {
 public:
  struct Params {
    Duration packet = std::chrono::milliseconds{5};
    std::size_t max_packet_bytes = 1500;
  };
  static constexpr double kMostRate = 0.005;  // faster or slower by that at most
  static constexpr std::uint64_t kMostGap =
      20;                                      // packets made up in a row; then silence, and a new beginning
  static constexpr std::size_t kPlaces = 128;  // packets that can wait
  static constexpr Duration kMostExcess = std::chrono::milliseconds{40};

  explicit SoundPlayout(const Params& params);

  // Everything from here on is another stream: what waits is dropped.
  void restart();
  // The newest datagram holds that many copies.
  void set_copies(std::size_t copies) { copies_ = copies; }
  // A packet came, itself or (`is_copy`) in a later one's datagram. `until_needed`: when the next take() will
  // be, from now; negative when it is overdue. Ones that are there already, or too late, are dropped.
  void push(std::uint64_t number, ByteView packet, bool is_copy, Duration until_needed, Timestamp now);

  enum class What : std::uint8_t { packet, conceal, silence };
  struct Next {
    What what = What::silence;
    ByteView packet;  // valid until the next push() or take()
  };
  Next take();
  // The wait is far too long: the next two packets are to be played as one, the second fading in over the
  // first.
  bool wants_skip() const;
  // To be called before the second of these two is taken.
  void skipping();
  // How fast the samples of the packet taken last are to be played, 1 ± kMostRate.
  double rate() const { return rate_; }

  const PlayoutStats& stats() const { return stats_; }
  // What waits, in time; what is kept in reserve; what that should be.
  Duration waiting() const;
  std::optional<Duration> least_lead() const;
  Duration wanted_lead() const;

 private:
  enum class State : std::uint8_t { empty, waiting, copy_waiting, played, concealed };
  struct Place {
    std::uint64_t number = 0;
    State state = State::empty;
    std::size_t size = 0;
  };
  static constexpr std::size_t kSpans = 20;
  static constexpr Duration kSpan = std::chrono::milliseconds{500};
  struct Span {
    std::uint64_t index = 0;
    std::optional<Duration> least;  // less the shift at that time
  };

  Place& place(std::uint64_t number) { return places_[number % kPlaces]; }
  const Place& place(std::uint64_t number) const { return places_[number % kPlaces]; }
  bool holds(std::uint64_t number) const;
  void begin_filling(std::uint64_t number);
  bool is_filled() const;
  void begin_playing();
  void note_lead(std::uint64_t number, Duration until_needed, Timestamp now);
  Next play();
  Next conceal_lost();
  Next conceal_gap();
  void adapt();

  const Params params_;
  std::vector<std::byte> bytes_;
  std::array<Place, kPlaces> places_{};
  std::array<Span, kSpans> spans_{};
  std::uint64_t newest_span_ = 0;
  std::size_t copies_ = 1;
  bool begun_ = false, filling_ = true;
  std::uint64_t next_ = 0, newest_ = 0;
  std::uint64_t gap_ = 0;       // packets made up in a row because nothing was there
  std::uint64_t settling_ = 0;  // of these, those that may stand for packets that are lost
  Duration shift_{};            // how much later than at first each packet is played by now
  double rate_ = 1;
  PlayoutStats stats_;
};

}  // namespace lumen
