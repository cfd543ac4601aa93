// lumen/codec: measures an encoder on this very machine, with pictures such as games make.
#pragma once

#include <string>

#include "base/units.hpp"
#include "codec/moving_scene.hpp"
#include "interface/video_encoder.hpp"
#include "media/encoder_measurement.hpp"

namespace lumen::codec {

struct EncoderProbeParams {
  std::uint32_t width = 1280, height = 720;
  std::string preset;                       // as the sessions will have it
  EncoderFactory make_encoder;              // likewise; none: the processor's
  Duration time = std::chrono::seconds{1};  // about as long as it takes
  std::uint32_t min_pictures = 8, max_pictures = 60;
};

// Blocks about params.time, or longer when min_pictures take longer. Other load on the machine counts against
// the encoder. `scene` has the size of the params.
EncoderMeasurement measure_encoder(Codec codec, const MovingScene& scene,
                                   const EncoderProbeParams& params = {});

}  // namespace lumen::codec
