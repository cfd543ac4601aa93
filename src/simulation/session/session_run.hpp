// lumen/simulation/session: the two ends of a real session (lumen/core, every byte of it) with an encoder and
// two links between them, in virtual time. What a stream does over a bad network is counted here as it would
// be seen: pictures lost, pictures late, queues in front of bottlenecks, the bitrate that was chosen.
//
// The encoder is a clock and a size: each interval a picture of the share of the bitrate that holds, give or
// take `size_spread`, an IDR `idr_size` times as much; a picture takes `encode_time`. Pictures wait for the
// host's sender in a ring of four, as access units of the session process do.
//
// The same seed gives the same run, on every machine. Owner: one thread.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/histogram.hpp"
#include "core/client_session.hpp"
#include "core/host_session.hpp"
#include "simulation/link.hpp"

namespace lumen::simulation {

struct SessionParams {
  Duration interval = std::chrono::nanoseconds{16'666'667};
  std::uint32_t bitrate_kbps = 10'000;  // configured: the cap of rate control
  double size_spread = 0.2, idr_size = 1.3;
  Duration encode_time = std::chrono::milliseconds{3};
  std::function<bool(Duration since_begin)> moves;  // does the desktop show something new? Empty: always
  Duration keepalive = std::chrono::milliseconds{500};
  core::HostSenderParams sender;
  LinkParams down, up;
};

// A picture as the user saw it.
struct ShownPicture {
  std::uint64_t frame = 0;
  Timestamp encoded, shown;
};
// Every 10 ms.
struct Observation {
  Timestamp at;
  Duration queue;  // the bottleneck's, down
  std::uint32_t bitrate_kbps = 0;
  RateReason reason{};
  double sent_kbps = 0;  // in the last 100 ms
};

class SessionRun {
 public:
  SessionRun(const SessionParams& params, std::uint64_t seed);

  // Lives on for so long.
  void run(Duration span);
  void set_links(const LinkParams& down, const LinkParams& up);

  Timestamp now() const { return now_; }
  Duration since_begin() const { return now_ - kBegin; }
  std::uint64_t encoded() const { return encoded_; }
  const std::vector<ShownPicture>& shown() const { return shown_; }
  const std::vector<Observation>& observations() const { return observations_; }
  // Pictures that never came, or were of no use without one that did not.
  std::uint64_t lost() const { return lost_; }
  std::uint64_t lost_since(Timestamp begin) const;
  // The longest time that a picture stood still while newer ones were made: shown in [begin, end).
  Duration longest_freeze(Timestamp begin, Timestamp end) const;
  // From encoded to shown.
  LatencyHistogram latency() const;
  Duration most_queue(Timestamp begin, Timestamp end) const;
  double mean_kbps(Timestamp begin, Timestamp end) const;  // of the encoder's target

  core::HostSessionStats host_stats() const { return host_.stats(); }
  core::ClientReceiverStats client_stats() const { return client_.units().stats(); }
  const LinkStats& down_stats() const { return down_.stats(); }

  static constexpr Timestamp kBegin{std::chrono::seconds{1}};

 private:
  enum class What : std::uint8_t {
    picture,
    unit_ready,
    host_wakes,
    client_wakes,
    to_host,
    to_client,
    observe
  };
  struct Event {
    What what;
    std::vector<std::byte> datagram;
  };
  struct Unit {
    Timestamp encoded;
    PictureKind kind;
    std::size_t bytes;
  };
  struct Loss {
    Timestamp noticed;
    std::uint64_t frames;
  };

  void at(Timestamp when, What what, std::vector<std::byte> datagram = {});
  void handle(Event& event);
  void make_picture();
  void push_units();
  void pump_host();
  void send_train();
  void send_down(ByteView datagram);
  void pump_client();
  void observe();

  SessionParams params_;
  Timestamp now_ = kBegin;
  std::multimap<Timestamp, Event> events_;
  Link down_, up_;
  Random sizes_;
  fec::Leopard codec_;
  core::HostSession host_;
  core::ClientSession client_;
  // encoder
  std::uint32_t bitrate_kbps_;
  bool idr_wanted_ = false;
  Timestamp last_picture_{};
  std::uint64_t encoded_ = 0;
  std::vector<std::byte> content_;
  std::deque<Unit> making_, ring_;
  std::map<std::uint64_t, Timestamp> encoded_at_;  // by the number on the wire
  // host
  std::optional<core::Train> pending_;  // its bytes are the session's
  std::deque<std::pair<Timestamp, std::size_t>> sent_bytes_;
  Timestamp bottleneck_free_{};
  // client
  Timestamp client_wake_{};
  std::vector<ShownPicture> shown_;
  std::uint64_t lost_ = 0;
  std::vector<Loss> losses_;
  std::vector<Observation> observations_;
};

}  // namespace lumen::simulation
