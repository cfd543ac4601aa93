// Frames as a host packs them, and what the input makes of their datagrams: lost, repeated, overtaken, cut,
// with bits flipped. Untouched ones give their frames back byte for byte, as far as parity reaches; whatever
// else arrives, frames come out in order and memory stays within its bounds.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include "lumen1/packetizer.hpp"
#include "lumen1/reassembler.hpp"

namespace {

using namespace lumen;
using namespace lumen::lumen1;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr std::uint64_t kFirst = 0xFFFF'FFFD;  // the numbers' low half wraps on the way
constexpr std::size_t kShardBytes = 64, kMaxFrames = 6;
constexpr std::size_t kBudget = 1U << 20U, kBookkeeping = 2U << 20U, kMending = 16U << 20U;

const fec::Leopard& codec() {
  static const fec::Leopard codec;
  return codec;
}

struct Frame {
  std::vector<std::byte> unit;
  std::size_t datagrams = 0, parity = 0, arrived = 0;
  std::vector<bool> seen;
};

struct Datagram {
  std::size_t frame = 0, shard = 0;
  std::vector<std::byte> body;
};

class Stream {
 public:
  void run(ByteReader& input) {
    const std::size_t frames = 1 + input.little<std::uint8_t>() % kMaxFrames;
    add_frame(40, 1);  // arrives whole, so that delivery begins with it
    while (!queue_.empty()) send_next();
    for (std::size_t i = 0; i < frames; ++i) {
      const auto bytes = input.little<std::uint16_t>() % 4096U + 1U;
      add_frame(bytes, input.little<std::uint8_t>());
    }
    while (!queue_.empty()) step(input);
    now_ += std::chrono::milliseconds{100};
    deliver();
    check_end();
  }

 private:
  void add_frame(std::size_t bytes, std::size_t parity) {
    Frame frame;
    for (std::size_t i = 0; i < bytes; ++i)
      frame.unit.push_back(static_cast<std::byte>(i * 31 + frames_.size() * 7));
    const AccessUnitView unit{
        .id = FrameId{kFirst + frames_.size()}, .width = 64, .height = 64, .bytes = frame.unit};
    const auto packed = packetizer_.pack(unit, parity);
    require(packed.has_value());
    frame.datagrams = packed->datagrams;
    frame.parity = packed->datagrams - packed->data_datagrams;
    frame.seen.resize(frame.datagrams);
    for (std::size_t i = 0; i < packed->datagrams; ++i) {
      const auto datagram = packed->datagram(i);
      queue_.push_back(
          {frames_.size(), i, {datagram.begin() + kClearHeaderBytes, datagram.end() - kTagBytes}});
    }
    frames_.push_back(std::move(frame));
  }

  void step(ByteReader& input) {
    const auto action = input.little<std::uint8_t>();
    switch (action & 7U) {
      case 0:
      case 1:
      case 2:
        for (unsigned n = action >> 3U; n > 0 && !queue_.empty(); --n) send_next();
        break;
      case 3:  // lost
        queue_.pop_back();
        break;
      case 4:  // overtaken
        std::swap(queue_.back(), queue_[input.little<std::uint16_t>() % queue_.size()]);
        break;
      case 5:  // repeated
        push(queue_.back());
        break;
      case 6: {  // something else in its place
        auto& body = queue_.back().body;
        const auto offset = input.little<std::uint8_t>() % body.size();
        body[offset] ^= static_cast<std::byte>(1U << (action >> 5U));
        if ((action & 8U) != 0) body.resize(offset);
        tampered_ = true;
        reassembler_.push(body, now_);
        queue_.pop_back();
        break;
      }
      default:
        now_ += std::chrono::milliseconds{action >> 3U};
        waited_ = waited_ || action >> 3U > 0;
    }
    if (input.remaining() == 0) {
      while (!queue_.empty()) send_next();
    }
    deliver();
  }

  void push(const Datagram& datagram) {
    auto& frame = frames_[datagram.frame];
    if (!frame.seen[datagram.shard]) ++frame.arrived;
    frame.seen[datagram.shard] = true;
    reassembler_.push(datagram.body, now_);
  }
  void send_next() {
    push(queue_.back());
    queue_.pop_back();
    deliver();
  }

  void deliver() {
    while (reassembler_.pop(unit_, now_)) {
      check_loss();
      require(!last_ || unit_.id.value > *last_);
      last_ = unit_.id.value;
      ++delivered_;
      if (!tampered_) require(unit_.bytes == frames_.at(unit_.id.value - kFirst).unit);
    }
    check_loss();
    require(reassembler_.memory_bytes() <= kBudget + kBookkeeping + kMending);
  }
  void check_loss() {
    const auto loss = reassembler_.take_loss();
    if (!loss) return;
    require(loss->first.value <= loss->last.value);
    require(!last_ || loss->first.value > *last_);
    last_ = loss->last.value;
  }
  // Nobody lied and nothing was waited for: exactly the frames with enough shards came out.
  void check_end() const {
    if (tampered_ || waited_) return;
    const auto whole = std::ranges::count_if(
        frames_, [](const Frame& frame) { return frame.arrived + frame.parity >= frame.datagrams; });
    require(delivered_ == static_cast<std::size_t>(whole));
  }

  VideoPacketizer packetizer_{codec(), kShardBytes};
  Reassembler reassembler_{codec(), {.memory_budget = kBudget}};
  Timestamp now_{};
  std::vector<Frame> frames_;
  std::vector<Datagram> queue_;  // the next one is the last
  AccessUnit unit_;
  std::optional<std::uint64_t> last_;
  std::size_t delivered_ = 0;
  bool tampered_ = false, waited_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input{std::as_bytes(std::span{data, size})};
  Stream{}.run(input);
  return 0;
}
