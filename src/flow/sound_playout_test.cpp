#include "flow/sound_playout.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <map>
#include <random>

namespace lumen {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPacket = 5ms;

// A host that sends a packet each 5 ms of its clock, a network, and an output with a clock of its own.
struct World {
  double jitter_ms = 0;  // mean of what is added to the way, exponentially distributed
  double loss = 0;
  std::size_t copies = 1;
  double output_ppm = 0;                 // how much faster the output's clock is
  Timestamp stall_begin{}, stall_end{};  // the network holds back what comes then
  std::uint32_t seed = 1;
};

struct Heard {
  PlayoutStats stats;
  std::vector<double> lead_ms;  // one a second
  double most_rate = 0;
  std::uint64_t wrong = 0;  // packets that did not follow the one before
};

class Simulation {
 public:
  explicit Simulation(const World& world) : world_{world}, random_{world.seed} {
    playout_.set_copies(world.copies);
  }

  Heard run(Duration time) {
    const auto step = std::chrono::duration_cast<Duration>(kPacket / (1 + world_.output_ppm / 1e6));
    Timestamp second = begin_;
    for (auto now = begin_; now < begin_ + time; now = std::min(next_sent_, next_taken_)) {
      if (now == next_sent_) send(now);
      deliver(now);
      if (now == next_taken_) take(step);
      if (now >= second) {
        second += 1s;
        heard_.lead_ms.push_back(playout_.least_lead() ? to_ms(*playout_.least_lead()) : 0);
      }
    }
    heard_.stats = playout_.stats();
    return heard_;
  }

 private:
  void send(Timestamp now) {
    next_sent_ += kPacket;
    ++number_;
    if (std::uniform_real_distribution{}(random_) < world_.loss) return;
    const auto ms = world_.jitter_ms > 0 ? std::exponential_distribution{1 / world_.jitter_ms}(random_) : 0;
    auto arrives = now + std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>{ms});
    if (arrives >= world_.stall_begin && arrives < world_.stall_end) arrives = world_.stall_end;
    on_way_.emplace(arrives, number_);
  }
  void deliver(Timestamp now) {
    while (!on_way_.empty() && on_way_.begin()->first <= now) {
      const auto [arrived, number] = *on_way_.begin();
      on_way_.erase(on_way_.begin());
      for (std::uint64_t i = 0; i <= world_.copies && i < number; ++i) {
        const std::array<std::byte, 1> packet{static_cast<std::byte>(number - i)};
        playout_.push(number - i, packet, i > 0, next_taken_ - arrived, arrived);
      }
    }
  }
  void take(Duration step) {
    if (playout_.wants_skip()) {
      follow(playout_.take());
      playout_.skipping();
    }
    follow(playout_.take());
    heard_.most_rate = std::max(heard_.most_rate, std::abs(playout_.rate() - 1));
    next_taken_ += std::chrono::duration_cast<Duration>(step / playout_.rate());
  }
  void follow(const SoundPlayout::Next& next) {
    if (next.what != SoundPlayout::What::packet) {
      gap_ = true;
      return;
    }
    const auto value = std::to_integer<std::uint8_t>(next.packet[0]);
    if (!std::exchange(gap_, false) && value != static_cast<std::uint8_t>(last_ + 1)) ++heard_.wrong;
    last_ = value;
  }

  World world_;
  std::mt19937 random_;
  SoundPlayout playout_{{.packet = kPacket}};
  const Timestamp begin_ = from_ns(1'000'000'000'000);
  Timestamp next_sent_ = begin_, next_taken_ = begin_ + 1ms;
  std::uint64_t number_ = 0;
  std::multimap<Timestamp, std::uint64_t> on_way_;
  bool gap_ = true;
  std::uint8_t last_ = 0;
  Heard heard_;
};

