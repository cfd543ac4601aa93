// lumen/codec, private: which preset and how many threads libx264 gets, and why.
#pragma once

#include <string>
#include <string_view>

#include "interface/video_encoder.hpp"

namespace lumen::codec {

struct X264Choice {
  std::string preset;
  std::uint32_t threads = 1;
  std::uint32_t slices = 1;
  EncoderDescription description;
};

// Fails with `encoder.preset` when libx264 has no such preset. Empty is fine.
Status check_preset(std::string_view preset);

// Pure: `cores` is the machine's.
X264Choice choose_x264(const EncoderConfig& config, std::uint32_t cores);

}  // namespace lumen::codec
