#include "tools/loss-harness/byte_check.hpp"

#include <cstring>
#include <map>
#include <vector>

#include "lumen1/packetizer.hpp"
#include "lumen1/reassembler.hpp"
#include "simulation/random.hpp"

namespace lumen::loss_harness {
namespace {

using simulation::Random;

std::vector<std::byte> noise(std::uint64_t frame, std::size_t size) {
  Random random{frame};
  std::vector<std::byte> bytes(size + sizeof(std::uint64_t));
  for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
    const auto value = random.next();
    std::memcpy(bytes.data() + at, &value, sizeof value);
  }
  bytes.resize(size);
  return bytes;
}

lumen1::DirectionKeys keys() {
  lumen1::DirectionKeys keys;
  for (auto& byte : keys.secret) byte = std::byte{7};
  return keys;
}

}  // namespace

struct ByteCheck::Ends {
  void send(const simulation::SentFrame& frame) {
    const auto unit_bytes = frame.layout.data() * lumen1::kMaxShardBytes - lumen1::kFrameHeaderBytes;
    const auto content = noise(frame.id.value, unit_bytes);
    const auto packed = packetizer.pack(
        {.id = frame.id, .kind = PictureKind::delta, .width = 64, .height = 64, .bytes = content},
        frame.layout.parity());
    sizes[frame.id.value] = unit_bytes;
    if (!packed || packed->datagrams != frame.fates.size() ||
        !packetizer.seal(*packed, 0, packed->datagrams, frame.at, frame.at, sealer)) {
      ++figures.wrong;
      return;
    }
    for (std::size_t i = 0; i < packed->datagrams; ++i) {
      const auto& fate = frame.fates[i];
      if (fate.outcome != simulation::Outcome::arrived) continue;
      const auto datagram = packed->datagram(i);
      const auto queued =
          on_the_way.emplace(fate.arrives, std::vector<std::byte>(datagram.begin(), datagram.end()));
      if (fate.duplicate) on_the_way.emplace(*fate.duplicate, queued->second);
    }
  }

  void receive_until(Timestamp end) {
    while (!on_the_way.empty() && on_the_way.begin()->first <= end) {
      const auto next = on_the_way.extract(on_the_way.begin());
      wait_until(next.key());
      auto datagram = next.mapped();
      if (const auto opened = opener.open(datagram)) reassembler.push(opened->body, next.key());
      deliver(next.key());
    }
    wait_until(end);
  }

  void wait_until(Timestamp end) {
    const auto deadline = reassembler.next_deadline();
    if (deadline && *deadline <= end) deliver(*deadline);
  }

  void deliver(Timestamp now) {
    while (reassembler.pop(unit, now)) {
      ++figures.frames_delivered;
      const auto size = sizes.find(unit.id.value);
      const bool right = size != sizes.end() && unit.bytes == noise(unit.id.value, size->second);
      if (!right) ++figures.wrong;
      sizes.erase(sizes.begin(), sizes.upper_bound(unit.id.value));
    }
  }

  fec::Leopard codec;
  lumen1::VideoPacketizer packetizer{codec};
  lumen1::Sealer sealer = lumen1::Sealer::create(keys(), 1).value();
  lumen1::Opener opener = lumen1::Opener::create(keys()).value();
  lumen1::Reassembler reassembler{codec};
  AccessUnit unit;
  std::multimap<Timestamp, std::vector<std::byte>> on_the_way;  // equals in the order of sending
  std::map<std::uint64_t, std::size_t> sizes;                   // of frames not delivered yet
  ByteFigures figures;
};

ByteCheck::ByteCheck() : ends_{std::make_unique<Ends>()} {}
ByteCheck::~ByteCheck() = default;

void ByteCheck::sent(const simulation::SentFrame& frame) {
  ends_->receive_until(frame.at);
  ends_->send(frame);
}

ByteFigures ByteCheck::finish() {
  ends_->receive_until(Timestamp::max() - std::chrono::hours{1});
  ends_->figures.frames_repaired = ends_->reassembler.stats().frames_repaired;
  return ends_->figures;
}

}  // namespace lumen::loss_harness
