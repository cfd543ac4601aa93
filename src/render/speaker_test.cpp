#include "render/speaker.hpp"

#include <SDL2/SDL.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace lumen::render {
namespace {

// SDL's own drivers that need no sound card: "dummy" takes samples at their pace.
class WithDriver {
 public:
  explicit WithDriver(const char* name) { SDL_setenv("SDL_AUDIODRIVER", name, 1); }
  ~WithDriver() { SDL_setenv("SDL_AUDIODRIVER", "", 1); }
  WithDriver(const WithDriver&) = delete;
  WithDriver& operator=(const WithDriver&) = delete;
};

TEST(Speaker, takes_every_layout_and_leaves_out_what_would_wait_too_long) {
  const WithDriver driver{"dummy"};
  for (const auto channels : std::array<std::uint8_t, 3>{2, 6, 8}) {
    const auto speaker = Speaker::create({.channels = channels});
    ASSERT_TRUE(speaker) << describe(speaker.error());
    const std::vector<float> packet(std::size_t{240} * channels);
    (*speaker)->play(packet);
    EXPECT_EQ((*speaker)->left_out(), 0U);
    for (int i = 0; i < 200; ++i) (*speaker)->play(packet);  // a second at once
    EXPECT_GT((*speaker)->left_out(), 24'000U);
  }
}

TEST(Speaker, what_is_queued_is_played_at_the_pace_of_the_device) {
  const WithDriver driver{"dummy"};
  const auto speaker = Speaker::create({.cushion = Duration::zero()});
  ASSERT_TRUE(speaker) << describe(speaker.error());
  EXPECT_EQ((*speaker)->queued(), Duration::zero());
  const auto begun = SteadyTime{}.now();
  (*speaker)->play(std::vector<float>(std::size_t{2} * 4800));
  EXPECT_GT((*speaker)->queued(), std::chrono::milliseconds{50});
  while ((*speaker)->queued() > Duration::zero()) SDL_Delay(1);
  EXPECT_GT(SteadyTime{}.now() - begun, std::chrono::milliseconds{70});
}

TEST(Speaker, a_machine_without_sound_says_so) {
  const WithDriver driver{"no-such-driver"};
  const auto speaker = Speaker::create({});
  ASSERT_FALSE(speaker);
  EXPECT_EQ(speaker.error().id, "sound.no-device");
}

}  // namespace
}  // namespace lumen::render
