// lumen/host: `lumen-host doctor`: what stands between this machine and a good stream, one line each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/config.hpp"

namespace lumen::host {

enum class Verdict : std::uint8_t {
  good,
  remark,  // works, but not as well as it could
  bad,     // does not work
};
struct Finding {
  std::string subject;  // "configuration"
  Verdict verdict = Verdict::good;
  std::string what, remedy;
};

struct DoctorParams {
  std::string config_path, state_dir, runtime_root, program_dir;
  bool measure_encoders = true;  // takes a few seconds
};

// Looks at everything, changes nothing. Blocks, up to about half a minute.
std::vector<Finding> examine(const DoctorParams& params);

// What `lumen-session --desktops --json` printed, as findings: the desktop that would be shown, and every
// refusal. One bad finding when it is not what it should be.
std::vector<Finding> findings_of_desktops(const std::string& json);

std::string to_text(const std::vector<Finding>& findings);  // for people, a line or two each
std::string to_json(const std::vector<Finding>& findings);

}  // namespace lumen::host
