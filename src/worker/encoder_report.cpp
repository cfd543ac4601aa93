#include "worker/encoder_report.hpp"

#include <cstdio>

#include "codec/encoder_probe.hpp"

namespace lumen::worker {

int print_encoder_measurements(const std::string& preset) {
  const codec::EncoderProbeParams params{.preset = preset};
  const codec::MovingScene scene{params.width, params.height};
  for (const auto codec : {Codec::h264, Codec::hevc, Codec::av1}) {
    std::puts(to_line(measure_encoder(codec, scene, params)).c_str());
    if (std::fflush(stdout) != 0) return 1;  // nobody reads any more
  }
  return 0;
}

}  // namespace lumen::worker
