// lumen/core: the host's sending half: access units in, sealed datagrams with due times out, and messages of
// the same connection. Frames are numbered here, so that numbers go on whoever makes the pictures. Sans-I/O:
// time and bytes come in as arguments. Owner: one thread (lm-send). Thread-safe: no. Allocates only while
// frames grow.
#pragma once

#include <optional>
#include <vector>

#include "flow/in_flight.hpp"
#include "flow/pacer.hpp"
#include "flow/rate_control.hpp"
#include "flow/recovery.hpp"
#include "lumen1/messages.hpp"
#include "lumen1/shard_history.hpp"

namespace lumen::core {

struct HostSenderParams {
  std::uint8_t session = 0;
  // The path's rate for pacing within a frame: bursts of `burst` leave at once, the rest at `rate`; slower
  // where the path turns out to have a bottleneck.
  BitsPerSecond rate{400'000'000};
  Bytes burst{64U << 10U};
  std::size_t max_shard_bytes = lumen1::kMaxShardBytes;
  ParityControl::Params parity;
  RateControl::Params rate_control;
};

// Sealed datagrams that leave together: equal in size and one behind the other, as UDP segmentation offload
// wants them. Valid until the next push() (shards sent again: until the next next_train(); of a message:
// until the next seal_message()).
struct Train {
  ByteView bytes;
  std::size_t datagram_bytes = 0;  // of each
  std::size_t datagrams = 0;
  Timestamp due;  // not to leave before; the age in the datagrams assumes that they leave then
};

struct HostSenderStats {
  std::uint64_t frames = 0, idr = 0, datagrams = 0, bytes = 0;
  std::uint64_t data_shards = 0, parity_shards = 0;
  std::uint64_t abandoned_datagrams = 0;  // still there when the next frame came
  std::uint64_t recovery_asked = 0, recovery_merged = 0;
  std::uint64_t shards_asked = 0, shards_repeated = 0;  // again; asked: as far as they are kept
  double assumed_loss = 0, assumed_burst = 1;
  std::uint32_t bitrate_kbps = 0, capacity_kbps = 0;  // of the encoder; of a bottleneck, 0: none is known
  RateReason rate_reason = RateReason::configured;
  Duration queue{};             // standing in front of the bottleneck, at the client's last word
  std::uint64_t key_epoch = 0;  // key updates of this connection
};

class HostSender {
 public:
  // One train is about 64 KB: what one system call takes with segmentation offload.
  static constexpr std::size_t kTrainDatagrams = 44;

  // `codec` outlives this; all senders may share one.
  HostSender(const HostSenderParams& params, const fec::Leopard& codec);

  // A new client: nothing that was measured for the one before holds. It needs an IDR.
  Status connect(const lumen1::DirectionKeys& keys, Timestamp now);
  void disconnect();
  bool is_connected() const { return sealer_.has_value(); }
  // New keys from the next datagram on; it happens by itself, too, long before a key is worn out. False: no
  // client, or the present ones are too young.
  bool update_keys() { return sealer_ && sealer_->update_key(); }
  void set_rate(BitsPerSecond rate);
  // What the encoder may have at most, kbit/s: where rate control begins. 0: no rate control.
  void set_bitrate_cap(std::uint32_t kbps);
  // What sound takes of the path.
  void set_reserve(std::uint32_t kbps) { rate_control_.set_reserve(kbps); }

  void set_round_trip(Duration round_trip, Timestamp now);
  // The client says what it measured since its last report. An older one than the last is ignored but for
  // its loss.
  void report(const lumen1::Feedback& feedback, Timestamp now);
  // Shards that did not come: next_train() has them again, as far as they are kept and there is room.
  void ask(const lumen1::AskShards& ask, Timestamp now);
  // It cannot decode from `frame` on.
  void broken(FrameId frame, Timestamp now);
  // The newest frame that is broken, when an IDR is to be made for it: once for each that is wanted, and at
  // most one each round trip.
  std::optional<FrameId> take_idr_request();
  // What the encoder is to make from now on, when that has changed by more than a little.
  std::optional<RateDecision> take_bitrate();
  // Nobody could be told: take_bitrate() has it again.
  void bitrate_not_told() { told_.reset(); }
  RateDecision rate() const { return rate_control_.decision(); }

  // Numbers the unit (its id is ignored), splits it and adds parity; what is left of the one before is
  // abandoned. `unavailable` without a client; what the packetizer refuses wants an IDR in its place.
  Status push(const AccessUnitView& unit, Timestamp now);
  // The next datagrams of the unit: books their time and seals them. nullopt: all have gone.
  std::optional<Train> next_train(Timestamp now);
  // The answer to the client's report, as a body for seal_message().
  lumen1::VideoMark mark() const { return {static_cast<std::uint32_t>(left_.value), feedback_}; }
  // A host message as one datagram; nullopt without a client, or when it is too long for one.
  std::optional<ByteView> seal_message(ByteView body);

  FrameId last_frame() const { return last_; }
  HostSenderStats stats() const;

 private:
  struct Repeated {
    FrameId frame;
    std::uint16_t shard;
  };
  static constexpr std::size_t kMostRepeated = 512;  // waiting shards

  std::optional<Train> next_repeats(Timestamp now);
  void apply_rate();
  double repeat_rate() const;
  std::size_t parity_for(std::size_t unit_bytes) const;
  std::size_t train_datagrams(std::size_t datagram_bytes) const;

  HostSenderParams params_;
  std::optional<lumen1::Sealer> sealer_;
  lumen1::VideoPacketizer packetizer_;
  ParityControl parity_;
  Pacer pacer_;
  RateControl rate_control_;
  InFlight in_flight_;
  std::optional<RateDecision> told_;  // the encoder
  lumen1::ShardHistory history_;
  std::vector<Repeated> repeats_;
  std::size_t next_repeat_ = 0;  // of repeats_
  std::vector<std::byte> repeat_memory_;
  double repeat_credit_ = 0;  // datagrams
  Timestamp credited_{};
  RecoveryMerger merger_;
  Duration round_trip_{};
  FrameId last_{0}, left_{0};   // pushed; gone whole on this connection, 0: none
  std::uint32_t feedback_ = 0;  // newest sequence
  std::optional<FrameId> idr_request_;
  lumen1::PackedFrame frame_;
  std::size_t next_ = 0;  // datagram of frame_
  Timestamp presented_{};
  std::vector<std::byte> message_;
  HostSenderStats stats_;
};

// Of a frame known by its low 32 bits, the newest such one that is not above `last`; nullopt: none that was
// sent, or too long ago to be meant.
std::optional<FrameId> unwrap_sent(std::uint32_t frame, FrameId last);

}  // namespace lumen::core
