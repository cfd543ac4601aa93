#include "media/packed_pixels.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace lumen {
namespace {

// One colour of eight bits, as a layout has it.
std::uint32_t part(std::uint32_t colour, std::uint32_t shift, std::uint32_t bits) {
  return (bits == 10 ? (colour << 2U | colour >> 6U) : colour) << shift;
}

TEST(PackedPixels, of_every_format_become_blue_green_red) {
  for (const auto& format : kPackedFormats) {
    const auto& layout = format.layout;
    constexpr std::uint32_t kWidth = 67;
    std::vector<std::byte> in(std::size_t{layout.bytes} * kWidth),
        out(std::size_t{4} * kWidth + 1, std::byte{9});
    for (std::uint32_t x = 0; x < kWidth; ++x) {
      const auto pixel = part(x, layout.b, layout.bits) | part(200 - x, layout.g, layout.bits) |
                         part(3 * x, layout.r, layout.bits);
      std::memcpy(in.data() + std::size_t{layout.bytes} * x, &pixel, layout.bytes);
    }
    expand_packed(in.data(), layout, kWidth, out.data());
    for (std::uint32_t x = 0; x < kWidth; ++x) {
      std::uint32_t got = 0;
      std::memcpy(&got, out.data() + std::size_t{4} * x, 4);
      EXPECT_EQ(got, 0xFF000000U | x | (200 - x) << 8U | (3 * x) << 16U)
          << std::string(reinterpret_cast<const char*>(&format.fourcc), 4) << " at " << x;
    }
    EXPECT_EQ(out.back(), std::byte{9});
  }
}

}  // namespace
}  // namespace lumen
