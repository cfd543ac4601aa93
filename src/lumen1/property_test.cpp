// What holds for frames of any size over any network that loses, repeats and reorders datagrams.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "lumen1/test_frames.hpp"

namespace lumen::lumen1 {
namespace {

using test::at_ms;
using test::Buffer;

constexpr std::uint64_t kFirst = 1000;  // whole, so that delivery begins there; the last one is whole too

// What a network does to one frame.
struct Plan {
  std::size_t bytes = 0, parity = 0, shard_bytes = 0;
  std::size_t lost = 0;  // datagrams; more than parity: the frame
};

// Frames of one shard, of a few, and of more than GF(2⁸) holds. Small shards keep large blocks cheap.
Plan any_plan() {
  Plan plan;
  plan.shard_bytes = *rc::gen::element<std::size_t>(64, 64, 80, 240, 1392);
  const auto shards = *rc::gen::weightedOneOf<std::size_t>({{3, rc::gen::inRange<std::size_t>(1, 12)},
                                                            {2, rc::gen::inRange<std::size_t>(12, 120)},
                                                            {1, rc::gen::inRange<std::size_t>(240, 400)}});
  const auto most = shards * plan.shard_bytes - kFrameHeaderBytes;
  plan.bytes =
      *rc::gen::inRange<std::size_t>(most - std::min<std::size_t>(most, plan.shard_bytes) + 1, most + 1);
  plan.parity = *rc::gen::inRange<std::size_t>(0, shards < 4 ? 3 * shards : shards / 2);
  return plan;
}

// Datagram bodies of frames kFirst…, in the order in which they arrive.
class Network {
 public:
  explicit Network(std::uint32_t seed) : random_{seed} {}

  // `lost` is limited by what there is. Says whether the frame can be mended.
  bool send(std::uint64_t id, Plan& plan) {
    VideoPacketizer packetizer{test::codec(), plan.shard_bytes};
    sent[id] = test::noise(plan.bytes, static_cast<std::uint32_t>(id));
    const auto packed = packetizer.pack(test::unit_of(sent[id], id), plan.parity).value();
    auto bodies = test::bodies_of(packed).body;
    std::ranges::shuffle(bodies, random_);
    plan.lost = std::min(plan.lost, bodies.size());
    bodies.resize(bodies.size() - plan.lost);
    for (auto& body : bodies) {
      for (auto copies = random_() % 8 == 0 ? 2 : 1; copies > 0; --copies) arriving.push_back(body);
    }
    return plan.lost <= packed.datagrams - packed.data_datagrams;
  }
  void shuffle() { std::ranges::shuffle(arriving, random_); }

  std::map<std::uint64_t, Buffer> sent;
  std::vector<Buffer> arriving;

 private:
  std::mt19937 random_;
};

struct Outcome {
  std::vector<std::uint64_t> delivered;
  std::set<std::uint64_t> lost;
};

class Client {
 public:
  explicit Client(const Network& network) : network_{network} {}
  void receive(const Buffer& body, Timestamp now) {
    reassembler_.push(body, now);
    deliver(now);
  }
  void receive(const std::vector<Buffer>& bodies) {
    for (const auto& body : bodies) receive(body, at_ms(1));
  }
  void deliver(Timestamp now) {
    while (reassembler_.pop(unit_, now)) {
      take_loss();
      RC_ASSERT(unit_.bytes == network_.sent.at(unit_.id.value));
      outcome.delivered.push_back(unit_.id.value);
    }
    take_loss();
  }
  const ReassemblyStats& stats() const { return reassembler_.stats(); }

  Outcome outcome;

 private:
  void take_loss() {
    const auto loss = reassembler_.take_loss();
    if (!loss) return;
    for (auto id = loss->first.value; id <= loss->last.value; ++id) outcome.lost.insert(id);
  }

