// lumen/testing: the machine-readable code that the test scene draws and the client reads back from
// decoded pixels: frame number, draw time, and colour patches. docs/inband-code.md has the drawing.
//
// 64 × 2 cells of 8 × 8 pixels at the top left (512 × 16), black or white: 16 bits sync 0xA5C3, 32 bits frame
// number, 56 bits CLOCK_MONOTONIC time in µs, 24 bits CRC. Each cell is judged by the mean of its inner 4 × 4
// pixels, so lossy coding and a wrong range do not hurt it. Below, at (0, 16), eight 32 × 16 colour patches
// of known R'G'B' whose decoded Y'CbCr must be what the stream's own tags say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "media/picture.hpp"

namespace lumen::testing {

inline constexpr std::uint32_t kCodeWidth = 512, kCodeHeight = 32;  // pixels, with the patches

// What lossy coding alone may do to a patch; a wrong matrix or range is beyond it. docs/inband-code.md has
// the measurement.
inline constexpr int kColorTolerance = 12;

struct InbandCode {
  std::uint32_t frame_number = 0;
  std::uint64_t drawn_us = 0;  // CLOCK_MONOTONIC, 56 bits
  bool operator==(const InbandCode&) const = default;
};

struct CodeReading {
  InbandCode code;
  int max_color_error = 0;  // largest |difference| of any patch's mean Y, Cb or Cr, in 8-bit steps
};

// Draws into BGRx pixels at least kCodeWidth × kCodeHeight large.
void draw_code(std::byte* bgrx, std::size_t stride_bytes, const InbandCode& code);

// The square in the middle of the test scene turns from one colour to the other at every key or button press:
// true after an odd number of them. nullopt when neither colour is there.
std::optional<bool> read_flash(const PictureView& picture);

// nullopt when the picture is too small, shows no code, or the checksum does not match.
std::optional<CodeReading> read_code(const PictureView& picture);

}  // namespace lumen::testing
