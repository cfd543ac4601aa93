// lumen/lumen1: an access unit becomes datagrams with parity, laid out so that the kernel can send them as
// equal segments of one buffer. Sans-I/O. Owner: one thread (lm-send). Allocates only while frames grow.
#pragma once

#include <span>
#include <vector>

#include "fec/reed_solomon.hpp"
#include "flow/parity_control.hpp"
#include "lumen1/protection.hpp"

namespace lumen::lumen1 {

// Unsealed datagrams of one frame. Valid until the next pack().
struct PackedFrame {
  std::size_t datagram_bytes = 0;  // every one of them
  std::size_t datagrams = 0, data_datagrams = 0;
  MutableBytes bytes;  // datagrams · datagram_bytes
  MutableBytes datagram(std::size_t i) const { return bytes.subspan(i * datagram_bytes, datagram_bytes); }
};

class VideoPacketizer {
 public:
  // `max_shard_bytes` is clamped to 64…kMaxShardBytes.
  explicit VideoPacketizer(std::size_t max_shard_bytes = kMaxShardBytes,
                           fec::Kernel kernel = fec::best_kernel());
  // Splits, pads and adds parity as `parity` says: the fewest blocks that have room for all of it. Datagrams
  // come block after block, data before parity. Fails with `frame.too-large` beyond kMaxFrameBytes (or what
  // 64 blocks of small shards hold), `frame.empty` for nothing, `frame.size` for sides beyond 1…8192.
  Result<PackedFrame> pack(const AccessUnitView& unit, const ParityControl& parity);
  // Writes the age into datagrams [first, end) and seals them in place, so each once. False when packet
  // numbers are used up.
  bool seal(const PackedFrame& frame, std::size_t first, std::size_t end, Timestamp presented, Timestamp now,
            Sealer& sealer);

 private:
  struct Layout;
  Result<Layout> plan(const AccessUnitView& unit, const ParityControl& parity) const;
  PackedFrame make_room(const Layout& layout);
  void write_block(const AccessUnitView& unit, const Layout& layout, std::size_t index,
                   const PackedFrame& frame);

  std::size_t max_shard_bytes_;
  fec::ReedSolomon codec_;
  std::vector<std::byte> memory_;
  std::vector<const std::byte*> data_;  // of the block being written
  std::vector<std::byte*> parity_;
};

}  // namespace lumen::lumen1