  const Network& network_;
  Reassembler reassembler_{test::codec()};
  AccessUnit unit_;
};

// Sends a whole frame, then what `plans` say in any order, then a whole frame; returns what should come out.
Outcome run(std::vector<Plan>& plans, Network& network, Client& client) {
  Outcome wanted;
  Plan whole{.bytes = 100, .parity = 1, .shard_bytes = 1392};
  network.send(kFirst, whole);
  client.receive(std::exchange(network.arriving, {}));
  wanted.delivered.push_back(kFirst);
  auto id = kFirst;
  for (auto& plan : plans) {
    if (network.send(++id, plan))
      wanted.delivered.push_back(id);
    else
      wanted.lost.insert(id);
  }
  network.send(++id, whole);
  wanted.delivered.push_back(id);
  network.shuffle();
  client.receive(network.arriving);
  client.deliver(at_ms(100));
  return wanted;
}

std::vector<Plan> any_plans() {
  std::vector<Plan> plans(*rc::gen::inRange<std::size_t>(1, 8));
  std::ranges::generate(plans, any_plan);
  return plans;
}

RC_GTEST_PROP(FrameProperty, losses_up_to_the_parity_change_nothing_in_any_order_with_any_duplicates,
              (std::uint32_t seed)) {
  auto plans = any_plans();
  for (auto& plan : plans) plan.lost = *rc::gen::inRange<std::size_t>(0, plan.parity + 1);
  Network network{seed};
  Client client{network};
  const auto wanted = run(plans, network, client);
  RC_ASSERT(client.outcome.delivered == wanted.delivered);
  RC_ASSERT(client.outcome.lost.empty());
  RC_ASSERT(wanted.lost.empty());
  RC_ASSERT(client.stats().shards_invalid == 0U);
}

RC_GTEST_PROP(FrameProperty, losses_beyond_the_parity_lose_exactly_those_frames, (std::uint32_t seed)) {
  auto plans = any_plans();
  for (auto& plan : plans) {
    plan.lost = plan.parity + *rc::gen::inRange<std::size_t>(0, 3);
  }
  Network network{seed};
  Client client{network};
  const auto wanted = run(plans, network, client);
  RC_ASSERT(client.outcome.delivered == wanted.delivered);
  RC_ASSERT(client.outcome.lost == wanted.lost);
  RC_ASSERT(client.stats().frames_lost == wanted.lost.size());
}

// A datagram takes up to just less than the wait longer than another: no frame is taken for lost meanwhile.
RC_GTEST_PROP(FrameProperty, jitter_below_the_wait_loses_nothing, (std::uint32_t seed)) {
  constexpr Duration kWait = std::chrono::milliseconds{4}, kInterval = std::chrono::milliseconds{1};
  Network network{seed};
  std::mt19937 random{seed};
  std::multimap<Timestamp, Buffer> arriving;
  const auto frames = *rc::gen::inRange<std::uint64_t>(2, 12);
  auto sent = at_ms(1);
  for (auto id = kFirst; id < kFirst + frames; ++id, sent += kInterval) {
    auto plan = any_plan();
    network.send(id, plan);
    for (auto& body : std::exchange(network.arriving, {})) {
      const Duration delay{id == kFirst ? 0 : random() % static_cast<std::uint64_t>(kWait.count())};
      arriving.emplace(sent + delay, std::move(body));
    }
  }
  Client client{network};
  for (const auto& [now, body] : arriving) client.receive(body, now);
  RC_ASSERT(client.outcome.delivered.size() == frames);
  RC_ASSERT(client.outcome.lost.empty());
}

// Whatever an authentic peer claims, frames take no more memory than they may.
RC_GTEST_PROP(FrameProperty, no_claims_take_more_memory_than_the_budget, ()) {
  constexpr std::size_t kBudget = 3U << 20U, kBookkeeping = 16U << 20U;
  Reassembler reassembler{test::codec(), {.memory_budget = kBudget}};
  AccessUnit unit;
  const auto claims = *rc::gen::inRange<std::size_t>(1, 200);
  for (std::size_t i = 0; i < claims; ++i) {
    ShardHeader header;
    header.frame = *rc::gen::inRange<std::uint32_t>(0, 40);
    header.shard_bytes = *rc::gen::inRange<std::uint16_t>(1, kMaxShardBytes + 1);
    header.frame_bytes = *rc::gen::inRange<std::uint32_t>(kFrameHeaderBytes + 1, kMaxFrameBytes + 1);
    header.parity_shards = *rc::gen::inRange<std::uint16_t>(0, 40'000);
    if (header.parity_shards > 0)
      header.code = fec::leopard_field(data_shards_of(header), header.parity_shards);
    Buffer body(kShardHeaderBytes + header.shard_bytes);
    encode(header, body);
    reassembler.push(body, at_ms(static_cast<std::int64_t>(i)));
    while (reassembler.pop(unit, at_ms(static_cast<std::int64_t>(i)))) {
    }
    RC_ASSERT(reassembler.memory_bytes() <= kBudget + kBookkeeping);
  }
}

RC_GTEST_PROP(ShardHeaderProperty, what_is_valid_comes_back_as_it_was, ()) {
  ShardHeader header;
  header.frame = *rc::gen::arbitrary<std::uint32_t>();
  header.shard_bytes = *rc::gen::inRange<std::uint16_t>(1, kMaxShardBytes + 1);
  const auto most = std::min<std::size_t>(kMaxFrameBytes, kMaxFrameShards * header.shard_bytes);
  header.frame_bytes =
      static_cast<std::uint32_t>(*rc::gen::inRange<std::size_t>(kFrameHeaderBytes + 1, most + 1));
  const auto k = data_shards_of(header);
  header.parity_shards =
      static_cast<std::uint16_t>(*rc::gen::inRange<std::size_t>(0, kMaxFrameShards - k + 1));
  if (header.parity_shards > 0) header.code = fec::leopard_field(k, header.parity_shards);
  RC_PRE(header.parity_shards == 0 || header.code.has_value());
  RC_PRE(header.code != fec::LeopardField::gf16 || header.shard_bytes % 2 == 0);
  header.shard = static_cast<std::uint16_t>(*rc::gen::inRange<std::size_t>(0, k + header.parity_shards));
  header.age_us = *rc::gen::arbitrary<std::uint32_t>();
  Buffer body(kShardHeaderBytes + header.shard_bytes);
  encode(header, body);
  const auto back = decode_shard_header(body);
  RC_ASSERT(back.has_value());
  Buffer again(body.size());
  encode(*back, again);
  RC_ASSERT(again == body);
}

}  // namespace
}  // namespace lumen::lumen1
