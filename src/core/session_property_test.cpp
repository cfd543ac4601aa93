// Whatever the units and whatever the network does with the datagrams: each unit arrives as it was, in order,
// or is reported missing; and what arrives can be decoded.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "core/test_pair.hpp"

namespace lumen::core {
namespace {

using namespace std::chrono_literals;
using test::noise;
using test::Pair;

// One unit and the weather it is sent in.
struct Step {
  std::size_t bytes = 1;
  int lost_percent = 0, doubled_percent = 0;
  int jitter_ms = 0;
  bool update_host = false, update_client = false, is_undecodable = false;
};

void showValue(const Step& step, std::ostream& out) {
  out << step.bytes << " bytes, " << step.lost_percent << " % lost, " << step.doubled_percent
      << " % doubled, " << step.jitter_ms << " ms jitter" << (step.update_host ? ", host's keys" : "")
      << (step.update_client ? ", client's keys" : "") << (step.is_undecodable ? ", not decoded" : "");
}

rc::Gen<bool> now_and_then() {
  return rc::gen::map(rc::gen::inRange(0, 10), [](int one_of_ten) { return one_of_ten == 9; });
}

rc::Gen<Step> any_step() {
  const auto bytes = rc::gen::weightedOneOf<std::size_t>(
      {{4, rc::gen::inRange<std::size_t>(1, 5'000)}, {1, rc::gen::inRange<std::size_t>(5'000, 120'000)}});
  // Mostly what parity mends, sometimes more.
  const auto lost = rc::gen::weightedOneOf<int>({{6, rc::gen::just(0)},
                                                 {6, rc::gen::inRange(1, 8)},
                                                 {2, rc::gen::inRange(8, 60)},
                                                 {1, rc::gen::just(100)}});
  return rc::gen::build<Step>(rc::gen::set(&Step::bytes, bytes), rc::gen::set(&Step::lost_percent, lost),
                              rc::gen::set(&Step::doubled_percent, rc::gen::inRange(0, 20)),
                              rc::gen::set(&Step::jitter_ms, rc::gen::inRange(0, 12)),
                              rc::gen::set(&Step::update_host, now_and_then()),
                              rc::gen::set(&Step::update_client, now_and_then()),
                              rc::gen::set(&Step::is_undecodable, now_and_then()));
}

class Weather {
 public:
  explicit Weather(std::uint64_t seed) : random_{seed} {}
  void set(const Step& step) { step_ = step; }
  test::Link::Fate operator()() {
    const auto chance = [this](int percent) { return static_cast<int>(random_() % 100) < percent; };
    const int copies = chance(step_.lost_percent) ? 0 : chance(step_.doubled_percent) ? 2 : 1;
    const auto jitter =
        std::chrono::microseconds{random_() % (1000 * static_cast<unsigned>(step_.jitter_ms) + 1)};
    return {copies, 1ms + jitter};
  }

 private:
  std::mt19937_64 random_;
  Step step_;
};

// Keys can change only once they were used.
void update_client_keys(Pair& pair) {
  for (int n = 0; n < 64; ++n) {
    if (const auto step = pair.client.seal_input(PointerMoveBy{1, 1})) pair.up.send(*step, pair.now);
  }
  pair.client.update_keys();
}

void take(Pair& pair, Weather& weather, const Step& step, std::uint64_t seed) {
  weather.set(step);
  if (step.update_host) pair.host.sender().update_keys();
  if (step.update_client) update_client_keys(pair);
  pair.push(noise(step.bytes, seed));
  pair.run_for(10ms);
  if (step.is_undecodable && !pair.received.empty()) {
    pair.client.units().not_decoded(FrameId{pair.received.back().id});
  }
}

void check_units(const Pair& pair) {
  std::uint64_t last = 0;
  for (const auto& unit : pair.received) {
    RC_ASSERT(unit.id > last);
    RC_ASSERT(unit.bytes == pair.sent.at(unit.id));
    RC_ASSERT(unit.kind == PictureKind::idr || unit.id == last + 1);
    last = unit.id;
  }
}

// Received and missing units together are all that were sent, each once, from the first one of which anything
// arrived: a client cannot know where numbers begin.
void check_account(const Pair& pair) {
  RC_ASSERT(!pair.received.empty());
  auto next = pair.received.front().id;
  if (!pair.missing.empty()) next = std::min(next, pair.missing.front().first.value);
  auto gap = pair.missing.begin();
  for (const auto& unit : pair.received) {
    for (; gap != pair.missing.end() && gap->first.value < unit.id; ++gap) {
      RC_ASSERT(gap->first.value == next);
      next = gap->last.value + 1;
    }
    RC_ASSERT(unit.id == next);
    ++next;
  }
  RC_ASSERT(gap == pair.missing.end());
  RC_ASSERT(next == pair.sent.size() + 1);
}

RC_GTEST_PROP(SessionProperties, units_arrive_as_they_were_in_order_or_are_reported_missing, ()) {
  const auto steps = *rc::gen::container<std::vector<Step>>(any_step());
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  Pair pair;
  Weather weather{seed};
  pair.connect();
  pair.down.fate = pair.up.fate = [&](ByteView) { return weather(); };
  for (std::size_t i = 0; i < steps.size(); ++i) take(pair, weather, steps[i], seed + i);
  // The sun comes out: all that was asked for is answered, and the last unit tells what was lost before it.
  for (std::size_t i = 0; i < 119; ++i) take(pair, weather, Step{.bytes = 100}, i);
  pair.up.send(pair.client.seal_input(Key{30, true}).value(), pair.now);
  take(pair, weather, Step{.bytes = 100}, 119);
  check_units(pair);
  check_account(pair);
  RC_ASSERT(pair.inputs.back() == InputEvent{(Key{30, true})});
  RC_ASSERT(pair.client.units().memory_bytes() < std::size_t{16} << 20U);
}

RC_GTEST_PROP(SessionProperties, any_bytes_at_either_end_change_nothing,
              (const std::vector<std::vector<std::uint8_t>>& datagrams)) {
  Pair pair;
  pair.connect();
  pair.push(noise(3000, 1));
  for (const auto& bytes : datagrams) {
    std::vector<std::byte> datagram(bytes.size());
    std::ranges::transform(bytes, datagram.begin(), [](std::uint8_t byte) { return std::byte{byte}; });
    auto copy = datagram;
    RC_ASSERT(pair.host.receive(datagram, pair.now).value() == HostSession::Accepted::no);
    const auto heard = pair.client.receive(copy, pair.now).value();
    RC_ASSERT(heard == ClientReceiver::Heard::foreign || heard == ClientReceiver::Heard::refused);
  }
  pair.push(noise(3000, 2));
  pair.run_for(20ms);
  RC_ASSERT(pair.received.size() == 2U);
}

}  // namespace
}  // namespace lumen::core
