// lumen/lumen1: an access unit becomes datagrams with parity, laid out so that the kernel can send them as
// equal segments of one buffer. Sans-I/O. Owner: one thread (lm-send). Allocates only while frames grow.
#pragma once

#include <span>
#include <vector>

#include "fec/leopard.hpp"
#include "flow/parity_control.hpp"
#include "lumen1/protection.hpp"

namespace lumen::lumen1 {

// Unsealed datagrams of one frame. Valid until the next pack().
struct PackedFrame {
  std::size_t datagram_bytes = 0;  // every one of them
  std::size_t datagrams = 0, data_datagrams = 0;
  ShardHeader header;  // of shard 0; the others differ in their number only
  MutableBytes bytes;  // datagrams · datagram_bytes
  MutableBytes datagram(std::size_t i) const { return bytes.subspan(i * datagram_bytes, datagram_bytes); }
};

// Writes shard header and data shard `header.shard` of the frame into an unsealed datagram, which is as long
// as those of the frame.
void write_data_shard(const AccessUnitView& unit, const ShardHeader& header, MutableBytes datagram);
// How long that is.
std::size_t datagram_bytes_of(const ShardHeader& header);
// Writes the times of an unsealed video datagram.
void stamp(MutableBytes datagram, Timestamp presented, Timestamp sent);

class VideoPacketizer {
 public:
  // `codec` outlives this; any number of packetizers may share it. Its largest block bounds the parity of
  // large frames. `max_shard_bytes` is clamped to 64…kMaxShardBytes and rounded down to a multiple of 16.
  explicit VideoPacketizer(const fec::Leopard& codec, std::size_t max_shard_bytes = kMaxShardBytes);
  // Splits, pads and adds `parity_shards` shards, or the most that the code has room for beside the data.
  // Datagrams: data, then parity. Fails with `frame.too-large` beyond kMaxFrameBytes or kMaxFrameShards,
  // `frame.empty` for nothing, `frame.size` for sides beyond 1…8192, `frame.codec` for all but H.264.
  Result<PackedFrame> pack(const AccessUnitView& unit, std::size_t parity_shards);
  Result<PackedFrame> pack(const AccessUnitView& unit, const ParityControl& parity) {
    return pack(unit, parity.parity_for(data_shards_for(unit.bytes.size())));
  }
  // Of a frame whose access unit has so many bytes.
  std::size_t data_shards_for(std::size_t unit_bytes) const;
  // Writes the times into datagrams [first, end) and seals them in place, so each once. False when packet
  // numbers are used up.
  bool seal(const PackedFrame& frame, std::size_t first, std::size_t end, Timestamp presented, Timestamp now,
            Sealer& sealer);

 private:
  Result<ShardHeader> plan(const AccessUnitView& unit, std::size_t parity_shards) const;
  PackedFrame make_room(const ShardHeader& header);
  void write(const AccessUnitView& unit, ShardHeader header, const PackedFrame& frame);

  const fec::Leopard& codec_;
  std::size_t max_shard_bytes_;
  std::vector<std::byte> memory_, work_;
  std::vector<const std::byte*> data_;  // of the frame being written
  std::vector<std::byte*> parity_;
};

}  // namespace lumen::lumen1
