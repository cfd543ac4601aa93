// lumen-host pair, for lumen-client: shows the code that a device is to be given, and who asks to be let in.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace lumen::apps {

// Asks the running host.
using AskHost = std::function<Result<std::string>(const std::string& command)>;

struct DevicePairing {
  bool phrase = false;       // three words instead of six digits
  bool interactive = false;  // somebody sits at the terminal and can be asked
  // Called now and then; a status ends the pairing with it. For what else may come while the code is shown.
  std::function<std::optional<int>()> meanwhile;
};

// Shows a code and waits until a device has used it, somebody was approved, or it is void. The exit status:
// 0 when a device was paired.
int pair_device(const AskHost& ask, const DevicePairing& pairing);

}  // namespace lumen::apps
