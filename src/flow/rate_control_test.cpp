#include "flow/rate_control.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <random>

#include "flow/in_flight.hpp"

namespace lumen {
namespace {

using namespace std::chrono_literals;

// A fluid that flows through a bottleneck: what is sent, waits, arrives and is reported, in steps of 5 ms.
class ThroughABottleneck : public testing::Test {
 protected:
  static constexpr Duration kStep = 5ms;

  void set_up(const RateControl::Params& params) { control = RateControl{params}; }
  void live(Duration span) {
    for (const auto end = now + span; now < end; now += kStep) step();
  }
  void step() {
    const auto target = control.decision().bitrate_kbps;
    least = std::min(least, target);
    most = std::max(most, target);
    const auto seconds = std::chrono::duration<double>(kStep).count();
    const auto unit = std::min<double>(target, wanted_kbps) * 125 * seconds;
    const auto wire = unit * overhead;
    control.sent(Bytes{static_cast<std::uint64_t>(unit)}, Bytes{static_cast<std::uint64_t>(wire)}, now);
    queue_bytes += wire + sound_kbps * 125 * seconds;
    const auto passes = std::min(queue_bytes, capacity_kbps * 125 * seconds);
    queue_bytes -= passes;
    queue = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(queue_bytes / (capacity_kbps * 125)));
    most_queue = std::max(most_queue, queue);
    delivered += passes * (1 - loss);
    sent += unit * overhead + sound_kbps * 125 * seconds;
    history.push_front(sent - queue_bytes);
    if (history.size() > 100) history.pop_back();
    if ((now - begin) % 25ms == 0ms && !is_silent) reports.push_back({now + round_trip, report(), queue});
    while (!reports.empty() && reports.front().at <= now) {
      control.set_round_trip(round_trip + longer_way + reports.front().queue, now);
      control.report(reports.front().report, now);
      reports.pop_front();
    }
  }

  struct Report {
    Timestamp at;
    PathReport report;
    Duration queue{};
  };
  PathReport report() {
    const auto clock = static_cast<std::uint32_t>(to_ns(now) / 1000 + 77);
    const auto datagrams = static_cast<std::uint32_t>((delivered - reported) / 1400 / (1 - loss));
    reported = delivered;
    const auto lost = static_cast<std::uint32_t>(datagrams * loss + carried_loss);
    carried_loss = datagrams * loss + carried_loss - lost;
    const auto jitter = std::chrono::microseconds{random() % (jitter_us + 1)};
    const auto sent_kbps = std::min<double>(control.decision().bitrate_kbps, wanted_kbps) * overhead;
    const auto late = stall(std::chrono::duration_cast<Duration>(now - begin)) + longer_way;
    const auto ago = std::min(static_cast<std::size_t>(late / kStep), history.size() - 1);
    came = std::max(came, history[ago]);
    return {.clock_us = clock,
            .bytes = static_cast<std::uint32_t>(static_cast<std::uint64_t>(came * (1 - loss))),
            .least_queue = queue + jitter + late,
            .in_flight = Bytes{static_cast<std::uint64_t>(
                sent - came + sent_kbps * 125 * std::chrono::duration<double>(round_trip).count())},
            .loss = {.expected = datagrams, .lost = lost, .longest_burst = lost > 0 ? 1U : 0U, .runs = lost}};
  }
  // No queue of ours: the link stops, others use it.
  std::function<Duration(Duration since_begin)> stall = [](Duration) { return Duration::zero(); };
  void forget_extremes() {
    least = UINT32_MAX;
    most = 0;
    most_queue = {};
  }

