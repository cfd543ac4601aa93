// lumen/worker: what `lumen-session --probe` does: measures the encoders of this machine and prints what it
// found, so that the host learns what to offer without linking an encoder.
#pragma once

#include <string>

namespace lumen::worker {

// A line of media/encoder_measurement.hpp for each codec to standard output, as soon as it is known; about a
// second each. `preset` as in link::Configure. Returns the exit status.
int print_encoder_measurements(const std::string& preset);

}  // namespace lumen::worker
