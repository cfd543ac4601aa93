// A script of video datagrams, mostly well-formed: frames close together and far apart, losses, duplicates,
// lies about geometry. Frames come out in order and no larger than can be, losses are named in order, and
// memory stays within its budget.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "gamestream/media/video_reassembler.hpp"

namespace {

using namespace lumen;
using namespace lumen::gamestream;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr std::size_t kPacketSize = 64;
constexpr std::size_t kBudget = 256U << 10U;  // small, so that frames are refused too

class Script {
 public:
  explicit Script(std::uint8_t kind)
      : reassembler_{VideoReassembler::create({.format = static_cast<VideoFormat>(kind % 3),
                                               .packet_size = kPacketSize,
                                               .memory_budget = kBudget},
                                              {})
                         .value()} {}

  void run(ByteReader& input) {
    while (input.remaining() > 0) {
      const auto action = input.little<std::uint8_t>();
      now_ += std::chrono::microseconds{200 * (action & 0x0FU)};
      if ((action & 0x80U) != 0) frame_ += input.little<std::uint32_t>();
      if ((action & 0x40U) != 0)
        push_raw(input);
      else
        push_shards(input);
      if ((action & 0x20U) == 0) deliver();
    }
  }

 private:
  void push_raw(ByteReader& input) {
    const auto bytes = input.take(std::min<std::size_t>(input.little<std::uint8_t>(), input.remaining()));
    const auto datagram = MutableBytes{datagram_}.first(std::min(bytes.size(), datagram_.size()));
    std::copy_n(bytes.begin(), datagram.size(), datagram.begin());
    reassembler_.push(datagram, now_);
  }

  // A run of shards of one block.
  void push_shards(ByteReader& input) {
    frame_ += input.little<std::uint8_t>() % 4U;
    const auto blocks = input.little<std::uint8_t>();
    const auto data = input.little<std::uint8_t>();
    ShardHeader header{
        .frame = frame_,
        .block = static_cast<std::uint8_t>(blocks & 3U),
        .last_block = static_cast<std::uint8_t>(blocks >> 2U & 3U),
        .data_shards = static_cast<std::uint16_t>((blocks & 0x80U) != 0 ? data * 4U : data % 16U),
        .shard = input.little<std::uint8_t>(),
        .percent = input.little<std::uint8_t>()};
    const auto fill = static_cast<std::byte>(input.little<std::uint8_t>());
    const auto size = input.little<std::uint8_t>();
    for (auto count = input.little<std::uint8_t>() % 32U + 1U; count > 0; --count)
      push_shard(header, fill, size);
  }

  void push_shard(ShardHeader& header, std::byte fill, std::uint8_t size) {
    datagram_.fill(fill);
    header.sequence = static_cast<std::uint16_t>(header.frame * 2048U + header.block * 512U + header.shard);
    header.flags = kPicture;
    if (header.shard == 0) header.flags |= kBlockBegin;
    if (header.shard + 1U == header.data_shards) header.flags |= kBlockEnd;
    write_data_header(header, datagram_);
    // A frame header that can be delivered, so that this is reached too.
    if (header.shard == 0 && header.block == 0)
      write_frame_header({.last_payload_bytes = size}, MutableBytes{datagram_}.subspan(kShardHeaderBytes));
    const auto whole = kRtpBytes + kPacketSize;
    reassembler_.push(MutableBytes{datagram_}.first(size % 8 == 0 ? kShardHeaderBytes + size % 64U : whole),
                      now_);
    ++header.shard;
  }

  void deliver() {
    ReceivedFrame frame;
    for (bool more = true; more;) {
      more = reassembler_.pop(frame, now_);
      check_loss();
      if (!more) break;
      require(!last_ || frame.frame.value > *last_);
      require(frame.bytes.size() <= kMaxBlocks * kMaxBlockDataShards * (kPacketSize - kNvHeaderBytes));
      last_ = frame.frame.value;
    }
    while (const auto status = reassembler_.take_status()) {
      require(status->block_index < status->block_count);
      require(status->received_data + status->received_parity <= status->total_data + status->total_parity);
      require(status->received_data < status->total_data);
    }
    const auto deadline = reassembler_.next_deadline();
    require(!deadline || *deadline > now_);
    require(reassembler_.memory_bytes() <= kBudget);
  }

  void check_loss() {
    const auto loss = reassembler_.take_loss();
    if (!loss) return;
    require(loss->first.value >= 1 && loss->first.value <= loss->last.value);
    last_ = loss->last.value;  // not always later than what was: the stream may have begun anew
  }

  VideoReassembler reassembler_;
  Timestamp now_{std::chrono::hours{1}};
  std::uint32_t frame_ = 0;
  std::array<std::byte, 300> datagram_{};
  std::optional<std::uint64_t> last_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input{std::as_bytes(std::span{data, size})};
  Script{input.little<std::uint8_t>()}.run(input);
  return 0;
}
