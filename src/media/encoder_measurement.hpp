// lumen/media: how fast this machine encodes with one codec, as measured: a value, and the line of text in
// which lumen-session tells it to lumen-host.
//
//   hevc 1280x720 pictures=40 call_us=36000 cpu_us=61000 cores=2 libx265 ultrafast, 2 threads
//   av1 unavailable this libaom has no realtime encoder. Install a libaom with its encoder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "media/frames.hpp"

namespace lumen {

struct EncoderMeasurement {
  Codec codec = Codec::h264;
  std::uint32_t width = 0, height = 0;  // pixels of each picture
  std::uint32_t pictures = 0;           // 0: there is no such encoder here
  std::uint32_t call_us = 0;            // of one picture from call to return; the median
  std::uint32_t cpu_us = 0;             // of one picture on all cores together; the mean
  std::uint32_t cores = 1;              // of the machine
  std::string text;                     // the encoder's name; without pictures: why there is none

  bool operator==(const EncoderMeasurement&) const = default;
  bool is_available() const { return pictures > 0; }
};

// Without a line's end. Control characters of the text become spaces.
std::string to_line(const EncoderMeasurement& measurement);
// nullopt for any other line. The text is at most kMaxMeasurementText bytes, and as the other process wrote
// it.
std::optional<EncoderMeasurement> parse_measurement(std::string_view line);
inline constexpr std::size_t kMaxMeasurementText = 500;

}  // namespace lumen
