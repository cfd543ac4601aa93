// lumen/lumen1: the last frames that were sent, so that shards of them can be sent again. A shard that comes
// again is written anew from the access unit and sealed under a packet number of its own. Sans-I/O. Owner:
// one thread (lm-send). Allocates only while frames grow.
#pragma once

#include <array>
#include <vector>

#include "lumen1/packetizer.hpp"

namespace lumen::lumen1 {

class ShardHistory {
 public:
  static constexpr std::size_t kFrames = 32;

  // Copies the unit; `header` is that of its shards, `unit.id` its number on the wire. A frame of more than
  // kMaxRepeatedFrameBytes is not kept.
  void keep(const AccessUnitView& unit, const ShardHeader& header);
  void forget();

  // Whether the frame is kept and this is the newest request for it: each may come more than once.
  bool take_attempt(FrameId frame, std::uint8_t attempt);
  // 0: the frame is not kept (any more).
  std::size_t data_shards(FrameId frame) const;
  // As long as its datagrams are. The frame is kept.
  std::size_t datagram_bytes(FrameId frame) const;
  // An unsealed datagram with data shard `shard`, below data_shards(), and its times.
  void write(FrameId frame, std::uint16_t shard, Timestamp sent, MutableBytes datagram) const;

 private:
  struct Kept {
    bool used = false;
    std::uint8_t attempt = 0;  // newest
    AccessUnitView unit;       // without its bytes
    std::vector<std::byte> bytes;
    ShardHeader header;
  };
  const Kept& slot(FrameId frame) const { return kept_[frame.value % kFrames]; }
  bool has(FrameId frame) const { return slot(frame).used && slot(frame).unit.id == frame; }

  std::array<Kept, kFrames> kept_;
};

}  // namespace lumen::lumen1
