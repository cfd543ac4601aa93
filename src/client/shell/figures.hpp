// client/shell: a stream in figures, once a second: rates, latency by stage, loss. lm-dec tells of each
// decoded picture by a ring, so that nothing waits for anybody; all else is the main thread's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/handoff.hpp"
#include "base/histogram.hpp"
#include "client/shell/client_stream.hpp"

namespace lumen::client {

// Of one decoded picture.
struct PictureTimes {
  Duration host_capture{}, host_encode{}, host_send{};  // as the host says
  Timestamp received, complete;                         // first datagram, last needed one
  Timestamp decoded;
};

// In the order in which a picture passes them. `total` is their sum, picture by picture; the network's share
// is half a round trip.
enum class Stage : std::uint8_t { capture, encode, send, network, receive, decode, present, total };
inline constexpr std::size_t kStages = 8;
std::string_view name_of(Stage stage);

struct StageFigures {
  Duration p50{}, p95{}, p99{};
};

// Of the last second; or of all of a stream.
struct StreamFigures {
  Duration at{};                                                      // since the begin of the stream
  Duration interval{};                                                // that they are of
  double received_per_s = 0, decoded_per_s = 0, presented_per_s = 0;  // pictures
  std::array<StageFigures, kStages> stages{};                         // by Stage
  double loss_percent = 0;                                            // datagrams
  double parity_percent = 0;
  std::uint64_t frames_lost = 0, frames_repaired = 0, recovery_asked = 0, sound_concealed = 0;
  double bitrate_kbps = 0;  // received
  Duration round_trip{};
};

class FigureMeter {
 public:
  // Where nothing is presented, the total is up to the decoded picture.
  explicit FigureMeter(bool presents = true);

  // lm-dec. Never blocks; left out when the main thread is far behind.
  void decoded(const PictureTimes& times);

  // main thread
  void begin(Timestamp now, const StreamCounters& counters);
  void presented(const PictureTimes& times, Timestamp shown);
  bool is_due(Timestamp now) const;
  // New figures, when a second has passed since the last ones.
  std::optional<StreamFigures> update(Timestamp now, const StreamCounters& counters);
  // Of everything since begin().
  StreamFigures totals(Timestamp now, const StreamCounters& counters);

 private:
  struct Window {
    std::array<std::vector<Duration>, kStages> samples;  // of this second; bounded
    std::uint64_t decoded = 0, presented = 0;
  };
  void drain();
  Duration total_of(const PictureTimes& times, Timestamp until) const;
  void add(Stage stage, Duration value);
  static StageFigures quantiles(std::vector<Duration>& samples);

  const bool presents_;
  SpscRing<PictureTimes, 1024> ring_;
  Window window_;
  std::array<LatencyHistogram, kStages> all_;
  std::uint64_t all_decoded_ = 0, all_presented_ = 0;
  StreamCounters first_, last_;
  Timestamp begun_{}, window_begun_{};
  Duration round_trip_{};
};

}  // namespace lumen::client
