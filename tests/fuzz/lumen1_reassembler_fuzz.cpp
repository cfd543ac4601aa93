// A script of shards, mostly well-formed: frames close together and far apart, losses, duplicates, lies about
// geometry. Frames come out in order, never larger than allowed, and nothing is both delivered and lost.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "lumen1/reassembler.hpp"

namespace {

using namespace lumen;
using namespace lumen::lumen1;

void require(bool condition) {
  if (!condition) std::abort();
}

// Small, so that frames are refused too.
constexpr std::size_t kBudget = 4096;
constexpr std::size_t kOverhead = 1U << 20U;  // bitmaps, and mending of blocks of at most 512 points

const fec::Leopard& codec() {
  static const fec::Leopard codec;
  return codec;
}

class Script {
 public:
  void run(ByteReader& input) {
    while (input.remaining() > 0) {
      const auto action = input.little<std::uint8_t>();
      now_ += std::chrono::microseconds{10 * (action & 0x0FU)};
      if ((action & 0x80U) != 0) frame_ += input.little<std::uint32_t>();
      if ((action & 0x50U) == 0x50U)
        repeat(input);
      else if ((action & 0x40U) != 0)
        push_raw(input);
      else
        push_shard(input);
      if ((action & 0x20U) == 0) deliver();
    }
  }

 private:
  void repeat(ByteReader& input) {
    const auto what = input.little<std::uint8_t>();
    reassembler_.set_broken((what & 1U) != 0);
    if ((what & 2U) != 0) reassembler_.mark(frame_ + what / 8U, now_);
    if ((what & 4U) != 0) {
      reassembler_.set_repeats({std::chrono::milliseconds{what % 16}, std::chrono::milliseconds{what / 4}});
    }
    for (int asked = 0; const auto ask = reassembler_.next_ask(now_); ++asked) {
      require(asked < 64 && ask->attempt > 0 && ask->count <= AskShards::kMaxRanges);
      for (std::size_t i = 0; i < ask->count; ++i) {
        require(ask->ranges[i].first <= ask->ranges[i].last);
        require(i == 0 || ask->ranges[i - 1].last + 1U < ask->ranges[i].first);
      }
    }
  }
  void push_raw(ByteReader& input) {
    const auto size = std::min<std::size_t>(input.little<std::uint8_t>(), input.remaining());
    reassembler_.push(input.take(size), now_);
  }

  void push_shard(ByteReader& input) {
    ShardHeader header;
    header.frame = frame_ + input.little<std::uint8_t>() % 40U;
    header.shard_bytes = static_cast<std::uint16_t>(input.little<std::uint8_t>() % 48U + 1U);
    header.frame_bytes = static_cast<std::uint32_t>(kFrameHeaderBytes + 1U + input.little<std::uint8_t>());
    const auto n = data_shards_of(header);
    header.parity_shards = static_cast<std::uint16_t>(input.little<std::uint8_t>() % 8U);
    if (header.parity_shards > 0) header.code = fec::leopard_field(n, header.parity_shards);
    const auto shards = n + header.parity_shards;
    header.shard = static_cast<std::uint16_t>(input.little<std::uint16_t>() % shards);
    header.age_us = input.little<std::uint32_t>();
    encode(header, body_);
    const auto shard = MutableBytes{body_}.subspan(kShardHeaderBytes, header.shard_bytes);
    std::ranges::fill(shard, static_cast<std::byte>(input.little<std::uint8_t>()));
    // A frame header that can be delivered, so that this is reached too.
    if (header.shard == 0 && shard.size() >= kFrameHeaderBytes) {
      encode(FrameHeader{.width = 64, .height = 64}, shard);
    }
    reassembler_.push(ByteView{body_}.first(kShardHeaderBytes + header.shard_bytes), now_);
  }

  void deliver() {
    while (reassembler_.pop(unit_, now_)) {
      check_loss();
      require(!last_ || unit_.id.value > *last_);
      require(!unit_.bytes.empty() && unit_.bytes.size() <= kMaxFrameBytes);
      last_ = unit_.id.value;
    }
    check_loss();
    const auto& stats = reassembler_.stats();
    require(stats.shards_duplicate + stats.shards_late <= stats.shards_received);
    require(reassembler_.memory_bytes() <= kBudget + kOverhead);
  }

  void check_loss() {
    const auto loss = reassembler_.take_loss();
    if (!loss) return;
    require(loss->first.value <= loss->last.value);
    require(!last_ || loss->first.value > *last_);
    last_ = loss->last.value;
  }

  Reassembler reassembler_{codec(), {.memory_budget = kBudget}};
  Timestamp now_{};
  std::uint32_t frame_ = 0;
  std::array<std::byte, kShardHeaderBytes + 64> body_{};
  AccessUnit unit_;
  std::optional<std::uint64_t> last_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input{std::as_bytes(std::span{data, size})};
  Script{}.run(input);
  return 0;
}
