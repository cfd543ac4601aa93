// An hour of virtual time over a link that changes: what is lost is what the model says, parity stays within
// its bounds, requests and memory are bounded, and the same seed gives the same hour.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "flow/frame_loss.hpp"
#include "simulation/stream.hpp"

namespace lumen::simulation {
namespace {

using std::chrono::milliseconds;

constexpr int kFramesPerSecond = 60;
constexpr Duration kDelay = milliseconds{15};
constexpr std::uint64_t kSeed = 20'260'101;

// Calm is clean for more than half a minute.
enum class Weather : std::uint8_t { clean, calm, light, uniform, bursts, rough, outage };

LinkParams link_in(Weather weather) {
  LinkParams link{.delay = kDelay, .jitter = milliseconds{2}, .reordered = 0.002, .duplicated = 0.001};
  switch (weather) {
    case Weather::clean:
    case Weather::calm:
      break;
    case Weather::light:
      link.loss = {.loss = 0.002};
      break;
    case Weather::uniform:
      link.loss = {.loss = 0.02};
      break;
    case Weather::bursts:
      link.loss = {.loss = 0.05, .mean_burst = 8};
      break;
    case Weather::rough:
      link.loss = {.loss = 0.15, .mean_burst = 2};
      break;
    case Weather::outage:
      link.loss = {.loss = 1};
      break;
  }
  return link;
}

// What happened in all minutes of one kind.
struct Account {
  double frames_expected_lost = 0;  // by the true model of the link and the parity that each frame had
  std::uint64_t frames = 0, frames_lost = 0;
  double parity_percent_sum = 0;
  double parity_percent() const { return parity_percent_sum / static_cast<double>(frames); }
};

class Accountant final : public FrameObserver {
 public:
  void sent(const SentFrame& frame) override {
    const auto k = frame.layout.data(), m = frame.layout.parity();
    EXPECT_GE(m, 1U);
    EXPECT_LE(m, std::max<std::size_t>(16, (k + 1) / 2)) << k;
    auto& account = accounts[static_cast<std::size_t>(weather)];
    ++account.frames;
    account.parity_percent_sum += 100.0 * static_cast<double>(m) / static_cast<double>(k);
    account.frames_lost += frame.complete ? 0U : 1U;
    if (weather != Weather::outage) {
      account.frames_expected_lost += frame_loss(k, m, link_in(weather).loss);
    }
  }
  const Account& in(Weather which) const { return accounts[static_cast<std::size_t>(which)]; }

  Weather weather = Weather::clean;
  std::array<Account, 7> accounts{};
};

// A minute of each in turn; an outage lasts two seconds.
struct Hour {
  explicit Hour(std::uint64_t seed) : stream{{.data_shards = 40, .size_spread = 0.6}, {}, seed} {
    stream.observe(&accountant);
    for (int minute = 0; minute < 60; ++minute) live_through(minute);
    stream.finish();
    stream.observe(nullptr);
  }
  void live_through(int minute) {
    constexpr Weather kTurn[] = {Weather::clean,  Weather::light, Weather::uniform,
                                 Weather::bursts, Weather::clean, Weather::rough};
    send(Weather::outage, 2);
    const auto shown = stream.playback().frames_shown;
    send(Weather::clean, 1);
    worst_second_after_outage = std::min(worst_second_after_outage, stream.playback().frames_shown - shown);
    send(kTurn[minute % 6], 37);
    send(kTurn[minute % 6] == Weather::clean ? Weather::calm : kTurn[minute % 6], 20);
  }
  void send(Weather weather, int seconds) {
    accountant.weather = weather;
    stream.set_link(link_in(weather));
    for (int i = 0; i < seconds * kFramesPerSecond; ++i) stream.send_frame();
  }

  Stream stream;
  Accountant accountant;
  std::uint64_t worst_second_after_outage = kFramesPerSecond;
};

class AnHour : public testing::Test {
 protected:
  static const Hour& hour() {
    static const Hour hour{kSeed};
    return hour;
  }
};

TEST_F(AnHour, loses_what_the_model_says_and_no_more) {
  for (const auto weather :
       {Weather::clean, Weather::calm, Weather::light, Weather::uniform, Weather::bursts, Weather::rough}) {
    const auto& account = hour().accountant.in(weather);
    EXPECT_GT(account.frames, 20'000U);
    EXPECT_NEAR(static_cast<double>(account.frames_lost), account.frames_expected_lost,
                4 * std::sqrt(account.frames_expected_lost) + 3)
        << static_cast<int>(weather);
  }
}

TEST_F(AnHour, loses_nothing_where_nothing_is_lost_and_next_to_nothing_without_bursts) {
  EXPECT_EQ(hour().accountant.in(Weather::clean).frames_lost, 0U);
  EXPECT_LE(hour().accountant.in(Weather::light).frames_lost, 2U);
  EXPECT_LE(hour().accountant.in(Weather::uniform).frames_lost, 12U) << "until the loss is reported, mostly";
}

TEST_F(AnHour, spends_parity_where_there_is_loss) {
  const auto percent = [](Weather weather) { return hour().accountant.in(weather).parity_percent(); };
  EXPECT_LT(percent(Weather::calm), 20);
  EXPECT_LT(percent(Weather::calm), percent(Weather::light));
  EXPECT_LT(percent(Weather::light), percent(Weather::uniform));
  EXPECT_LT(percent(Weather::uniform), percent(Weather::bursts));
  EXPECT_LT(percent(Weather::bursts), 60) << "half, but small frames may have 16";
}

TEST_F(AnHour, shows_pictures_again_within_a_few_round_trips_after_an_outage) {
  EXPECT_GE(hour().worst_second_after_outage, 50U);
}

TEST_F(AnHour, accounts_for_every_frame) {
  const auto& playback = hour().stream.playback();
  EXPECT_EQ(hour().stream.stats().frames, 216'000U);
  EXPECT_EQ(playback.frames_shown + playback.frames_lost + playback.frames_undecodable, 216'000U);
}

TEST_F(AnHour, asks_for_recovery_no_more_than_once_a_round_trip_while_the_picture_stands_still) {
  const auto& playback = hour().stream.playback();
  const auto round_trips = playback.stalled / (2 * kDelay);
  EXPECT_LE(playback.asks, playback.frames_lost + static_cast<std::uint64_t>(round_trips));
  EXPECT_LE(hour().stream.stats().entries, playback.asks + 1);
}

TEST_F(AnHour, queues_hold_a_handful) { EXPECT_LE(hour().stream.stats().most_queued, 32U); }

TEST_F(AnHour, is_the_same_hour_again_under_the_same_seed) {
  EXPECT_EQ(Hour{kSeed}.stream.digest(), hour().stream.digest());
}

}  // namespace
}  // namespace lumen::simulation