  RateControl control{{.cap_kbps = 20'000}};
  Duration round_trip = 20ms, longer_way{};
  double capacity_kbps = 100'000, overhead = 1.2, loss = 0, wanted_kbps = 1e9, sound_kbps = 0;
  std::uint64_t jitter_us = 0;
  bool is_silent = false;
  Timestamp begin = from_ns(1'000'000'000), now = begin;
  double queue_bytes = 0, delivered = 0, reported = 0, carried_loss = 0, sent = 0, came = 0;
  std::deque<double> history;  // what had passed, the newest first
  Duration queue{}, most_queue{};
  std::uint32_t least = UINT32_MAX, most = 0;
  std::deque<Report> reports;
  std::mt19937 random{1};
};

TEST_F(ThroughABottleneck, gives_the_configured_bitrate_where_nothing_speaks_against_it) {
  EXPECT_EQ(control.decision().bitrate_kbps, 20'000U);
  live(20s);
  EXPECT_EQ(least, 20'000U);
  EXPECT_FALSE(control.decision().pace);
  EXPECT_EQ(control.decision().reason, RateReason::configured);
}

TEST_F(ThroughABottleneck, is_not_lowered_by_what_is_lost_at_random) {
  for (const auto share : {0.02, 0.05, 0.08, 0.12}) {
    loss = share;
    live(10s);
  }
  EXPECT_EQ(least, 20'000U);
}

TEST_F(ThroughABottleneck, is_not_lowered_by_jitter) {
  jitter_us = 7'000;
  for (const double wanted : {1e9, 150.0}) {
    wanted_kbps = wanted;
    live(30s);
  }
  EXPECT_EQ(least, 20'000U);
}

TEST_F(ThroughABottleneck, is_not_lowered_by_single_late_reports) {
  for (const double wanted : {1e9, 5'000.0, 150.0}) {
    wanted_kbps = wanted;
    for (const auto late : {10ms, 20ms, 30ms, 40ms}) {
      stall = [=](Duration since) { return since / 25ms % 50 == 7 ? Duration{late} : Duration::zero(); };
      live(20s);
      ASSERT_EQ(least, 20'000U) << late.count() << " ms of " << wanted;
    }
  }
}

TEST_F(ThroughABottleneck, a_link_that_stops_for_a_moment_costs_little) {
  for (const double wanted : {1e9, 150.0}) {
    for (const auto late : {10ms, 20ms, 30ms, 40ms}) {
      for (const auto lasts : {50ms, 75ms, 100ms}) {
        wanted_kbps = wanted;
        live(5s);
        forget_extremes();
        const auto from = now - begin;
        stall = [=](Duration since) {
          return since >= from && since < from + lasts ? Duration{late} : Duration::zero();
        };
        live(1s);
        EXPECT_GE(least, wanted > 20'000 ? 10'000U : 20'000U) << late.count() << " " << lasts.count();
        live(4s);
        EXPECT_EQ(control.decision().bitrate_kbps, 20'000U) << late.count() << " " << lasts.count();
      }
    }
  }
}

TEST_F(ThroughABottleneck, a_queue_of_others_takes_no_more_than_a_share) {
  stall = [](Duration since) {
    const auto seconds = std::chrono::duration<double>(since).count();
    if (seconds < 5 || seconds >= 15) return Duration::zero();
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(0.06 + 0.03 * std::sin(seconds * 2)));
  };
  live(15s);
  EXPECT_GT(least, 6'000U);
  live(10s);
  EXPECT_EQ(control.decision().bitrate_kbps, 20'000U);
}

TEST_F(ThroughABottleneck, what_a_still_picture_was_lowered_to_is_forgotten) {
  wanted_kbps = 4'000;
  live(2s);
  capacity_kbps = 3'000;
  live(4s);
  EXPECT_LT(control.decision().bitrate_kbps, 3'000U);
  EXPECT_LT(queue, 100ms);
  capacity_kbps = 100'000;
  wanted_kbps = 150;
  live(6s);
  EXPECT_EQ(control.decision().bitrate_kbps, 20'000U);
  EXPECT_EQ(control.decision().reason, RateReason::configured);
}

TEST_F(ThroughABottleneck, a_still_picture_is_not_lowered_by_losses) {
  wanted_kbps = 150;
  loss = 0.3;
  live(40s);
  EXPECT_EQ(least, 20'000U);
}

TEST_F(ThroughABottleneck, finds_the_capacity_and_keeps_the_queue_short) {
  live(2s);
  capacity_kbps = 10'000;
  live(5s);
  forget_extremes();
  live(60s);
  EXPECT_LT(most_queue, 25ms);
  EXPECT_GT(least * overhead, 0.85 * 0.6 * capacity_kbps);
  EXPECT_LT(most * overhead, 1.08 * capacity_kbps);
  EXPECT_GT(control.count(RateReason::queue), 2U) << "it looks for more again and again";
}

TEST_F(ThroughABottleneck, empties_the_queue_of_a_capacity_that_drops_within_a_second) {
  set_up({.cap_kbps = 40'000});
  capacity_kbps = 50'000;
  for (const auto way : {2ms, 20ms, 40ms, 80ms}) {
    round_trip = way;
    live(10s);
    capacity_kbps = 10'000;
    live(1s);
    EXPECT_LT(queue, 50ms) << way.count();
    live(5s);
    EXPECT_LT(queue, 50ms) << way.count();
    capacity_kbps = 50'000;
    live(60s);
    EXPECT_GT(control.decision().bitrate_kbps, 35'000U) << way.count();
  }
}

TEST_F(ThroughABottleneck, is_back_at_the_configured_bitrate_when_the_bottleneck_is_gone) {
  capacity_kbps = 8'000;
  live(10s);
  capacity_kbps = 100'000;
  live(30s);
  EXPECT_EQ(control.decision().bitrate_kbps, 20'000U);
  EXPECT_EQ(control.decision().reason, RateReason::configured);
  EXPECT_FALSE(control.decision().pace);
}

TEST_F(ThroughABottleneck, does_not_grow_on_a_path_that_nothing_is_asked_of) {
  capacity_kbps = 8'000;
  live(10s);
  wanted_kbps = 200;
  live(1s);
  const auto before = control.decision().bitrate_kbps;
  live(60s);
  EXPECT_EQ(control.decision().bitrate_kbps, before);
}

TEST_F(ThroughABottleneck, a_longer_way_is_no_queue) {
  for (const double wanted : {1e9, 150.0}) {
    wanted_kbps = wanted;
    longer_way = {};
    live(20s);
    forget_extremes();
    longer_way = 40ms;
    live(3500ms);
    EXPECT_GE(least, wanted > 20'000 ? 10'000U : 20'000U);
    EXPECT_EQ(control.decision().bitrate_kbps, 20'000U);
    wanted_kbps = 1e9;
    forget_extremes();
    live(10s);
    EXPECT_GE(least, 20'000U);
  }
}

TEST_F(ThroughABottleneck, a_path_that_drops_instead_of_queueing_is_met_by_sending_less) {
  live(1s);
  loss = 0.3;
  live(1500ms);
  EXPECT_LT(control.decision().bitrate_kbps, 18'000U);
  EXPECT_EQ(control.decision().reason, RateReason::loss);
}

TEST_F(ThroughABottleneck, heavy_loss_that_does_not_care_how_much_is_sent_is_left_alone_after_a_while) {
  loss = 0.3;
  live(15s);
  EXPECT_EQ(control.decision().bitrate_kbps, 20'000U);
  live(600s);
  EXPECT_LE(control.count(RateReason::loss), 18U) << "trials become rare";
}

TEST_F(ThroughABottleneck, silence_halves_it_once) {
  for (const double wanted : {1e9, 150.0}) {
    wanted_kbps = wanted;
    live(2s);
    forget_extremes();
    is_silent = true;
    live(900ms);
    EXPECT_EQ(least, 20'000U);
    live(5s);
    EXPECT_NEAR(least, 10'000U, 1'000);
    EXPECT_EQ(control.decision().reason, RateReason::silence);
    is_silent = false;
    live(40s);
    EXPECT_NEAR(least, 10'000U, 1'000);
    EXPECT_EQ(control.decision().bitrate_kbps, 20'000U);
  }
}

TEST_F(ThroughABottleneck, sound_and_parity_are_paid_for) {
  set_up({.cap_kbps = 20'000, .reserve_kbps = 2'000});
  overhead = 2;
  sound_kbps = 2'000;
  capacity_kbps = 10'000;
  live(20s);
  forget_extremes();
  live(20s);
  EXPECT_LT(most, 4'600U);  // a little above (10 000 − 2 000) / 2 while it looks for more
}

TEST(RateControl, rests_without_a_cap) {
  RateControl control{{}};
  control.report({.least_queue = 500ms}, from_ns(1));
  EXPECT_EQ(control.decision().bitrate_kbps, 0U);
  EXPECT_FALSE(control.limit_kbps());
}

TEST(RateControl, stays_between_floor_and_cap_whatever_is_reported) {
  std::mt19937_64 random{7};
  for (int round = 0; round < 50; ++round) {
    RateControl control{{.cap_kbps = 30'000, .floor_kbps = 700}};
    auto now = from_ns(1'000'000'000);
    for (int i = 0; i < 2'000; ++i) {
      now += Duration{static_cast<std::int64_t>(random() % 200'000'000)};
      switch (random() % 4) {
        case 0:
          control.sent(Bytes{random() % 3 == 0 ? 0 : random() % 1'000'000}, Bytes{random() % 2'000'000}, now);
          break;
        case 1:
          control.set_round_trip(Duration{static_cast<std::int64_t>(random() % 3'000'000'000)}, now);
          break;
        default: {
          const auto expected = static_cast<std::uint32_t>(random() % 1000);
          PathReport report{.clock_us = static_cast<std::uint32_t>(random()),
                            .bytes = static_cast<std::uint32_t>(random()),
                            .in_flight = Bytes{random() % 10'000'000},
                            .loss = {.expected = expected,
                                     .lost = static_cast<std::uint32_t>(random() % (expected + 1)),
                                     .longest_burst = static_cast<std::uint32_t>(random() % 100)}};
          if (random() % 4 != 0)
            report.least_queue = Duration{static_cast<std::int64_t>(random() % 300'000'000)};
          control.report(report, now);
        }
      }
      const auto decision = control.decision();
      ASSERT_GE(decision.bitrate_kbps, 700U);
      ASSERT_LE(decision.bitrate_kbps, 30'000U);
      ASSERT_GE(decision.pace.value_or(BitsPerSecond{100'000}).value, 100'000U);
    }
  }
}

TEST(RateControl, a_floor_above_the_cap_is_the_cap) {
  RateControl control{{.cap_kbps = 300, .floor_kbps = 500}};
  for (int i = 1; i < 100; ++i) control.report({.least_queue = 200ms}, from_ns(i * 25'000'000LL));
  EXPECT_EQ(control.decision().bitrate_kbps, 300U);
}

TEST(InFlightBytes, are_those_behind_the_newest_that_came) {
  InFlight flight;
  flight.sent(9, Bytes{1000});
  flight.sent(19, Bytes{500});
  flight.sent(20, Bytes{50});
  EXPECT_EQ(flight.bytes(), Bytes{1550});
  flight.came(8);
  EXPECT_EQ(flight.bytes(), Bytes{1550});
  flight.came(19);
  EXPECT_EQ(flight.bytes(), Bytes{50});
  flight.came(30);
  EXPECT_EQ(flight.bytes(), Bytes{0});
}

TEST(InFlightBytes, forget_what_was_sent_long_ago) {
  InFlight flight;
  for (std::uint64_t i = 0; i < 5'000; ++i) flight.sent(i, Bytes{1});
  flight.came(4'990);
  EXPECT_EQ(flight.bytes(), Bytes{9});
}

}  // namespace
}  // namespace lumen
