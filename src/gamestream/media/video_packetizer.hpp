// gamestream/media: an access unit becomes the datagrams of GameStream video (GameStream part 2, sections 4
// to 8). Sans-I/O. Owner: one thread (lm-send). Allocates only while frames grow.
//
// Datagrams lie one behind the other in the order in which they must leave (block by block, parity behind its
// data), all of one size, and are taken in trains that the kernel can send as segments of one buffer. Parity
// and encryption are done for one train at a time, so that the first leaves before the last is ready.
#pragma once

#include <optional>
#include <vector>

#include "base/result.hpp"
#include "crypto/aead.hpp"
#include "fec/reed_solomon.hpp"
#include "gamestream/media/frame_plan.hpp"
#include "gamestream/media/video_wire.hpp"
#include "media/frames.hpp"

namespace lumen::gamestream {

struct VideoPacketizerParams {
  FramePlanParams plan;
  // A stock client takes a stream from 0 to 32767 only: the whole first block must lie below.
  std::uint32_t first_sequence = 0;
  // Of the encryption's IVs. None: anywhere, so that a key that serves two streams repeats no IV.
  std::optional<std::uint64_t> first_nonce;
};

// What a frame is besides its bytes.
struct FrameMark {
  FrameType type = FrameType::predicted;
  RtpTicks time{};          // rtp_time(); not zero
  Duration host_latency{};  // from capture to now; zero: unknown
  bool long_term_reference = false;
};

struct PackedVideo {
  FrameId frame;  // counts from 1
  std::size_t datagrams = 0, data_datagrams = 0;
};

// Valid until the next call of next_train() or pack().
struct DatagramTrain {
  ByteView bytes;  // datagrams · datagram_bytes, at most 65507
  std::size_t datagram_bytes = 0, datagrams = 0;
};

class VideoPacketizer {
 public:
  static constexpr std::size_t kMaxTrainDatagrams = 64, kMaxTrainBytes = 65'507;  // of UDP segmentation

  // `key`: 16 bytes, or empty for plain datagrams. Fails with `video.packet-size` outside kMinPacketSize …
  // kMaxPacketSize, and as crypto::Aead::create().
  static Result<VideoPacketizer> create(const VideoPacketizerParams& params, ByteView key);

  // Copies the unit, which is then not needed any more; what is left of the frame before is forgotten. Fails
  // with `frame.empty`, or `frame.too-large` beyond four blocks of 1023 shards; no number is used up then.
  Result<PackedVideo> pack(const AccessUnitView& unit, const FrameMark& mark);
  // The next datagrams of the frame; nullopt when all were taken.
  std::optional<DatagramTrain> next_train();

  // Parity per data shard of the frames to come, 0…255.
  void set_percent(std::size_t percent) { params_.plan.percent = percent; }
  // Least parity of each of their blocks, in shards.
  void set_min_parity(std::size_t shards) { params_.plan.min_parity = shards; }
  std::size_t datagram_bytes() const { return shard_offset_ + shard_bytes(); }

 private:
  friend struct VideoPacketizerProbe;
  VideoPacketizer(const VideoPacketizerParams& params, std::optional<crypto::Aead> cipher,
                  std::uint64_t first_nonce);
  std::size_t shard_bytes() const { return params_.plan.packet_size + kRtpBytes; }
  std::size_t payload_bytes() const { return params_.plan.packet_size - kNvHeaderBytes; }
  MutableBytes shard(std::size_t index);
  void write_frame(const AccessUnitView& unit, const FrameMark& mark);
  void write_payload(const AccessUnitView& unit, const FrameMark& mark, std::size_t chunk, MutableBytes out);
  void add_parity(const BlockPlan& block, ShardHeader header, std::size_t first);
  bool seal(std::size_t index);

  VideoPacketizerParams params_;
  std::optional<crypto::Aead> cipher_;
  std::size_t shard_offset_;  // in a datagram
  fec::ReedSolomon code_;
  std::uint64_t nonce_;
  std::uint32_t next_sequence_;
  std::uint64_t next_frame_ = 1;

  // The frame being taken.
  FramePlan plan_;
  ShardHeader header_;  // what its shards share; the sequence is the frame's first
  std::vector<std::byte> memory_;
  std::size_t datagrams_ = 0, taken_ = 0;
  std::size_t coded_blocks_ = 0, coded_end_ = 0;  // blocks with parity, and the datagram behind them
};

}  // namespace lumen::gamestream
