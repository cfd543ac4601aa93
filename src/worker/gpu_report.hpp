// lumen/worker: what `lumen-session --probe-zerocopy` and `--probe-encoders` do: try, for real, every link of
// the way of a picture from the desktop to the client's decoder on a GPU, a line each as soon as it is known.
// In a process of their own, as a driver may crash or hang; lumen-host sets the time limit.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"

namespace lumen::worker {

struct ProbeLine {
  std::string link;            // "cuda", "nvenc-h264"
  std::string what;            // what was found
  std::optional<Error> wrong;  // none: it works
};
// "ok   cuda: NVIDIA H200", or "no   cuda: WHAT. REMEDY [id]"; for programs an object, both without a line's
// end.
std::string to_text(const ProbeLine& line);
std::string to_json(const ProbeLine& line);

// To standard output. Exit status: 0 when a desktop's picture can stay on the GPU until it is encoded, 1 when
// not.
int probe_zero_copy(bool json);
// 0 when a GPU encodes H.264, 1 when only the processor does, 2 when nothing does.
int probe_encoders(bool json);

}  // namespace lumen::worker
