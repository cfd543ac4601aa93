#include "worker/encoder_report.hpp"

#include <cstdio>

#include "codec/encoder_probe.hpp"
#include "worker/zero_copy.hpp"

namespace lumen::worker {

int print_encoder_measurements(const std::string& preset) {
  const auto log = make_null_logger();
  ZeroCopy gpu{zero_copy_wish_of_environment(), *log};
  const codec::EncoderProbeParams params{
      .preset = preset,
      .make_encoder = [&gpu](const EncoderConfig& config) { return gpu.encoders().create(config); }};
  const codec::MovingScene scene{params.width, params.height};
  for (const auto codec : {Codec::h264, Codec::hevc, Codec::av1}) {
    std::puts(to_line(measure_encoder(codec, scene, params)).c_str());
    if (std::fflush(stdout) != 0) return 1;  // nobody reads any more
  }
  return 0;
}

}  // namespace lumen::worker
