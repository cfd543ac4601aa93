#include "render/microphone.hpp"

#include <SDL2/SDL.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/units.hpp"

namespace lumen::render {
namespace {

// One of SDL's own drivers that need no sound card: "disk" hands over the samples of a file.
class WithDriver {
 public:
  explicit WithDriver(const char* name, const std::string& file = {}) {
    setenv("SDL_AUDIODRIVER", name, 1);
    setenv("SDL_DISKAUDIOFILEIN", file.c_str(), 1);
  }
  ~WithDriver() {
    unsetenv("SDL_AUDIODRIVER");
    unsetenv("SDL_DISKAUDIOFILEIN");
  }
  WithDriver(const WithDriver&) = delete;
  WithDriver& operator=(const WithDriver&) = delete;
};

TEST(Microphone, gives_what_the_device_hears) {
  const auto path = testing::TempDir() + "/lumen-microphone.raw";
  std::vector<float> said(4800);
  for (std::size_t i = 0; i < said.size(); ++i) said[i] = static_cast<float>(i + 1) / 4800.0F;
  std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(said.data()),
                                              static_cast<std::streamsize>(said.size() * sizeof(float)));
  const WithDriver driver{"disk", path};
  const auto microphone = open_microphone();
  ASSERT_TRUE(microphone) << describe(microphone.error());
  std::vector<float> heard;
  const auto until = SteadyTime{}.now() + std::chrono::seconds{10};
  while (heard.size() < 2400 && SteadyTime{}.now() < until) {
    std::array<float, 480> samples{};
    const auto count = (*microphone)->take(samples);
    heard.insert(heard.end(), samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(count));
    if (count == 0) SDL_Delay(1);
  }
  ASSERT_GE(heard.size(), 2400U);
  for (std::size_t i = 0; i < 2400; ++i) ASSERT_EQ(heard[i], said[i]) << i;
  std::filesystem::remove(path);
}

TEST(Microphone, a_machine_without_one_says_so) {
  const WithDriver driver{"no-such-driver"};
  const auto microphone = open_microphone();
  ASSERT_FALSE(microphone);
  EXPECT_EQ(microphone.error().id, "microphone.no-device");
}

}  // namespace
}  // namespace lumen::render