TEST(SoundPlayout, a_quiet_network_costs_a_wait_of_two_packets) {
  const auto heard = Simulation{{}}.run(60s);
  EXPECT_EQ(heard.stats.concealed, 0U);
  EXPECT_EQ(heard.wrong, 0U);
  EXPECT_GE(heard.stats.played, 11'990U);
  for (std::size_t i = 3; i < heard.lead_ms.size(); ++i) {
    EXPECT_GE(heard.lead_ms[i], 7);
    EXPECT_LE(heard.lead_ms[i], 15);
  }
}

TEST(SoundPlayout, the_wait_grows_with_jitter_and_shrinks_when_it_is_over) {
  World world{.jitter_ms = 6};
  const auto rough = Simulation{world}.run(60s);
  EXPECT_EQ(rough.wrong, 0U);
  EXPECT_LE(rough.stats.concealed, 40U) << "of 12 000";
  EXPECT_LE(rough.most_rate, SoundPlayout::kMostRate + 1e-9);
  world = {.stall_begin = from_ns(1'010'000'000'000), .stall_end = from_ns(1'010'070'000'000)};
  const auto stalled = Simulation{world}.run(60s);
  EXPECT_LE(stalled.stats.concealed, 14U) << "what was held back is played, not lost";
  EXPECT_LE(stalled.lead_ms.back(), 15);
}

TEST(SoundPlayout, after_a_long_stall_it_begins_anew_with_what_is_new) {
  const auto heard =
      Simulation{{.stall_begin = from_ns(1'010'000'000'000), .stall_end = from_ns(1'011'000'000'000)}}.run(
          20s);
  EXPECT_EQ(heard.stats.concealed, SoundPlayout::kMostGap);
  EXPECT_GT(heard.stats.silent, 100U);
  EXPECT_LE(heard.lead_ms.back(), 15);
}

TEST(SoundPlayout, copies_fill_in_what_is_lost) {
  for (const auto& [loss, copies, most] : {std::tuple{0.02, 2U, 4U}, {0.05, 3U, 4U}, {0.08, 3U, 8U}}) {
    for (std::uint32_t seed = 1; seed <= 5; ++seed) {
      const auto heard = Simulation{{.loss = loss, .copies = copies, .seed = seed}}.run(60s);
      EXPECT_LE(heard.stats.concealed, most) << loss << ' ' << seed;
      EXPECT_NEAR(static_cast<double>(heard.stats.copies_used), loss * 12'000, loss * 12'000 * 0.3);
      EXPECT_EQ(heard.wrong, 0U);
    }
  }
}

TEST(SoundPlayout, without_copies_each_loss_is_one_concealed_packet) {
  const auto heard = Simulation{{.loss = 0.01, .copies = 0}}.run(60s);
  EXPECT_NEAR(static_cast<double>(heard.stats.concealed), 120, 40);
  EXPECT_EQ(heard.stats.copies_used, 0U);
}

TEST(SoundPlayout, clocks_that_differ_are_followed_without_a_gap) {
  for (const double ppm : {-300.0, -50.0, 50.0, 300.0}) {
    const auto heard = Simulation{{.output_ppm = ppm}}.run(600s);
    EXPECT_EQ(heard.stats.concealed, 0U) << ppm;
    EXPECT_EQ(heard.stats.skipped, 0U) << ppm;
    EXPECT_EQ(heard.wrong, 0U) << ppm;
    EXPECT_GE(heard.lead_ms.back(), 5) << ppm;
    EXPECT_LE(heard.lead_ms.back(), 16) << ppm;
    EXPECT_LE(heard.most_rate, 0.002) << ppm;
  }
}

TEST(SoundPlayout, any_weather_is_survived_with_a_bounded_wait) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    std::mt19937 random{seed};
    std::uniform_real_distribution<double> any;
    const World world{.jitter_ms = 30 * any(random),
                      .loss = 0.3 * any(random),
                      .copies = random() % 4,
                      .output_ppm = 1000 * (any(random) - 0.5),
                      .seed = seed};
    const auto heard = Simulation{world}.run(60s);
    EXPECT_GT(heard.stats.played, 6'000U) << seed;
    EXPECT_LE(heard.lead_ms.back(), 80) << seed;
  }
}

std::array<std::byte, 1> one(unsigned value) { return {static_cast<std::byte>(value)}; }

TEST(SoundPlayout, packets_out_of_order_are_played_in_order) {
  SoundPlayout playout{{.packet = kPacket}};
  for (const unsigned number : {12U, 10U, 11U, 13U, 14U}) {
    playout.push(number, one(number), false, 0ms, from_ns(0));
  }
  for (const unsigned number : {12U, 13U, 14U}) {  // all that is wanted of what has piled up
    const auto next = playout.take();
    ASSERT_EQ(next.what, SoundPlayout::What::packet);
    EXPECT_EQ(next.packet[0], one(number)[0]);
  }
}

TEST(SoundPlayout, a_packet_that_comes_after_it_was_concealed_is_counted_and_dropped) {
  SoundPlayout playout{{.packet = kPacket}};
  for (const unsigned number : {10U, 12U}) playout.push(number, one(number), false, 0ms, from_ns(0));
  EXPECT_EQ(playout.take().what, SoundPlayout::What::packet);
  EXPECT_EQ(playout.take().what, SoundPlayout::What::conceal);
  playout.push(11, one(11), false, 0ms, from_ns(0));
  EXPECT_EQ(playout.stats().late, 1U);
  EXPECT_EQ(playout.take().packet[0], one(12)[0]);
}

TEST(SoundPlayout, what_is_too_large_or_empty_is_not_taken) {
  SoundPlayout playout{{.packet = kPacket, .max_packet_bytes = 10}};
  playout.push(1, {}, false, 0ms, from_ns(0));
  playout.push(1, std::vector<std::byte>(11), false, 0ms, from_ns(0));
  EXPECT_EQ(playout.waiting(), 0ms);
}

TEST(SoundPlayout, numbers_far_ahead_are_a_new_beginning_and_those_far_behind_nothing) {
  SoundPlayout playout{{.packet = kPacket}};
  for (const std::uint64_t number : {1U, 2U, 3U}) playout.push(number, one(1), false, 0ms, from_ns(0));
  EXPECT_EQ(playout.take().what, SoundPlayout::What::packet);
  for (const std::uint64_t number : {1'000'001U, 1'000'002U, 1'000'003U}) {
    playout.push(number, one(2), false, 0ms, from_ns(0));
  }
  playout.push(4, one(1), false, 0ms, from_ns(0));
  EXPECT_EQ(playout.take().packet[0], one(2)[0]);
}

}  // namespace
}  // namespace lumen
